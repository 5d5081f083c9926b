//! Serves the emulator until it is told to stop.

use std::{
    fmt,
    io::{self, Write as _},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

use chime_emulator::{Clock, Options};
use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// Plays the Amazon Chime SDK meetings service, in memory and without media, for development and tests
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address and port to listen on; port 0 picks a free one. Everybody who reaches it is let in
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Account to play
    #[arg(long, value_name = "ID", default_value = "000000000000", value_parser = account)]
    account: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves until a person or a supervisor wants it to end. Everything is in memory: there is nothing to wait for.
#[tokio::main(flavor = "current_thread")]
async fn serve(arguments: Arguments) -> io::Result<()> {
    let Arguments { listen, account } = arguments;
    // Before it is said to listen: from then on it may be told to stop.
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot listen on `{listen}`: {error}"),
        )
    })?;
    say(format_args!(
        "listening on http://{}",
        listener.local_addr()?
    ));
    let options = Options {
        account,
        ..Options::new(clock())
    };
    tokio::select! {
        served = axum::serve(listener, chime_emulator::router(options)) => served,
        _ = interrupted.recv() => Ok(()),
        _ = terminated.recv() => Ok(()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the binary is where the clock is read"
)]
fn clock() -> Clock {
    Arc::new(SystemTime::now)
}

fn account(text: &str) -> Result<String, &'static str> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_account
        .then(|| text.to_owned())
        .ok_or("an account has twelve digits")
}

/// Writes a line on the standard error; when that is gone, there is nobody to tell.
fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
