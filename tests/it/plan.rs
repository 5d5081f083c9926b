//! `plan` says what a deployment would do, and what that means.

use serde_json::{Value, json};

use crate::{
    project::{Project, snapshot},
    sample,
};

/// A project whose stack is deployed already.
fn deployed(name: &str, template: Value) -> Project {
    let project = Project::with_stacks([(name, template)]);
    project.run("deploy -e local").ended_with(0);
    project
}

#[test]
fn everything_is_new_at_first() {
    let project = Project::with_stacks([("storage", sample::storage())]);
    snapshot!(project.run("plan -e local").ended_with(0), @r#"
    exit status: 0
    --- stdout
    Plan for local · account 0000-0000-0000 · us-east-1

    + storage  3 resources to create
      + Files   AWS::S3::Bucket        stacks/src/storage.rs:10
      + Access  AWS::S3::BucketPolicy  stacks/src/storage.rs:11
      + Name    AWS::SSM::Parameter    stacks/src/storage.rs:12
      outputs FilesName

    Access
      + * may not s3:* on Files.Arn, Files.Arn/* when aws:SecureTransport Bool false  (Access)

    3 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.
    "#);
}

#[test]
fn no_change_is_said_and_is_no_failure() {
    let project = deployed("messaging", sample::messaging());
    snapshot!(project.run("plan -e local --detailed-exitcode").ended_with(0), @"
    exit status: 0
    --- stdout
    Plan for local · account 0000-0000-0000 · us-east-1

      messaging  no change

    No changes: what is deployed is what the stacks say.
    ");
}

#[test]
fn a_changed_property_is_shown_alone_and_in_place() {
    let project = deployed("messaging", sample::messaging());
    project.edit(
        "assembly/messaging.template.json",
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":60"#,
    );
    snapshot!(project.run("plan -e local --detailed-exitcode").ended_with(3), @"
    exit status: 3
    --- stdout
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ messaging  1 resource changes
      ~ Jobs  AWS::SQS::Queue  stacks/src/messaging.rs:10
          VisibilityTimeout  30 → 60

    0 to create, 1 to update, 0 to replace, 0 to delete. Nothing stateful is lost.
    ");

    let plan = project.json("plan -e local --json");
    assert_eq!(plan["format_version"], "1.0");
    assert_eq!(plan["account"], "000000000000");
    let stack = &plan["stacks"][0];
    assert_eq!(stack["summary"]["update"], 1, "{plan:#}");
    let change = &stack["changes"][0];
    assert_eq!(change["logical_id"], "Jobs", "{plan:#}");
    assert_eq!(change["action"], "update", "{plan:#}");
    assert_eq!(change["source"], "stacks/src/messaging.rs:10", "{plan:#}");
    assert_eq!(
        change["properties"],
        json!([{"path": ["VisibilityTimeout"], "before": 30, "after": 60, "impact": "in_place"}]),
        "{plan:#}"
    );
}

#[test]
fn a_replacement_is_followed_through_every_kind_of_reference_and_stops() {
    let project = deployed("storage", sample::storage());
    project.edit(
        "assembly/storage.template.json",
        "\"sample-files\"",
        "\"sample-files-2\"",
    );
    let outcome = project.run("plan -e local").ended_with(1);
    for follower in ["Access", "Name"] {
        assert!(
            outcome.stdout.contains(follower),
            "`{follower}` follows the bucket\n{outcome}"
        );
    }
    snapshot!(outcome, @r#"
    exit status: 1
    --- stdout
    Plan for local · account 0000-0000-0000 · us-east-1

    ± storage  3 resources change
      ± Files   AWS::S3::Bucket        stacks/src/storage.rs:10
          DATA LOSS  it is replaced by an empty one and deleted with all it holds, as a property changes
          BucketName  sample-files → sample-files-2  forces replacement
      ± Access  AWS::S3::BucketPolicy  stacks/src/storage.rs:11
          is replaced, as a resource it refers to is replaced; the old one is deleted
          ↳ Files is replaced: Bucket (forces replacement), PolicyDocument.Statement.0.Resource.0, PolicyDocument.Statement.0.Resource.1
      ~ Name    AWS::SSM::Parameter    stacks/src/storage.rs:12
          ↳ Files is replaced: Value
      ~ output FilesName  ↳ Files is replaced

    0 to create, 1 to update, 2 to replace, 0 to delete.
    DATA LOSS  storage/Files (AWS::S3::Bucket): it is replaced by an empty one and deleted with all it holds
    --- stderr
    error: data would be lost
      `storage/Files` (AWS::S3::Bucket) would be replaced and its data lost: nobody allowed it

    hint: if that is meant, deploy with `--allow-destroy storage/Files`, or write `.allow_loss("<last day>", "<why>")` on the resource
    "#);
    project
        .run("plan -e local --allow-destroy Fles")
        .ended_with(2);
}

#[test]
fn a_removed_resource_is_deleted_or_left_behind_as_its_policy_says() {
    let mut template = sample::messaging();
    template["Resources"]["Kept"] = json!({"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"});
    let project = deployed("messaging", template.clone());
    let resources = template["Resources"]
        .as_object_mut()
        .expect("it is an object");
    resources.remove("Kept");
    resources.remove("Alarms");
    template["Outputs"]
        .as_object_mut()
        .expect("it is an object")
        .remove("AlarmsArn");
    project.set_stacks([("messaging", template)]);
    let plan = project.json("plan -e local --json");
    let action = |id: &str| {
        let changes = plan["stacks"][0]["changes"]
            .as_array()
            .expect("changes are listed");
        let change = changes.iter().find(|change| change["logical_id"] == id);
        change.map(|change| change["action"].clone())
    };
    assert_eq!(action("Alarms"), Some(json!("delete")), "{plan:#}");
    assert_eq!(action("Kept"), Some(json!("orphan")), "{plan:#}");
    assert_eq!(action("Jobs"), None, "{plan:#}");
    let shown = project.run("plan -e local").ended_with(0).stdout;
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    assert!(
        lines.iter().any(|line| line.starts_with("~ messaging"))
            && lines.contains(&"  - Alarms  AWS::SNS::Topic")
            && lines.contains(&"  ○ Kept    AWS::SNS::Topic"),
        "a stack that loses a resource is not lost itself:\n{shown}"
    );
}

#[test]
fn a_change_of_form_alone_is_no_change() {
    let project = deployed("messaging", sample::messaging());
    project.edit(
        "assembly/messaging.template.json",
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":"30""#,
    );
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["stacks"][0]["equivalent"], json!(["Jobs"]), "{plan:#}");
}

#[test]
fn widened_access_is_named() {
    let project = deployed("storage", sample::storage());
    let mut template = sample::storage();
    let statement =
        &mut template["Resources"]["Access"]["Properties"]["PolicyDocument"]["Statement"];
    statement.as_array_mut().expect("statements").push(json!({
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "s3:GetObject",
        "Resource": {"Fn::Sub": "${Files.Arn}/*"},
    }));
    project.set_stacks([("storage", template)]);
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["stacks"][0]["security"]["widened"], true, "{plan:#}");
    project
        .run("plan -e local")
        .ended_with(0)
        .says("s3:GetObject");
}

#[test]
fn another_assembly_can_be_compared_without_any_account() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("synth -e local").ended_with(0);
    std::fs::rename(project.path("assembly"), project.path("base")).expect("it can be moved");
    project.set_stacks([("messaging", sample::messaging())]);
    let plan = "plan -e local --against base --detailed-exitcode --endpoint-url http://127.0.0.1:9";
    let outcome = project.run(plan).ended_with(0);
    assert!(
        outcome.stdout.contains(" · against base\n")
            && outcome
                .stdout
                .contains("No changes: the two assemblies say the same."),
        "{outcome}"
    );
    project.edit(
        "assembly/messaging.template.json",
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":60"#,
    );
    let outcome = project.run(plan).ended_with(3);
    assert!(outcome.stdout.contains("VisibilityTimeout"), "{outcome}");
}

#[test]
fn a_plan_for_people_comes_as_markdown_and_as_one_page() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let markdown = project.run("plan -e local --markdown").ended_with(0).stdout;
    assert!(markdown.contains("AWS::SQS::Queue"), "{markdown}");
    project.run("plan -e local --html plan.html").ended_with(0);
    let page = project.read("plan.html");
    assert!(page.contains("AWS::SQS::Queue"), "{page}");
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "the page loads something:\n{page}"
    );
}

#[test]
fn what_the_checks_found_is_shown_with_its_line_and_is_in_the_json() {
    let mut template = sample::messaging();
    template["Parameters"] = json!({"Unneeded": {"Type": "String", "Default": "x"}});
    let project = Project::with_stacks([("messaging", template)]);
    project
        .run("plan -e local")
        .ended_with(0)
        .says("warning CIF011  messaging Parameters.Unneeded: parameter `Unneeded` is not used");
    let plan = project.json("plan -e local --json");
    // The gravest first.
    assert_eq!(
        plan["stacks"][0]["findings"][0],
        json!({
            "severity": "warning",
            "rule": "CIF011",
            "message": "parameter `Unneeded` is not used",
            "logical_id": null,
            "path": null,
            "source": null,
            "property": ["Parameters", "Unneeded"],
        }),
        "{plan:#}"
    );
}

#[test]
fn an_error_of_the_checks_is_shown_with_the_plan_and_fails_it() {
    let mut template = sample::messaging();
    template["Resources"]["Jobs"]["Properties"]["VisibilityTimeout"] = json!(50_000);
    let project = Project::with_stacks([("messaging", template)]);
    snapshot!(project.run("plan -e local").ended_with(1), @"
    exit status: 1
    --- stdout
    Plan for local · account 0000-0000-0000 · us-east-1

    + messaging  2 resources to create
      + Jobs    AWS::SQS::Queue  stacks/src/messaging.rs:10
      + Alarms  AWS::SNS::Topic  stacks/src/messaging.rs:11
      outputs JobsUrl, AlarmsArn

    Checks
      error CIF056  messaging/Jobs VisibilityTimeout: 50000 is greater than 43200  stacks/src/messaging.rs:10
      1 note, shown with `-v`

    2 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.
    --- stderr
    error: the checks found 1 error, so this cannot be deployed
    ");
    // Nothing of it is deployed.
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("VisibilityTimeout: 50000 is greater than 43200 [CIF056]");
    project.run("status -e local").ended_with(0).says("absent");
    let plan = project.run("plan -e local --json").ended_with(1).json();
    let finding = &plan["stacks"][0]["findings"][0];
    assert_eq!(finding["severity"], "error", "{plan:#}");
    assert_eq!(finding["rule"], "CIF056", "{plan:#}");
    assert_eq!(finding["logical_id"], "Jobs", "{plan:#}");
    assert_eq!(finding["path"], "messaging/Jobs", "{plan:#}");
    assert_eq!(finding["source"], "stacks/src/messaging.rs:10", "{plan:#}");
}
