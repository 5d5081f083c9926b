//! Runs whole deployments on a virtual clock, with everything that can go wrong drawn from a seed, and checks what must
//! never break.
//!
//! Engine, AWS SDK and the embedded endpoint share one thread, one clock and one source of chance, so that a seed tells
//! everything: the app and its versions, what is run and when it is killed, what becomes of each call, what others do.
//! [`simulate`] gives the same [`Verdict`] for the same seed each time.

mod app;
mod command;
mod laws;
mod looks;
mod others;
mod process;
mod story;
mod wire;
mod world;

#[cfg(test)]
mod tests;

pub use story::{Figures, Verdict};

/// Plays one simulation. It has the thread for itself meanwhile.
///
/// # Panics
/// The system gives no clock to an async runtime.
pub fn simulate(seed: u64) -> Verdict {
    alone(seed, story::tell(seed))
}

/// Carries out something on this thread, by a clock of its own that only goes on when all wait.
fn alone<T>(seed: u64, work: impl Future<Output = T>) -> T {
    // What the SDK draws by lot on this thread: the jitter of its repetitions.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without input and output needs nothing of the system");
    runtime.block_on(work)
}
