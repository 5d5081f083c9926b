//! Runs the embedded endpoint alone: `serve STATE_DIRECTORY [PORT]`.

use std::{error::Error, sync::Arc, time::SystemTime};

use local::{Options, Server};

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "whoever started it waits for the address"
)]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the binary that gives the library its clock"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments
        .next()
        .ok_or("usage: serve STATE_DIRECTORY [PORT]")?;
    let mut options = Options::new(directory, "example serve", Arc::new(SystemTime::now));
    options.port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let server = Server::bind(options)?;
    println!("listening on {}", server.url());
    server
        .run(async {
            // Without a handler of its own, an interrupt ends the process; the state is safe against that.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    Ok(())
}
