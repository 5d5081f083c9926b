//! What validation says: for every rule what breaks it, with the place, and what keeps to it.

use template::{Options, RULES, Severity, Template, validate};

/// A template in YAML that does nothing wrong.
const GOOD: &str = "
Parameters:
  Name: {Type: String, Default: pro, AllowedValues: [pro, free]}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}
  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /aws/image}
Mappings:
  Sizes: {us-east-1: {Small: 1, Names: [a, b]}}
Conditions:
  IsPro: !Equals [!Ref Name, pro]
  IsSmall: !And [!Condition IsPro, !Not [!Equals [!Ref 'AWS::Region', us-east-1]]]
Rules:
  Sensible:
    RuleCondition: !Equals [!Ref Name, pro]
    Assertions: [{Assert: {'Fn::Contains': [[pro], !Ref Name]}, AssertDescription: text}]
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    Properties:
      BucketName: !If [IsSmall, !Sub '${Name}-files', !Ref 'AWS::NoValue']
      VersioningConfiguration: {Status: Enabled}
  Topic:
    Type: AWS::SNS::Topic
    DependsOn: Bucket
    Properties:
      DisplayName: !Sub ['${A} ${Bucket.Arn} ${!Literal}', {A: !FindInMap [Sizes, !Ref 'AWS::Region', Small]}]
  Group:
    Type: AWS::EC2::Instance
    Properties:
      ImageId: !Ref Image
      SubnetId: !Select [0, !Ref Subnets]
      UserData: !Base64 {'Fn::Join': [',', !Ref Subnets]}
Outputs:
  Arn: {Value: !GetAtt Bucket.Arn, Export: {Name: !Sub '${AWS::StackName}-arn'}}
";

