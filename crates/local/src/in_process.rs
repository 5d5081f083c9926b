//! The endpoint without a socket or a folder, for whoever wants it in its own process: simulations and fuzzers.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{Request, Response},
};

use crate::{
    Faults, Options, Trouble,
    endpoint::Endpoint,
    glance::{self, SeenStack},
    router::{self, Call, Reply, Wanted},
};

/// The endpoint without a socket: its state lives in memory, and ends with it. Clones are the same endpoint.
///
/// Operations on stacks go on in tasks of the tokio runtime in which it answers, and wait on that runtime's clock:
/// together with [`Options::clock`] that is all the time it knows.
#[derive(Clone, Debug)]
pub struct InProcess {
    endpoint: Arc<Endpoint>,
}

/// What the one who asked gets to see.
#[derive(Debug)]
pub enum Answered {
    /// The answer.
    Whole(Response<Bytes>),
    /// The first half of the answer; then the connection broke.
    Cut(Response<Bytes>),
    /// Nothing: the connection broke. Whether the call took effect cannot be told.
    Lost,
}

impl InProcess {
    /// Where the endpoint says that it is; nobody listens there.
    pub const URL: &'static str = "http://127.0.0.1";

    /// Opens an endpoint with nothing in it. Folder, port and purpose of the options play no part.
    pub fn open(options: Options) -> Self {
        Self {
            endpoint: Arc::new(Endpoint::in_memory(options, Self::URL.to_owned())),
        }
    }

    /// Answers a request, as [`crate::Server`] does. Called within a tokio runtime.
    pub async fn answer(&self, request: Request<Bytes>) -> Answered {
        self.answer_with(request, None).await
    }

    /// The same, with trouble that strikes this call alone and goes before any of the scenario.
    pub async fn answer_with(&self, request: Request<Bytes>, trouble: Option<Trouble>) -> Answered {
        let endpoint = Arc::clone(&self.endpoint);
        match router::answer_with(endpoint, request.map(Body::from), trouble).await {
            Reply::Whole(response) => Answered::Whole(collected(response).await),
            Reply::Cut(response) => Answered::Cut(collected(response).await),
            Reply::Lost => Answered::Lost,
        }
    }

    /// The operation that a request asks for, as scenarios name it.
    pub fn operation(request: &Request<Bytes>) -> String {
        let call = Call {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            body: request.body().to_vec(),
        };
        Wanted::of(&call).operation().to_owned()
    }

    /// Lets something else go wrong on purpose from now on; what is counted begins anew.
    pub fn set_faults(&self, faults: Faults) {
        self.endpoint.set_faults(faults);
    }

    /// Every stack there is or was, the oldest first, as it really is: no call is made, and nothing is struck by a fault.
    pub fn stacks(&self) -> Vec<SeenStack> {
        glance::stacks(&self.endpoint)
    }

    /// Puts a stack into a status, whatever it is doing, for tests of those that no call leads to here. What is under way
    /// ends without a word; the stack's events tell of the new status alone.
    ///
    /// # Errors
    /// There is no stack of that name, or CloudFormation has no such status.
    pub fn set_status(&self, stack: &str, status: &str) -> Result<(), String> {
        glance::set_status(&self.endpoint, stack, status)
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if Arc::strong_count(&self.endpoint) == 1 {
            self.endpoint.stop();
        }
    }
}

