//! This machine and its processes, as far as other runs need to know them: to tell a run that works from one that is dead.

use std::{fs, io, path::Path, process::Command};

use engine::Claimant;

/// The machine's name.
pub(crate) fn name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| printed("hostname", &[]))
        .map_or_else(
            || "a machine without a name".to_owned(),
            |name| name.trim().to_owned(),
        )
}

/// What tells this start of this machine from all others, and this container's processes from those of others; `None` where
/// the system does not say.
pub(crate) fn boot() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let processes = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), processes.display()))
}

/// What tells a process from an earlier one of the same number; `None` where that is not known.
pub(crate) fn started(process: u32) -> Option<String> {
    match look_up(process) {
        Process::Runs(started) => Some(started),
        Process::Gone | Process::Unknown => None,
    }
}

/// Whether a run is known to have ended: it was on this machine, and its process is gone.
pub(crate) fn is_gone(claimant: &Claimant) -> bool {
    let is_here = claimant.machine == name() && claimant.boot.is_some() && claimant.boot == boot();
    is_here
        && match look_up(claimant.process) {
            Process::Gone => true,
            Process::Runs(started) => claimant
                .process_started
                .as_ref()
                .is_some_and(|then| *then != started),
            Process::Unknown => false,
        }
}

enum Process {
    /// It runs since this time, in whatever form the system gives it.
    Runs(String),
    Gone,
    Unknown,
}

/// Linux says when a process was started, in ticks since the machine was, in the 22nd field of its `stat`; the second field
/// is a name in parentheses that may itself contain anything. See proc_pid_stat(5).
fn look_up(process: u32) -> Process {
    if !Path::new("/proc/self/stat").exists() {
        return Process::Unknown;
    }
    let text = match fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Process::Gone,
        Err(_) => return Process::Unknown,
    };
    let mut fields = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    match (fields.next(), fields.nth(18)) {
        // What is left of a process that ended until its parent takes note.
        (Some("Z" | "X"), _) => Process::Gone,
        (Some(_), Some(started)) => Process::Runs(started.to_owned()),
        _ => Process::Unknown,
    }
}

fn printed(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimant(process: u32) -> Claimant {
        Claimant {
            command: "chitinfra deploy -e local".to_owned(),
            by: "arn:aws:iam::000000000000:root".to_owned(),
            machine: name(),
            boot: boot(),
            process,
            process_started: started(process),
            run: "run".to_owned(),
            since: String::new(),
            seen: String::new(),
            release: None,
        }
    }

    #[test]
    fn only_a_process_of_this_machine_is_known_to_be_gone() {
        let here = claimant(std::process::id());
        assert!(here.process_started.is_some());
        assert!(!is_gone(&here));
        let mut reused = here.clone();
        reused.process_started = Some("1".to_owned());
        assert!(is_gone(&reused));
        let mut child = Command::new("true").spawn().expect("it can be started");
        let mut ended = claimant(child.id());
        child.wait().expect("it ends");
        assert!(is_gone(&ended));
        ended.boot = Some("another start".to_owned());
        assert!(!is_gone(&ended));
        ended.boot = None;
        assert!(!is_gone(&ended));
        ended.boot = boot();
        ended.machine = "another".to_owned();
        assert!(!is_gone(&ended));
    }
}
