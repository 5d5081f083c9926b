//! The AWS SDK for Rust, which the API uses, against the router.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_chimesdkmeetings::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    error::ProvideErrorMetadata as _,
    types::{AttendeeFeatures, MeetingFeaturesConfiguration, Tag},
};

use crate::wire::Served;

fn client(served: &Served) -> Client {
    let config = aws_sdk_chimesdkmeetings::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(format!("http://{}", served.address))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)));
    Client::from_conf(config.build())
}

async fn create(client: &Client, token: &str) -> String {
    let features = MeetingFeaturesConfiguration::builder()
        .attendee(AttendeeFeatures::builder().max_count(15).build())
        .build();
    let tag = Tag::builder().key("chitchatter-customer-id").value("9f1c");
    let made = client
        .create_meeting()
        .client_request_token(token)
        .media_region("eu-central-1")
        .external_meeting_id("room")
        .meeting_features(features)
        .tags(tag.build().expect("key and value"))
        .send()
        .await
        .expect("it is made");
    let meeting = made.meeting.expect("a meeting");
    let placement = meeting.media_placement.expect("its media");
    assert!(placement.audio_host_url.is_some() && placement.signaling_url.is_some());
    meeting.meeting_id.expect("its id")
}

#[tokio::test]
async fn sixty_four_at_once_with_one_token_make_one_meeting() {
    let served = Served::start().await;
    let client = client(&served);
    let calls = (0..64).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { create(&client, "one-token").await })
    });
    let calls: Vec<_> = calls.collect();
    let mut made = BTreeSet::new();
    for call in calls {
        made.insert(call.await.expect("no panic"));
    }
    assert_eq!(made.len(), 1);
}

#[tokio::test]
async fn the_sdk_knows_answers_and_refusals() {
    let served = Served::start().await;
    let client = client(&served);
    let id = create(&client, "one-token").await;
    let attendee = client
        .create_attendee()
        .meeting_id(&id)
        .external_user_id("user")
        .send()
        .await
        .expect("it is created")
        .attendee
        .expect("an attendee");
    assert!(attendee.join_token().is_some_and(|token| token.len() == 98));
    client
        .delete_meeting()
        .meeting_id(&id)
        .send()
        .await
        .expect("it is there");
    let refused = client.get_meeting().meeting_id(&id).send().await;
    let refused = refused.expect_err("it is gone").into_service_error();
    assert!(refused.is_not_found_exception(), "{refused:?}");
    assert_eq!(
        refused.message(),
        Some(&*format!("Meeting <{id}> not found"))
    );
    let bad = client.get_meeting().meeting_id("x").send().await;
    let bad = bad.expect_err("it is no id").into_service_error();
    assert!(bad.is_bad_request_exception(), "{bad:?}");
}
