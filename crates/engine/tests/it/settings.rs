//! What a stack has beside its template, as CloudFormation then has it.

use engine::{
    ChangeSetRequest, ChangeSetType, CloudFormation as _, OutcomeKind, RemainingKind,
    StackPolicies as _, TemplateSource,
};
use serde_json::{Value, json};

use crate::support::{World, assembly, kinds};

const STACK: &str = "shop-test-alarms";

fn topic() -> Value {
    json!({"Resources": {"Alarms": {"Type": "AWS::SNS::Topic"}}})
}

#[tokio::test]
async fn notifications_role_and_policy_are_as_declared() {
    let world = World::new().await;
    let mut wanted = assembly(&[("alarms", &[], topic())]);
    let declared = &mut wanted.manifest.stacks[0];
    let arn = "arn:aws:sns:us-east-1:000000000000:ops".to_owned();
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
    ]});
    declared.notification_arns = Some(vec![arn.clone()]);
    declared.stack_policy = Some(policy.clone());
    declared.role_arn = Some("arn:aws:iam::000000000000:role/deploy".to_owned());
    assert!(world.deploy(&wanted).await.is_success());
    let found = world
        .cloud
        .stack(STACK)
        .await
        .expect("it can be read")
        .expect("it exists");
    assert_eq!(found.notification_arns, std::slice::from_ref(&arn));
    assert_eq!(found.role_arn, wanted.manifest.stacks[0].role_arn);
    let text = world.cloud.stack_policy(STACK).await;
    let text = text.expect("it can be read").expect("it has one");
    let deployed: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(deployed, policy);
    assert!(world.deploy(&wanted).await.is_unchanged());

    // Of what the code no longer says anything stays as it is; what it empties is emptied.
    wanted.manifest.stacks[0].stack_policy = None;
    wanted.manifest.stacks[0].notification_arns = None;
    assert!(world.deploy(&wanted).await.is_unchanged());
    wanted.manifest.stacks[0].notification_arns = Some(Vec::new());
    assert_eq!(
        kinds(&world.deploy(&wanted).await),
        [("alarms", OutcomeKind::Updated)]
    );
    let found = world.cloud.stack(STACK).await.expect("it can be read");
    assert_eq!(found.expect("it exists").notification_arns, [""; 0]);
}

#[tokio::test]
async fn a_shell_that_holds_a_change_set_of_someone_else_is_not_destroyed() {
    let world = World::new().await;
    let wanted = assembly(&[("alarms", &[], topic())]);
    let theirs = ChangeSetRequest {
        stack_name: STACK.to_owned(),
        name: "theirs".to_owned(),
        description: String::new(),
        token: "theirs".to_owned(),
        kind: ChangeSetType::Create,
        template: TemplateSource::Inline(topic().to_string()),
        parameters: Default::default(),
        tags: Default::default(),
        notification_arns: Vec::new(),
        role_arn: None,
        import_existing: false,
        nested: false,
        express: false,
        revert_drift: false,
    };
    world
        .cloud
        .create_change_set(&theirs)
        .await
        .expect("it can be made");
    let report = world
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await
        .expect("it is allowed");
    assert_eq!(kinds(&report), [("alarms", OutcomeKind::Unchanged)]);
    let left: Vec<_> = report.stacks[0]
        .left
        .iter()
        .map(|one| (one.kind, one.name.as_str()))
        .collect();
    assert_eq!(left, [(RemainingKind::ChangeSet, "theirs")]);
    assert!(
        world
            .cloud
            .stack(STACK)
            .await
            .expect("it can be read")
            .is_some()
    );
}
