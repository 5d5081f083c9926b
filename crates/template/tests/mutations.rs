//! Whatever happens to a template, reading and validating it neither panics nor hangs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use template::{Options, Template, references, validate};

/// Templates that between them use every section, function and form.
const SEEDS: [&str; 4] = [
    r#"AWSTemplateFormatVersion: 2010-09-09
Description: seed
Parameters:
  Name: {Type: String, Default: pro, AllowedValues: [pro, free], AllowedPattern: '[a-z]+', MaxLength: 9}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}
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
    Properties: &bucket
      BucketName: !If [IsSmall, !Sub '${Name}-files', !Ref 'AWS::NoValue']
      VersioningConfiguration: {Status: Enabled}
  Copy: {Type: 'AWS::S3::Bucket', Properties: {<<: *bucket, Tags: [{Key: a, Value: b}]}}
  Topic:
    Type: AWS::SNS::Topic
    DependsOn: [Bucket]
    Properties:
      DisplayName: !Sub ['${A} ${Bucket.Arn} ${!Literal}', {A: !FindInMap [Sizes, !Ref 'AWS::Region', Small]}]
Outputs:
  Arn: {Value: !GetAtt Bucket.Arn, Export: {Name: !Sub '${AWS::StackName}-arn'}}
"#,
    r#"{"Resources": {
  "Role": {"Type": "AWS::IAM::Role", "Properties": {
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]},
    "ManagedPolicyArns": {"Fn::If": ["C", [{"Ref": "Role"}], {"Ref": "AWS::NoValue"}]}}},
  "Function": {"Type": "AWS::Lambda::Function", "Properties": {
    "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": {"Fn::Join": ["\n", ["a", "\u00e9"]]}},
    "Handler": "a.b", "Runtime": "nodejs22.x", "MemorySize": "256", "Environment": {"Variables": {"AB": 1.5e3}}}},
  "Nested": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://x"}},
  "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
    "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1,
    "Metrics": [{"Id": "a", "Expression": "b"}], "Dimensions": []}}},
 "Conditions": {"C": {"Fn::Equals": ["a", "b"]}},
 "Outputs": {"O": {"Value": {"Fn::Select": [0, {"Fn::Split": [",", {"Fn::GetAtt": ["Nested", "Outputs.X"]}]}]}}}}"#,
    "Transform: [AWS::LanguageExtensions, {Name: AWS::Include, Parameters: {Location: s3://x}}]\nResources:\n  Fn::ForEach::T: [N, [a, b], {'T${N}': {Type: AWS::SNS::Topic}}]\n  Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Length [a], QueueName: !Select [0, !GetAZs '']}}\n",
    "Resources:\n  Acl:\n    Type: AWS::WAFv2::WebACL\n    Properties:\n      Scope: REGIONAL\n      DefaultAction: {Allow: {}}\n      VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: no, MetricName: m}\n      Rules:\n        - {Name: a, Priority: 0, Action: {Block: {}}, VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: m}, Statement: {NotStatement: {Statement: {AndStatement: {Statements: [{GeoMatchStatement: {CountryCodes: [DE]}}]}}}}}\n",
];

/// Pieces that mean something to a parser or to CloudFormation.
const PIECES: [&str; 36] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "'",
    "- ",
    "? ",
    "*a",
    "&a ",
    "<<: ",
    "!Ref ",
    "!Sub ",
    "!If ",
    "!GetAtt ",
    "\n",
    "\n  ",
    "\t",
    "null",
    "~",
    "{\"Ref\": \"Role\"}",
    "{Ref: Bucket}",
    "{'Fn::If': [C, a, b]}",
    "{'Fn::Transform': {}}",
    "AWS::NoValue",
    "${",
    "${A.B}",
    "{{resolve:ssm:x}}",
    "1e999",
    "-",
    "\u{1F600}",
    "\u{0}",
    "|\n",
    "99999999999999999999",
];

/// A small generator of numbers, so that every run is the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("it is below a usize")
    }
}

