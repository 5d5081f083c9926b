//! Stacks: creation, update, deletion, reading.

use crate::client::{Client, Endpoint};

const BUCKET: &str = r#"{"Resources": {"Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files-1"}},
    "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Files"}, "PolicyDocument": {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": {"Fn::Sub": "${Files.Arn}/*"}}]}}}},
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Files", "Arn"]}, "Export": {"Name": "files-arn"}}}}"#;

#[test]
fn a_stack_lives_and_dies() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    assert_eq!(client.create("one", BUCKET), "CREATE_COMPLETE");
    assert_eq!(client.output("one", "Arn"), "arn:aws:s3:::files-1");
    assert_eq!(
        client.story("one"),
        [
            "one CREATE_IN_PROGRESS",
            "Files CREATE_IN_PROGRESS",
            "Files CREATE_IN_PROGRESS",
            "Files CREATE_COMPLETE",
            "Policy CREATE_IN_PROGRESS",
            "Policy CREATE_IN_PROGRESS",
            "Policy CREATE_COMPLETE",
            "one CREATE_COMPLETE",
        ]
    );
    let arn = client
        .call("DescribeStacks", &[("StackName", "one")])
        .text("StackId")
        .unwrap();
    let changed = BUCKET.replace("files-1", "files-2");
    assert_eq!(client.update("one", &changed), "UPDATE_COMPLETE");
    assert_eq!(client.physical("one", "Policy"), "files-2");
    let story = client.story("one");
    let place = |what: &str| story.iter().rposition(|event| event == what).expect(what);
    assert!(place("Policy UPDATE_COMPLETE") < place("one UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
    assert!(place("one UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") < place("Policy DELETE_COMPLETE"));
    assert!(place("Policy DELETE_COMPLETE") < place("Files DELETE_IN_PROGRESS"));

    client.call("DeleteStack", &[("StackName", "one")]).good();
    assert_eq!(client.wait(&arn), "DELETE_COMPLETE");
    let (code, message) = client
        .call("DescribeStacks", &[("StackName", "one")])
        .refused();
    assert_eq!(code, "ValidationError");
    assert_eq!(message, "Stack with id one does not exist");
    // The name is free, and so is the bucket's.
    assert_eq!(client.create("one", BUCKET), "CREATE_COMPLETE");
}

#[test]
fn templates_are_refused_in_the_words_of_aws() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let topics = |count: usize| {
        let all: Vec<String> = (0..count)
            .map(|n| format!(r#""T{n}": {{"Type": "AWS::SNS::Topic"}}"#))
            .collect();
        format!(r#"{{"Resources": {{{}}}}}"#, all.join(","))
    };
    for (template, expected) in [
        ("{", "Template format error: JSON not well-formed."),
        (
            r#"{"Resources": {}}"#,
            "Template format error: At least one Resources member must be defined.",
        ),
        (
            r#"{"Resorces": {}}"#,
            "Invalid template property or properties [Resorces]",
        ),
        (
            r#"{"Resources": {"A": {"Type": "AWS::S3::Bukket"}}}"#,
            "Template format error: Unrecognized resource types: [AWS::S3::Bukket]",
        ),
        (
            r#"{"Resources": {"A-B": {"Type": "AWS::S3::Bucket"}}}"#,
            "Template format error: Resource name A-B is non alphanumeric.",
        ),
        (
            r#"{"Resources": {"A": {"Type": "AWS::S3::Bucket", "DependsOn": "B"}}}"#,
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        (
            r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::GetAtt": ["B", "Arn"]}}}}}"#,
            "Template error: instance of Fn::GetAtt references undefined resource B",
        ),
        (
            r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic", "DependsOn": "B"}, "B": {"Type": "AWS::SNS::Topic", "DependsOn": "A"}}}"#,
            "Circular dependency between resources: [A, B]",
        ),
        (
            r#"{"Parameters": {"P": {"Type": "String"}}, "Resources": {"A": {"Type": "AWS::SNS::Topic"}}}"#,
            "Parameters: [P] must have values",
        ),
        (
            &topics(501),
            "Template format error: Number of resources, 501, is greater than maximum allowed, 500",
        ),
    ] {
        let (code, message) = client
            .call(
                "CreateStack",
                &[("StackName", "x"), ("TemplateBody", template)],
            )
            .refused();
        assert_eq!(code, "ValidationError");
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
    let long = format!("{{\"Resources\": {{}}}}{}", " ".repeat(51_200));
    let (_, message) = client
        .call(
            "CreateStack",
            &[("StackName", "x"), ("TemplateBody", &long)],
        )
        .refused();
    assert!(message.contains("less than or equal to 51200"), "{message}");
    let (_, message) = client
        .call(
            "CreateStack",
            &[("StackName", "a_b"), ("TemplateBody", BUCKET)],
        )
        .refused();
    assert!(message.contains("[a-zA-Z][-a-zA-Z0-9]*"), "{message}");
}

#[test]
fn capabilities_are_asked_for() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let role = |name: &str| {
        format!(
            r#"{{"Resources": {{"R": {{"Type": "AWS::IAM::Role", "Properties": {{{name} "AssumeRolePolicyDocument": {{"Statement": []}}}}}}}}}}"#
        )
    };
    for (name, needed, granted) in [
        ("", "CAPABILITY_IAM", "CAPABILITY_IAM"),
        (
            r#""RoleName": "r","#,
            "CAPABILITY_NAMED_IAM",
            "CAPABILITY_NAMED_IAM",
        ),
    ] {
        let template = role(name);
        let (code, message) = client
            .call(
                "CreateStack",
                &[("StackName", "iam"), ("TemplateBody", &template)],
            )
            .refused();
        assert_eq!(code, "InsufficientCapabilitiesException");
        assert_eq!(message, format!("Requires capabilities : [{needed}]"));
        client
            .call(
                "CreateStack",
                &[
                    ("StackName", "iam"),
                    ("TemplateBody", &template),
                    ("Capabilities.member.1", granted),
                ],
            )
            .good();
        assert_eq!(client.wait("iam"), "CREATE_COMPLETE");
        delete(client, "iam");
    }
}

fn delete(client: Client, name: &str) {
    let arn = client
        .call("DescribeStacks", &[("StackName", name)])
        .good()
        .text("StackId")
        .unwrap();
    client.call("DeleteStack", &[("StackName", name)]).good();
    assert_eq!(client.wait(&arn), "DELETE_COMPLETE");
}

#[test]
fn every_function_gives_what_aws_gives() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", BUCKET);
    let template = r#"
Parameters:
  Env: {Type: String, Default: prod}
  Zones: {Type: CommaDelimitedList, Default: "a, b,c"}
Mappings:
  Sizes: {prod: {Memory: 512}, dev: {Memory: 128}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  Both: !And [!Condition IsProd, !Not [!Equals ["1", "2"]]]
  Either: !Or [!Equals [a, b], !Condition Both]
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !If [IsProd, !Ref "AWS::NoValue", x]}}
  Never: {Type: AWS::SNS::Topic, Condition: Dev}
Outputs:
  Ref: {Value: !Ref Topic}
  GetAtt: {Value: !GetAtt Topic.TopicName}
  Sub: {Value: !Sub ["${A}-${Env}-${AWS::Region}-${!Literal}", {A: x}]}
  Join: {Value: !Join ["+", !Ref Zones]}
  Select: {Value: !Select [1, !Split [",", "x,y,z"]]}
  Find: {Value: !FindInMap [Sizes, !Ref Env, Memory]}
  If: {Value: !If [Either, "yes", "no"]}
  Import: {Value: !ImportValue files-arn}
  StackOutput: {Value: !Join ["", [!GetStackOutput {StackName: one, OutputName: Arn}]]}
  Cidr: {Value: !Select [2, !Cidr ["10.0.0.0/16", 4, 8]]}
  Zone: {Value: !Select [0, !GetAZs ""]}
  Base64: {Value: !Base64 hello}
  Partition: {Value: !Ref "AWS::Partition"}
"#;
    let template = template.replace(
        "Conditions:\n",
        "Conditions:\n  Dev: !Equals [!Ref Env, dev]\n",
    );
    assert_eq!(client.create("two", &template), "CREATE_COMPLETE");
    let topic = client.physical("two", "Topic");
    for (key, expected) in [
        ("Ref", topic.as_str()),
        ("GetAtt", topic.rsplit(':').next().unwrap()),
        ("Sub", "x-prod-us-east-1-${Literal}"),
        ("Join", "a+b+c"),
        ("Select", "y"),
        ("Find", "512"),
        ("If", "yes"),
        ("Import", "arn:aws:s3:::files-1"),
        ("StackOutput", "arn:aws:s3:::files-1"),
        ("Cidr", "10.0.2.0/24"),
        ("Zone", "us-east-1a"),
        ("Base64", "aGVsbG8="),
        ("Partition", "aws"),
    ] {
        assert_eq!(client.output("two", key), expected, "{key}");
    }
    let resources = client.call("ListStackResources", &[("StackName", "two")]);
    assert_eq!(resources.all("LogicalResourceId"), ["Topic"]);

    // An export that is read can neither go nor change.
    let (_, imports) = (
        0,
        client
            .call("ListImports", &[("ExportName", "files-arn")])
            .good(),
    );
    assert_eq!(imports.all("member"), ["two"]);
    client.call("DeleteStack", &[("StackName", "one")]).good();
    assert_eq!(client.wait("one"), "CREATE_COMPLETE");
    let (_, _, told) = client.events("one").pop().expect("it has events");
    assert!(told.contains("Delete canceled"), "{told}");
}

#[test]
fn an_export_in_use_cannot_change() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", BUCKET);
    client.create(
        "two",
        r#"{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "files-arn"}}}}}"#,
    );
    let changed = BUCKET.replace("files-1", "files-2");
    assert_eq!(client.update("one", &changed), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(client.physical("one", "Files"), "files-1");
    let reasons: Vec<String> = client
        .events("one")
        .into_iter()
        .map(|event| event.2)
        .collect();
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("Cannot update export files-arn as it is in use by two")),
        "{reasons:?}"
    );
}

#[test]
fn parameters_are_checked() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = |declaration: &str| {
        format!(
            r#"{{"Parameters": {{"P": {declaration}}}, "Resources": {{"T": {{"Type": "AWS::SNS::Topic"}}}}}}"#
        )
    };
    for (declaration, value, expected) in [
        (
            r#"{"Type": "String", "AllowedValues": ["a", "b"]}"#,
            "c",
            "Parameter 'P' must be one of AllowedValues",
        ),
        (
            r#"{"Type": "String", "AllowedPattern": "[a-z]+"}"#,
            "A",
            "Parameter 'P' must match pattern [a-z]+",
        ),
        (
            r#"{"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "lower"}"#,
            "A",
            "Parameter P failed to satisfy constraint: lower",
        ),
        (
            r#"{"Type": "String", "MinLength": 3}"#,
            "ab",
            "Parameter 'P' must contain at least 3 characters",
        ),
        (
            r#"{"Type": "Number"}"#,
            "x",
            "Parameter 'P' must be a number.",
        ),
        (
            r#"{"Type": "Number", "MaxValue": 5}"#,
            "6",
            "Parameter 'P' must be a number not greater than 5",
        ),
        (
            r#"{"Type": "AWS::SSM::Parameter::Value<String>"}"#,
            "/none",
            "Unable to fetch parameters [/none] from parameter store for this account.",
        ),
    ] {
        let template = template(declaration);
        let (_, message) = client
            .call(
                "CreateStack",
                &[
                    ("StackName", "x"),
                    ("TemplateBody", &template),
                    ("Parameters.member.1.ParameterKey", "P"),
                    ("Parameters.member.1.ParameterValue", value),
                ],
            )
            .refused();
        assert_eq!(message, expected);
    }
    let hidden = template(r#"{"Type": "String", "NoEcho": true, "Default": "secret"}"#);
    client.create("x", &hidden);
    let answer = client.call("DescribeStacks", &[("StackName", "x")]);
    assert_eq!(answer.text("ParameterValue").as_deref(), Some("****"));
}

#[test]
fn a_call_may_be_repeated_with_its_token() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let fields = [
        ("StackName", "one"),
        ("TemplateBody", BUCKET),
        ("ClientRequestToken", "t1"),
    ];
    let first = client.call("CreateStack", &fields).good().text("StackId");
    let second = client.call("CreateStack", &fields).good().text("StackId");
    assert_eq!(first, second);
    client.wait("one");
    let (code, _) = client
        .call(
            "CreateStack",
            &[("StackName", "one"), ("TemplateBody", BUCKET)],
        )
        .refused();
    assert_eq!(code, "AlreadyExistsException");
    let (code, _) = client
        .call(
            "DeleteStack",
            &[("StackName", "one"), ("ClientRequestToken", "t1")],
        )
        .refused();
    assert_eq!(code, "TokenAlreadyExistsException");
    let answer = client.call("DescribeStackEvents", &[("StackName", "one")]);
    assert!(
        answer
            .all("ClientRequestToken")
            .iter()
            .all(|token| token == "t1")
    );
}

#[test]
fn events_come_in_pages() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let topics: Vec<String> = (0..60)
        .map(|n| format!(r#""T{n}": {{"Type": "AWS::SNS::Topic"}}"#))
        .collect();
    client.create(
        "many",
        &format!(r#"{{"Resources": {{{}}}}}"#, topics.join(",")),
    );
    let first = client
        .call("DescribeStackEvents", &[("StackName", "many")])
        .good();
    assert_eq!(first.all("EventId").len(), 100);
    let events = client.events("many");
    assert_eq!(events.len(), 2 + 60 * 3);
    assert_eq!(events[0].1, "CREATE_IN_PROGRESS");
}

#[test]
fn regions_are_worlds_apart() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", BUCKET);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/cloudformation/aws4_request, SignedHeaders=host, Signature=x",
        ),
    ];
    let answer = client
        .send(
            "POST",
            "/",
            &headers,
            b"Action=DescribeStacks&Version=2010-05-15&StackName=one",
        )
        .unwrap();
    assert_eq!(answer.refused().1, "Stack with id one does not exist");
}

#[test]
fn a_template_comes_from_a_bucket() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.send("PUT", "/assets", &[], b"").unwrap();
    client
        .send("PUT", "/assets/t.json", &[], BUCKET.as_bytes())
        .unwrap()
        .good();
    client
        .call(
            "CreateStack",
            &[
                ("StackName", "one"),
                (
                    "TemplateURL",
                    "https://assets.s3.us-east-1.amazonaws.com/t.json",
                ),
            ],
        )
        .good();
    assert_eq!(client.wait("one"), "CREATE_COMPLETE");
    let got = client.call("GetTemplate", &[("StackName", "one")]).good();
    assert_eq!(got.text("TemplateBody").as_deref(), Some(BUCKET));
}

#[test]
fn twenty_resources_take_less_than_a_tenth_of_a_second() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let topics: Vec<String> = (0..20)
        .map(|n| {
            let depends = if n % 4 == 0 {
                String::new()
            } else {
                format!(r#", "DependsOn": "T{}""#, n - 1)
            };
            format!(r#""T{n}": {{"Type": "AWS::SNS::Topic"{depends}}}"#)
        })
        .collect();
    let template = format!(r#"{{"Resources": {{{}}}}}"#, topics.join(","));
    // The facts of the type are read once.
    client.create("first", &template);
    let started = std::time::Instant::now();
    client.create("second", &template);
    let taken = started.elapsed();
    assert!(taken.as_millis() < 1000, "{taken:?}");
    eprintln!("20 resources: {taken:?}");
}

#[test]
fn rules_are_checked_where_they_can_be() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = |assertion: &str| {
        format!(
            r#"{{"Parameters": {{"P": {{"Type": "String", "Default": "a"}}}},
               "Rules": {{"R": {{"Assertions": [{{"Assert": {assertion}, "AssertDescription": "no luck"}}]}}}},
               "Resources": {{"T": {{"Type": "AWS::SNS::Topic"}}}}}}"#
        )
    };
    let refused = template(r#"{"Fn::Contains": [["b", "c"], {"Ref": "P"}]}"#);
    let (_, message) = client
        .call(
            "CreateStack",
            &[("StackName", "x"), ("TemplateBody", &refused)],
        )
        .refused();
    assert!(message.contains("no luck"), "{message}");
    let kept = template(r#"{"Fn::EachMemberIn": [[{"Ref": "P"}], ["a", "b"]]}"#);
    assert_eq!(client.create("x", &kept), "CREATE_COMPLETE");
    let undecided = template(r#"{"Fn::Equals": [{"Fn::ValueOf": ["P", "VpcId"]}, "v"]}"#);
    assert_eq!(client.create("y", &undecided), "CREATE_COMPLETE");
}

#[test]
fn a_macro_is_refused_only_when_it_is_to_run() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = r#"{"Transform": "AWS::Serverless-2016-10-31", "Globals": {}, "Resources": {"F": {"Type": "AWS::Serverless::Function"}}}"#;
    let valid = client
        .call("ValidateTemplate", &[("TemplateBody", template)])
        .good();
    assert_eq!(valid.all("member"), ["AWS::Serverless-2016-10-31"]);
    let fields = [("StackName", "x"), ("TemplateBody", template)];
    assert_eq!(
        client.call("CreateStack", &fields).refused().0,
        "InsufficientCapabilitiesException"
    );
    let granted = [
        fields[0],
        fields[1],
        ("Capabilities.member.1", "CAPABILITY_AUTO_EXPAND"),
    ];
    let (_, message) = client.call("CreateStack", &granted).refused();
    assert_eq!(
        message,
        "No transform named AWS::Serverless-2016-10-31 found."
    );
}
