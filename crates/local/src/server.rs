//! Opens the state, listens on the loopback interface and answers.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    response::Response,
};
use futures_util::stream::{self, StreamExt};

use crate::{
    Error, Options,
    endpoint::Endpoint,
    router::{self, Reply},
    state::Lock,
};

/// The endpoint, open and listening; it answers while [`Server::run`] runs.
#[derive(Debug)]
pub struct Server {
    endpoint: Arc<Endpoint>,
    listener: TcpListener,
    address: SocketAddr,
    /// Held as long as the state is open.
    lock: Lock,
}

impl Server {
    /// Opens the state and listens on the loopback interface. Calls that arrive before [`Server::run`] wait.
    ///
    /// # Errors
    /// Another process has the state open, the state is damaged or cannot be read, or the port is taken.
    pub fn bind(options: Options) -> Result<Self, Error> {
        let lock = Lock::take(&options.state_directory, &options.purpose)?;
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let failed = |source| Error::Bind {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        lock.announce(&options.purpose, Some(&url_of(address)))?;
        let endpoint = Arc::new(Endpoint::open(options, url_of(address))?);
        Ok(Self {
            endpoint,
            listener,
            address,
            lock,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as clients want it: `http://127.0.0.1:4599`.
    pub fn url(&self) -> String {
        url_of(self.address)
    }

    /// Answers until `shutdown` completes; operations that were under way when the state was last closed go on.
    /// Runs on any tokio runtime, also on a single-threaded one.
    ///
    /// # Errors
    /// The listening socket fails.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(Error::Serve)?;
        self.endpoint.resume();
        let endpoint = Arc::clone(&self.endpoint);
        let application = Router::new().fallback(move |request: Request| {
            let endpoint = Arc::clone(&endpoint);
            async move { on_the_wire(router::answer(endpoint, request).await).await }
        });
        let served = axum::serve(listener, application)
            .with_graceful_shutdown(shutdown)
            .await;
        self.endpoint.stop();
        drop(self.lock);
        served.map_err(Error::Serve)
    }
}

/// Puts a reply on the wire. A body that fails makes the server break the connection: at once when nothing of the answer
/// was sent, else in the middle of it.
async fn on_the_wire(reply: Reply) -> Response {
    let broken =
        || -> io::Result<Bytes> { Err(io::Error::other("the scenario breaks the connection")) };
    let (head, body) = match reply {
        Reply::Whole(response) => return response,
        Reply::Lost => {
            return Response::new(Body::from_stream(stream::iter([broken()])));
        }
        Reply::Cut(response) => response.into_parts(),
    };
    let mut whole = to_bytes(body, usize::MAX)
        .await
        .expect("answers are whole texts in memory");
    let half = whole.split_to(whole.len() / 2);
    let sent = stream::iter([Ok(half)]);
    // The first half gets a turn of its own to be sent.
    let end = stream::once(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        broken()
    });
    Response::from_parts(head, Body::from_stream(sent.chain(end)))
}

fn url_of(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{CallFault, Faults, Trouble};

    /// All that comes over the wire in answer to one call.
    async fn answer_to_a_call(trouble: Trouble) -> String {
        let directory = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(|| SystemTime::UNIX_EPOCH);
        let mut options = Options::new(directory.path(), "test", clock);
        let rule = CallFault::new("ListStacks", 1, Some(1)).trouble(trouble);
        options.faults = Faults::default().call(rule);
        let server = Server::bind(options).expect("it is free");
        let address = server.address();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let mut connection = tokio::net::TcpStream::connect(address)
            .await
            .expect("it listens");
        connection
            .write_all(b"GET /?Action=ListStacks&Version=2010-05-15 HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("it reads");
        let mut answer = Vec::new();
        // A connection that breaks may also be reset.
        let _ = connection.read_to_end(&mut answer).await;
        drop(stop);
        running.await.expect("no panic").expect("it served");
        String::from_utf8(answer).expect("a text")
    }

    #[tokio::test]
    async fn a_lost_answer_sends_nothing_and_a_cut_one_a_half() {
        assert_eq!(answer_to_a_call(Trouble::LostAfter).await, "");
        let half = answer_to_a_call(Trouble::Cut).await;
        assert!(half.starts_with("HTTP/1.1 200 OK"), "{half}");
        assert!(half.contains("<ListStacksResponse"), "{half}");
        assert!(!half.contains("</ListStacksResponse>"), "{half}");
    }
}
