//! The JSON of every intrinsic function and of every section.

use dsl::{
    Arn, Condition, Expression, Mapping, Object, Parameter, RawRef, RawResource, Rule, Secret,
    Stack, StackOutput, Value, arn, aws, document, sub,
    testing::{self, Template},
};
use serde_json::{Value as Json, json};

/// What the expressions of the table are made of.
struct Parts {
    bucket: RawRef,
    stage: Value<String>,
    zones: Value<Vec<String>>,
    production: Condition,
    images: Mapping,
}

fn parts(stack: &Stack) -> Parts {
    stack.transform("AWS::LanguageExtensions");
    let stage = stack.parameter("Stage", Parameter::text().default("staging"));
    Parts {
        bucket: stack.add("Bucket", RawResource::new("AWS::S3::Bucket")),
        zones: stack.parameter("Zones", Parameter::list().default("a,b")),
        production: stack.condition("Production", stage.equals("production")),
        images: stack.mapping("Images", [("us-east-1", [("arm", "ami-1")])]),
        stage,
    }
}

#[test]
fn every_function_is_written_as_cloudformation_has_it() {
    let stack = testing::app().stack("table");
    let Parts {
        bucket,
        stage,
        zones,
        production,
        images,
    } = parts(&stack);
    let table: Vec<(&str, Expression, Json)> = vec![
        ("Ref", bucket.id().into(), json!({ "Ref": "Bucket" })),
        (
            "GetAtt",
            bucket.attribute::<Arn>("Arn").into(),
            json!({ "Fn::GetAtt": ["Bucket", "Arn"] }),
        ),
        (
            "Sub",
            arn!("arn:{}:s3:::{}/*", aws::partition(), bucket.id()).into(),
            json!({ "Fn::Sub": "arn:${AWS::Partition}:s3:::${Bucket}/*" }),
        ),
        (
            "SubAttribute",
            sub!("{}/x", bucket.attribute::<String>("Arn")).into(),
            json!({ "Fn::Sub": "${Bucket.Arn}/x" }),
        ),
        (
            "SubEscaped",
            sub!("home/${{aws:username}}/{}", bucket.id()).into(),
            json!({ "Fn::Sub": "home/${!aws:username}/${Bucket}" }),
        ),
        ("SubPlain", sub!("${{a}} {}", 3).into(), json!("${a} 3")),
        (
            "SubAlone",
            sub!("{}", bucket.id()).into(),
            json!({ "Ref": "Bucket" }),
        ),
        (
            "SubNested",
            sub!("{}/{}", sub!("{}-{}", stage, 1), sub!("end")).into(),
            json!({ "Fn::Sub": "${Stage}-1/end" }),
        ),
        (
            "SubOfFunction",
            sub!("zone {}", zones.get(0)).into(),
            json!({ "Fn::Join": ["", ["zone ", { "Fn::Select": [0, { "Ref": "Zones" }] }]] }),
        ),
        (
            "Join",
            dsl::join("-", [aws::region(), "x".into()]).into(),
            json!({ "Fn::Join": ["-", [{ "Ref": "AWS::Region" }, "x"]] }),
        ),
        (
            "Select",
            zones.get(1).into(),
            json!({ "Fn::Select": [1, { "Ref": "Zones" }] }),
        ),
        (
            "Split",
            stage.split("-").into(),
            json!({ "Fn::Split": ["-", { "Ref": "Stage" }] }),
        ),
        (
            "If",
            production.choose::<i64>(3, 1).into(),
            json!({ "Fn::If": ["Production", 3, 1] }),
        ),
        (
            "IfOnly",
            production.only::<String>("x").into(),
            json!({ "Fn::If": ["Production", "x", { "Ref": "AWS::NoValue" }] }),
        ),
        (
            "FindInMap",
            images.find::<String>(aws::region(), "arm").into(),
            json!({ "Fn::FindInMap": ["Images", { "Ref": "AWS::Region" }, "arm"] }),
        ),
        (
            "FindInMapDefault",
            images.find_or::<String>("x", "arm", "ami-0").into(),
            json!({ "Fn::FindInMap": ["Images", "x", "arm", { "DefaultValue": "ami-0" }] }),
        ),
        (
            "ImportValue",
            dsl::import_value::<String>(sub!("{}-vpc", stage)).into(),
            json!({ "Fn::ImportValue": { "Fn::Sub": "${Stage}-vpc" } }),
        ),
        (
            "GetStackOutput",
            StackOutput::new("network", "Vpc")
                .region("eu-west-1")
                .role("arn:aws:iam::111122223333:role/read")
                .value::<String>()
                .into(),
            json!({ "Fn::GetStackOutput": {
                "StackName": "network", "OutputName": "Vpc",
                "Region": "eu-west-1", "RoleArn": "arn:aws:iam::111122223333:role/read",
            } }),
        ),
        (
            "GetStackOutputInText",
            sub!("{}/x", StackOutput::new("network", "Vpc").value::<String>()).into(),
            json!({ "Fn::Join": ["", [
                { "Fn::GetStackOutput": { "StackName": "network", "OutputName": "Vpc" } }, "/x",
            ]] }),
        ),
        (
            "Base64",
            dsl::base64(sub!("#!/bin/sh\necho {}", stage)).into(),
            json!({ "Fn::Base64": { "Fn::Sub": "#!/bin/sh\necho ${Stage}" } }),
        ),
        (
            "Cidr",
            dsl::cidr("10.0.0.0/16", 4, 8).get(2).into(),
            json!({ "Fn::Select": [2, { "Fn::Cidr": ["10.0.0.0/16", 4, 8] }] }),
        ),
        (
            "GetAZs",
            dsl::availability_zones(aws::region()).into(),
            json!({ "Fn::GetAZs": { "Ref": "AWS::Region" } }),
        ),
        (
            "Transform",
            dsl::transform::<String>("AWS::Include", Object::new().with("Location", "s3://x"))
                .into(),
            json!({ "Fn::Transform": { "Name": "AWS::Include", "Parameters": { "Location": "s3://x" } } }),
        ),
        (
            "ToJsonString",
            dsl::to_json_string(document!({ "bucket": bucket.id() })).into(),
            json!({ "Fn::ToJsonString": { "bucket": { "Ref": "Bucket" } } }),
        ),
        (
            "Length",
            dsl::length(&zones).into(),
            json!({ "Fn::Length": { "Ref": "Zones" } }),
        ),
        (
            "SsmSecret",
            Secret::ssm_version("/a/b", 2).into(),
            json!("{{resolve:ssm-secure:/a/b:2}}"),
        ),
        (
            "Secret",
            Secret::secrets_manager_field(bucket.id(), "password").into(),
            json!({ "Fn::Sub": "{{resolve:secretsmanager:${Bucket}:SecretString:password}}" }),
        ),
    ];
    let mut thing = RawResource::new("AWS::New::Thing");
    for (name, expression, _) in &table {
        thing = thing.property(*name, expression.clone());
    }
    stack.add("Thing", thing);
    let template = Template::of(&stack);
    for (name, _, expected) in table {
        assert_eq!(template.properties("Thing")[name], expected, "{name}");
    }
}

