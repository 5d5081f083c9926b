//! The command line as a person types it; what the words mean is decided in `settings.rs` and `commands/`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{commands, printer::ColorChoice};

/// Plan and deploy typed Rust infrastructure through CloudFormation
#[derive(Debug, Parser)]
#[command(
    name = "chitinfra",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, or nothing to do · 1 failed or declined · 2 usage or configuration · \
                  3 changes or drift found (only with --detailed-exitcode) · 70 a bug of ours · 130 interrupted"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Where the stacks come from: a package, a program, an assembly folder or a `cdk.out` of the AWS CDK [default: the
    /// package `stacks`]
    #[arg(long, global = true, value_name = "CMD|PATH", env = "CHITINFRA_APP")]
    pub(crate) app: Option<String>,
    /// The project's folder [default: the nearest one upwards with `environments`]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// The AWS profile to take credentials from
    #[arg(long, global = true, value_name = "NAME", env = "AWS_PROFILE")]
    pub(crate) profile: Option<String>,
    /// The region; refused when it is not the environment's own
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Where to reach AWS instead of its own addresses
    #[arg(long, global = true, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    pub(crate) endpoint_url: Option<String>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorChoice,
    /// Print only the answer and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more of what is going on
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Answer every question with yes
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
}

/// The option that picks an environment.
#[derive(Debug, Args)]
pub(crate) struct EnvironmentArg {
    /// The environment: a file's name in `environments/`
    #[arg(short, long = "env", value_name = "ENV")]
    pub(crate) environment: String,
}

/// The option for programs that watch what happens.
#[derive(Debug, Args)]
pub(crate) struct StreamArg {
    /// Print what happens as JSON, one object a line: `plan`, `stack_started`, `resource`, `stack_status`, `note`,
    /// `stack_finished`, `outputs` and, always last, `summary`
    ///
    /// Each has a `format_version` and a `type`; `docs/events.md` says what else is in them. Messages for people still go to
    /// stderr.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(commands::init::InitArgs),
    Synth(commands::synth::SynthArgs),
    List(commands::list::ListArgs),
    Graph(commands::graph::GraphArgs),
    Plan(commands::plan::PlanArgs),
    Deploy(commands::deploy::DeployArgs),
    Bootstrap(commands::bootstrap::BootstrapArgs),
    Diff(commands::diff::DiffArgs),
    Validate(commands::validate::ValidateArgs),
    Status(commands::status::StatusArgs),
    Outputs(commands::outputs::OutputsArgs),
    Drift(commands::drift::DriftArgs),
    Destroy(commands::destroy::DestroyArgs),
    Recover(commands::recover::RecoverArgs),
    History(commands::history::HistoryArgs),
    Rollback(commands::rollback::RollbackArgs),
    #[command(subcommand)]
    Secret(commands::secret::SecretCommand),
    Migrate(commands::migrate::MigrateArgs),
    #[command(subcommand)]
    Local(commands::local::LocalCommand),
    Doctor(commands::doctor::DoctorArgs),
    Completions(commands::completions::CompletionsArgs),
}

impl Command {
    /// Whether the answer is a stream of what happens.
    pub(crate) fn streams(&self) -> bool {
        match self {
            Self::Deploy(args) => args.stream.json,
            Self::Destroy(args) => args.stream.json,
            Self::Recover(args) => args.stream.json,
            Self::Rollback(args) => args.stream.json,
            _ => false,
        }
    }
}
