//! A deployment that is killed at any of its calls is finished by the next run, and nothing is made twice.

use std::{
    collections::BTreeMap,
    io::{BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    project::{Project, Running},
    wire::ask,
};

/// How many projects are under way at once: most of the time each of them waits.
const AT_ONCE: usize = 6;

/// When at a call the program is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The endpoint does not hear of the call.
    Before,
    /// The endpoint has carried it out, and the program does not hear the answer.
    After,
}

/// Three stacks, of which the last reads the first.
fn three() -> Project {
    let topic =
        |name: &str| json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}});
    let read =
        json!({"Fn::GetStackOutput": {"StackName": "sample-local-network", "OutputName": "Name"}});
    let project = Project::with_stacks([
        (
            "network",
            json!({"Resources": {"Zone": topic("zone")},
                "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Zone", "TopicName"]}}}}),
        ),
        (
            "jobs",
            json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}),
        ),
        (
            "api",
            json!({"Resources": {"Calls": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": read}}}}),
        ),
    ]);
    let mut manifest = project.read_json("assembly/manifest.json");
    manifest["stacks"][1]["depends_on"] = json!([]);
    manifest["stacks"][2]["depends_on"] = json!(["network"]);
    project.write("assembly/manifest.json", &manifest.to_string());
    project
}

/// Stands between the program and the endpoint, counts calls, and stops everything at one of them.
struct Between {
    address: String,
    state: Arc<State>,
}

struct State {
    endpoint: String,
    seen: AtomicUsize,
    strikes: (usize, Moment),
    struck: Mutex<bool>,
    told: Condvar,
}

impl Between {
    fn start(endpoint: &str, number: usize, moment: Moment) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(State {
            endpoint: endpoint.trim_start_matches("http://").to_owned(),
            seen: AtomicUsize::new(0),
            strikes: (number, moment),
            struck: Mutex::new(false),
            told: Condvar::new(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A connection that ends ends its thread; what it carried is the program's business.
                thread::spawn(move || state.serve(&stream));
            }
        });
        Self {
            address: format!("http://{address}"),
            state,
        }
    }

    /// Waits until the call is there, or the program has ended without it.
    fn wait(&self, program: &mut Running) -> bool {
        let mut struck = self.state.struck.lock().expect("no panic");
        while !*struck {
            if program.has_ended() {
                return false;
            }
            let wait = Duration::from_millis(20);
            struck = self
                .state
                .told
                .wait_timeout(struck, wait)
                .expect("no panic")
                .0;
        }
        true
    }
}

impl State {
    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut requests = BufReader::new(stream);
        let upstream = TcpStream::connect(&self.endpoint).ok()?;
        let mut answers = BufReader::new(&upstream);
        loop {
            let request = message(&mut requests)?;
            let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
            if number > self.strikes.0 {
                // The program is as good as dead.
                return None;
            }
            if self.strikes == (number, Moment::Before) {
                return self.strike();
            }
            (&upstream).write_all(&request).ok()?;
            let answer = message(&mut answers)?;
            if self.strikes == (number, Moment::After) {
                return self.strike();
            }
            (&*stream).write_all(&answer).ok()?;
        }
    }

    /// Tells that the call is there, and keeps its connection open until the program is gone.
    fn strike(&self) -> Option<()> {
        *self.struck.lock().expect("no panic") = true;
        self.told.notify_all();
        loop {
            thread::park();
        }
    }
}

/// One message of HTTP, head and body.
fn message(from: &mut impl std::io::BufRead) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        whole.extend(line.as_bytes());
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        assert!(
            !lower.starts_with("transfer-encoding:"),
            "bodies come with their length"
        );
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    whole.extend(body);
    Some(whole)
}

/// The texts of every element of a name.
fn texts<'a>(document: &'a str, element: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let pieces = document.split(open.as_str()).skip(1);
    pieces
        .filter_map(|piece| Some(piece.split_once(close.as_str())?.0))
        .collect()
}

