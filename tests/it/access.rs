//! What changes in access, alone and beside everything else.

use serde_json::{Value, json};

use crate::{
    project::{Project, snapshot},
    sample,
};

/// A function's role, its address and the group it is in; then all of it wider.
fn roles(wider: bool) -> Value {
    let pick = |before: &str, after: &str| if wider { json!(after) } else { json!(before) };
    json!({"Resources": {
        "Runner": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}},
            "Policies": [{"PolicyName": "files", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": pick("s3:GetObject", "s3:*"), "Resource": {"Fn::Sub": "${Files.Arn}/*"},
                 "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]}}]}},
        "Files": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
            "Properties": {"PublicAccessBlockConfiguration": {"BlockPublicPolicy": !wider}}},
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
            "GroupDescription": "The own of the function", "VpcId": "vpc-0a1b2c3d",
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
                "CidrIp": pick("10.0.0.0/8", "0.0.0.0/0")}],
            "SecurityGroupEgress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}]}}
    }})
}

/// Two templates beside each other.
fn pair(before: &Value, after: &Value) -> Project {
    let project = Project::without_stacks();
    project.write("old.json", &before.to_string());
    project.write("new.json", &after.to_string());
    project
}

#[test]
fn a_changed_statement_is_one_line_with_what_changed() {
    let project = pair(&roles(false), &roles(true));
    snapshot!(project.run("diff old.json new.json --security-only").ended_with(0), @"
    exit status: 0
    --- stdout
      ~ Runner may s3:GetObject → s3:* on Files.Arn/* when aws:SecureTransport Bool true  (Runner)  widens
      ~ tcp 443 from 10.0.0.0/8 → 0.0.0.0/0  (Group)  widens
      ~ PublicAccessBlockConfiguration.BlockPublicPolicy  true → false  (Files)  widens

    Access widens by 3 changes.
    ");

    let answer = project.json("diff old.json new.json --security-only --json");
    assert_eq!(answer["format_version"], "1.0", "{answer:#}");
    let members: Vec<&String> = answer.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["format_version", "security"], "{answer:#}");
    let whole = project.json("diff old.json new.json --json");
    assert_eq!(answer["security"], whole["security"], "{whole:#}");

    let statement = &answer["security"]["iam"][0];
    assert_eq!(statement["change"], "added", "{answer:#}");
    assert_eq!(statement["pairs_with"], 1, "{answer:#}");
    assert_eq!(
        statement["reasons"],
        json!([{"kind": "actions", "what": ["s3:*"]}]),
        "{answer:#}"
    );
    assert_eq!(
        answer["security"]["iam"][1]["change"], "removed",
        "{answer:#}"
    );
    assert_eq!(
        answer["security"]["network"][0]["widens"], true,
        "{answer:#}"
    );
    assert_eq!(
        answer["security"]["settings"][0]["widens"], true,
        "{answer:#}"
    );
}

#[test]
fn access_alone_decides_the_exit_code() {
    let mut other = roles(false);
    other["Resources"]["Group"]["Properties"]["Tags"] = json!([{"Key": "team", "Value": "files"}]);
    let project = pair(&roles(false), &other);
    project
        .run("diff old.json new.json --detailed-exitcode")
        .ended_with(3);
    snapshot!(project.run("diff old.json new.json --security-only --detailed-exitcode").ended_with(0), @"
    exit status: 0
    --- stdout
    No change of access.
    ");
    // What narrows is a change too.
    let project = pair(&roles(true), &roles(false));
    snapshot!(project.run("diff old.json new.json --security-only --detailed-exitcode").ended_with(3), @"
    exit status: 3
    --- stdout
      ~ Runner may s3:* → s3:GetObject on Files.Arn/* when aws:SecureTransport Bool true  (Runner)  narrows
      ~ tcp 443 from 0.0.0.0/0 → 10.0.0.0/8  (Group)  narrows
      ~ PublicAccessBlockConfiguration.BlockPublicPolicy  false → true  (Files)  narrows

    Access changes, and widens nowhere.
    ");
}

#[test]
fn a_plan_tells_access_alone_in_each_form() {
    let project =
        Project::with_stacks([("messaging", sample::messaging()), ("roles", roles(false))]);
    project.run("deploy -e local").ended_with(0);
    project
        .run("plan -e local --security-only --detailed-exitcode")
        .ended_with(0);
    let mut messaging = sample::messaging();
    messaging["Resources"]["Jobs"]["Properties"]["VisibilityTimeout"] = json!(60);
    project.set_stacks([("messaging", messaging), ("roles", roles(true))]);
    snapshot!(project.run("plan -e local --security-only --detailed-exitcode").ended_with(3), @"
    exit status: 3
    --- stdout
    Access in local · account 0000-0000-0000 · us-east-1

    roles
      ~ Runner may s3:GetObject → s3:* on Files.Arn/* when aws:SecureTransport Bool true  (Runner)  widens
      ~ tcp 443 from 10.0.0.0/8 → 0.0.0.0/0  (Group)  widens
      ~ PublicAccessBlockConfiguration.BlockPublicPolicy  true → false  (Files)  widens

    Access widens by 3 changes.
    ");

    let plan = project.json("plan -e local --security-only --json");
    assert_eq!(plan["format_version"], "1.0", "{plan:#}");
    assert_eq!(plan["widened"], true, "{plan:#}");
    let stacks: Vec<(&Value, bool)> = plan["stacks"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|stack| (&stack["name"], stack["security"]["widened"] == true))
        .collect();
    assert_eq!(
        stacks,
        [(&json!("messaging"), false), (&json!("roles"), true)],
        "{plan:#}"
    );
    assert!(plan["stacks"][1].get("changes").is_none(), "{plan:#}");

    let markdown = project
        .run("plan -e local --security-only --markdown --html access.html")
        .ended_with(0)
        .stdout;
    assert!(
        markdown.starts_with("<!-- chitinfra:access:local -->\n"),
        "{markdown}"
    );
    let page = project.read("access.html");
    let statements = [
        (&markdown, "s3&#58;GetObject → s3&#58;&#42;"),
        (&page, "s3:GetObject → s3:*"),
    ];
    for (form, statement) in statements {
        assert!(form.contains("Access widens by 3 changes."), "{form}");
        assert!(form.contains(statement), "{form}");
        assert!(!form.contains("VisibilityTimeout"), "{form}");
    }
    project
        .run("plan -e local --security-only --out plan.json")
        .ended_with(2)
        .says("--out");
}

#[test]
fn a_person_is_asked_where_access_widens_and_not_otherwise() {
    let project = Project::with_stacks([("roles", roles(false))]);
    project.run("deploy -e local").ended_with(0);
    project.write_environment("local", "widening", "embedded");
    // Nothing goes and nothing widens.
    let mut narrower = roles(false);
    narrower["Resources"]["Runner"]["Properties"]["Policies"] = json!([]);
    project.set_stacks([("roles", narrower)]);
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("roles", roles(false))]);
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("a person must approve");
    project.run("deploy -e local --yes").ended_with(0);
}
