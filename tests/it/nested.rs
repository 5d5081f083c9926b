//! Nested stacks: what is planned within them, what failed within them, and what remains of them.

use serde_json::{Value, json};

use crate::{
    aws_cli::AwsCli,
    project::{Project, Running, snapshot},
    wire::{ask, send},
};

/// A topic, and a stack nested beside it.
fn parent(delay: u32) -> Value {
    json!({"Resources": {
        "Before": {"Type": "AWS::SNS::Topic"},
        "Child": {"Type": "AWS::CloudFormation::Stack", "DependsOn": "Before", "Properties": {
            "TemplateURL": "https://s3.us-east-1.amazonaws.com/templates/child.json",
            "Parameters": {"Delay": delay.to_string()}}},
    }, "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Queue"]}}}})
}

fn child() -> Value {
    json!({"Parameters": {"Delay": {"Type": "Number"}},
        "Resources": {
            "Kept": {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"},
            "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Ref": "Delay"}}},
            "Last": {"Type": "AWS::SNS::Topic", "DependsOn": "Jobs", "Properties": {"DisplayName": {"Fn::Sub": "d${Delay}"}}}},
        "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Jobs", "QueueName"]}}}})
}

/// A project with the nested template in a bucket, and the endpoint that fails as `faults` say.
fn project(faults: &str) -> (Project, Running, String) {
    let project = Project::with_stacks([("web", parent(1))]);
    project.write("faults.json", faults);
    let (server, address) = project.serve("--faults faults.json");
    put(&address, "/templates", "");
    put(&address, "/templates/child.json", &child().to_string());
    (project, server, address)
}

fn put(address: &str, path: &str, body: &str) {
    send(address, &format!("PUT {path}"), body);
}

/// How many stacks there are, nested and empty ones among them.
fn stacks(address: &str) -> usize {
    let answer = ask(address, "Action=DescribeStacks");
    answer.matches("<StackStatus>").count()
}

#[test]
fn what_is_nested_is_planned_deployed_and_found_unchanged() {
    let (project, _server, address) = project("{}");
    snapshot!(project.run("plan -e local").ended_with(0), @"
    exit status: 0
    --- stdout
    Plan for local · account 0000-0000-0000 · us-east-1

    + web  5 resources to create
      + Before      AWS::SNS::Topic             stacks/src/web.rs:10
      + Child.Kept  AWS::SNS::Topic             stacks/src/web.rs:11
      + Child.Last  AWS::SNS::Topic             stacks/src/web.rs:11
      + Child       AWS::CloudFormation::Stack  stacks/src/web.rs:11
      + Child.Jobs  AWS::SQS::Queue             stacks/src/web.rs:11
      outputs Queue

    Access
      + TemplateURL  https://s3.us-east-1.amazonaws.com/templates/child.json  (Child)  widens: not known before the deployment: https://s3.us-east-1.amazonaws.com/templates/child.json

    5 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.
    ACCESS WIDENS  by 1 change above
    ");
    assert_eq!(stacks(&address), 0, "a plan leaves nothing behind");
    project.run("deploy -e local").ended_with(0);
    assert_eq!(stacks(&address), 2);
    let outputs = project.json("outputs -e local --format json");
    let queue = outputs["stacks"]["web"]["Queue"]
        .as_str()
        .expect("it is told");
    assert!(queue.starts_with("sample-local-web-Child-"), "{queue}");
    project
        .run("deploy -e local")
        .ended_with(0)
        .says("Nothing to do");
    // Another template under the same address.
    let mut other = child();
    other["Resources"]["Kept"]["Properties"] = json!({"DisplayName": "kept"});
    put(&address, "/templates/child.json", &other.to_string());
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(3)
        .says("Child.Kept");
    put(&address, "/templates/child.json", &child().to_string());
    project.set_stacks([("web", parent(5))]);
    snapshot!(project.run("deploy -e local").ended_with(0), @"
    exit status: 0
    --- stdout
    web.Queue  sample-local-web-Child-[RANDOM]-Jobs-[RANDOM]
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ web  3 resources change
      ~ Child       AWS::CloudFormation::Stack  stacks/src/web.rs:11
          Parameters.Delay  1 → 5
      ~ Child.Jobs  AWS::SQS::Queue             stacks/src/web.rs:11
          DelaySeconds  1 → 5
      ~ Child.Last  AWS::SNS::Topic             stacks/src/web.rs:11
          DisplayName  d1 → d5

    0 to create, 3 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    updating web (3 resources)
      ✓ web/Child  AWS::CloudFormation::Stack  UPDATE_COMPLETE  [TIME]
      ✓ web/Child  AWS::CloudFormation::Stack  UPDATE_COMPLETE  [TIME]
    web updated  [TIME]
    ");
}

#[test]
fn what_takes_drift_back_does_not_look_within() {
    let (project, _server, _) = project("{}");
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("web", parent(5))]);
    let plan = project.json("plan -e local --revert-drift --json");
    let changes = plan["stacks"][0]["changes"].as_array();
    let changes = changes.expect("there are some").iter();
    let ids: Vec<&Value> = changes.map(|change| &change["logical_id"]).collect();
    assert_eq!(ids, ["Child"]);
    project.run("deploy -e local --revert-drift").ended_with(0);
    project
        .run("deploy -e local")
        .ended_with(0)
        .says("Nothing to do");
}

