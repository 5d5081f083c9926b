//! A server on a thread of its own, and a client that speaks plain HTTP to it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use local::{Faults, Options, Server};

/// How long an operation of a test may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; stopped when dropped.
pub(crate) struct Endpoint {
    pub(crate) client: Client,
    pub(crate) directory: tempfile::TempDir,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Endpoint {
    pub(crate) fn start() -> Self {
        Self::with_faults(Faults::default())
    }

    pub(crate) fn with_faults(faults: Faults) -> Self {
        Self::on(tempfile::tempdir().unwrap(), faults)
    }

    pub(crate) fn on(directory: tempfile::TempDir, faults: Faults) -> Self {
        let mut options = options(directory.path());
        options.faults = faults;
        let server = Server::bind(options).unwrap();
        let client = Client {
            address: server.address(),
        };
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime
                .block_on(server.run(async {
                    let _ = stopped.await;
                }))
                .unwrap();
        });
        Self {
            client,
            directory,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Stops the server and keeps its state.
    pub(crate) fn stop(mut self) -> tempfile::TempDir {
        self.halt();
        std::mem::replace(&mut self.directory, tempfile::tempdir().unwrap())
    }

    fn halt(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.halt();
    }
}

pub(crate) fn options(directory: &Path) -> Options {
    Options::new(directory, "tests", Arc::new(SystemTime::now))
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The text of the first element with a name.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }

    /// The texts of all elements with a name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        self.body
            .split(&open)
            .skip(1)
            .filter_map(|rest| rest.split(&close).next())
            .map(|text| {
                text.replace("&quot;", "\"")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&amp;", "&")
            })
            .collect()
    }

    /// Asserts that the call succeeded.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// Asserts that the call was refused; gives code and message.
    #[track_caller]
    pub(crate) fn refused(self) -> (String, String) {
        assert_ne!(self.status, 200, "{}", self.body);
        assert!(self.text("RequestId").is_some(), "{}", self.body);
        (self.text("Code").unwrap(), self.text("Message").unwrap())
    }
}

/// A client of the endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
}

impl Client {
    /// Makes a call of the Query protocol to CloudFormation.
    pub(crate) fn call(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_call(action, fields).unwrap()
    }

    /// As [`Client::call`]; fails when the server goes away meanwhile.
    pub(crate) fn try_call(
        &self,
        action: &str,
        fields: &[(&str, &str)],
    ) -> std::io::Result<Answer> {
        let body: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", "2010-05-15")
            .extend_pairs(fields)
            .finish();
        self.send(
            "POST",
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            body.as_bytes(),
        )
    }

    /// Sends one request on a connection of its own.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.address,
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .ok_or_else(|| std::io::Error::other("the answer was cut off"))?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| std::io::Error::other("no status"))?;
        Ok(Answer {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        })
    }

    /// Creates a stack and waits for the end.
    #[track_caller]
    pub(crate) fn create(&self, name: &str, template: &str) -> String {
        self.call(
            "CreateStack",
            &[("StackName", name), ("TemplateBody", template)],
        )
        .good();
        self.wait(name)
    }

    /// Updates a stack and waits for the end.
    #[track_caller]
    pub(crate) fn update(&self, name: &str, template: &str) -> String {
        self.call(
            "UpdateStack",
            &[("StackName", name), ("TemplateBody", template)],
        )
        .good();
        self.wait(name)
    }

    /// Waits until no operation is under way; the status then.
    #[track_caller]
    pub(crate) fn wait(&self, name: &str) -> String {
        let started = Instant::now();
        loop {
            let status = self.status(name);
            if !status.ends_with("_IN_PROGRESS") || status == "REVIEW_IN_PROGRESS" {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "{name} is still {status}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    #[track_caller]
    pub(crate) fn status(&self, name: &str) -> String {
        self.call("DescribeStacks", &[("StackName", name)])
            .good()
            .text("StackStatus")
            .unwrap()
    }

    /// Logical id, status and reason of all events, oldest first.
    pub(crate) fn events(&self, name: &str) -> Vec<(String, String, String)> {
        let mut events = Vec::new();
        let mut token = String::new();
        loop {
            let mut fields = vec![("StackName", name)];
            if !token.is_empty() {
                fields.push(("NextToken", token.as_str()));
            }
            let answer = self.call("DescribeStackEvents", &fields).good();
            for event in answer.body.split("<EventId>").skip(1) {
                let event = Answer {
                    status: 200,
                    head: String::new(),
                    body: event.to_owned(),
                };
                events.push((
                    event.text("LogicalResourceId").unwrap_or_default(),
                    event.text("ResourceStatus").unwrap_or_default(),
                    event.text("ResourceStatusReason").unwrap_or_default(),
                ));
            }
            match answer.text("NextToken") {
                Some(next) => token = next,
                None => break,
            }
        }
        events.reverse();
        events
    }

    /// The events in short: `Bucket CREATE_COMPLETE`.
    pub(crate) fn story(&self, name: &str) -> Vec<String> {
        self.events(name)
            .into_iter()
            .map(|(logical_id, status, _)| format!("{logical_id} {status}"))
            .collect()
    }

    /// The physical id of a resource.
    #[track_caller]
    pub(crate) fn physical(&self, stack: &str, logical_id: &str) -> String {
        self.call(
            "DescribeStackResource",
            &[("StackName", stack), ("LogicalResourceId", logical_id)],
        )
        .good()
        .text("PhysicalResourceId")
        .unwrap()
    }

    /// The value of an output.
    #[track_caller]
    pub(crate) fn output(&self, stack: &str, key: &str) -> String {
        let answer = self.call("DescribeStacks", &[("StackName", stack)]).good();
        let keys = answer.all("OutputKey");
        let place = keys.iter().position(|one| one == key).expect(key);
        answer.all("OutputValue")[place].clone()
    }
}
