//! Validates template files and prints what was found; exit status 1 when there is an error.
//!
//!     cargo run -p template --example check -- [--least warning] [--today 2026-12-31] FILE…
//!
//! With a day it also says what the services would refuse on it, and what is not safe.

#![expect(clippy::print_stdout, reason = "it is a program")]

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use template::{Circumstances, Options, Severity, Template, check, validate};

fn main() -> ExitCode {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("--least").is_some() {
        options.least = match arguments.next().as_deref() {
            Some("error") => Severity::Error,
            Some("warning") => Severity::Warning,
            _ => Severity::Info,
        };
    }
    let today = arguments
        .next_if_eq("--today")
        .and_then(|_| arguments.next());
    let (mut parsing, mut validating) = (Duration::ZERO, Duration::ZERO);
    let (mut files, mut bytes, mut failed) = (0, 0, 0);
    for file in arguments {
        let text = match std::fs::read(&file) {
            Ok(text) => text,
            Err(error) => {
                println!("{file}: {error}");
                return ExitCode::from(2);
            }
        };
        files += 1;
        bytes += text.len();
        let begin = Instant::now();
        let parsed = Template::parse_bytes(&text);
        parsing += begin.elapsed();
        let begin = Instant::now();
        let lines: Vec<String> = match parsed {
            Ok(template) => match &today {
                Some(today) => check(&template, &Circumstances::on(today)),
                None => validate(&template, &options),
            }
            .iter()
            .filter(|finding| finding.severity >= options.least)
            .map(ToString::to_string)
            .collect(),
            Err(errors) => errors
                .iter()
                .map(|error| format!("{}: error PARSE {}", error.position, error.message))
                .collect(),
        };
        validating += begin.elapsed();
        failed += usize::from(lines.iter().any(|line| line.contains(": error ")));
        for line in lines {
            println!("{file}:{line}");
        }
    }
    println!(
        "{files} files, {bytes} bytes, {failed} with errors; read in {parsing:?}, validated in {validating:?}"
    );
    ExitCode::from(u8::from(failed > 0))
}