#[test]
fn what_failed_within_is_told_as_the_cause() {
    let (project, _server, _) = project(
        r#"{"fail": [{"resource": "Jobs", "step": "create", "reason": "no queue today"}]}"#,
    );
    snapshot!(project.run("deploy -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    + web  5 resources to create
      + Before      AWS::SNS::Topic             stacks/src/web.rs:10
      + Child.Kept  AWS::SNS::Topic             stacks/src/web.rs:11
      + Child.Last  AWS::SNS::Topic             stacks/src/web.rs:11
      + Child       AWS::CloudFormation::Stack  stacks/src/web.rs:11
      + Child.Jobs  AWS::SQS::Queue             stacks/src/web.rs:11
      outputs Queue

    Access
      + TemplateURL  https://s3.us-east-1.amazonaws.com/templates/child.json  (Child)  widens: not known before the deployment: https://s3.us-east-1.amazonaws.com/templates/child.json

    5 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.
    ACCESS WIDENS  by 1 change above

    creating web (5 resources)
      ✓ web/Before  AWS::SNS::Topic  CREATE_COMPLETE  [TIME]
      ✗ web/Child  AWS::CloudFormation::Stack  CREATE_FAILED  [TIME]
          stacks/src/web.rs:11
          Embedded stack arn:aws:cloudformation:us-east-1:000000000000:stack/sample-local-web-Child-[RANDOM]/[UUID] was not successfully created: The following resource(s) failed to create: [Jobs]. 
      ✓ web/Child  AWS::CloudFormation::Stack  DELETE_COMPLETE  [TIME]
      ✓ web/Before  AWS::SNS::Topic  DELETE_COMPLETE  [TIME]
    web failed  [TIME]
    error: stack `web` ended in `ROLLBACK_COMPLETE`: `Child.Jobs` (AWS::SQS::Queue) failed first: no queue today

    hint: it is declared at stacks/src/web.rs:11
    hint: deploy again: the empty shell is deleted first, then the stack is created
    ");
}

#[test]
fn a_change_set_that_fails_within_is_told_with_why() {
    let (project, _server, address) = project("{}");
    let mut broken = child();
    broken["Resources"]["Jobs"]["Properties"]["Delay"] = json!(1);
    put(&address, "/templates/child.json", &broken.to_string());
    snapshot!(project.run("plan -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    error: CloudFormation cannot plan stack `web`: Nested change set arn:aws:cloudformation:us-east-1:000000000000:changeSet/chitinfra-plan-[DIGEST]-Child-[RANDOM]/[UUID] was not successfully created: Currently in FAILED.

    hint: `Child.Jobs` (stacks/src/web.rs:11): AWS::EarlyValidation::PropertyValidation: extraneous key [Delay] is not permitted (at /Resources/Jobs)
    ");
    assert_eq!(stacks(&address), 0, "nothing is left behind");
}

#[test]
fn an_update_that_could_not_be_undone_within_goes_on_without_what_hinders() {
    let (project, _server, _) = project(
        r#"{"fail": [{"resource": "Last", "step": "update", "reason": "the name is taken"},
            {"resource": "Jobs", "step": "restore", "reason": "the queue is gone"}]}"#,
    );
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("web", parent(5))]);
    snapshot!(project.run("deploy -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ web  3 resources change
      ~ Child       AWS::CloudFormation::Stack  stacks/src/web.rs:11
          Parameters.Delay  1 → 5
      ~ Child.Jobs  AWS::SQS::Queue             stacks/src/web.rs:11
          DelaySeconds  1 → 5
      ~ Child.Last  AWS::SNS::Topic             stacks/src/web.rs:11
          DisplayName  d1 → d5

    0 to create, 3 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    updating web (3 resources)
      ✗ web/Child  AWS::CloudFormation::Stack  UPDATE_FAILED  [TIME]
          stacks/src/web.rs:11
          Embedded stack arn:aws:cloudformation:us-east-1:000000000000:stack/sample-local-web-Child-[RANDOM]/[UUID] was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: The following resource(s) failed to update: [Last]. 
      ✗ web/Child  AWS::CloudFormation::Stack  UPDATE_FAILED  [TIME]
          stacks/src/web.rs:11
          Embedded stack arn:aws:cloudformation:us-east-1:000000000000:stack/sample-local-web-Child-[RANDOM]/[UUID] was not successfully updated. Currently in UPDATE_ROLLBACK_FAILED with reason: The following resource(s) failed to update: [Jobs]. 
    web failed  [TIME]
    error: stack `web` ended in `UPDATE_ROLLBACK_FAILED`: `Child.Last` (AWS::SNS::Topic) failed first: the name is taken (one more failed or stopped after it)

    hint: it is declared at stacks/src/web.rs:11
    hint: `chitinfra recover` says what stands in the way and leads the stack out of it
    ");
    snapshot!(project.run("recover -e local --with skip").ended_with(0), @"
    exit status: 0
    --- stderr
    web  UPDATE_ROLLBACK_FAILED  its last update failed and could not be undone
      ✗ Child.Jobs  AWS::SQS::Queue  UPDATE_FAILED  stacks/src/web.rs:11
          the queue is gone
        continue  go on undoing the update; first take out of the way what hinders it (the safest)
        skip      go on without Child.Jobs, which stays as it is: not what its template says
        force     go on without anything that cannot be undone: not what its template says

    rolling back web
      ✓ web/Child  AWS::CloudFormation::Stack  UPDATE_COMPLETE  [TIME]
      ✓ web/Child  AWS::CloudFormation::Stack  UPDATE_COMPLETE  [TIME]
    web rolled back  [TIME]
    no stack is stuck any more
    ");
    project.run("recover -e local").ended_with(0);
}

#[test]
fn what_remains_within_is_told_when_all_is_gone() {
    let (project, _server, _) = project("{}");
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("destroy -e local --yes").ended_with(0), @"
    exit status: 0
    --- stderr
    This deletes from local:
      - web  sample-local-web  2 resources
    deleting web
      ✓ web/Child  AWS::CloudFormation::Stack  DELETE_COMPLETE  [TIME]
      ✓ web/Before  AWS::SNS::Topic  DELETE_COMPLETE  [TIME]
    web deleted  [TIME]
    What remains of local:
      - AWS::SNS::Topic arn:aws:sns:us-east-1:000000000000:sample-local-web-Child-[RANDOM]-Kept-[RANDOM]  web/Child.Kept
          its deletion policy keeps it
      - records in chitinfra-assets-[RANDOM]-us-east-1/sample/local/
          2 releases are recorded there; nothing deletes records
      - asset bucket chitinfra-assets-[RANDOM]-us-east-1
          it serves every project of the account and region
    ");
}

#[test]
fn what_cannot_be_deleted_within_is_told_and_can_be_left() {
    let (project, _server, _) = project(
        r#"{"fail": [{"resource": "Jobs", "step": "delete", "reason": "the queue is not empty"}]}"#,
    );
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("destroy -e local --yes").ended_with(1), @"
    exit status: 1
    --- stderr
    This deletes from local:
      - web  sample-local-web  2 resources
    deleting web
      ✗ web/Child  AWS::CloudFormation::Stack  DELETE_FAILED  [TIME]
          stacks/src/web.rs:11
          Embedded stack arn:aws:cloudformation:us-east-1:000000000000:stack/sample-local-web-Child-[RANDOM]/[UUID] was not successfully deleted: The following resource(s) failed to delete: [Jobs]. 
      ✓ web/Before  AWS::SNS::Topic  DELETE_COMPLETE  [TIME]
    web failed  [TIME]
    What remains of local:
      - stack sample-local-web  web
          it could not be deleted
      - records in chitinfra-assets-[RANDOM]-us-east-1/sample/local/
          2 releases are recorded there; nothing deletes records
      - asset bucket chitinfra-assets-[RANDOM]-us-east-1
          it serves every project of the account and region
    error: stack `web` ended in `DELETE_FAILED`: `Child.Jobs` (AWS::SQS::Queue) failed first: the queue is not empty

    hint: it is declared at stacks/src/web.rs:11
    hint: something still uses it or is in it: take that away, then repeat the command
    hint: `chitinfra recover` says what stands in the way and leads the stack out of it
    ");
    snapshot!(project.run("recover -e local --with retain").ended_with(0), @"
    exit status: 0
    --- stderr
    web  DELETE_FAILED  some of its resources could not be deleted
      ✗ Child.Jobs  AWS::SQS::Queue  DELETE_FAILED  stacks/src/web.rs:11
          the queue is not empty
        delete        delete the stack again; first take out of the way what hinders it (the safest)
        retain        delete the stack, leave Child behind
        force-delete  delete the stack, leave behind whatever cannot be deleted

    deleting web
      ✓ web/Child  AWS::CloudFormation::Stack  DELETE_SKIPPED  [TIME]
    web deleted  [TIME]
    web remains: AWS::CloudFormation::Stack arn:aws:cloudformation:us-east-1:000000000000:stack/sample-local-web-Child-[RANDOM]/[UUID] (Child)
    no stack is stuck any more
    ");
}

#[test]
#[ignore = "needs the AWS CLI"]
fn the_aws_cli_deploys_what_is_nested_and_reads_the_same() {
    let project = Project::with_stacks([("web", parent(1))]);
    let (_server, address) = project.serve("");
    let mut aws = AwsCli::start(&project, &address);
    // `package` puts the nested template into the bucket, and its address into the one above.
    project.write("child.json", &child().to_string());
    let mut top = parent(1);
    top["Resources"]["Child"]["Properties"]["TemplateURL"] = json!("child.json");
    project.write("top.json", &top.to_string());
    aws.good("s3api create-bucket --bucket packed");
    aws.good(
        "cloudformation package --template-file top.json --s3-bucket packed --output-template-file packed.yaml",
    );
    let deploy = "cloudformation deploy --stack-name top --template-file packed.yaml";
    aws.good(deploy);
    let named = "--stack-name top --query";
    let id = aws.text(&format!(
        "cloudformation describe-stacks {named} Stacks[].StackId"
    ));
    let nested = aws.text(&format!(
        "cloudformation describe-stack-resource --logical-resource-id Child {named} StackResourceDetail.PhysicalResourceId"
    ));
    let seen = aws.text(&format!(
        "cloudformation describe-stacks --stack-name {nested} --query Stacks[].[StackStatus,ParentId,RootId]"
    ));
    assert_eq!(seen, format!("CREATE_COMPLETE\t{id}\t{id}"));

    // Change sets of the whole, as the CLI waits for and reads them.
    let next = "--stack-name top --change-set-name next";
    top["Resources"]["Child"]["Properties"]["Parameters"]["Delay"] = json!("7");
    top["Resources"]["Child"]["Properties"]["TemplateURL"] = json!("child.json");
    project.write("top.json", &top.to_string());
    aws.good(
        "cloudformation package --template-file top.json --s3-bucket packed --output-template-file packed.yaml",
    );
    aws.good(&format!(
        "cloudformation create-change-set {next} --template-body file://packed.yaml --include-nested-stacks"
    ));
    aws.good(&format!(
        "cloudformation wait change-set-create-complete {next}"
    ));
    let below = aws.text(&format!(
        "cloudformation describe-change-set {next} --query Changes[].ResourceChange.ChangeSetId"
    ));
    let query = "Changes[].ResourceChange.LogicalResourceId";
    let within = aws.text(&format!(
        "cloudformation describe-change-set --change-set-name {below} --query {query}"
    ));
    assert_eq!(within, "Jobs\tLast");
    aws.bad(
        &format!("cloudformation execute-change-set --change-set-name {below}"),
        "InvalidChangeSetStatus",
    );
    aws.good(&format!("cloudformation execute-change-set {next}"));
    aws.good("cloudformation wait stack-update-complete --stack-name top");
    let value = aws.text(&format!(
        "cloudformation describe-stacks --stack-name {nested} --query Stacks[].Parameters[].ParameterValue"
    ));
    assert_eq!(value, "7");
    aws.bad(
        &format!("cloudformation continue-update-rollback --stack-name {nested}"),
        "RollbackUpdatedStack cannot be invoked on child stacks",
    );
    aws.good("cloudformation delete-stack --stack-name top");
    aws.good("cloudformation wait stack-delete-complete --stack-name top");
    aws.good(&format!(
        "cloudformation wait stack-delete-complete --stack-name {nested}"
    ));
}