/// How often each resource of any stack that ever was has been created.
fn creations(endpoint: &str) -> BTreeMap<String, usize> {
    let mut created = BTreeMap::new();
    for stack in texts(&ask(endpoint, "Action=ListStacks"), "StackId") {
        let events = ask(
            endpoint,
            &format!("Action=DescribeStackEvents&StackName={stack}"),
        );
        for event in texts(&events, "member") {
            let is_stack = event.contains("<ResourceType>AWS::CloudFormation::Stack<");
            if event.contains(">CREATE_COMPLETE<") && !is_stack {
                let id = texts(event, "LogicalResourceId")[0];
                *created.entry(id.to_owned()).or_default() += 1;
            }
        }
    }
    created
}

/// Kills a deployment at a call, runs it again, and looks; whether it came to that call at all.
fn kill_at(number: usize, moment: Moment) -> bool {
    let project = three();
    let (_server, endpoint) = project.serve("");
    let between = Between::start(&endpoint, number, moment);
    let mut deployment = project.start(&format!(
        "deploy -e local --endpoint-url {}",
        between.address
    ));
    let came = between.wait(&mut deployment);
    if came {
        deployment.signal("KILL");
    }
    deployment.end();
    let context = format!("killed {moment:?} call {number}");
    let again = project.run(&format!("deploy -e local --endpoint-url {endpoint}"));
    assert_eq!(again.status.code(), Some(0), "{context}\n{again}");
    let once = ["Calls", "Queue", "Zone"].map(|id| (id.to_owned(), 1));
    assert_eq!(
        creations(&endpoint),
        BTreeMap::from(once),
        "{context}\n{again}"
    );
    let stacks = ask(&endpoint, "Action=DescribeStacks");
    assert_eq!(
        texts(&stacks, "StackStatus"),
        ["CREATE_COMPLETE"; 3],
        "{context}"
    );
    for stack in ["network", "jobs", "api"] {
        let sets = ask(
            &endpoint,
            &format!("Action=ListChangeSets&StackName=sample-local-{stack}"),
        );
        assert_eq!(texts(&sets, "ChangeSetName"), [""; 0], "{context}");
    }
    let history = project.json("history -e local --json");
    assert_eq!(history["damaged"], json!([]), "{context}: {history:#}");
    let releases = history["releases"].as_array().expect("a list");
    let outcomes: Vec<&Value> = releases.iter().map(|release| &release["outcome"]).collect();
    let (last, before) = outcomes.split_first().expect("one was recorded");
    let is_true = match (*last, before) {
        // The second run did it all, or finished what the first had begun.
        (last, []) => last == "succeeded",
        (last, [first]) => last == "succeeded" && (*first == "unfinished" || *first == "failed"),
        _ => false,
    };
    // Where only the end of the record is missing, there was nothing left to do.
    let is_settled = before.is_empty() && (*last == "unfinished" || *last == "succeeded");
    assert!(is_true || is_settled, "{context}: {history:#}");
    came
}

/// Kills at every call there is, several projects at a time.
fn kill_at_each(moment: Moment) {
    let next = AtomicUsize::new(1);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                scope.spawn(|| {
                    let mut last = 0;
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        assert!(number < 500, "there is no end to its calls");
                        if !kill_at(number, moment) {
                            return last;
                        }
                        last = number;
                    }
                })
            })
            .collect();
        let ended = workers.into_iter().map(thread::ScopedJoinHandle::join);
        let steps = ended.map(|last| last.expect("no panic")).max();
        assert!(steps > Some(20), "it makes {steps:?} calls");
    });
}

#[test]
fn killed_before_any_call_it_is_finished_by_the_next_run() {
    kill_at_each(Moment::Before);
}

#[test]
fn killed_after_any_call_it_is_finished_by_the_next_run() {
    kill_at_each(Moment::After);
}
