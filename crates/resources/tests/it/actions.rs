//! Typed IAM actions.

use resources::{Action, actions, iam};

#[test]
fn actions_have_their_own_spelling() {
    assert_eq!(iam::s3::GetObject.as_str(), "s3:GetObject");
    assert_eq!(
        iam::cognito_idp::AdminGetUser.to_string(),
        "cognito-idp:AdminGetUser"
    );
    assert_eq!(actions::sts::AssumeRole.service(), "sts");
    assert_eq!(iam::s3::ALL.as_str(), "s3:*");
    assert_eq!(Action::unlisted("s3:NewThing").as_str(), "s3:NewThing");
}

#[test]
fn every_constant_is_an_action() {
    let text = include_str!(concat!(env!("OUT_DIR"), "/actions.rs"));
    let names = text
        .lines()
        .filter_map(|line| line.split_once("Action::new(\"")?.1.split_once('"'));
    let mut count = 0;
    for (name, _) in names {
        assert!(schema::iam_action_exists(name), "{name}");
        count += 1;
    }
    assert!(count > 1_000, "{count}");
}