/// Findings as `line:column rule message`, warnings and errors.
fn findings(text: &str) -> Vec<String> {
    let template = Template::parse(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    let mut options = Options::default();
    options.least = Severity::Warning;
    validate(&template, &options)
        .iter()
        .map(|finding| format!("{} {} {}", finding.position, finding.rule, finding.message))
        .collect()
}

/// What is found in a resource of a type, with properties in one line from column 7 of line 5 on.
fn in_properties(type_name: &str, properties: &str) -> Vec<String> {
    findings(&format!(
        "Resources:\n  Other: {{Type: AWS::SNS::Topic}}\n  R:\n    Type: {type_name}\n    Properties: {properties}\n"
    ))
    .into_iter()
    .map(|finding| finding.split_once(' ').map_or_else(String::new, |(_, rest)| rest.to_owned()))
    .collect()
}

#[test]
fn nothing_is_said_about_a_good_template() {
    assert_eq!(findings(GOOD), [""; 0]);
}

#[test]
fn the_structure_is_checked() {
    let table = [
        (
            "Resource: {}",
            &[
                "1:1 CIF001 CloudFormation knows no section `Resource`; did you mean `Resources`?",
                "1:1 CIF002 a template needs a section `Resources`",
            ][..],
        ),
        (
            "Resources: {}",
            &["1:1 CIF002 a template needs at least one resource"],
        ),
        (
            "Resources: [a]",
            &["1:1 CIF003 section `Resources` must be a mapping, this is a list"],
        ),
        (
            "AWSTemplateFormatVersion: 2010-09-08\nResources: {A: {Type: AWS::SNS::Topic}}",
            &["1:1 CIF003 format version `2010-09-08` does not exist; write `2010-09-09`"],
        ),
        (
            "Globals: {}\nResources: {A: {Type: AWS::SNS::Topic}}",
            &[
                "1:1 CIF001 CloudFormation knows no section `Globals`; it needs the transform `AWS::Serverless-2016-10-31`",
            ],
        ),
        (
            "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties:\n",
            &[
                "4:5 CIF004 null stands for nothing CloudFormation accepts; give a value or remove the key",
            ],
        ),
        (
            "Resources: {A-b: {Type: AWS::SNS::Topic}}",
            &["1:13 CIF005 name `A-b` may only have letters and digits"],
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, DependOn: B}}",
            &["1:40 CIF006 a resource has no attribute `DependOn`; did you mean `DependsOn`?"],
        ),
        (
            "Resources: {A: {Properties: {}}}",
            &["1:13 CIF007 a resource needs a `Type`"],
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topc}}",
            &[
                "1:17 CIF010 type `AWS::SNS::Topc` is not among the known ones; it may be newer than these facts; did you mean `AWS::SNS::Topic`?",
            ],
        ),
        (
            "Resources: {A: {Type: 'AWS::Serverless::Function'}}",
            &[
                "1:17 CIF010 `AWS::Serverless::Function` needs the transform `AWS::Serverless-2016-10-31`",
            ],
        ),
        (
            "Resources: {A: {Type: Topic}}",
            &["1:17 CIF010 `Topic` is not the name of a resource type"],
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, DeletionPolicy: Keep}}",
            &[
                "1:40 CIF053 `DeletionPolicy` is `Delete`, `Retain`, `RetainExceptOnCreate` or `Snapshot`, not `Keep`",
            ],
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, DeletionPolicy: Snapshot}}",
            &["1:40 CIF053 `AWS::SNS::Topic` cannot be kept as a snapshot"],
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic, UpdatePolicy: {AutoScalingRolingUpdate: {}}}}",
            &[
                "1:55 CIF006 `UpdatePolicy` has no `AutoScalingRolingUpdate`; did you mean `AutoScalingRollingUpdate`?",
            ],
        ),
        (
            "Parameters: {A: {Type: String}}\nResources: {A: {Type: AWS::SNS::Topic, Metadata: {a: !Ref A}}}",
            &["2:13 CIF009 `A` is the name of a parameter as well"],
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic}}\nOutputs: {B: {Description: text}, C: {Value: a, Exports: b}}",
            &[
                "2:11 CIF007 an output needs a `Value`",
                "2:49 CIF006 an output has no `Exports`; did you mean `Export`?",
            ],
        ),
        (
            "Resources: {A: {Type: AWS::SNS::Topic}}\nOutputs: {B: {Value: a, Export: {Name: x}}, C: {Value: a, Export: {Name: x}}}",
            &["2:68 CIF009 output `B` exports the same name `x`"],
        ),
        (
            "Mappings: {M: {K: text}}\nResources: {A: {Type: AWS::SNS::Topic}}",
            &[
                "1:12 CIF011 mapping `M` is not used",
                "1:16 CIF003 a mapping has two levels of keys; this is a string on the second",
            ],
        ),
        (
            "Rules: {R: {Asserts: []}}\nResources: {A: {Type: AWS::SNS::Topic}}",
            &[
                "1:9 CIF007 a rule needs `Assertions`",
                "1:13 CIF006 a rule has no `Asserts`; did you mean `Assertions`?",
            ],
        ),
        (
            "Parameters: {A: {Type: String}}\nResources: {B: {Type: AWS::SNS::Topic}}",
            &["1:14 CIF011 parameter `A` is not used"],
        ),
        (
            "Resources: {B: {Type: AWS::SNS::Topic, Properties: &a {}}, C: {Type: AWS::SNS::Topic, Properties: *a}}",
            &[
                "1:99 CIF040 CloudFormation refuses YAML aliases; `aws cloudformation package` or writing the value out helps",
            ],
        ),
        (
            "Resources: {B: {Type: AWS::SNS::Topic, Metadata: {Account: 012345670123}}}",
            &[
                "1:60 CIF041 YAML reads `012345670123` as the number 1402433619; put it in quotes to keep the digits",
            ],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(findings(text), expected, "{text}");
    }
}

