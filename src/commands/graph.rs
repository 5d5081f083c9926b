//! `graph`: what depends on what.

use clap::{Args, ValueEnum};

use crate::{
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    graph::Graph,
    printer::Printer,
    session::Session,
    views,
};

/// Draw what depends on what: stacks, their resources and third-party resources
///
/// An arrow goes from what is deployed first to what needs it.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// What to draw it as
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Mermaid, which Markdown on GitHub and GitLab shows as a picture
    #[default]
    Mermaid,
    /// DOT, the language of Graphviz
    Dot,
    /// A picture
    Svg,
}

pub(crate) fn run(
    args: &GraphArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let assembly = session.synthesize(printer)?;
    let graph = Graph::of(&assembly);
    printer.answer(&match args.format {
        Format::Mermaid => views::graph::mermaid::draw(&graph),
        Format::Dot => views::graph::dot::draw(&graph),
        Format::Svg => views::graph::svg::draw(&graph, views::graph::svg::Use::File),
    });
    Ok(Ending::Done)
}
