//! What changes in access, and what widens.

use plan::{Direction, Edit, Security, StatementKind};
use serde_json::{Value, json};

use crate::{diff, resources};

fn security(before: &Value, after: &Value) -> Security {
    diff(&resources(before.clone()), &resources(after.clone())).security
}

fn role(statements: &Value) -> Value {
    json!({"Deployer": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [
        {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]}}})
}

fn bucket(statements: &Value) -> Value {
    json!({"Rule": {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {"Statement": statements}}}})
}

#[test]
fn a_statement_is_told_readably() {
    let after = role(&json!({
        "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": [{"Fn::Sub": "${Files.Arn}/*"}, {"Fn::GetAtt": ["Files", "Arn"]}],
        "Condition": {"Bool": {"aws:SecureTransport": true}}
    }));
    let security = security(&role(&json!([])), &after);
    let statement = &security.iam[0];
    assert_eq!(statement.change, Edit::Added);
    assert_eq!(statement.principals, ["${Deployer}"]);
    assert_eq!(statement.actions, ["s3:GetObject", "s3:PutObject"]);
    assert_eq!(statement.resources, ["${Files.Arn}", "${Files.Arn}/*"]);
    assert_eq!(
        statement.condition,
        Some(json!({"Bool": {"aws:SecureTransport": ["true"]}}))
    );
    assert_eq!(statement.kind, StatementKind::Identity);
    assert!(statement.widens && security.widened);
}

#[test]
fn what_widens_is_decided_per_statement() {
    let allow = |action: Value, resource: Value, condition: Value| json!({"Effect": "Allow", "Action": action, "Resource": resource, "Principal": "*", "Condition": condition});
    let deny = |action: &str| json!({"Effect": "Deny", "Action": action, "Resource": "*", "Principal": "*"});
    let with = |principal: Value| json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": principal});
    let equals = |value: Value| json!({"StringEquals": {"k": value}});
    let plain = |action: &str, resource: &str| allow(json!(action), json!(resource), json!({}));
    let table: [(&str, Value, Value, bool); 22] = [
        (
            "a new action",
            json!([plain("s3:A", "x")]),
            json!([allow(json!(["s3:A", "s3:B"]), json!("x"), json!({}))]),
            true,
        ),
        (
            "an action less",
            json!([allow(json!(["s3:A", "s3:B"]), json!("x"), json!({}))]),
            json!([plain("s3:A", "x")]),
            false,
        ),
        (
            "a wildcard",
            json!([plain("s3:Get*", "x")]),
            json!([plain("s3:*", "x")]),
            true,
        ),
        (
            "within a wildcard",
            json!([plain("s3:*", "x")]),
            json!([plain("s3:Get*", "x"), plain("S3:PUT", "x")]),
            false,
        ),
        (
            "another resource",
            json!([plain("s3:A", "x")]),
            json!([plain("s3:A", "y")]),
            true,
        ),
        (
            "within a resource",
            json!([plain("s3:A", "x*")]),
            json!([plain("s3:A", "xy")]),
            false,
        ),
        (
            "joined to one",
            json!([plain("s3:A", "x"), plain("s3:B", "x")]),
            json!([allow(json!(["s3:A", "s3:B"]), json!("x"), json!({}))]),
            false,
        ),
        (
            "joined to more",
            json!([plain("s3:A", "x"), plain("s3:B", "y")]),
            json!([allow(json!(["s3:A", "s3:B"]), json!(["x", "y"]), json!({}))]),
            true,
        ),
        (
            "a condition less",
            json!([allow(json!("s3:A"), json!("x"), equals(json!("1")))]),
            json!([plain("s3:A", "x")]),
            true,
        ),
        (
            "a condition more",
            json!([plain("s3:A", "x")]),
            json!([allow(json!("s3:A"), json!("x"), equals(json!("1")))]),
            false,
        ),
        (
            "a condition's value more",
            json!([allow(json!("s3:A"), json!("x"), equals(json!("1")))]),
            json!([allow(json!("s3:A"), json!("x"), equals(json!(["1", "2"])))]),
            true,
        ),
        (
            "a condition's value less",
            json!([allow(json!("s3:A"), json!("x"), equals(json!(["1", "2"])))]),
            json!([allow(json!("s3:A"), json!("x"), equals(json!("1")))]),
            false,
        ),
        ("a denial more", json!([]), json!([deny("s3:A")]), false),
        ("a denial less", json!([deny("s3:A")]), json!([]), true),
        (
            "a denial in a wider one",
            json!([deny("s3:A")]),
            json!([deny("s3:*")]),
            false,
        ),
        (
            "a denial in a narrower one",
            json!([deny("s3:*")]),
            json!([deny("s3:A")]),
            true,
        ),
        (
            "a principal more",
            json!([with(json!({"AWS": "1"}))]),
            json!([with(json!({"AWS": ["1", "2"]}))]),
            true,
        ),
        (
            "everyone",
            json!([with(json!({"AWS": "1"}))]),
            json!([with(json!("*"))]),
            true,
        ),
        (
            "someone of everyone",
            json!([with(json!("*"))]),
            json!([with(json!({"Service": "sns.amazonaws.com"}))]),
            false,
        ),
        (
            "all but",
            json!([plain("s3:A", "x")]),
            json!([{"Effect": "Allow", "NotAction": "s3:B", "Resource": "x", "Principal": "*"}]),
            true,
        ),
        (
            "all but less",
            json!([{"Effect": "Allow", "NotAction": "s3:B", "Resource": "x", "Principal": "*"}]),
            json!([{"Effect": "Allow", "NotAction": ["s3:B", "s3:C"], "Resource": "x", "Principal": "*"}]),
            false,
        ),
        (
            "all but more",
            json!([{"Effect": "Allow", "NotAction": ["s3:B", "s3:C"], "Resource": "x", "Principal": "*"}]),
            json!([{"Effect": "Allow", "NotAction": "s3:B", "Resource": "x", "Principal": "*"}]),
            true,
        ),
    ];
    for (name, before, after, expected) in table {
        let security = security(&bucket(&before), &bucket(&after));
        assert!(!security.iam.is_empty(), "{name}");
        assert_eq!(security.widened, expected, "{name}: {:?}", security.iam);
    }
}