#[test]
fn parameters_are_checked() {
    let table = [
        (
            "Type: Strin",
            "CIF008 `Strin` is not a type of parameters; did you mean `String`?",
        ),
        (
            "Type: 'List<AWS::EC2::Subnets::Id>'",
            "CIF008 `List<AWS::EC2::Subnets::Id>` is not a type of parameters; did you mean `List<AWS::EC2::Subnet::Id>`?",
        ),
        ("Default: a", "CIF007 a parameter needs a `Type`"),
        (
            "Type: String, Defaults: a",
            "CIF006 a parameter has no `Defaults`; did you mean `Default`?",
        ),
        (
            "Type: String, Default: c, AllowedValues: [a, b]",
            "CIF008 the default `c` is not one of `AllowedValues`: `a`, `b`",
        ),
        (
            "Type: Number, Default: many",
            "CIF008 the default `many` is not a number",
        ),
        (
            "Type: Number, Default: 5, MaxValue: 4",
            "CIF008 the default `5` is greater than `MaxValue` 4",
        ),
        (
            "Type: String, Default: abc, MaxLength: 2",
            "CIF008 the default `abc` is longer than the 2 characters of `MaxLength`",
        ),
        (
            "Type: String, Default: abc, AllowedPattern: '[a-b]+'",
            "CIF008 the default `abc` does not match `AllowedPattern` `[a-b]+`",
        ),
        (
            "Type: String, NoEcho: perhaps",
            "CIF008 `NoEcho` must be true or false, this is `perhaps`",
        ),
        (
            "Type: String, Default: [a]",
            "CIF008 `Default` must be a string, this is `[\"a\"]`",
        ),
    ];
    for (declaration, expected) in table {
        let text = format!(
            "Parameters: {{P: {{{declaration}}}}}\nResources: {{A: {{Type: AWS::SNS::Topic, Properties: {{TopicName: !Ref P}}}}}}"
        );
        let found = findings(&text);
        assert!(
            found.iter().any(|finding| finding.ends_with(expected)),
            "{declaration}: {found:?}"
        );
    }
    for good in [
        "Type: CommaDelimitedList, Default: 'a, b', AllowedValues: [a, b]",
        "Type: Number, Default: '5', MinValue: 5",
        "Type: String, Default: yes, AllowedValues: ['true', no]",
        "Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /x",
    ] {
        let text = format!(
            "Parameters: {{P: {{{good}}}}}\nResources: {{A: {{Type: AWS::SNS::Topic, Metadata: {{a: !Ref P}}}}}}"
        );
        assert_eq!(findings(&text), [""; 0], "{good}");
    }
}

