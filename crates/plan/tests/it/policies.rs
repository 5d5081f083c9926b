//! Every kind of resource that says something of access, with the facts of all types.

use plan::{Edit, Effect, Facts, Form, Options, SchemaFacts, Security, StatementKind, Widening};
use serde_json::{Value, json};

use crate::{origins, resources};

fn compare(before: &Value, after: &Value) -> Security {
    plan::diff(before, after, &SchemaFacts, &origins(), &Options::default()).security
}

fn security(before: &Value, after: &Value) -> Security {
    compare(&resources(before.clone()), &resources(after.clone()))
}

/// What a template of one new resource says, in the words of the plan.
fn told(resource: &Value) -> Vec<String> {
    let security = security(&json!({}), &json!({"X": resource}));
    let statements = security.iam.iter().map(|one| {
        let effect = match one.effect {
            Effect::Allow => "may",
            Effect::Deny => "may not",
        };
        format!(
            "{:?}: {} {effect} {} on {} of {}",
            one.kind,
            one.principals.join(","),
            one.actions.join(","),
            one.resources.join(","),
            one.targets.join(",")
        )
    });
    let rules = security.network.iter().map(|rule| {
        format!(
            "{:?} {} {} {} of {}",
            rule.direction, rule.protocol, rule.ports, rule.peer, rule.group
        )
    });
    let settings = security.settings.iter().map(|one| {
        let after = one.after.as_ref().map(plan::render).unwrap_or_default();
        format!("{} {after}", one.setting)
    });
    statements.chain(rules).chain(settings).collect()
}

fn a_document() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "a:B", "Resource": "*", "Principal": {"Service": "x.amazonaws.com"}}]})
}