#[test]
fn form_and_sids_are_no_change_of_access() {
    let before = bucket(
        &json!({"Sid": "A", "Effect": "Allow", "Action": "s3:A", "Resource": "x", "Principal": "*"}),
    );
    let after = bucket(
        &json!([{"Sid": "B", "Effect": "Allow", "Action": ["S3:a"], "Resource": ["x"], "Principal": {"AWS": "*"}}]),
    );
    assert_eq!(security(&before, &after), Security::default());
}

#[test]
fn policies_are_found_wherever_they_stand() {
    let statement = json!({"Effect": "Allow", "Action": "a:B", "Resource": "*", "Principal": {"Service": "x.amazonaws.com"}});
    let document = json!({"Statement": [statement]});
    let table = [
        (
            json!({"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}),
            StatementKind::Trust,
            "Service:x.amazonaws.com",
        ),
        (
            json!({"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": ["arn:x"]}}),
            StatementKind::ManagedPolicy,
            "${X}",
        ),
        (
            json!({"Type": "AWS::IAM::Group", "Properties": {"Policies": [{"PolicyDocument": document}]}}),
            StatementKind::Identity,
            "${X}",
        ),
        (
            json!({"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "R"}], "PolicyDocument": document}}),
            StatementKind::Identity,
            "${R}",
        ),
        (
            json!({"Type": "AWS::IAM::RolePolicy", "Properties": {"RoleName": "r", "PolicyDocument": document}}),
            StatementKind::Identity,
            "r",
        ),
        (
            json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}),
            StatementKind::Identity,
            "${X}",
        ),
        (
            json!({"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": document}}),
            StatementKind::Resource,
            "Service:x.amazonaws.com",
        ),
        (
            json!({"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document}}),
            StatementKind::Resource,
            "Service:x.amazonaws.com",
        ),
        (
            json!({"Type": "AWS::Logs::ResourcePolicy", "Properties": {"PolicyDocument": document.to_string()}}),
            StatementKind::Resource,
            "Service:x.amazonaws.com",
        ),
        (
            json!({"Type": "AWS::SSO::PermissionSet", "Properties": {"InlinePolicy": document}}),
            StatementKind::Identity,
            "${X}",
        ),
        (
            json!({"Type": "AWS::Lambda::Permission", "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": "x.amazonaws.com", "SourceArn": "arn:y"}}),
            StatementKind::Resource,
            "Service:x.amazonaws.com",
        ),
    ];
    for (resource, kind, principal) in table {
        let security = security(&json!({}), &json!({"X": resource}));
        assert_eq!(security.iam.len(), 1, "{resource}");
        assert_eq!(security.iam[0].kind, kind, "{resource}");
        assert_eq!(security.iam[0].principals, [principal], "{resource}");
        assert!(security.widened, "{resource}");
    }
}

#[test]
fn a_boundary_that_goes_or_changes_widens() {
    let role = |boundary: Value| json!({"R": {"Type": "AWS::IAM::Role", "Properties": {"PermissionsBoundary": boundary}}});
    for (before, after, expected) in [
        (json!(null), json!("arn:a"), false),
        (json!("arn:a"), json!(null), true),
        (json!("arn:a"), json!("arn:b"), true),
    ] {
        assert_eq!(
            security(&role(before.clone()), &role(after.clone())).widened,
            expected,
            "{before} {after}"
        );
    }
}

#[test]
fn the_same_access_from_another_policy_does_not_widen() {
    let statement = json!([{"Effect": "Allow", "Action": "a:B", "Resource": "*"}]);
    let before = json!({"P": {"Type": "AWS::IAM::Policy", "Properties":
        {"Roles": [{"Ref": "Deployer"}], "PolicyDocument": {"Statement": statement}}}});
    let security = security(&before, &role(&statement));
    assert_eq!(security.iam.len(), 2);
    assert!(!security.widened);
}

#[test]
fn rules_of_security_groups_are_compared() {
    let group = |ingress: Value| {
        json!({"G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
            "SecurityGroupIngress": ingress, "SecurityGroupEgress": []}}})
    };
    let rule = |protocol: &str, from: u32, to: u32, peer: &str| json!({"IpProtocol": protocol, "FromPort": from, "ToPort": to, "CidrIp": peer});
    let https = rule("tcp", 443, 443, "10.0.0.0/8");
    let table = [
        (json!([]), json!([https]), true, 1),
        (json!([https]), json!([]), false, 1),
        (
            json!([https]),
            json!([rule("6", 443, 443, "10.0.0.0/8")]),
            false,
            0,
        ),
        (
            json!([https]),
            json!([rule("tcp", 443, 443, "10.1.0.0/16")]),
            false,
            2,
        ),
        (
            json!([https]),
            json!([rule("tcp", 443, 443, "0.0.0.0/0")]),
            true,
            2,
        ),
        (
            json!([https]),
            json!([rule("tcp", 443, 444, "10.0.0.0/8")]),
            true,
            2,
        ),
        (
            json!([https]),
            json!([rule("udp", 443, 443, "10.0.0.0/8")]),
            true,
            2,
        ),
        (
            json!([rule("-1", 0, 0, "10.0.0.0/8")]),
            json!([https]),
            false,
            2,
        ),
    ];
    for (before, after, widened, count) in table {
        let security = security(&group(before.clone()), &group(after.clone()));
        assert_eq!(
            (security.widened, security.network.len()),
            (widened, count),
            "{before} {after}"
        );
    }
    let alone = security(
        &group(json!([])),
        &json!({
            "G": group(json!([]))["G"],
            "I": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {
                "GroupId": {"Fn::GetAtt": ["G", "GroupId"]}, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                "SourceSecurityGroupId": {"Ref": "Other"}}}
        }),
    );
    let rule = &alone.network[0];
    assert_eq!(
        (rule.ports.as_str(), rule.peer.as_str(), rule.direction),
        ("22", "${Other}", Direction::Ingress)
    );
}

#[test]
fn a_group_that_says_nothing_of_egress_lets_all_out() {
    let group = |properties: Value| json!({"G": {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}});
    let closed = group(
        json!({"SecurityGroupEgress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}]}),
    );
    let security = security(&closed, &group(json!({})));
    assert!(security.widened);
    assert_eq!(
        (
            security.network[0].protocol.as_str(),
            security.network[0].ports.as_str()
        ),
        ("all", "all")
    );
}