#[test]
fn functions_and_their_targets_are_checked() {
    let table = [
        (
            "!Ref Othr",
            "CIF022 there is no parameter or resource `Othr`; did you mean `Other`?",
        ),
        (
            "!Ref [A]",
            "CIF021 `Ref` takes the name of a parameter or resource, this is a list",
        ),
        ("!GetAtt Nobody.Arn", "CIF022 there is no resource `Nobody`"),
        (
            "!GetAtt Other.Name",
            "CIF023 `AWS::SNS::Topic` has no attribute `Name`",
        ),
        (
            "!GetAtt Other",
            "CIF021 `Fn::GetAtt` takes the name of a resource and one of its attributes",
        ),
        (
            "!Sub '${Othr}'",
            "CIF022 there is no parameter or resource `Othr`; did you mean `Other`?",
        ),
        (
            "!Sub '${Other.Arn}'",
            "CIF023 `AWS::SNS::Topic` has no attribute `Arn`; it has `TopicArn`",
        ),
        ("!Sub '${a b}'", "CIF021 `${a b}` is not a variable"),
        (
            "!Sub ['${A}', {A: 1, B: 2}]",
            "CIF011 variable `B` is not used in the text",
        ),
        (
            "!Sub {A: b}",
            "CIF021 `Fn::Sub` takes a string, or a list of a string and a mapping of variables, this is a mapping",
        ),
        (
            "!Join [',', a]",
            "CIF021 a list of strings is expected here, this is `a`",
        ),
        ("!Join [',']", "CIF021 `Fn::Join` takes 2 arguments, not 1"),
        (
            "!Join [',', [!Split [',', a]]]",
            "CIF020 `Fn::Split` cannot stand here",
        ),
        (
            "!Select [2, [a, b]]",
            "CIF021 index 2 is outside of the 2 elements of the list",
        ),
        (
            "!Select [x, [a, b]]",
            "CIF021 a whole number is expected here, this is `x`",
        ),
        ("!If [Never, a, b]", "CIF024 there is no condition `Never`"),
        (
            "!If [Never, a]",
            "CIF021 `Fn::If` takes the name of a condition and two values, not 2 arguments",
        ),
        (
            "!FindInMap [Sizes, a, b]",
            "CIF025 there is no mapping `Sizes`",
        ),
        (
            "!FindInMap [!Sub a, a, b]",
            "CIF020 `Fn::Sub` cannot stand here",
        ),
        (
            "!Length [a]",
            "CIF020 `Fn::Length` needs the transform `AWS::LanguageExtensions`",
        ),
        (
            "{'Fn::Jion': [a, b]}",
            "CIF020 there is no function `Fn::Jion`; did you mean `Fn::Join`?",
        ),
        (
            "{'Fn::Join': [',', [a]], 'Fn::Sub': a}",
            "CIF020 `Fn::Join` stands beside other keys; a function is the only key of its mapping",
        ),
        (
            "!ImportValue {'Fn::Sub': '${Other}'}",
            "CIF022 the name of an export cannot refer to the resource `Other`, only to parameters",
        ),
        (
            "!Sub ['${A}', {A: !GetStackOutput {StackName: a, OutputName: b}}]",
            "CIF027 `Fn::GetStackOutput` cannot stand here",
        ),
        (
            "!GetStackOutput {StackName: a}",
            "CIF021 `Fn::GetStackOutput` needs `OutputName`",
        ),
        ("!Equals [a, b]", "CIF020 `Fn::Equals` cannot stand here"),
    ];
    for (value, expected) in table {
        let found = in_properties("AWS::SNS::Topic", &format!("{{DisplayName: {value}}}"));
        assert!(
            found.iter().any(|finding| finding.starts_with(expected)),
            "{value}: {found:?}"
        );
    }
    for good in [
        "!GetStackOutput {StackName: a, OutputName: b, Region: !Ref 'AWS::Region'}",
        "!Join ['', [a, !GetStackOutput {StackName: a, OutputName: b}]]",
        "!Select [0, !Split [',', !ImportValue a]]",
        "!Sub '${Other.TopicName} ${AWS::Region} ${!x}'",
        "!Select [0, !GetAZs '']",
        "!Select ['1', !Cidr [10.0.0.0/16, 4, 8]]",
        "!Transform {Name: Mine, Parameters: {a: b}}",
    ] {
        let good = good.replace("Other.TopicName", "Other.TopicArn");
        assert_eq!(
            in_properties("AWS::SNS::Topic", &format!("{{DisplayName: {good}}}")),
            [""; 0],
            "{good}"
        );
    }
}

#[test]
fn conditions_rules_and_outputs_are_checked() {
    let table = [
        (
            "Conditions: {C: !Equals [!Ref T, a]}",
            "1:14 CIF011 condition `C` is not used",
            "1:26 CIF022 a condition cannot refer to the resource `T`, only to parameters",
        ),
        (
            "Conditions: {C: !Join [a, [b]]}",
            "1:14 CIF011 condition `C` is not used",
            "1:14 CIF020 a condition is one of `Condition`, `Fn::And`, `Fn::Equals`, `Fn::Not`, `Fn::Or`, not `Fn::Join`",
        ),
        (
            "Conditions: {C: !And [!Condition D, !Equals [a, b]]}",
            "1:23 CIF024 there is no condition `D`",
            "1:14 CIF011",
        ),
        (
            "Conditions: {C: !Not [!Equals [a, b], !Equals [a, b]]}",
            "1:17 CIF021 `Fn::Not` takes one condition, not 2",
            "1:14 CIF011",
        ),
        (
            "Outputs: {O: {Value: [a]}}",
            "1:15 CIF021 a string is expected here, this is a list",
            "",
        ),
        (
            "Outputs: {O: {Value: !GetAZs ''}}",
            "1:15 CIF021 a string is expected here, `Fn::GetAZs` gives a list",
            "",
        ),
        (
            "Outputs: {O: {Value: !GetStackOutput {StackName: a, OutputName: b}}}",
            "",
            "CIF027",
        ),
        (
            "Outputs: {O: {Value: a, Condition: X}}",
            "1:25 CIF024 there is no condition `X`",
            "",
        ),
    ];
    for (section, first, second) in table {
        let found = findings(&format!(
            "{section}\nResources: {{T: {{Type: AWS::SNS::Topic}}}}"
        ));
        for expected in [first, second] {
            assert!(
                found.iter().any(|finding| finding.contains(expected)),
                "{section}: {found:?}"
            );
        }
        assert_eq!(
            found.len(),
            usize::from(!first.is_empty()) + usize::from(!second.is_empty()),
            "{found:?}"
        );
    }
}