#[test]
fn pseudo_parameters_have_their_names() {
    let stack = testing::app().stack("pseudo");
    let values: [(&str, Expression); 8] = [
        ("AccountId", aws::account_id().into()),
        ("Region", aws::region().into()),
        ("Partition", aws::partition().into()),
        ("URLSuffix", aws::url_suffix().into()),
        ("StackId", aws::stack_id().into()),
        ("StackName", aws::stack_name().into()),
        ("NotificationARNs", aws::notification_arns().into()),
        ("NoValue", aws::no_value::<String>().into()),
    ];
    let mut thing = RawResource::new("AWS::New::Thing");
    for (name, value) in values.clone() {
        thing = thing.property(name, value);
    }
    stack.add("Thing", thing);
    let template = Template::of(&stack);
    for (name, _) in values {
        let expected = json!({ "Ref": format!("AWS::{name}") });
        assert_eq!(template.properties("Thing")[name], expected);
    }
}

#[test]
fn conditions_combine() {
    let stack = testing::app().stack("conditions");
    let stage = stack.parameter("Stage", Parameter::text().default("staging"));
    let production = stack.condition("Production", stage.equals("production"));
    let region = aws::region().equals("us-east-1");
    let both = stack.condition("Both", region.clone().and(&production));
    let either = stack.condition("Either", (!&production).or(region).or(&both));
    let size = either.choose::<i64>(1, 2);
    let thing = RawResource::new("AWS::New::Thing").property("Size", size);
    stack.add("Thing", thing);
    let mut many = stage.equals("0").or(stage.equals("1"));
    for number in 2..12 {
        many = many.or(stage.equals(number.to_string()));
    }
    let many = stack.condition("Many", many);
    stack.output("Stage", &stage).condition(&many);

    let template = Template::of(&stack);
    let conditions = &template.json()["Conditions"];
    let region = json!({ "Fn::Equals": [{ "Ref": "AWS::Region" }, "us-east-1"] });
    assert_eq!(
        conditions["Production"],
        json!({ "Fn::Equals": [{ "Ref": "Stage" }, "production"] })
    );
    assert_eq!(
        conditions["Both"],
        json!({ "Fn::And": [region, { "Condition": "Production" }] })
    );
    assert_eq!(
        conditions["Either"],
        json!({ "Fn::Or": [
            { "Fn::Not": [{ "Condition": "Production" }] }, region, { "Condition": "Both" },
        ] })
    );
    let outer = conditions["Many"]["Fn::Or"]
        .as_array()
        .expect("it is a list");
    assert_eq!(outer.len(), 3, "ten tests at most stand in one function");
    assert_eq!(outer[0]["Fn::Or"].as_array().map(Vec::len), Some(10));
}

