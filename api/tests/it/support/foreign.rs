//! Programs that other people wrote, started for a test.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long a program may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that runs until the test ends, in a folder of its own.
pub(crate) struct Foreign {
    child: Child,
    _folder: TempDir,
}

impl Foreign {
    /// Starts a program and waits until something listens on its port.
    pub(crate) fn start(mut command: Command, folder: TempDir, port: u16) -> Self {
        let child = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        let program = Self {
            child,
            _folder: folder,
        };
        let start = Instant::now();
        while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_err() {
            assert!(start.elapsed() < PATIENCE, "{command:?} does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        program
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Runs a program to its end; it must succeed unless the test looks at how it ends.
pub(crate) async fn finish(mut command: Command) -> Output {
    command.stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.unwrap().unwrap()
}
