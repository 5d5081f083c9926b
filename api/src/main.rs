//! The API as a server of its own: on a laptop, in a container.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use api::{
    App, Clock, Config,
    config::{Migrate, Mistake},
};
use ledger::Ledger;
use mimalloc::MiMalloc;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The exit code of a configuration that cannot be used.
const CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    #[expect(
        clippy::disallowed_methods,
        reason = "the binary reads the environment"
    )]
    let config = match Config::read(&|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(mistakes) => {
            tell(&mistakes);
            return ExitCode::from(CONFIGURATION);
        }
    };
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO);
    if std::io::stderr().is_terminal() {
        log.without_time().init();
    } else {
        log.json().flatten_event(true).with_target(false).init();
    }
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn tell(mistakes: &[Mistake]) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "error: the configuration cannot be used");
    for mistake in mistakes {
        let _ = writeln!(stderr, "  {mistake}");
    }
}

#[tokio::main]
async fn run(config: Config) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the binary reads the clock")]
    let clock = Clock::new(jiff::Timestamp::now);
    let ledger = Ledger::open(&config.database)
        .await
        .context("the database of TURSO_DATABASE_URL cannot be opened")?;
    let is_migrated = match config.migrate {
        Migrate::Auto => !config.database.is_remote(),
        Migrate::Always => true,
        Migrate::Never => false,
    };
    if is_migrated {
        for migration in ledger
            .migrate(clock.now())
            .await
            .context("the database cannot be migrated")?
        {
            tracing::info!(number = migration.number, name = migration.name, "migrated");
        }
    }
    let address = (config.host, config.port);
    let disabled = disabled(&config);
    let app = Arc::new(App::new(config, ledger, clock)?);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {}:{} (API_HOST, PORT)",
            address.0, address.1
        )
    })?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tracing::info!(
        address = %listener.local_addr()?,
        disabled = disabled.join(", "),
        "listening"
    );
    api::serve(listener, app.router(), async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
    .await;
    Ok(())
}

/// What is switched off, with the variable that would switch it on.
fn disabled(config: &Config) -> Vec<&'static str> {
    let features = [
        (config.cognito.is_none(), "signing in (COGNITO_ISSUERS)"),
        (config.turn.is_none(), "TURN (TURN_PROVIDER)"),
        (config.stripe.is_none(), "webhooks (STRIPE_WEBHOOK_SECRETS)"),
        (config.video.is_none(), "video (CHIME_REGION)"),
        (config.files.is_none(), "files (FILES_BUCKET)"),
    ];
    let off = features.into_iter().filter(|(is_off, _)| *is_off);
    off.map(|(_, name)| name).collect()
}
