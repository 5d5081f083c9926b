//! `list`: stacks and third-party resources with their dependencies.

use assembly::{ExternalResource, Manifest};
use clap::Args;
use serde::Serialize;

use crate::{
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    printer::{Printer, Style, Tone},
    session::Session,
};

/// List stacks and third-party resources with their dependencies
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The form of `list --json`.
#[derive(Debug, Serialize)]
struct List<'a> {
    format_version: &'static str,
    environment: &'a str,
    stacks: Vec<ListedStack<'a>>,
    external: Vec<ListedExternal<'a>>,
}

#[derive(Debug, Serialize)]
struct ListedStack<'a> {
    name: &'a str,
    stack_name: &'a str,
    depends_on: &'a [String],
    resources: usize,
}

#[derive(Debug, Serialize)]
struct ListedExternal<'a> {
    provider: &'a str,
    kind: &'a str,
    key: &'a str,
    depends_on: &'a [String],
}

pub(crate) fn run(
    args: &ListArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let assembly = session.synthesize(printer)?;
    let list = list(&assembly.manifest);
    if args.json {
        printer.answer_json(&list)?;
    } else {
        printer.answer(&human(&list, printer.answer_style()));
    }
    Ok(Ending::Done)
}

fn list(manifest: &Manifest) -> List<'_> {
    List {
        format_version: "1.0",
        environment: &manifest.environment,
        stacks: manifest
            .stacks
            .iter()
            .map(|stack| ListedStack {
                name: &stack.name,
                stack_name: &stack.stack_name,
                depends_on: &stack.depends_on,
                resources: stack.resources.len(),
            })
            .collect(),
        external: manifest
            .external
            .iter()
            .map(|resource: &ExternalResource| ListedExternal {
                provider: &resource.provider,
                kind: &resource.kind,
                key: &resource.key,
                depends_on: &resource.depends_on,
            })
            .collect(),
    }
}

fn human(list: &List<'_>, style: Style) -> String {
    let width = list
        .stacks
        .iter()
        .map(|stack| stack.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for stack in &list.stacks {
        let after = if stack.depends_on.is_empty() {
            String::new()
        } else {
            format!("  after {}", stack.depends_on.join(", "))
        };
        let padding = " ".repeat(width - stack.name.len());
        text.push_str(&format!(
            "{}{padding}  {:>3} resources  {}{}\n",
            style.paint(Tone::Strong, stack.name),
            stack.resources,
            stack.stack_name,
            style.paint(Tone::Faint, &after),
        ));
    }
    for external in &list.external {
        text.push_str(&format!(
            "{}/{} {}\n",
            external.provider, external.kind, external.key
        ));
    }
    text
}
