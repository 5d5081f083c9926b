//! What the checks find stops a deployment before anything happens, unless it is accepted.

use serde_json::{Value, json};

use crate::{project::Project, sample};

/// Puts something into the manifest's entry of the first stack.
fn in_manifest(project: &Project, key: &str, value: Value) {
    let mut manifest = project.read_json("assembly/manifest.json");
    manifest["stacks"][0][key] = value;
    project.write("assembly/manifest.json", &manifest.to_string());
}

/// The findings of a rule in the plan, whatever it ends with.
fn findings(project: &Project, words: &str, rule: &str) -> Vec<Value> {
    let plan = project.run(&format!("plan -e local --json {words}")).json();
    let stacks = plan["stacks"].as_array().expect("stacks are listed");
    let all = stacks
        .iter()
        .flat_map(|stack| stack["findings"].as_array().expect("findings are listed"));
    all.filter(|finding| finding["rule"] == rule)
        .cloned()
        .collect()
}

const RULES: &str = "
let queues = Resources.*[ Type == 'AWS::SQS::Queue' ]
rule queues_have_names when %queues !empty {
    %queues.Properties.QueueName exists <<name the queue, as the dashboard finds it by that>>
}
rule warn_long_waits when %queues !empty { %queues.Properties.DelaySeconds >= 10 <<wait longer>> }
";

#[test]
fn a_rule_of_the_project_stops_what_breaks_it() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write("policies/queues.guard", RULES);
    let found = findings(&project, "", "queues_have_names");
    assert_eq!(
        found,
        [json!({
            "severity": "error",
            "rule": "queues_have_names",
            "message": "name the queue, as the dashboard finds it by that",
            "logical_id": "Jobs",
            "path": "messaging/Jobs",
            "source": "stacks/src/messaging.rs:10",
        })]
    );
    assert_eq!(
        findings(&project, "", "warn_long_waits")[0]["severity"],
        "warning"
    );
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("name the queue, as the dashboard finds it by that [queues_have_names]");
    project.run("status -e local").ended_with(0).says("absent");
    // The same in any template, within the project.
    project
        .run("validate assembly/messaging.template.json")
        .ended_with(1)
        .says("error queues_have_names: name the queue");

    in_manifest(
        &project,
        "suppressions",
        json!([{"logical_id": "Jobs", "rule": "queues_have_names", "reason": "nobody looks"}]),
    );
    project.run("deploy -e local").ended_with(0);
    let found = findings(&project, "", "queues_have_names");
    assert_eq!(found[0]["suppressed"], "nobody looks");
    project
        .run("plan -e local -v")
        .ended_with(0)
        .says("accepted queues_have_names");
    in_manifest(
        &project,
        "suppressions",
        json!([{"logical_id": "Jobs", "rule": "queues_have_name", "reason": "nobody looks"}]),
    );
    let found = findings(&project, "", "CIF091");
    let message = found[0]["message"].as_str().expect("it has a message");
    assert!(
        message.contains("did you mean `queues_have_names`?"),
        "{message}"
    );
}

#[test]
fn a_file_that_is_no_rules_is_told_with_its_line() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write("policies/a.guard", "rule fine { Resources exists }\n");
    project.write("policies/b.guard", "# b\nrule broken {\n");
    for command in [
        "plan -e local",
        "deploy -e local",
        "validate assembly/messaging.template.json",
    ] {
        project
            .run(command)
            .ended_with(2)
            .says("policies/b.guard:2:14: this is not a rule of CloudFormation Guard");
    }
}

#[test]
fn the_schema_of_a_deployed_pool_only_grows() {
    let pool = |schema: Value| {
        json!({"Resources": {"Users": {"Type": "AWS::Cognito::UserPool", "DeletionPolicy": "Delete",
            "Properties": {"Schema": schema, "MfaConfiguration": "OPTIONAL"}}}})
    };
    let plan_attribute = json!({"Name": "plan", "AttributeDataType": "String", "Mutable": true});
    let project = Project::with_stacks([("identity", pool(json!([plan_attribute])))]);
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([(
        "identity",
        pool(json!([plan_attribute, {"Name": "seats", "AttributeDataType": "Number"}])),
    )]);
    project.run("plan -e local").ended_with(0);
    project.set_stacks([(
        "identity",
        pool(json!([{"Name": "seats", "AttributeDataType": "Number"}])),
    )]);
    let message = "attribute `plan` of the deployed pool is no longer in the schema";
    project.run("plan -e local").ended_with(1).says(message);
    project.run("deploy -e local").ended_with(1).says(message);
    let found = findings(&project, "", "CIF081");
    assert_eq!(found[0]["path"], "identity/Users");
}

