//! The environment file: one YAML file per environment, `environments/staging.yaml`.
//!
//! Both sides read the same file: the command line needs the account, the region and the rule of approval, the stacks
//! program needs its own `settings`. Parsing it as a whole on both sides gives every mistake its line and column.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Bootstrap;

/// An environment: where it lives, how careful to be with it, and the settings its stacks read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "S: DeserializeOwned"))]
pub struct Environment<S = serde_yaml::Value> {
    /// The environment's name: the file's name without its extension.
    #[serde(skip)]
    pub name: String,
    /// The AWS account it lives in: twelve digits.
    pub account: String,
    /// The AWS region it lives in, `us-east-1`.
    pub region: String,
    /// When a person must approve a deployment.
    pub approval: Approval,
    /// Whether it is a development environment, where speed is worth more than care.
    #[serde(default)]
    pub development: bool,
    /// Where CloudFormation is reached.
    #[serde(default)]
    pub endpoint: Endpoint,
    /// What `bootstrap` prepares for it. CloudFormation then acts in a role of its own, and every role and user has a
    /// boundary; without it CloudFormation acts with the rights of whoever deploys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
    /// The database that `migrate` is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
    /// What the stacks read; its type belongs to the stacks program.
    pub settings: S,
}

/// A database and who knows its migrations: `database:` in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The package whose program applies the migrations, relative to the project.
    pub migrations: PathBuf,
    /// Where the database is, `file:` or `libsql://`; without it the variable `TURSO_DATABASE_URL` says so. A token has no place here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// When a person must approve a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Never.
    Never,
    /// When access widens, or a resource is replaced, removed or left behind, or may be.
    Widening,
    /// Whenever anything changes.
    Always,
}

/// Where CloudFormation is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// AWS itself, or whatever `--endpoint-url` names.
    #[default]
    Aws,
    /// The endpoint built into the command line.
    Embedded,
}

/// What is wrong with an environment file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct EnvironmentError {
    /// The file as the caller named it.
    pub file: String,
    /// Line and column, counted from one, when known.
    pub position: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// The nearest valid name, when one is near.
    pub suggestion: Option<String>,
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place(), self.message)
    }
}

impl EnvironmentError {
    /// The place in a form that editors and terminals can open: `environments/staging.yaml:3:5`.
    pub fn place(&self) -> String {
        match self.position {
            Some((line, column)) => format!("{}:{line}:{column}", self.file),
            None => self.file.clone(),
        }
    }

    /// What to do about it, when something can be said.
    pub fn hint(&self) -> Option<String> {
        self.suggestion
            .as_ref()
            .map(|name| format!("did you mean `{name}`?"))
    }
}

impl<S: DeserializeOwned> Environment<S> {
    /// Reads an environment from the text of its file; `file` is its path as a person would name it.
    ///
    /// # Errors
    /// The text is not YAML, lacks a key, has an unknown one, or a value of the wrong type or form.
    pub fn parse(file: &str, text: &str) -> Result<Self, EnvironmentError> {
        let mut environment: Self =
            serde_yaml::from_str(text).map_err(|error| describe(file, &error))?;
        environment.name = Path::new(file)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        environment.check(file, text)?;
        Ok(environment)
    }

    /// Checks what the types cannot say.
    fn check(&self, file: &str, text: &str) -> Result<(), EnvironmentError> {
        let wrong = |key: &str, message: String| EnvironmentError {
            file: file.to_owned(),
            position: text
                .lines()
                .position(|line| line.starts_with(&format!("{key}:")))
                .map(|line| (line + 1, key.len() + 3)),
            message: one_line(&message),
            suggestion: None,
        };
        if self.account.len() != 12 || !self.account.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("account `{}` is not twelve digits in quotes", self.account);
            return Err(wrong("account", message));
        }
        let region = &self.region;
        if region.split('-').count() < 3
            || !region.ends_with(|last: char| last.is_ascii_digit())
            || !region
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            let message = format!("region `{region}` does not look like `us-east-1`");
            return Err(wrong("region", message));
        }
        Ok(())
    }
}

