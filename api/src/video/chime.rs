//! Amazon Chime SDK meetings: <https://docs.aws.amazon.com/chime-sdk/latest/APIReference/API_Operations_Amazon_Chime_SDK_Meetings.html>.

use std::{error::Error, fmt, time::Duration};

use aws_config::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_chimesdkmeetings::{
    Client,
    config::{
        Builder,
        http::HttpResponse,
        interceptors::InterceptorContext,
        retry::{ClassifyRetry, RetryAction},
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        RequestId, create_attendee::CreateAttendeeError, create_meeting::CreateMeetingError,
    },
    types::{AttendeeFeatures, MeetingFeaturesConfiguration, Tag},
};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::{Failure, MOST_ATTENDEES, Meeting, MeetingService, NewMeeting, wire};
use crate::{
    aws,
    clock::Clock,
    config::{AwsCredentials, VideoConfig},
    upstream,
};

/// The tag that says in the bill whose a meeting is.
const CUSTOMER_TAG: &str = "chitchatter-customer-id";

/// How long one attempt may take: a second one fits into a caller's patience.
const ATTEMPT: Duration = Duration::from_secs(2);

/// The service in a region. Media are there as well.
pub(super) struct Chime {
    region: String,
    endpoint: Option<Url>,
    credentials: Option<AwsCredentials>,
    clock: Clock,
    client: OnceCell<Client>,
}

impl Chime {
    pub(super) fn new(
        config: &VideoConfig,
        credentials: Option<&AwsCredentials>,
        clock: &Clock,
    ) -> Self {
        Self {
            region: config.region.clone(),
            endpoint: config.endpoint.clone(),
            credentials: credentials.cloned(),
            clock: clock.clone(),
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| self.connect()).await
    }

    async fn connect(&self) -> Client {
        let shared = aws::load(&self.region, self.credentials.as_ref(), &self.clock).await;
        let retries = RetryConfig::standard()
            .with_initial_backoff(Duration::from_millis(100))
            .with_max_backoff(Duration::from_secs(1));
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(upstream::PATIENCE);
        let mut config = Builder::from(&shared)
            .retry_config(retries)
            .retry_classifier(FullIsFull)
            .timeout_config(timeouts.build());
        if let Some(endpoint) = &self.endpoint {
            config = config.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        Client::from_conf(config.build())
    }

    async fn create(&self, new: &NewMeeting) -> Result<Meeting, Failure> {
        let attendees = AttendeeFeatures::builder().max_count(MOST_ATTENDEES.into());
        let features = MeetingFeaturesConfiguration::builder().attendee(attendees.build());
        let tag = Tag::builder().key(CUSTOMER_TAG).value(new.owner.as_str());
        let tag = tag.build().expect("a tag has a key and a value");
        let request = self.client().await.create_meeting();
        let answer = request
            .client_request_token(&new.token)
            .external_meeting_id(&new.name)
            .media_region(&self.region)
            .meeting_features(features.build())
            .tags(tag)
            .send()
            .await;
        let answer = answer.map_err(|error| match error.as_service_error() {
            Some(CreateMeetingError::ConflictException(_)) => Failure::Conflict,
            _ => failure("CreateMeeting", &error),
        })?;
        let meeting = answer
            .meeting
            .and_then(wire::meeting)
            .and_then(Meeting::read);
        meeting.ok_or_else(|| Failure::Bad("CreateMeeting answers no whole meeting".to_owned()))
    }

    async fn admit(&self, meeting_id: &str, user_id: &str) -> Result<Value, Failure> {
        let request = self.client().await.create_attendee();
        let request = request.meeting_id(meeting_id).external_user_id(user_id);
        let answer = request.send().await;
        let answer = answer.map_err(|error| match error.as_service_error() {
            Some(CreateAttendeeError::NotFoundException(_)) => Failure::Over,
            Some(CreateAttendeeError::LimitExceededException(_)) => Failure::Full,
            _ => failure("CreateAttendee", &error),
        })?;
        let attendee = answer.attendee.and_then(wire::attendee);
        attendee.ok_or_else(|| Failure::Bad("CreateAttendee answers no whole attendee".to_owned()))
    }
}

impl fmt::Debug for Chime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chime = formatter.debug_struct("Chime");
        chime.field("region", &self.region).finish_non_exhaustive()
    }
}

impl MeetingService for Chime {
    fn create<'a>(&'a self, new: &'a NewMeeting) -> BoxFuture<'a, Result<Meeting, Failure>> {
        Box::pin(self.create(new))
    }

    fn admit<'a>(
        &'a self,
        meeting_id: &'a str,
        user_id: &'a str,
    ) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(self.admit(meeting_id, user_id))
    }
}

/// A full meeting is not asked again: the SDK takes every `LimitExceededException` for throttling.
#[derive(Debug)]
struct FullIsFull;

impl ClassifyRetry for FullIsFull {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let error = error.and_then(|error| error.as_operation_error());
        let error = error.and_then(|error| error.downcast_ref::<CreateAttendeeError>());
        if error.is_some_and(CreateAttendeeError::is_limit_exceeded_exception) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "a full meeting"
    }
}

/// What went wrong, for the log. Of an answer nothing is told but its error: it could hold a token.
fn failure<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(refused) => Failure::Bad(format!(
            "{operation} answers {} ({}: {}; request {})",
            refused.raw().status(),
            error.code().unwrap_or("no code"),
            error.message().unwrap_or("no message"),
            error.request_id().unwrap_or("unknown"),
        )),
        SdkError::ResponseError(_) => Failure::Bad(format!("{operation} answers in another form")),
        _ => Failure::Silent(format!("{operation}: {}", ledger::chain(error))),
    }
}