#[test]
fn circles_are_spelled_out() {
    let text = "Resources:\n  A: {Type: AWS::SNS::Topic, Metadata: !Ref B}\n  B: {Type: AWS::SNS::Topic, DependsOn: C}\n  C: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub '${A}'}}\n  D: {Type: AWS::SNS::Topic, DependsOn: D}\n";
    assert_eq!(
        findings(text),
        [
            "2:3 CIF026 resources depend on each other in a circle: A → B → C → A",
            "5:3 CIF026 resource `D` depends on itself",
        ]
    );
    let text = "Conditions:\n  A: !And [!Condition B, !Equals [!Ref B, A]]\n  B: !Not [!Condition A]\n  P: !Equals [!Ref P, x]\nParameters: {B: {Type: String}, P: {Type: String}}\nResources: {T: {Type: AWS::SNS::Topic, Condition: P}}\n";
    assert_eq!(
        findings(text),
        ["2:3 CIF026 conditions depend on each other in a circle: A → B → A"]
    );
}

#[test]
fn properties_are_checked() {
    let table = [
        (
            "AWS::S3::Bucket",
            "{BuketName: mine}",
            "CIF050 `AWS::S3::Bucket` has no property `BuketName`; did you mean `BucketName`?",
        ),
        (
            "AWS::S3::Bucket",
            "{VersioningConfiguration: {Stat: Enabled}}",
            "CIF050 there is no property `Stat`; did you mean `Status`?",
        ),
        (
            "AWS::S3::Bucket",
            "{VersioningConfiguration: {}}",
            "CIF051 required property `Status` is missing",
        ),
        (
            "AWS::S3::Bucket",
            "{VersioningConfiguration: {Status: !Ref 'AWS::NoValue'}}",
            "CIF051 required property `Status` is missing",
        ),
        (
            "AWS::S3::Bucket",
            "{BucketName: [mine]}",
            "CIF052 a string is expected here, this is a list",
        ),
        (
            "AWS::S3::Bucket",
            "{BucketName: !GetAZs ''}",
            "CIF052 `Fn::GetAZs` gives a list, but a string is expected here",
        ),
        (
            "AWS::S3::Bucket",
            "{BucketName: Mine_Bucket}",
            "CIF054 `Mine_Bucket` does not match the pattern",
        ),
        (
            "AWS::S3::Bucket",
            "{VersioningConfiguration: {Status: On}}",
            "CIF053 `true` is not one of the allowed values; allowed are `Enabled`, `Suspended`",
        ),
        (
            "AWS::S3::Bucket",
            "{VersioningConfiguration: {Status: !If [C, Enable, Suspended]}}",
            "CIF053 `Enable` is not one of the allowed values; did you mean `Enabled`?",
        ),
        (
            "AWS::S3::Bucket",
            "{Arn: x}",
            "CIF059 `Arn` is set by the service and cannot be given",
        ),
        (
            "AWS::Lambda::Function",
            "{Role: 'arn:aws:iam::123456789012:role/a', Code: {ZipFile: x}, Handler: a, Runtime: nodejs22.x, MemorySize: 64}",
            "CIF056 64 is less than 128",
        ),
        (
            "AWS::Lambda::Function",
            "{Role: 'arn:aws:iam::123456789012:role/a', Code: ./src, Handler: a, Runtime: nodejs22.x}",
            "CIF060 a local path",
        ),
        (
            "AWS::Lambda::Function",
            "{Role: 'arn:aws:iam::123456789012:role/a', Code: {ZipFile: x}, Handler: a, Runtime: nodejs22.x, Timeout: soon}",
            "CIF052 a whole number is expected here, this is `soon`",
        ),
        (
            "AWS::Lambda::Function",
            "{Role: 'arn:aws:iam::123456789012:role/a', Code: {ZipFile: x}, Handler: a, Runtime: nodejs22.x, Architectures: []}",
            "CIF057 the list has 0 elements, at least 1 are needed",
        ),
        (
            "AWS::Lambda::Function",
            "{Role: 'arn:aws:iam::123456789012:role/a', Code: {ZipFile: x}, Handler: a, Runtime: nodejs22.x, Environment: {Variables: {1A: x}}}",
            "CIF050",
        ),
        (
            "AWS::Cognito::UserPool",
            "{Schema: text}",
            "CIF052 a list is expected here, this is `text`",
        ),
        (
            "AWS::IAM::Role",
            "{}",
            "CIF051 required property `AssumeRolePolicyDocument` is missing",
        ),
        (
            "AWS::EC2::SecurityGroup",
            "{GroupDescription: x, SecurityGroupIngress: [{IpProtocol: tcp, CidrIp: 10.0.0.0}]}",
            "CIF05",
        ),
    ];
    for (type_name, properties, expected) in table {
        let found = in_properties(type_name, properties);
        assert!(
            found.iter().any(|finding| finding.starts_with(expected)),
            "{properties}: {found:?}"
        );
    }
}

