//! `outputs`: what the stacks tell.

use clap::{Args, ValueEnum};
use engine::EnvironmentOutputs;

use crate::{
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    operation::with_engine,
    printer::Printer,
    session::Session,
};

/// Print what the stacks tell
#[derive(Debug, Args)]
pub(crate) struct OutputsArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// The form of the answer [default: lines for people]
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
}

/// Forms that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON document
    Json,
    /// `IDENTITY_USER_POOL_ID=…` lines for a shell
    Env,
    /// The same lines as `$GITHUB_OUTPUT` takes them
    Github,
}

pub(crate) fn run(
    args: &OutputsArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let assembly = session.synthesize(printer)?;
    let outputs = with_engine(
        &session,
        global,
        printer,
        "chitinfra outputs",
        false,
        async |engine| Ok(engine.outputs(&assembly).await?),
    )?;
    match args.format {
        None => printer.answer(&human(&outputs)),
        Some(Format::Json) => printer.answer_json(&outputs)?,
        Some(Format::Env) => printer.answer(&lines(&outputs, shell_line)),
        Some(Format::Github) => printer.answer(&lines(&outputs, github_line)),
    }
    Ok(Ending::Done)
}

/// Outputs as lines for people: `identity.UserPoolId  us-east-1_…`.
pub(crate) fn human(outputs: &EnvironmentOutputs) -> String {
    let named = || {
        outputs.stacks.iter().flat_map(|(stack, values)| {
            values
                .iter()
                .map(move |(name, value)| (format!("{stack}.{name}"), value))
        })
    };
    let width = named().map(|(name, _)| name.len()).max().unwrap_or(0);
    named()
        .map(|(name, value)| format!("{name:width$}  {value}\n"))
        .collect()
}

fn lines(outputs: &EnvironmentOutputs, line: fn(&str, &str) -> String) -> String {
    outputs
        .stacks
        .iter()
        .flat_map(|(stack, values)| {
            values.iter().map(move |(name, value)| {
                let name = format!("{}_{}", constant_case(stack), constant_case(name));
                line(&name, value)
            })
        })
        .collect()
}

/// A line that a POSIX shell reads as one assignment, whatever the value holds.
fn shell_line(name: &str, value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+=,".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        format!("{name}={value}\n")
    } else {
        format!("{name}='{}'\n", value.replace('\'', "'\\''"))
    }
}

/// A line for `$GITHUB_OUTPUT`; a value of several lines takes GitHub's delimiter form.
///
/// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions#multiline-strings>
fn github_line(name: &str, value: &str) -> String {
    if !value.contains(['\n', '\r']) {
        return format!("{name}={value}\n");
    }
    let mut delimiter = "END".to_owned();
    while value.lines().any(|line| line == delimiter) {
        delimiter.push('_');
    }
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

/// `UserPoolId` as `USER_POOL_ID`.
fn constant_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| characters.get(index));
        let after = characters.get(index + 1);
        let begins_word = character.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if begins_word {
            text.push('_');
        }
        if character.is_alphanumeric() {
            text.extend(character.to_uppercase());
        } else {
            text.push('_');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_constants() {
        for (name, expected) in [
            ("UserPoolId", "USER_POOL_ID"),
            ("CICDRoleArn", "CICD_ROLE_ARN"),
            ("web-app", "WEB_APP"),
            ("S3Bucket", "S3_BUCKET"),
        ] {
            assert_eq!(constant_case(name), expected);
        }
    }

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        assert_eq!(shell_line("A", "b-c"), "A=b-c\n");
        assert_eq!(shell_line("A", "it's $HOME"), "A='it'\\''s $HOME'\n");
        assert_eq!(shell_line("A", ""), "A=''\n");
    }

    #[test]
    fn several_lines_take_a_delimiter_that_is_not_among_them() {
        assert_eq!(github_line("A", "x\nEND"), "A<<END_\nx\nEND\nEND_\n");
    }
}
