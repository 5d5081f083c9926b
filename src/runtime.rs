//! The asynchronous runtime, made only by the commands that talk to a service, and the wish to stop.

use std::io;

use tokio::signal::{
    ctrl_c,
    unix::{SignalKind, signal},
};

use crate::error::CommandError;

/// Runs a command's future; one thread is enough, as all of it is waiting.
pub(crate) fn block_on<T>(
    future: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error: io::Error| {
            CommandError::failed(format!("cannot start the asynchronous runtime: {error}"))
        })?;
    let outcome = runtime.block_on(future);
    // A question that nobody answered any more is not waited for.
    runtime.shutdown_background();
    outcome
}

/// Completes when a person (Ctrl-C) or a supervisor (SIGTERM) asks the process to stop.
pub(crate) async fn stopped() {
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        let _ = ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}