#[test]
fn what_cannot_be_known_is_left_alone() {
    let table = [
        ("AWS::S3::Bucket", "{BucketName: '{{resolve:ssm:/bucket}}'}"),
        (
            "AWS::S3::Bucket",
            "{BucketName: !ImportValue x, VersioningConfiguration: !ImportValue y}",
        ),
        (
            "AWS::S3::Bucket",
            "{'Fn::Transform': {Name: Mine}, Anything: x}",
        ),
        (
            "AWS::Lambda::Function",
            "{Role: !ImportValue r, Code: {ZipFile: x}, Handler: a, Runtime: nodejs22.x, Timeout: '30', MemorySize: 256.0}",
        ),
        (
            "AWS::SQS::Queue",
            "{FifoQueue: 'true', VisibilityTimeout: '30'}",
        ),
        (
            "Custom::Anything",
            "{ServiceToken: !ImportValue x, Free: [a, {b: c}]}",
        ),
        ("Mine::Own::Type", "{Free: 1}"),
        ("Mine::Own::Type::MODULE", "{Free: 1}"),
    ];
    for (type_name, properties) in table {
        let found = in_properties(type_name, properties);
        let found: Vec<&String> = found
            .iter()
            .filter(|finding| !finding.contains("no property `Anything`"))
            .collect();
        assert!(found.is_empty(), "{properties}: {found:?}");
    }
}

