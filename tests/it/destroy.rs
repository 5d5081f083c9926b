//! `destroy` deletes in the opposite order, asks for the environment's name, and says what remains.

use serde_json::json;

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn without_a_terminal_and_without_yes_nothing_is_deleted() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("destroy -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    This deletes from local:
      - messaging  sample-local-messaging  2 resources
    error: not destroying anything without being told so

    hint: pass `--yes`
    ");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn everything_goes_but_what_is_kept_and_that_is_named() {
    let mut storage = sample::storage();
    storage["Resources"]["Files"]["DeletionPolicy"] = json!("Retain");
    let project = Project::with_stacks([("storage", storage), ("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("destroy -e local --yes").ended_with(0), @"
    exit status: 0
    --- stderr
    This deletes from local:
      - messaging  sample-local-messaging  2 resources
      - storage  sample-local-storage  3 resources
    deleting messaging
      ✓ messaging/Jobs  AWS::SQS::Queue  DELETE_COMPLETE  [TIME]
      ✓ messaging/Alarms  AWS::SNS::Topic  DELETE_COMPLETE  [TIME]
    messaging deleted  [TIME]
    deleting storage
      ✓ storage/Access  AWS::S3::BucketPolicy  DELETE_COMPLETE  [TIME]
      ✓ storage/Name  AWS::SSM::Parameter  DELETE_COMPLETE  [TIME]
      ✓ storage/Files  AWS::S3::Bucket  DELETE_SKIPPED  [TIME]
    storage deleted  [TIME]
    storage remains: AWS::S3::Bucket sample-files (Files)
    ");
    // There is nothing more to do, and that is no failure.
    project.run("destroy -e local --yes").ended_with(0);
}