fn of_holder() -> Value {
    json!({"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "r"}})
}

#[test]
fn each_kind_of_resource_is_told() {
    let table = [
        (
            "AWS::IAM::Role",
            json!({"AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}}}}),
            &["Trust: AWS:${AWS::AccountId} may sts:AssumeRole on  of ${X}"][..],
        ),
        (
            "AWS::IAM::User",
            json!({"Groups": ["staff"], "ManagedPolicyArns": [{"Ref": "P"}], "PermissionsBoundary": "arn:b"}),
            &[
                "Membership: ${X} may  on staff of ",
                "ManagedPolicy: ${X} may  on ${P} of ",
                "Boundary: ${X} may  on arn:b of ",
            ],
        ),
        (
            "AWS::IAM::UserToGroupAddition",
            json!({"GroupName": {"Ref": "G"}, "Users": ["ann"]}),
            &["Membership: ann may  on ${G} of "],
        ),
        (
            "AWS::IAM::ManagedPolicy",
            json!({"PolicyDocument": of_holder(), "Roles": [{"Ref": "R"}]}),
            &[
                "ManagedPolicy: ${R} may  on ${X} of ",
                "Identity: ${X} may a:B on r of ",
            ],
        ),
        (
            "AWS::IAM::GroupPolicy",
            json!({"GroupName": {"Ref": "G"}, "PolicyName": "p", "PolicyDocument": of_holder()}),
            &["Identity: ${G} may a:B on r of "],
        ),
        (
            "AWS::S3::BucketPolicy",
            json!({"Bucket": {"Ref": "Files"}, "PolicyDocument": a_document()}),
            &["Resource: Service:x.amazonaws.com may a:B on * of ${Files}"],
        ),
        (
            "AWS::SNS::TopicPolicy",
            json!({"Topics": [{"Ref": "T"}, {"Fn::GetAtt": ["U", "TopicArn"]}], "PolicyDocument": a_document()}),
            &["Resource: Service:x.amazonaws.com may a:B on * of ${T},${U}"],
        ),
        (
            "AWS::SQS::QueueInlinePolicy",
            json!({"Queue": {"Ref": "Q"}, "PolicyDocument": a_document()}),
            &["Resource: Service:x.amazonaws.com may a:B on * of ${Q}"],
        ),
        (
            "AWS::SecretsManager::ResourcePolicy",
            json!({"SecretId": {"Ref": "S"}, "ResourcePolicy": a_document(), "BlockPublicPolicy": true}),
            &["Resource: Service:x.amazonaws.com may a:B on * of ${S}"],
        ),
        (
            "AWS::KMS::Key",
            json!({}),
            &["Resource: AWS:${AWS::AccountId} may kms:* on * of ${X}"],
        ),
        (
            "AWS::ECR::Repository",
            json!({"RepositoryPolicyText": {"Statement": {"Effect": "Allow", "Action": "ecr:Pull",
                "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}}}}),
            &["Resource: *,AWS:111122223333 may ecr:Pull on  of ${X}"],
        ),
        (
            "AWS::Events::EventBusPolicy",
            json!({"EventBusName": {"Ref": "Bus"}, "StatementId": "s", "Action": "events:PutEvents", "Principal": "*"}),
            &["Resource: * may events:PutEvents on ${Bus} of ${Bus}"],
        ),
        (
            "AWS::Events::EventBusPolicy",
            json!({"EventBusName": "bus", "StatementId": "s", "Statement": {"Effect": "Allow", "Principal": "*",
                "Action": "events:PutEvents", "Resource": "r"}}),
            &["Resource: * may events:PutEvents on r of bus"],
        ),
        (
            "AWS::Lambda::Permission",
            json!({"FunctionName": {"Fn::GetAtt": ["F", "Arn"]}, "Action": "lambda:InvokeFunction",
                "Principal": "111122223333"}),
            &["Resource: AWS:111122223333 may lambda:InvokeFunction on ${F} of ${F}"],
        ),
        (
            "AWS::Lambda::LayerVersionPermission",
            json!({"LayerVersionArn": {"Ref": "L"}, "Action": "lambda:GetLayerVersion", "Principal": "*"}),
            &["Resource: * may lambda:GetLayerVersion on ${L} of ${L}"],
        ),
        (
            "AWS::Lambda::Url",
            json!({"AuthType": "NONE", "TargetFunctionArn": "f"}),
            &["AuthType NONE"],
        ),
        (
            "AWS::SSO::PermissionSet",
            json!({"InlinePolicy": of_holder(), "ManagedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                "CustomerManagedPolicyReferences": [{"Name": "ours"}],
                "PermissionsBoundary": {"CustomerManagedPolicyReference": {"Name": "limit", "Path": "/a/"}}}),
            &[
                "ManagedPolicy: ${X} may  on /ours of ",
                "Identity: ${X} may a:B on r of ",
                "ManagedPolicy: ${X} may  on arn:aws:iam::aws:policy/ReadOnlyAccess of ",
                "Boundary: ${X} may  on /a/limit of ",
            ],
        ),
        (
            "AWS::SSO::Assignment",
            json!({"InstanceArn": "i", "PermissionSetArn": {"Fn::GetAtt": ["Set", "PermissionSetArn"]},
                "PrincipalId": "g", "PrincipalType": "GROUP", "TargetId": "111122223333", "TargetType": "AWS_ACCOUNT"}),
            &["Assignment: GROUP:g may ${Set} on 111122223333 of "],
        ),
        (
            "AWS::RAM::ResourceShare",
            json!({"Name": "n", "Principals": ["111122223333"], "ResourceArns": [{"Ref": "S"}], "AllowExternalPrincipals": true}),
            &[
                "Resource: AWS:111122223333 may use on ${S} of ${X}",
                "AllowExternalPrincipals true",
            ],
        ),
        (
            "AWS::EC2::VPCEndpointServicePermissions",
            json!({"AllowedPrincipals": ["*"], "ServiceId": {"Ref": "S"}}),
            &["Resource: * may use on ${S} of ${S}"],
        ),
        (
            "AWS::EC2::VPCEndpoint",
            json!({"VpcId": "v"}),
            &["Resource: * may * on * of ${X}"],
        ),
        (
            "AWS::RolesAnywhere::Profile",
            json!({"SessionPolicy": of_holder().to_string()}),
            &["Boundary: ${X} may a:B on r of "],
        ),
        (
            "AWS::IoT::Policy",
            json!({"PolicyDocument": of_holder()}),
            &["Identity: ${X} may a:B on r of "],
        ),
        (
            "AWS::Serverless::Function",
            json!({"Policies": ["AWSLambdaExecute", of_holder(), {"S3ReadPolicy": {"BucketName": "b"}}],
                "FunctionUrlConfig": {"AuthType": "NONE"}}),
            &[
                "ManagedPolicy: ${X} may  on AWSLambdaExecute of ",
                "Identity: ${X} may a:B on r of ",
                "ManagedPolicy: ${X} may  on ${{S3ReadPolicy: {BucketName: \"b\"}}} of ",
                "FunctionUrlConfig.AuthType NONE",
            ],
        ),
        (
            "AWS::EC2::SecurityGroup",
            json!({"SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8",
                "CidrIpv6": "::/0"}]}),
            &[
                "Ingress tcp 22 10.0.0.0/8 of ${X}",
                "Ingress tcp 22 ::/0 of ${X}",
                "Egress all all 0.0.0.0/0 of ${X}",
            ],
        ),
        (
            "AWS::EC2::SecurityGroupEgress",
            json!({"GroupId": {"Fn::GetAtt": ["G", "GroupId"]}, "IpProtocol": -1,
                "DestinationPrefixListId": {"Ref": "List"}}),
            &["Egress all all ${List} of ${G}"],
        ),
        (
            "AWS::RDS::DBSecurityGroupIngress",
            json!({"DBSecurityGroupName": "d", "CIDRIP": "10.0.0.0/8"}),
            &["Ingress tcp all 10.0.0.0/8 of d"],
        ),
        (
            "AWS::EC2::NetworkAclEntry",
            json!({"NetworkAclId": {"Ref": "A"}, "RuleNumber": 100, "RuleAction": "allow", "Protocol": 6,
                "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 443, "To": 443}}),
            &["Ingress tcp 443 0.0.0.0/0 of ${A}"],
        ),
        (
            "AWS::S3::Bucket",
            json!({"AccessControl": "PublicRead",
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": false, "BlockPublicPolicy": "true"}}),
            &[
                "AccessControl PublicRead",
                "PublicAccessBlockConfiguration.BlockPublicAcls false",
            ],
        ),
        (
            "AWS::CloudFormation::Stack",
            json!({"TemplateURL": "https://x/t.json"}),
            &["TemplateURL https://x/t.json"],
        ),
        // What says how, not who, is no access.
        (
            "AWS::SQS::Queue",
            json!({"RedrivePolicy": {"Ref": "P"}, "RedriveAllowPolicy": {"redrivePermission": "denyAll"}}),
            &[],
        ),
        (
            "AWS::SNS::Subscription",
            json!({"FilterPolicy": {"Ref": "P"}, "Protocol": "sqs"}),
            &[],
        ),
        (
            "AWS::WAFv2::WebACL",
            json!({"Rules": [{"Statement": {"GeoMatchStatement": {"CountryCodes": ["CH"]}}}]}),
            &[],
        ),
    ];
    for (type_name, properties, expected) in table {
        let resource = json!({"Type": type_name, "Properties": properties});
        assert_eq!(told(&resource), expected, "{resource}");
    }
}

/// Where the facts have a policy of the top of a resource: types and the properties' names.
fn policies_of_all_types() -> Vec<(&'static str, &'static str)> {
    let how = [
        "Redrive",
        "RedriveAllow",
        "Filter",
        "Delivery",
        "Replay",
        "Archive",
        "DataProtection",
    ];
    let mut all = Vec::new();
    for type_name in schema::type_names() {
        let facts = schema::resource_type(type_name).expect("the facts hold every type they name");
        for name in facts.shape.properties.keys() {
            let is_policy = ["Policy", "PolicyDocument", "PolicyText", "AccessPolicies"]
                .iter()
                .any(|end| {
                    name.strip_suffix(end)
                        .is_some_and(|start| !how.contains(&start))
                });
            if is_policy && SchemaFacts.form(type_name, &[name]) == Form::Document {
                all.push((type_name, name.as_str()));
            }
        }
    }
    all
}

#[test]
fn every_policy_that_the_facts_know_of_is_read_or_said_to_be_unknown() {
    let all = policies_of_all_types();
    assert!(all.len() > 60, "{}", all.len());
    for (type_name, name) in all {
        let thing =
            |document: Value| json!({"X": {"Type": type_name, "Properties": {name: document}}});
        let read = security(&json!({}), &thing(a_document()));
        assert_eq!(read.iam.len(), 1, "{type_name} {name}");
        assert_eq!(read.iam[0].actions, ["a:B"], "{type_name} {name}");

        // A core network's policy is about routes; its statements are none, and neither is a reference to them.
        let unread = security(&thing(a_document()), &thing(json!({"Ref": "Elsewhere"})));
        let unknown = unread.iam.iter().filter(|one| one.change == Edit::Added);
        let reasons: Vec<&Widening> = unknown.flat_map(|one| &one.reasons).collect();
        let what = vec!["${Elsewhere}".to_owned()];
        assert_eq!(reasons, [&Widening::Unknown { what }], "{type_name} {name}");
    }
}

#[test]
fn a_policy_in_a_text_is_read_with_its_expressions() {
    let text = r#"{"Statement": [{"Effect": "Allow", "Action": "logs:Put*", "Resource": "${Group.Arn}:*",
        "Principal": {"Service": "es.amazonaws.com"}}]}"#;
    let resource = json!({"Type": "AWS::Logs::ResourcePolicy", "Properties": {
        "PolicyName": "p", "PolicyDocument": {"Fn::Sub": text}}});
    assert_eq!(
        told(&resource),
        [
            "Resource: Service:es.amazonaws.com may logs:Put* on ${Group.Arn}:* of AWS::Logs::ResourcePolicy"
        ]
    );
}

/// A role with these statements among its own policies.
fn role(statements: &Value) -> Value {
    json!({"Type": "AWS::IAM::Role", "Properties": {"Policies": [
        {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]}})
}

fn allow(action: &str, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

#[test]
fn what_is_the_same_by_meaning_is_no_change() {
    let sub = allow("s3:Get", json!({"Fn::Sub": "${Files.Arn}/*"}));
    let join = allow(
        "s3:Get",
        json!({"Fn::Join": ["", [{"Fn::GetAtt": ["Files", "Arn"]}, "/*"]]}),
    );
    let before = json!({"R": role(&json!([sub]))});
    let after = json!({"R": role(&json!([join]))});
    assert_eq!(security(&before, &after), Security::default());
}

#[test]
fn access_that_goes_with_its_holder_does_not_widen() {
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": "*"});
    let bucket = |policy: &str| json!({"Type": "AWS::S3::Bucket", "DeletionPolicy": policy});
    let policy = json!({"Type": "AWS::S3::BucketPolicy", "Properties": {
        "Bucket": {"Ref": "Files"}, "PolicyDocument": {"Statement": [deny]}}});
    let with = |deletion: &str| json!({"Files": bucket(deletion), "Rule": policy});
    assert!(!security(&with("Delete"), &json!({})).widened);
    // The bucket stays in the account, without what denied.
    assert!(security(&with("Retain"), &json!({})).widened);
    assert!(security(&with("Delete"), &json!({"Files": bucket("Delete")})).widened);

    let limited =
        json!({"R": {"Type": "AWS::IAM::Role", "Properties": {"PermissionsBoundary": "arn:b"}}});
    assert!(!security(&limited, &json!({})).widened);
    assert!(security(&limited, &json!({"R": {"Type": "AWS::IAM::Role"}})).widened);
}

#[test]
fn conditions_of_the_template_count() {
    let template = |condition: Option<&str>, live: &str| {
        let mut template = resources(json!({"R": role(&json!([allow("s3:Get", json!("*"))]))}));
        template["Parameters"] =
            json!({"Stage": {"Type": "String", "Default": live}, "Open": {"Type": "String"}});
        template["Conditions"] = json!({
            "Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]},
            "Open": {"Fn::Equals": [{"Ref": "Open"}, "yes"]}});
        if let Some(condition) = condition {
            template["Resources"]["R"]["Condition"] = json!(condition);
        }
        template
    };
    let widened = |before: &Value, after: &Value| compare(before, after).widened;
    // One that comes to something else makes or removes the resource.
    assert!(widened(
        &template(Some("Live"), "test"),
        &template(Some("Live"), "live")
    ));
    let gone = compare(
        &template(Some("Live"), "live"),
        &template(Some("Live"), "test"),
    );
    assert!(!gone.widened && gone.iam[0].change == Edit::Removed && gone.iam[0].narrows);
    // One that is not known holds back.
    assert!(!widened(
        &template(None, "live"),
        &template(Some("Open"), "live")
    ));
    let freed = compare(&template(Some("Open"), "live"), &template(None, "live"));
    let added = &freed.iam[0];
    let what = vec!["Open".to_owned()];
    assert_eq!(added.reasons, [Widening::OnlyIf { what }]);
    assert_eq!(freed.iam[1].only_if, ["Open"]);
}

#[test]
fn a_changed_statement_is_joined_with_what_it_was() {
    let before = json!([
        allow("s3:Get", json!("a")),
        allow("sqs:Send", json!("q")),
        {"Sid": "Named", "Effect": "Allow", "Action": "x:Y", "Resource": "z"}
    ]);
    let after = json!([
        allow("sqs:Send", json!(["q", "r"])),
        allow("s3:Get", json!("b")),
        {"Sid": "Named", "Effect": "Allow", "Action": "n:O", "Resource": "p"},
        allow("new:One", json!("n"))
    ]);
    let changes = security(&json!({"R": role(&before)}), &json!({"R": role(&after)})).iam;
    for (index, change) in changes.iter().enumerate() {
        if let Some(other) = change.pairs_with {
            assert_eq!(changes[other].pairs_with, Some(index));
            assert_ne!(changes[other].change, change.change);
        }
    }
    let pairs = changes.iter().filter(|one| one.change == Edit::Added);
    let pairs: Vec<_> = pairs
        .map(|one| {
            let before = one
                .pairs_with
                .map(|index| changes[index].actions[0].as_str());
            (one.actions[0].as_str(), before)
        })
        .collect();
    assert_eq!(
        pairs,
        [
            ("sqs:Send", Some("sqs:Send")),
            ("s3:Get", Some("s3:Get")),
            ("n:O", Some("x:Y")),
            ("new:One", None)
        ]
    );
}

#[test]
fn managed_policies_count_by_what_they_say() {
    let attached = |arns: Value| json!({"R": {"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": arns}}});
    let widened = |before: Value, after: Value| security(&before, &after).widened;
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    assert!(widened(attached(json!([])), attached(json!([read_only]))));
    assert!(!widened(attached(json!([read_only])), attached(json!([]))));
    // From everything to something.
    let some = json!({"R": role(&json!([allow("s3:*", json!("*"))]))});
    assert!(!widened(attached(json!([administrator])), some));
    // What a policy of the account denies is not known.
    let ours = "arn:aws:iam::111122223333:policy/ours";
    let detached = security(&attached(json!([ours])), &attached(json!([])));
    assert!(matches!(
        detached.iam[0].reasons[..],
        [Widening::Unknown { .. }]
    ));

    // The same statements, from the role into a policy that it names.
    let inline = json!({"R": role(&json!([allow("s3:Get", json!("a"))]))});
    let named = json!({
        "R": {"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": [{"Ref": "P"}]}},
        "P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "PolicyDocument": {"Statement": [allow("s3:Get", json!("a"))]}}}});
    assert!(!widened(inline.clone(), named.clone()));
    assert!(!widened(named, inline));
}

#[test]
fn settings_open_and_close() {
    let bucket = |config: Value| json!({"B": {"Type": "AWS::S3::Bucket", "Properties": config}});
    let block = |value: Value| {
        bucket(json!({"PublicAccessBlockConfiguration": {"BlockPublicPolicy": value}}))
    };
    let url =
        |auth: &str| json!({"U": {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": auth}}});
    let route = |auth: Value| json!({"R": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"AuthorizationType": auth}}});
    let list = |entries: Value| json!({"L": {"Type": "AWS::EC2::PrefixList", "Properties": {"Entries": entries}}});
    let stack = |url: &str| json!({"S": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}});
    let pool = |open: bool| json!({"P": {"Type": "AWS::Cognito::IdentityPool", "Properties": {"AllowUnauthenticatedIdentities": open}}});
    let table = [
        (block(json!(true)), block(json!(false)), (true, false)),
        (block(json!(true)), bucket(json!({})), (true, false)),
        (block(json!(false)), block(json!(true)), (false, true)),
        (bucket(json!({})), block(json!(true)), (false, true)),
        (url("AWS_IAM"), url("NONE"), (true, false)),
        (url("NONE"), url("AWS_IAM"), (false, true)),
        (route(json!("JWT")), route(json!(null)), (true, false)),
        (route(json!("JWT")), route(json!("AWS_IAM")), (true, true)),
        (
            bucket(json!({"AccessControl": "PublicRead"})),
            bucket(json!({"AccessControl": "PublicReadWrite"})),
            (true, false),
        ),
        (
            list(json!([{"Cidr": "10.0.0.0/8"}])),
            list(json!([{"Cidr": "10.0.0.0/8"}, {"Cidr": "11.0.0.0/8"}])),
            (true, false),
        ),
        (
            list(json!([{"Cidr": "10.0.0.0/8"}])),
            list(json!([{"Cidr": "10.1.0.0/16"}])),
            (false, true),
        ),
        (stack("a"), stack("b"), (true, true)),
        (pool(false), pool(true), (true, false)),
    ];
    for (before, after, expected) in table {
        let security = security(&before, &after);
        let [setting] = &security.settings[..] else {
            panic!("{before} {after}: {:?}", security.settings);
        };
        assert_eq!(
            (setting.widens, setting.narrows),
            expected,
            "{before} {after}"
        );
        assert_eq!(security.widened, expected.0, "{before} {after}");
        assert_eq!(
            setting.widens,
            !setting.reasons.is_empty(),
            "{before} {after}"
        );
    }
    // One whose value is the same, however it is written.
    assert!(security(&block(json!(true)), &block(json!("true"))).is_empty());
    let opened = security(&stack("a"), &stack("b"));
    assert!(matches!(
        opened.settings[0].reasons[..],
        [Widening::Unknown { .. }]
    ));
}

#[test]
fn rules_that_together_say_the_same_do_not_widen() {
    let group = |rules: &[(&str, u32, u32, &str)]| {
        let rules: Vec<Value> = rules
            .iter()
            .map(|(protocol, from, to, peer)| {
                json!({"IpProtocol": protocol, "FromPort": from, "ToPort": to, "CidrIp": peer})
            })
            .collect();
        json!({"G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
            "SecurityGroupIngress": rules, "SecurityGroupEgress": []}}})
    };
    let joined = group(&[("tcp", 80, 81, "10.0.0.0/8")]);
    let split = group(&[
        ("tcp", 80, 80, "10.0.0.0/9"),
        ("tcp", 80, 80, "10.128.0.0/9"),
        ("tcp", 81, 81, "10.0.0.0/8"),
    ]);
    let hole = group(&[("tcp", 80, 80, "10.0.0.0/8"), ("tcp", 81, 81, "10.0.0.0/9")]);
    for (before, after, widened) in [
        (&joined, &split, false),
        (&split, &joined, false),
        (&hole, &joined, true),
    ] {
        assert_eq!(security(before, after).widened, widened, "{before} {after}");
    }
    // A type and a code are no range of ports.
    let ping = |kind: u32, code: u32| group(&[("icmp", kind, code, "10.0.0.0/8")]);
    assert!(security(&ping(0, 8), &ping(3, 4)).widened);
}

#[test]
fn kinds_have_their_own_scope() {
    // What a role may do says nothing of what may be done with a bucket.
    let statement =
        json!({"Effect": "Allow", "Action": "s3:Get", "Resource": "*", "Principal": "*"});
    let of_bucket = json!({"P": {"Type": "AWS::S3::BucketPolicy", "Properties": {
        "Bucket": "b", "PolicyDocument": {"Statement": [statement]}}}});
    let of_other = json!({"P": {"Type": "AWS::S3::BucketPolicy", "Properties": {
        "Bucket": "c", "PolicyDocument": {"Statement": [statement]}}}});
    assert!(security(&of_bucket, &of_other).widened);
    // Under another logical id the policy of the same bucket says the same.
    let renamed = json!({"Q": of_bucket["P"]});
    let security = security(&of_bucket, &renamed);
    assert_eq!(security.iam.len(), 2);
    assert!(!security.widened);
    assert!(
        security
            .iam
            .iter()
            .all(|one| one.kind == StatementKind::Resource)
    );
}