async fn collected(response: Response<Body>) -> Response<Bytes> {
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .expect("answers are whole texts in memory");
    Response::from_parts(head, body)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use tokio::time::Instant;

    use super::*;
    use crate::{CallFault, Deed, Faults, Other, Trouble};

    const TEMPLATE: &str = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;

    /// An endpoint on the runtime's clock.
    fn open(faults: Faults) -> InProcess {
        let start = Instant::now();
        let clock = Arc::new(move || SystemTime::UNIX_EPOCH + start.elapsed());
        let mut options = Options::new("nowhere", "test", clock);
        options.faults = faults;
        InProcess::open(options)
    }

    async fn ask(endpoint: &InProcess, fields: &[(&str, &str)]) -> Answered {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Version", "2010-05-15")
            .extend_pairs(fields);
        let body = Bytes::from(form.finish());
        let request = Request::post("/").body(body).expect("a request");
        endpoint.answer(request).await
    }

    async fn text(endpoint: &InProcess, fields: &[(&str, &str)]) -> String {
        let Answered::Whole(response) = ask(endpoint, fields).await else {
            panic!("the connection broke");
        };
        String::from_utf8(response.into_body().to_vec()).expect("a text")
    }

    async fn create(endpoint: &InProcess) -> Answered {
        let fields = [
            ("Action", "CreateStack"),
            ("StackName", "one"),
            ("TemplateBody", TEMPLATE),
        ];
        ask(endpoint, &fields).await
    }

    async fn describe(endpoint: &InProcess) -> String {
        let fields = [("Action", "DescribeStacks"), ("StackName", "one")];
        text(endpoint, &fields).await
    }

    fn only(operation: &str, trouble: Trouble) -> Faults {
        Faults::default().call(CallFault::new(operation, 1, Some(1)).trouble(trouble))
    }

    #[tokio::test(start_paused = true)]
    async fn stacks_make_progress_on_the_runtimes_clock_alone() {
        let hour = Duration::from_secs(3600);
        let endpoint = open(Faults::default().delay("Topic", hour));
        create(&endpoint).await;
        tokio::time::sleep(hour / 2).await;
        let midway = describe(&endpoint).await;
        assert!(midway.contains("CREATE_IN_PROGRESS"), "{midway}");
        tokio::time::sleep(hour).await;
        let after = describe(&endpoint).await;
        assert!(after.contains("CREATE_COMPLETE"), "{after}");
        assert!(
            after.contains("<CreationTime>1970-01-01T00:00:00"),
            "{after}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_takes_effect_or_not_as_the_trouble_says() {
        for (trouble, takes_effect) in [
            (Trouble::Throttled, false),
            (Trouble::InternalFailure, false),
            (Trouble::Unavailable, false),
            (Trouble::Expired, false),
            (Trouble::LostBefore, false),
            (Trouble::LostAfter, true),
            (Trouble::Cut, true),
            (Trouble::Absent, true),
            (Trouble::Stale, true),
        ] {
            let endpoint = open(only("CreateStack", trouble));
            let answered = create(&endpoint).await;
            let is_lost = matches!(answered, Answered::Lost);
            let breaks = matches!(trouble, Trouble::LostBefore | Trouble::LostAfter);
            assert_eq!(is_lost, breaks, "{trouble:?}");
            assert_eq!(
                matches!(answered, Answered::Cut(_)),
                trouble == Trouble::Cut
            );
            let exists = !describe(&endpoint).await.contains("does not exist");
            assert_eq!(exists, takes_effect, "{trouble:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reads_are_late_as_the_scenario_says() {
        let endpoint = open(only("DescribeStacks", Trouble::Absent));
        create(&endpoint).await;
        assert!(
            describe(&endpoint)
                .await
                .contains("Stack with id one does not exist")
        );
        assert!(describe(&endpoint).await.contains("<StackName>one<"));

        let mut second = CallFault::new("DescribeStacks", 2, Some(1)).trouble(Trouble::Stale);
        second.latency = Duration::from_secs(7);
        let endpoint = open(Faults::default().call(second));
        let before = describe(&endpoint).await;
        create(&endpoint).await;
        let start = Instant::now();
        assert_eq!(describe(&endpoint).await, before);
        assert_eq!(start.elapsed(), Duration::from_secs(7));
        assert_ne!(describe(&endpoint).await, before);
    }

    #[tokio::test(start_paused = true)]
    async fn someone_else_acts_just_before_a_call() {
        for (deed, sign) in [
            (Deed::Update, "<Key>someone</Key>"),
            (Deed::Delete, "does not exist"),
        ] {
            let other = Other {
                stack: "one".to_owned(),
                deed,
            };
            let rule = CallFault::new("ListStacks", 1, Some(1)).other(other);
            let endpoint = open(Faults::default().call(rule));
            create(&endpoint).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            text(&endpoint, &[("Action", "ListStacks")]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let found = describe(&endpoint).await;
            assert!(found.contains(sign), "{deed:?}: {found}");
        }
        let other = Other {
            stack: "one".to_owned(),
            deed: Deed::ChangeSet,
        };
        let rule = CallFault::new("ListChangeSets", 1, Some(1)).other(other);
        let endpoint = open(Faults::default().call(rule));
        create(&endpoint).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let fields = [("Action", "ListChangeSets"), ("StackName", "one")];
        let listed = text(&endpoint, &fields).await;
        assert!(listed.contains("someone-elses"), "{listed}");
    }
}
