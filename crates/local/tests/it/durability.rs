//! What was told stays true: kills, restarts, a full disk, a damaged file, a second process.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use local::{Error, Faults, Server};

use crate::client::{Client, Endpoint, options};

const DIRECTORY: &str = "LOCAL_TEST_DIRECTORY";

/// Not a test: the server in a process of its own, which the tests below start and kill.
#[test]
#[ignore = "started by other tests"]
fn serve_in_a_process_of_its_own() {
    let Ok(directory) = std::env::var(DIRECTORY) else {
        return;
    };
    let mut options = options(Path::new(&directory));
    for number in 0..12 {
        options.faults = options
            .faults
            .delay(&format!("R{number}"), Duration::from_millis(2));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = Server::bind(options).unwrap();
    println!("\nlistening on {}", server.address());
    runtime
        .block_on(server.run(std::future::pending()))
        .unwrap();
}

/// A server in a process of its own; killed when dropped.
struct Process {
    child: Child,
    client: Client,
}

impl Process {
    fn start(directory: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::spawn(&mut command, directory)
    }

    /// A server that may not write more than a few kibibytes to one file.
    #[cfg(unix)]
    fn start_in_little_room(directory: &Path) -> Self {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg("trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\"")
            .arg(std::env::current_exe().unwrap());
        Self::spawn(&mut command, directory)
    }

    fn spawn(command: &mut Command, directory: &Path) -> Self {
        let mut child = command
            .args([
                "--exact",
                "durability::serve_in_a_process_of_its_own",
                "--ignored",
                "--nocapture",
            ])
            .env(DIRECTORY, directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address: SocketAddr = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ")?.parse().ok())
            .expect("the server says where it listens");
        Self {
            child,
            client: Client { address },
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn topics(generation: usize) -> String {
    let all: Vec<String> = (0..12)
        .map(|n| {
            let depends = if n % 3 == 0 { String::new() } else { format!(r#""DependsOn": "R{}","#, n - 1) };
            format!(r#""R{n}": {{"Type": "AWS::SNS::Topic", {depends} "Properties": {{"DisplayName": "{generation}"}}}}"#)
        })
        .collect();
    format!(r#"{{"Resources": {{{}}}}}"#, all.join(","))
}

/// Pseudo-random pauses: the same in every run, different in every round.
fn pause(round: u64) -> Duration {
    let mixed = round.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
    Duration::from_micros(mixed % 45_000)
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut told: Vec<String> = Vec::new();
    for round in 0..12_u64 {
        let process = Process::start(directory.path());
        let client = process.client;
        for name in &told {
            let status = client.wait(name);
            assert!(
                matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE"),
                "{name}: {status}"
            );
            check(client, name);
        }
        if round > 0 {
            check_nested(client);
        }
        let name = format!("stack-{round}");
        let created = client.try_call(
            "CreateStack",
            &[("StackName", &name), ("TemplateBody", &topics(0))],
        );
        assert_eq!(created.unwrap().status, 200);
        told.push(name);
        let template = topics(usize::try_from(round).unwrap() + 1);
        if round > 0 {
            let earlier = &told[0];
            let updated = client.call(
                "UpdateStack",
                &[("StackName", earlier), ("TemplateBody", &template)],
            );
            assert_eq!(updated.status, 200, "{}", updated.body);
        }
        let action = if round == 0 {
            "CreateStack"
        } else {
            "UpdateStack"
        };
        // The bucket is there but for the first time.
        client.send("PUT", "/templates", &[], b"").unwrap();
        let nested = client.send("PUT", "/templates/nested.json", &[], template.as_bytes());
        nested.unwrap().good();
        client
            .call(action, &[("StackName", "top"), ("TemplateBody", TOP)])
            .good();
        std::thread::sleep(pause(round));
        process.kill();
    }
    let process = Process::start(directory.path());
    for name in &told {
        process.client.wait(name);
        check(process.client, name);
    }
    check_nested(process.client);
}

/// A stack with one nested in it.
const TOP: &str = r#"{"Resources": {"Nested": {"Type": "AWS::CloudFormation::Stack", "Properties": {
    "TemplateURL": "https://s3.us-east-1.amazonaws.com/templates/nested.json"}}}}"#;

/// What must be true of it: there is one nested stack, and it came as far as the one above.
fn check_nested(client: Client) {
    let status = client.wait("top");
    assert!(
        matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE"),
        "{status}"
    );
    let nested = client.physical("top", "Nested");
    assert_eq!(client.status(&nested), status);
    check(client, &nested);
    let all = client.call("ListStacks", &[]).good();
    assert_eq!(all.all("ParentId").len(), 1);
}

/// What must be true of every stack that is complete.
fn check(client: Client, name: &str) {
    let resources = client
        .call("ListStackResources", &[("StackName", name)])
        .good();
    let ids = resources.all("PhysicalResourceId");
    assert_eq!(ids.len(), 12, "{name}");
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 12, "{name}");
    let events = client.events(name);
    assert_eq!(events[0].1, "CREATE_IN_PROGRESS");
    for (logical_id, status) in resources
        .all("LogicalResourceId")
        .iter()
        .zip(resources.all("ResourceStatus"))
    {
        let last = events
            .iter()
            .rev()
            .find(|event| event.0 == *logical_id)
            .unwrap();
        assert_eq!(last.1, status, "{name} {logical_id}");
        assert!(
            status.ends_with("_COMPLETE"),
            "{name} {logical_id} {status}"
        );
        let created = events
            .iter()
            .filter(|event| event.0 == *logical_id && event.1 == "CREATE_COMPLETE")
            .count();
        assert_eq!(created, 1, "{name} {logical_id}");
    }
}

#[test]
fn a_restart_goes_on_with_a_rollback() {
    let faults = || {
        Faults::default()
            .fail("R5", local::Step::Update, "no")
            .delay("R5", Duration::from_millis(60))
            .delay("R0", Duration::from_millis(60))
    };
    let endpoint = Endpoint::with_faults(faults());
    endpoint.client.create("one", &topics(0));
    endpoint
        .client
        .call(
            "UpdateStack",
            &[("StackName", "one"), ("TemplateBody", &topics(1))],
        )
        .good();
    let mut directory = endpoint.stop();
    for _ in 0..20 {
        let endpoint = Endpoint::on(directory, faults());
        let status = endpoint.client.status("one");
        if status == "UPDATE_ROLLBACK_COMPLETE" {
            return;
        }
        std::thread::sleep(Duration::from_millis(30));
        directory = endpoint.stop();
    }
    panic!("the rollback did not come to its end");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start_in_little_room(directory.path());
    let client = process.client;
    client.send("PUT", "/b", &[], b"").unwrap().good();
    let body = vec![b'x'; 3000];
    let mut stored = 0;
    let refused = loop {
        let answer = client
            .send("PUT", &format!("/b/{stored}"), &[], &body)
            .unwrap();
        if answer.status != 200 {
            break answer;
        }
        stored += 1;
        assert!(stored < 100, "the disk is never full");
    };
    assert_eq!(refused.status, 500);
    assert_eq!(refused.text("Code").as_deref(), Some("InternalFailure"));
    assert!(
        refused
            .text("Message")
            .unwrap()
            .contains("cannot be written"),
        "{}",
        refused.body
    );
    let long = topics(0).replace(
        r#"{"Resources""#,
        &format!(
            r#"{{"Metadata": {{"Long": "{}"}}, "Resources""#,
            "x".repeat(4000)
        ),
    );
    let (code, _) = client
        .call(
            "CreateStack",
            &[("StackName", "big"), ("TemplateBody", &long)],
        )
        .refused();
    assert_eq!(code, "InternalFailure");
    // Reading goes on.
    assert!(stored > 0);
    assert_eq!(
        client.send("GET", "/b/0", &[], b"").unwrap().body.len(),
        3000
    );
    process.kill();
    let process = Process::start(directory.path());
    for number in 0..stored {
        let answer = process
            .client
            .send("GET", &format!("/b/{number}"), &[], b"")
            .unwrap();
        assert_eq!(answer.body.len(), 3000, "{number}");
    }
    assert_eq!(
        process
            .client
            .send("GET", &format!("/b/{stored}"), &[], b"")
            .unwrap()
            .status,
        404
    );
    assert_eq!(process.client.create("big", &topics(0)), "CREATE_COMPLETE");
}

#[test]
fn a_damaged_file_is_reported_and_kept() {
    let endpoint = Endpoint::start();
    endpoint.client.create("one", &topics(0));
    let directory = endpoint.stop();
    let file = directory.path().join("state.journal");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    std::fs::write(&file, &bytes).unwrap();
    let error = Server::bind(options(directory.path())).expect_err("it is damaged");
    assert!(
        matches!(&error, Error::Corrupted { file: named, .. } if *named == file),
        "{error}"
    );
    assert!(error.hint().is_some());
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

#[test]
fn a_second_process_learns_who_has_the_state() {
    let endpoint = Endpoint::start();
    let error = Server::bind(options(endpoint.directory.path())).expect_err("it is in use");
    let Error::InUse {
        pid, purpose, url, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(pid, Some(std::process::id()));
    assert_eq!(purpose.as_deref(), Some("tests"));
    assert_eq!(url, Some(format!("http://{}", endpoint.client.address)));
}