#[test]
fn transforms_are_believed_as_far_as_they_go() {
    let sam = "Transform: AWS::Serverless-2016-10-31\nGlobals: {}\nResources:\n  F: {Type: AWS::Serverless::Function, Properties: {Any: x}}\n  T: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref FRole}}\n";
    assert_eq!(findings(sam), [""; 0]);
    let nulls = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F: {Type: AWS::Serverless::Function, Properties: {Role: null}}\n";
    let template = Template::parse(nulls).expect("it is YAML");
    let severities: Vec<Severity> = validate(&template, &Options::default())
        .iter()
        .map(|finding| finding.severity)
        .collect();
    assert_eq!(severities, [Severity::Warning]);
    let extended = "Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::Topics: [N, [a, b], {'T${N}': {Type: AWS::SNS::Topic}}]\n  Q: {Type: AWS::SQS::Queue, DeletionPolicy: !If [C, Delete, Retain], Properties: {QueueName: !GetAtt Ta.TopicName, DelaySeconds: !Length [a]}}\nConditions: {C: !Equals [!Ref 'AWS::Region', x]}\n";
    assert_eq!(findings(extended), [""; 0]);
    let own = "Transform: Mine\nResources: {A: {Type: Anything, Count: 3}}\n";
    assert_eq!(findings(own), [""; 0]);
    let template = Template::parse(own).expect("it is YAML");
    let rules: Vec<&str> = validate(&template, &Options::default())
        .iter()
        .map(|finding| finding.rule)
        .collect();
    assert_eq!(rules, ["CIF012"]);
}

#[test]
fn every_limit_is_named_with_its_figure() {
    let many =
        |count: usize, each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<String>();
    let topic = "Resources: {T: {Type: AWS::SNS::Topic}}\n";
    let table = [
        (
            format!(
                "Resources:\n{}",
                many(501, &|index| format!(
                    "  T{index}: {{Type: AWS::SNS::Topic}}\n"
                ))
            ),
            "501 resources in a template are more than CloudFormation's limit of 500",
        ),
        (
            format!(
                "{topic}Outputs:\n{}",
                many(201, &|index| format!("  O{index}: {{Value: a}}\n"))
            ),
            "201 outputs in a template are more than CloudFormation's limit of 200",
        ),
        (
            format!(
                "{topic}Parameters:\n{}",
                many(201, &|index| format!("  P{index}: {{Type: String}}\n"))
            ),
            "201 parameters in a template are more than CloudFormation's limit of 200",
        ),
        (
            format!(
                "{topic}Mappings:\n{}",
                many(201, &|index| format!("  M{index}: {{a: {{b: c}}}}\n"))
            ),
            "201 mappings in a template are more than CloudFormation's limit of 200",
        ),
        (
            format!(
                "{topic}Mappings:\n  M:\n    k:\n{}",
                many(201, &|index| format!("      a{index}: b\n"))
            ),
            "201 attributes of a mapping's key are more than CloudFormation's limit of 200",
        ),
        (
            format!("{topic}Metadata: {{a: {}}}", "x".repeat(1_000_000)),
            "1000055 bytes in a template are more than CloudFormation's limit of 1000000",
        ),
        (
            format!("{topic}Description: {}", "é".repeat(513)),
            "1026 bytes in the template's description are more than CloudFormation's limit of 1024",
        ),
        (
            format!(
                "Resources: {{{}: {{Type: AWS::SNS::Topic}}}}",
                "T".repeat(256)
            ),
            "256 characters in a name are more than CloudFormation's limit of 255",
        ),
        (
            format!(
                "{topic}Parameters: {{P: {{Type: String, Default: {}}}}}",
                "x".repeat(4097)
            ),
            "4097 bytes in a parameter's value are more than CloudFormation's limit of 4096",
        ),
        (
            format!("{topic}Metadata: [{}]", "'{{resolve:ssm:a}}', ".repeat(61)),
            "61 dynamic references in a template are more than CloudFormation's limit of 60",
        ),
    ];
    for (text, expected) in table {
        let found = findings(&text);
        assert!(
            found
                .iter()
                .any(|finding| finding.contains("CIF030") && finding.contains(expected)),
            "{expected}: {found:.300?}"
        );
    }
}

#[test]
fn rules_can_be_ignored() {
    let template =
        Template::parse("Parameters: {A: {Type: String}}\nResources: {B: {Type: AWS::SNS::Topic}}")
            .expect("it is YAML");
    let mut options = Options::default();
    assert_eq!(validate(&template, &options).len(), 1);
    options.ignored_rules.insert("CIF011".to_owned());
    assert_eq!(validate(&template, &options), []);
    assert!(
        RULES
            .iter()
            .any(|rule| rule.id == "CIF011" && rule.severity == Severity::Warning)
    );
}
