//! `diff`: any two templates, no AWS, no app.

use std::{
    mem,
    path::{Path, PathBuf},
};

use clap::Args;
use indexmap::IndexMap;
use plan::{Gist, Resource};
use template::{Body, ParseError, Token};

use crate::{
    error::{CommandError, Ending},
    printer::Printer,
    template_file,
    views::{self, text::Look},
};

/// Compare two templates, JSON or YAML
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The template that is deployed
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The template that would be
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show what changes in access and nothing else
    #[arg(long)]
    security_only: bool,
    /// End with 3 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) fn run(args: &DiffArgs, printer: &Printer) -> Result<Ending, CommandError> {
    let (old_text, new_text) = rayon::join(
        || template_file::read(&args.old),
        || template_file::read(&args.new),
    );
    let (old_text, new_text) = (old_text?, new_text?);
    let [old, new] = template::parse_pair(&old_text, &new_text, note);
    // Its memory is used again by all that follows.
    drop(new_text);
    let (old, new) = (body_of(&args.old, old)?, body_of(&args.new, new)?);
    let diff = plan::diff(
        body(&old),
        body(&new),
        &plan::SchemaFacts,
        &IndexMap::new(),
        &plan::Options {
            // Nobody says what the stack was deployed with.
            open_parameters: true,
            ..plan::Options::default()
        },
    );
    let look = Look {
        style: printer.answer_style(),
        verbose: printer.is_verbose(),
        root: None,
    };
    if args.json {
        if args.security_only {
            printer.answer_json(&diff.access())?;
        } else {
            printer.answer_json(&diff)?;
        }
    } else if args.security_only {
        printer.answer(&views::security::draw_diff(&diff.security, look));
    } else if diff.is_empty() {
        printer.answer("No changes.");
    } else {
        printer.answer(&views::plan::draw_diff(&diff, look));
    }
    let has_changes = if args.security_only {
        !diff.security.is_empty()
    } else {
        diff.needs_deployment()
    };
    // The process ends here: to free two large templates part by part would only keep a person waiting.
    mem::forget((old, new, diff));
    mem::forget(old_text);
    Ok(Ending::of(args.detailed_exitcode && has_changes))
}

fn note(gist: &mut Gist, token: Token<'_>) -> bool {
    match token {
        Token::Key(key) => gist.key(key),
        Token::Text(text) => gist.text(text),
        Token::Scalar => gist.scalar(),
        Token::List => gist.list(),
    }
}

fn body<'b>(body: &'b Body<'_, Gist>) -> plan::Body<'b> {
    let resources = body.resources();
    let resources = resources.map(|(id, resource)| (id, Resource::new(resource.gist(), resource)));
    plan::Body::new(body.sections(), resources)
}

fn body_of<'t>(
    file: &Path,
    body: Result<Body<'t, Gist>, Vec<ParseError>>,
) -> Result<Body<'t, Gist>, CommandError> {
    body.map_err(|errors| {
        let places: Vec<String> = errors
            .iter()
            .map(|error| format!("{}:{}: {}", file.display(), error.position, error.message))
            .collect();
        CommandError::failed(places.join("\n"))
    })
}
