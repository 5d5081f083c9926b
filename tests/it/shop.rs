//! A shop of several stacks before and after a change of every kind, with services outside AWS.

use serde_json::{Value, json};

use crate::project::Project;

/// A project that is the shop as it becomes; `base` in it is an assembly of the shop as it was.
pub(crate) fn changed() -> Project {
    let project = Project::without_stacks();
    set(&project, false);
    std::fs::rename(project.path("assembly"), project.path("base")).expect("it can be moved");
    set(&project, true);
    project
}

fn set(project: &Project, is_new: bool) {
    let mut stacks = vec![
        ("network", network()),
        ("data", data(is_new)),
        ("identity", identity(is_new)),
        ("api", api(is_new)),
    ];
    if is_new {
        stacks.push(("monitoring", monitoring()));
    }
    let texts: Vec<(&str, String)> = stacks
        .iter()
        .map(|(name, template)| (*name, template.to_string()))
        .collect();
    project.set_assembly("local", &texts);
    let mut manifest = project.read_json("assembly/manifest.json");
    let before = [
        ("data", json!(["network"])),
        ("identity", json!(["network"])),
        ("api", json!(["data", "identity"])),
        ("monitoring", json!(["api"])),
    ];
    for stack in manifest["stacks"]
        .as_array_mut()
        .expect("stacks are listed")
    {
        if let Some((_, names)) = before.iter().find(|(name, _)| stack["name"] == *name) {
            stack["depends_on"] = names.clone();
        }
    }
    let external = |kind: &str, key: &str, before: Value| {
        json!({
            "provider": "vercel", "kind": kind, "key": key, "depends_on": before, "properties": {},
            "origin": {"path": format!("web/{kind}"), "source": "stacks/src/web.rs:12"},
        })
    };
    manifest["external"] = json!([
        external("project", "shop", json!(["identity"])),
        external(
            "env",
            "USER_POOL",
            json!(["identity", "vercel/project/shop"])
        ),
    ]);
    project.write("assembly/manifest.json", &manifest.to_string());
}

fn network() -> Value {
    json!({"Resources": {"Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "shop.example"}}}})
}

fn data(is_new: bool) -> Value {
    let source = if is_new { "0.0.0.0/0" } else { "10.0.0.0/8" };
    let mut template = json!({
        "Resources": {
            "Uploads": {
                "Type": "AWS::S3::Bucket", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
                "Properties": {"BucketName": if is_new { "shop-uploads-eu" } else { "shop-uploads" }}
            },
            "Mail": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"DisplayName": if is_new { "Bestellungen und Grüße 日本" } else { "Orders" }}
            },
            "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
            "Web": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
                "GroupDescription": "web", "VpcId": {"Ref": "Vpc"},
                "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": source}]
            }},
        },
        "Outputs": {
            "MailArn": {"Value": {"Ref": "Mail"}},
            "UploadsArn": {"Value": {"Fn::GetAtt": ["Uploads", "Arn"]}, "Export": {"Name": "shop-uploads"}}
        }
    });
    if !is_new {
        let archive = json!({"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"});
        template["Resources"]["Archive"] = archive;
    }
    template
}

fn identity(is_new: bool) -> Value {
    let code = if is_new {
        "Your Shop code is <b>{####}</b>"
    } else {
        "Your code is {####}"
    };
    json!({"Resources": {
        "Users": {"Type": "AWS::Cognito::UserPool", "Properties": {
            "Policies": {"PasswordPolicy": {"MinimumLength": if is_new { 12 } else { 8 }}},
            "VerificationMessageTemplate": {
                "EmailMessage": format!("<html>\n<p>Hello,</p>\n<p>{code}</p>\n<p>Goodbye and thank you for all the fish</p>\n</html>\n")
            }
        }},
        "Client": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {
            "UserPoolId": {"Ref": "Users"}, "GenerateSecret": is_new
        }}
    }})
}

fn api(is_new: bool) -> Value {
    let digest = if is_new { "b" } else { "a" }.repeat(64);
    let mut template = json!({"Resources": {}});
    for name in ["Checkout", "Search", "Cart", "Invoice"] {
        let action = if is_new && name == "Checkout" {
            "s3:*"
        } else {
            "s3:GetObject"
        };
        let resources = &mut template["Resources"];
        resources[format!("{name}Role")] = json!({"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"
            }]},
            "Policies": [{"PolicyName": "uploads", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": action, "Resource": {"Fn::ImportValue": "shop-uploads"}
            }]}}]
        }});
        resources[name] = json!({"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": {"Fn::GetAtt": [format!("{name}Role"), "Arn"]},
            "Code": {"S3Bucket": "assets", "S3Key": format!("{digest}.zip")},
            "Environment": {"Variables": {"MAIL": {"Fn::GetStackOutput": {
                "StackName": "sample-local-data", "OutputName": "MailArn"
            }}}}
        }});
        resources[format!("{name}Logs")] = json!({"Type": "AWS::Logs::LogGroup", "Properties": {
            "LogGroupName": {"Fn::Sub": format!("/aws/lambda/${{{name}}}")},
            "RetentionInDays": if is_new { 30 } else { 14 }
        }});
    }
    template
}

fn monitoring() -> Value {
    let mut template = json!({"Resources": {"Pager": {"Type": "AWS::SNS::Topic"}}});
    for number in 0..5 {
        template["Resources"][format!("Alarm{number}")] = json!({"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": number,
            "AlarmActions": [{"Ref": "Pager"}], "MetricName": "Errors", "Namespace": "AWS/Lambda", "Period": 60,
            "Statistic": "Sum"
        }});
    }
    template
}