#[test]
fn sections_stand_in_cloudformation_s_order() {
    let stack = testing::app().stack("sections");
    stack
        .description("All of them")
        .metadata("Owner", "platform")
        .transform("AWS::LanguageExtensions");
    let subnets = stack.parameter(
        "Subnets",
        Parameter::<Vec<String>>::of_type("List<AWS::EC2::Subnet::Id>")
            .description("Where it runs")
            .default("subnet-1"),
    );
    let size = stack.parameter(
        "Size",
        Parameter::number()
            .default(2)
            .allowed_values([1, 2])
            .range(1.0, 2.5),
    );
    let token = Parameter::text()
        .default("abc")
        .length(1, 9)
        .allowed_pattern("[a-z]+")
        .constraint_description("small letters")
        .hidden();
    let token = stack.parameter("Token", token);
    stack.rule(
        "OneVpc",
        Rule::new()
            .when(token.is_one_of(["abc", "def"]))
            .assert(
                dsl::attribute_of_parameters("List<AWS::EC2::Subnet::Id>", "VpcId")
                    .each_equals("vpc-1"),
                "all subnets are of one VPC",
            )
            .assert(
                dsl::all_parameters_of("AWS::EC2::VPC::Id").each_is_one_of(["vpc-1"]),
                "the VPC is known",
            )
            .assert(
                dsl::attribute_of_parameter("Subnets", "VpcId").equals("vpc-1"),
                "the subnet is of the VPC",
            ),
    );
    let map = stack.mapping("Sizes", [("small", [("Count", Expression::from(1))])]);
    let small = stack.condition("Small", size.equals(1));
    let thing = RawResource::new("AWS::New::Thing")
        .property("Subnets", &subnets)
        .property("Token", &token)
        .property("Count", map.find::<i64>("small", "Count"));
    let thing = stack.add("Thing", thing);
    stack
        .output("ThingId", thing.id())
        .description("The thing")
        .export_name("thing-id")
        .condition(&small);

    let template = Template::of(&stack);
    let sections = template.json().as_object().expect("it is an object");
    let sections: Vec<&str> = sections.keys().map(String::as_str).collect();
    assert_eq!(
        sections,
        [
            "AWSTemplateFormatVersion",
            "Description",
            "Metadata",
            "Parameters",
            "Rules",
            "Mappings",
            "Conditions",
            "Transform",
            "Resources",
            "Outputs",
        ]
    );
    assert_eq!(
        template.json()["Parameters"],
        json!({
            "Subnets": { "Type": "List<AWS::EC2::Subnet::Id>", "Description": "Where it runs", "Default": "subnet-1" },
            "Size": { "Type": "Number", "Default": "2", "AllowedValues": ["1", "2"], "MinValue": 1, "MaxValue": 2.5 },
            "Token": {
                "Type": "String", "Default": "abc", "AllowedPattern": "[a-z]+", "ConstraintDescription": "small letters",
                "MinLength": 1, "MaxLength": 9, "NoEcho": true,
            },
        })
    );
    assert_eq!(
        template.json()["Rules"]["OneVpc"],
        json!({
            "RuleCondition": { "Fn::Contains": [["abc", "def"], { "Ref": "Token" }] },
            "Assertions": [
                {
                    "Assert": { "Fn::EachMemberEquals": [{ "Fn::ValueOfAll": ["List<AWS::EC2::Subnet::Id>", "VpcId"] }, "vpc-1"] },
                    "AssertDescription": "all subnets are of one VPC",
                },
                {
                    "Assert": { "Fn::EachMemberIn": [{ "Fn::RefAll": "AWS::EC2::VPC::Id" }, ["vpc-1"]] },
                    "AssertDescription": "the VPC is known",
                },
                {
                    "Assert": { "Fn::Equals": [{ "Fn::ValueOf": ["Subnets", "VpcId"] }, "vpc-1"] },
                    "AssertDescription": "the subnet is of the VPC",
                },
            ],
        })
    );
    assert_eq!(
        template.json()["Outputs"]["ThingId"],
        json!({
            "Description": "The thing", "Value": { "Ref": "Thing" }, "Condition": "Small",
            "Export": { "Name": "thing-id" },
        })
    );
}