fn mutate(text: &mut Vec<u8>, numbers: &mut Numbers) {
    let start = numbers.below(text.len());
    let end = (start + numbers.below(40)).min(text.len());
    match numbers.below(6) {
        0 => drop(text.drain(start..end)),
        1 => {
            let copy = text[start..end].to_vec();
            let place = numbers.below(text.len());
            text.splice(place..place, copy);
        }
        2 => {
            let piece = PIECES[numbers.below(PIECES.len())];
            text.splice(start..start, piece.bytes());
        }
        3 => {
            let piece = PIECES[numbers.below(PIECES.len())];
            text.splice(start..end, piece.bytes());
        }
        4 => {
            if let Some(byte) = text.get_mut(start) {
                *byte = u8::try_from(numbers.below(256)).expect("it is below 256");
            }
        }
        _ => text.truncate(start),
    }
}

/// Values that stand where others are expected.
fn stranger(numbers: &mut Numbers) -> Value {
    let strangers = json!([
        null, true, 0, -1.5, "", "text", [], {}, ["a", "a"], {"a": {"b": []}}, [[]],
        {"Ref": "Bucket"}, {"Ref": "AWS::NoValue"}, {"Ref": []}, {"Fn::If": ["IsPro", {}, []]}, {"Fn::If": []},
        {"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::GetAtt": []}, {"Fn::Sub": "${"}, {"Fn::Sub": ["${A}", {}]},
        {"Fn::Join": ["", {"Ref": "Subnets"}]}, {"Fn::FindInMap": [{}, {}, {}]}, {"Fn::Transform": []},
        {"Fn::Select": [9, []]}, {"Fn::ForEach::X": ["a", ["b"], {}]}, {"Condition": "IsPro"}, {"Fn::Not": [{"Condition": "C"}]},
    ]);
    let index = numbers.below(strangers.as_array().map_or(0, Vec::len));
    strangers[index].clone()
}

/// The way to every value.
fn pointers(value: &Value, path: &str, all: &mut Vec<String>) {
    all.push(path.to_owned());
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(member, &format!("{path}/{key}"), all);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                pointers(element, &format!("{path}/{index}"), all);
            }
        }
        _ => {}
    }
}

#[test]
fn strange_values_are_told_without_a_panic() {
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    let seeds = SEEDS.map(|seed| {
        Template::parse(seed)
            .expect("every seed is a template")
            .into_body()
    });
    for round in 0..2000 {
        let mut body = seeds[round % seeds.len()].clone();
        for _ in 0..=numbers.below(3) {
            let mut all = Vec::new();
            pointers(&body, "", &mut all);
            let pointer = all.swap_remove(numbers.below(all.len()));
            if let Some(value) = body.pointer_mut(&pointer).filter(|_| !pointer.is_empty()) {
                *value = stranger(&mut numbers);
            }
        }
        let template = Template::parse(&body.to_string()).expect("a value is JSON");
        validate(&template, &Options::default());
        references(template.body());
    }
}

#[test]
fn mutated_templates_are_read_or_refused() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let begin = Instant::now();
    let mut read = 0;
    for round in 0..3000 {
        let mut text = SEEDS[round % SEEDS.len()].as_bytes().to_vec();
        for _ in 0..=numbers.below(4) {
            mutate(&mut text, &mut numbers);
        }
        let Ok(template) = Template::parse_bytes(&text) else {
            continue;
        };
        read += 1;
        for finding in validate(&template, &Options::default()) {
            assert!(
                !finding.message.is_empty() && !finding.message.contains('\n'),
                "{finding:?}"
            );
            assert!(
                template.position(&finding.path).is_some() || !finding.path.is_empty(),
                "{finding:?}"
            );
        }
        references(template.body());
    }
    assert!(
        read > 250,
        "only {read} mutations could be read, so little was tested"
    );
    assert!(
        begin.elapsed() < Duration::from_secs(120),
        "{:?}",
        begin.elapsed()
    );
}