#[test]
fn an_output_that_is_still_read_cannot_go() {
    let reader = || {
        json!({"Resources": {"Name": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String",
            "Value": {"Fn::GetStackOutput": {"StackName": "sample-local-storage", "OutputName": "FilesName"}}}}}})
    };
    let project = Project::with_stacks([("storage", sample::storage()), ("reader", reader())]);
    project.run("deploy -e local").ended_with(0);
    let mut without = sample::storage();
    without["Outputs"] = json!({"Other": {"Value": "x"}});
    // Both are wanted so: the reader would not find it.
    project.set_stacks([("storage", without.clone()), ("reader", reader())]);
    project
        .run("plan -e local")
        .ended_with(1)
        .says("reads output `FilesName` of `storage`, which has none of that name");
    // The reader no longer reads it, but is not part of this plan.
    let quiet = json!({"Resources": {"Name": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}}});
    project.set_stacks([("storage", without), ("reader", quiet)]);
    project
        .run("plan -e local storage")
        .ended_with(1)
        .says("output `FilesName` goes, and `reader` as it is deployed still reads it");
    project.run("deploy -e local storage").ended_with(1);
    project.run("deploy -e local").ended_with(0);
}

/// A project with a bucket that is deployed and would be replaced.
fn replaced_bucket() -> Project {
    let project = Project::with_stacks([("storage", sample::storage())]);
    project.run("deploy -e local").ended_with(0);
    project.edit(
        "assembly/storage.template.json",
        "\"sample-files\"",
        "\"sample-files-2\"",
    );
    project
}

fn permission(logical_id: &str, until: &str) -> Value {
    json!([{"logical_id": logical_id, "until": until, "reason": "it is empty"}])
}

#[test]
fn a_permission_in_code_holds_to_its_last_day() {
    let project = replaced_bucket();
    in_manifest(
        &project,
        "allowed_losses",
        permission("Files", "2020-12-31"),
    );
    for command in ["plan -e local", "deploy -e local"] {
        project
            .run(command)
            .ended_with(1)
            .says("would be replaced and its data lost: its permission ended on 2020-12-31");
    }
    in_manifest(&project, "allowed_losses", permission("Files", "soon"));
    project
        .run("plan -e local")
        .ended_with(1)
        .says("its permission ends on `soon`, which is not a day");
    in_manifest(
        &project,
        "allowed_losses",
        permission("Files", "9999-12-31"),
    );
    project.run("plan -e local").ended_with(0);
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn a_permission_that_is_about_no_resource_is_named_with_the_nearest() {
    let project = replaced_bucket();
    let refused = project
        .run("deploy -e local --allow-destroy Fils")
        .ended_with(2)
        .says("`--allow-destroy Fils` names no resource of this plan");
    assert!(
        refused.stderr.contains("did you mean `Files`?"),
        "{refused}"
    );
    project
        .run("deploy -e local --allow-destroy storag/Files")
        .ended_with(2)
        .says("did you mean `storage/Files`?");
    // A saved plan waits for the right name.
    project.run("plan -e local --out plan.json").ended_with(1);
    project
        .run("deploy -e local --plan plan.json --allow-destroy Fils")
        .ended_with(2)
        .says("did you mean `Files`?");
    in_manifest(&project, "allowed_losses", permission("Fils", "9999-12-31"));
    project
        .run("plan -e local")
        .ended_with(1)
        .says("nobody allowed it")
        .says("`Fils` may be lost until 9999-12-31, and there is no such resource; did you mean `Files`?");
    // Another resource than the one that is lost.
    project
        .run("deploy -e local --allow-destroy Name")
        .ended_with(1)
        .says("nobody allowed it");
}

#[test]
fn what_holds_data_is_neither_deleted_nor_left_behind_unasked() {
    for (policy, what) in [
        ("Delete", "would be deleted and its data lost"),
        (
            "Retain",
            "would be left behind, no longer managed, with its data",
        ),
    ] {
        let mut template = sample::messaging();
        template["Resources"]["Files"] =
            json!({"Type": "AWS::S3::Bucket", "DeletionPolicy": policy});
        let project = Project::with_stacks([("storage", template)]);
        project.run("deploy -e local").ended_with(0);
        project.set_stacks([("storage", sample::messaging())]);
        let message = format!("`storage/Files` (AWS::S3::Bucket) {what}: nobody allowed it");
        project.run("plan -e local").ended_with(1).says(&message);
        project
            .run("deploy -e local --yes")
            .ended_with(1)
            .says(&message);
        project
            .run("deploy -e local --allow-destroy storage/Files")
            .ended_with(0);
    }
}

#[test]
fn what_may_be_replaced_counts_as_lost() {
    let domain = |encrypted: bool| {
        json!({"Resources": {"Search": {"Type": "AWS::OpenSearchService::Domain", "DeletionPolicy": "Delete",
            "Properties": {"EncryptionAtRestOptions": {"Enabled": encrypted}}}}})
    };
    let project = Project::with_stacks([("search", domain(false))]);
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("search", domain(true))]);
    let message = "`search/Search` (AWS::OpenSearchService::Domain) may be replaced and its data lost: nobody allowed it";
    project.run("plan -e local").ended_with(1).says(message);
    project.run("deploy -e local").ended_with(1).says(message);
    project
        .run("deploy -e local --allow-destroy Search")
        .ended_with(0);
}
