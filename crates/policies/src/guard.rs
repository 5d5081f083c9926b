//! The crate that reads and evaluates rules, kept from printing and from taking the process down.

use std::{io::Cursor, thread};

use cfn_guard::{
    CommandBuilder, ParseTreeBuilder, ValidateBuilder,
    commands::{
        Executable,
        validate::{OutputFormatType, ShowSummaryType},
    },
    utils::{
        reader::{ReadBuffer, Reader},
        writer::{WriteBuffer, Writer},
    },
};
use serde_json::{Value, json};

/// The parser calls itself for each level and has no limit of its own.
const STACK: usize = 64 * 1024 * 1024;
/// How deep rules may nest.
const DEEPEST: usize = 200;
/// How many bytes a file of rules may have.
const LARGEST: usize = 1_000_000;

/// Why rules cannot be read or evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", place(.file, *.line, *.column))]
pub struct PolicyError {
    /// The file.
    pub file: String,
    /// The line, from 1, when known.
    pub line: Option<usize>,
    /// The column, from 1, when known.
    pub column: Option<usize>,
    /// What is wrong: lowercase, no full stop.
    pub message: String,
}

fn place(file: &str, line: Option<usize>, column: Option<usize>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
        (Some(line), None) => format!("{file}:{line}"),
        (None, _) => file.to_owned(),
    }
}

impl PolicyError {
    fn new(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            column: None,
            message: message.into(),
        }
    }

    /// Two files have a rule of one name, which findings then could not tell apart.
    pub(crate) fn twice(file: &str, text: &str, rule: &str, other: &str) -> Self {
        let is_it = |line: &str| {
            let rest = line.trim_start().strip_prefix("rule ");
            rest.and_then(|rest| rest.split([' ', '{', '(']).next()) == Some(rule)
        };
        Self {
            line: text.lines().position(is_it).map(|index| index + 1),
            ..Self::new(
                file,
                format!("`{other}` has a rule `{rule}` already; give one of them another name"),
            )
        }
    }
}

/// The names of the rules in a text.
pub(crate) fn rules(file: &str, text: &str) -> Result<Vec<String>, PolicyError> {
    if text.len() > LARGEST {
        return Err(PolicyError::new(
            file,
            format!(
                "a file of rules may have {LARGEST} bytes, this has {}",
                text.len()
            ),
        ));
    }
    if let Some(line) = too_deep(text) {
        return Err(PolicyError {
            line: Some(line),
            ..PolicyError::new(file, format!("rules nest deeper than {DEEPEST} levels"))
        });
    }
    // A text of comments alone has no rules, which the crate takes for an empty tree.
    let tree = run(file, text.to_owned(), |writer, reader| {
        let command = ParseTreeBuilder::default().print_json(true).try_build()?;
        command.execute(writer, reader).map(|_| ())
    })
    .map_err(|error| located(file, &error))?;
    let tree: Value = serde_json::from_str(&tree)
        .map_err(|error| PolicyError::new(file, format!("its rules cannot be listed: {error}")))?;
    let names = |key: &str, name: &str| -> Vec<String> {
        let rules = tree[key].as_array().into_iter().flatten();
        rules
            .filter_map(|rule| rule.pointer(name)?.as_str().map(str::to_owned))
            .collect()
    };
    let mut rules = names("guard_rules", "/rule_name");
    // A rule with parameters is evaluated where it is called, and breaks under its own name.
    rules.extend(names("parameterized_rules", "/rule/rule_name"));
    Ok(rules)
}

/// What the rules of a text find in a template, as the crate reports it.
pub(crate) fn evaluate(file: &str, text: &str, template: &str) -> Result<Value, PolicyError> {
    let payload = json!({"rules": [text], "data": [template]}).to_string();
    let report = run(file, payload, |writer, reader| {
        let command = ValidateBuilder::default()
            .payload(true)
            .structured(true)
            .output_format(OutputFormatType::JSON)
            .show_summary(vec![ShowSummaryType::None])
            .try_build()?;
        command.execute(writer, reader).map(|_| ())
    })
    .map_err(|error| {
        PolicyError::new(
            file,
            format!("its rules cannot be evaluated: {}", one_line(&error)),
        )
    })?;
    serde_json::from_str(&report).map_err(|error| {
        PolicyError::new(file, format!("what its rules find cannot be read: {error}"))
    })
}

/// Runs a command of the crate on an input and gives what it writes, or what it says went wrong. A panic of it, which it has
/// for some inputs, ends its thread and nothing else.
fn run(
    file: &str,
    input: String,
    command: impl FnOnce(&mut Writer, &mut Reader) -> Result<(), cfn_guard::Error> + Send + 'static,
) -> Result<String, String> {
    let work = move || {
        let mut reader = Reader::new(ReadBuffer::Cursor(Cursor::new(input.into_bytes())));
        let buffer = || WriteBuffer::Vec(Vec::new());
        let mut writer = Writer::new_with_err(buffer(), buffer())?;
        command(&mut writer, &mut reader)?;
        writer.into_string()
    };
    let thread = thread::Builder::new()
        .name(format!("rules of {file}"))
        .stack_size(STACK)
        .spawn(work)
        .map_err(|error| format!("no thread can be started: {error}"))?;
    match thread.join() {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => {
            Err("CloudFormation Guard itself failed on it; the message above is its own".to_owned())
        }
    }
}

/// An error of the parser with the place that it tells within its text: `… at line 3 at column 1, when handling …`.
fn located(file: &str, error: &str) -> PolicyError {
    let number = |marker: &str| {
        let (_, rest) = error.split_once(marker)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let handled = error
        .split_once("when handling ")
        .map(|(_, rest)| rest.split(", fragment").next().unwrap_or(rest).trim())
        .filter(|handled| !handled.is_empty());
    let near = error
        .split_once("fragment ")
        .map(|(_, rest)| one_line(rest.trim_end_matches('`')))
        .filter(|near| !near.is_empty());
    let message = match (number("at line "), handled, near) {
        (None, _, _) => format!(
            "this is not a rule of CloudFormation Guard: {}",
            one_line(error)
        ),
        (Some(_), Some(handled), _) => format!(
            "this is not a rule of CloudFormation Guard: {}",
            one_line(handled)
        ),
        (Some(_), None, Some(near)) => {
            format!("this is not a rule of CloudFormation Guard, at `{near}`")
        }
        (Some(_), None, None) => {
            "this is not a rule of CloudFormation Guard; something is not closed before its end"
                .to_owned()
        }
    };
    PolicyError {
        line: number("at line "),
        column: number("at column "),
        ..PolicyError::new(file, message)
    }
}

/// A text on one line, cut when it is long.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 200;
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The line where brackets nest too deep for the parser. Those in texts and patterns count too: that is harmless here.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, line) in text.lines().enumerate() {
        for byte in line.bytes() {
            match byte {
                b'{' | b'[' | b'(' => depth += 1,
                b'}' | b']' | b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                return Some(index + 1);
            }
        }
    }
    None
}
