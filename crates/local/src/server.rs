//! Opens the state, listens on the loopback interface and answers.

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
};

use axum::{Router, extract::Request};

use crate::{Error, Options, endpoint::Endpoint, router, state::Lock};

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
            async move { router::answer(endpoint, request).await }
        });
        let served = axum::serve(listener, application)
            .with_graceful_shutdown(shutdown)
            .await;
        self.endpoint.stop();
        drop(self.lock);
        served.map_err(Error::Serve)
    }
}

fn url_of(address: SocketAddr) -> String {
    format!("http://{address}")
}