/// The candidate nearest to a misspelt name, when one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= name.len().max(candidate.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Takes the parser's message apart: the position into fields, the expected names into a suggestion.
fn describe(file: &str, error: &serde_yaml::Error) -> EnvironmentError {
    let text = error.to_string();
    let message = text
        .split(" at line ")
        .next()
        .unwrap_or(&text)
        .trim_end_matches(':')
        .to_owned();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let suggestion = (message.contains("unknown field") || message.contains("unknown variant"))
        .then(|| {
            let wrong = quoted.next()?;
            nearest(wrong, quoted).map(str::to_owned)
        })
        .flatten();
    EnvironmentError {
        file: file.to_owned(),
        position: error
            .location()
            .map(|location| (location.line(), location.column())),
        message: one_line(&message),
        suggestion,
    }
}

/// Writes control characters as escapes: a line break in a value would tear the message apart.
fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for character in message.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Settings {
        domain: String,
        password_length: u32,
    }

    const GOOD: &str = "account: \"000000000000\"\nregion: us-east-1\napproval: never\nsettings:\n  domain: a\n  password_length: 12\n";

    fn error(text: &str) -> EnvironmentError {
        Environment::<Settings>::parse("environments/x.yaml", text).expect_err("it is wrong")
    }

    #[test]
    fn a_good_file_is_read() {
        let environment =
            Environment::<Settings>::parse("environments/staging.yaml", GOOD).expect("it is good");
        assert_eq!(environment.name, "staging");
        assert_eq!(environment.endpoint, Endpoint::Aws);
    }

    #[test]
    fn an_unknown_key_is_placed_and_the_nearest_named() {
        let error = error(&GOOD.replace("password_length", "pasword_length"));
        assert_eq!(error.position, Some((6, 3)));
        assert_eq!(error.suggestion.as_deref(), Some("password_length"));
    }

    #[test]
    fn an_unknown_key_at_the_top_is_placed_too() {
        let error = error(&GOOD.replace("approval", "aproval"));
        assert_eq!(error.position, Some((3, 1)));
        assert_eq!(error.suggestion.as_deref(), Some("approval"));
    }

    #[test]
    fn a_wrong_type_is_placed() {
        let error = error(&GOOD.replace("12\n", "twelve\n"));
        assert_eq!(error.position.map(|position| position.0), Some(6));
        assert!(error.message.contains("password_length"), "{error}");
    }

    #[test]
    fn what_bootstrap_prepares_is_read_and_its_mistakes_are_placed() {
        let with = |bootstrap: &str| GOOD.replace("settings", &format!("{bootstrap}\nsettings"));
        let read = |bootstrap: &str| {
            let read = Environment::<Settings>::parse("environments/x.yaml", &with(bootstrap));
            read.expect("it is good").bootstrap
        };
        assert_eq!(read(""), None);
        assert_eq!(read("bootstrap: {}"), Some(Bootstrap::default()));
        let named = read("bootstrap:\n  repository: a/b\n  permissions: [codebuild:CreateProject]");
        let named = named.expect("it is there");
        assert_eq!(
            named.repository.map(|name| name.to_string()).as_deref(),
            Some("a/b")
        );
        assert_eq!(named.permissions[0].as_str(), "codebuild:CreateProject");

        for (bootstrap, place, said) in [
            ("bootstrap:\n  repositry: a/b", (5, 3), "repositry"),
            (
                "bootstrap:\n  repository: a",
                (5, 15),
                "`a` is not `owner/name`",
            ),
            (
                "bootstrap:\n  permissions: ['s3:*']",
                (5, 17),
                "`s3:*` is not one action",
            ),
        ] {
            let error = error(&with(bootstrap));
            assert!(error.message.contains(said), "{error}");
            assert_eq!(error.position, Some(place), "{error}");
        }
    }

    #[test]
    fn a_value_of_two_lines_is_told_on_one() {
        let error = error(&GOOD.replace("never", "\"never\\nmind\""));
        assert!(error.message.contains("`never\\nmind`"), "{error}");
    }

    #[test]
    fn an_account_that_yaml_reads_as_a_number_is_refused() {
        let error = error(&GOOD.replace("\"000000000000\"", "12"));
        assert!(error.message.contains("account"), "{error}");
    }
}
