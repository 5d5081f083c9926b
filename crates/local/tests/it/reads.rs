//! Reads of what stacks have made, from the services themselves: as it is now, and only to who may see it.

use serde_json::{Value, json};

use crate::client::{Answer, Client, Endpoint};

fn stack() -> Value {
    let role = "arn:aws:iam::000000000000:role/reader";
    let allow = |action: &str, resource: &str| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    json!({"Resources": {
        "Reader": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "reader",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "Policies": [{"PolicyName": "reads", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                allow("iam:GetRole", role),
                allow("s3:GetEncryptionConfiguration", "arn:aws:s3:::files"),
                allow("cognito-idp:DescribeUserPoolDomain", "*"),
                allow("budgets:ViewBudget", "arn:aws:budgets::000000000000:budget/monthly"),
            ]}}],
        }},
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {
            "BucketName": "files", "Tags": [{"Key": "owner", "Value": "us"}]}},
        "Plain": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "plain"}},
        "Users": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "users"}},
        "SignIn": {"Type": "AWS::Cognito::UserPoolDomain", "Properties": {
            "UserPoolId": {"Ref": "Users"}, "Domain": "sign-in"}},
        "Budget": {"Type": "AWS::Budgets::Budget", "Properties": {"Budget": {
            "BudgetName": "monthly", "BudgetType": "COST", "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "7", "Unit": "USD"}}}},
    }})
}

/// An endpoint with the stack.
fn deployed() -> Endpoint {
    let endpoint = Endpoint::start();
    let template = stack().to_string();
    let fields = [
        ("StackName", "app"),
        ("TemplateBody", template.as_str()),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
    ];
    endpoint.client.call("CreateStack", &fields).good();
    assert_eq!(endpoint.client.wait("app"), "CREATE_COMPLETE");
    endpoint
}

/// Who asks: nobody in particular, or a session of a role.
#[derive(Clone, Copy)]
struct Caller<'a> {
    client: Client,
    token: Option<&'a str>,
}

impl Caller<'_> {
    fn send(self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut headers = headers.to_vec();
        headers.extend(self.token.map(|token| ("x-amz-security-token", token)));
        let sent = self.client.send(method, path, &headers, body.as_bytes());
        sent.unwrap()
    }

    fn query(self, version: &str, fields: &str) -> Answer {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", "/", &form, &format!("{fields}&Version={version}"))
    }

    fn iam(self, fields: &str) -> Answer {
        self.query("2010-05-08", fields)
    }

    fn s3(self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    fn json(self, target: &str, input: &Value) -> Answer {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target),
        ];
        self.send("POST", "/", &headers, &input.to_string())
    }
}

const COGNITO: &str = "AWSCognitoIdentityProviderService";
const BUDGETS: &str = "AWSBudgetServiceGateway";

#[test]
fn a_session_reads_what_its_role_allows() {
    let endpoint = deployed();
    let client = endpoint.client;
    let all = Caller {
        client,
        token: None,
    };
    let assume =
        "Action=AssumeRole&RoleSessionName=me&RoleArn=arn:aws:iam::000000000000:role/reader";
    let token = all.query("2011-06-15", assume).good().text("SessionToken");
    let token = token.unwrap();
    let session = Caller {
        client,
        token: Some(&token),
    };
    let pool = client.physical("app", "Users");
    let budget = |name: &str| json!({"AccountId": "000000000000", "BudgetName": name});
    let read = |caller: Caller<'_>| {
        [
            (true, caller.iam("Action=GetRole&RoleName=reader")),
            (
                false,
                caller.iam("Action=ListAttachedRolePolicies&RoleName=reader"),
            ),
            (true, caller.s3("/files?encryption")),
            (false, caller.s3("/plain?encryption")),
            (false, caller.s3("/files?tagging")),
            (
                true,
                caller.json(
                    &format!("{COGNITO}.DescribeUserPoolDomain"),
                    &json!({"Domain": "sign-in"}),
                ),
            ),
            (
                false,
                caller.json(
                    &format!("{COGNITO}.DescribeUserPool"),
                    &json!({"UserPoolId": pool}),
                ),
            ),
            (
                true,
                caller.json(&format!("{BUDGETS}.DescribeBudget"), &budget("monthly")),
            ),
            (
                false,
                caller.json(&format!("{BUDGETS}.DescribeBudget"), &budget("other")),
            ),
        ]
    };
    for (place, (allowed, answer)) in read(session).into_iter().enumerate() {
        assert_eq!(answer.status == 200, allowed, "{place}: {answer:?}");
        let is_denied = answer.body.contains("AccessDenied");
        assert_eq!(is_denied, !allowed, "{place}: {answer:?}");
    }
    // Without a session everybody is let in.
    for (place, (_, answer)) in read(all).into_iter().enumerate() {
        assert!(!answer.body.contains("Denied"), "{place}: {answer:?}");
    }
}

#[test]
fn what_is_not_set_is_told_as_each_service_does() {
    let endpoint = deployed();
    let all = Caller {
        client: endpoint.client,
        token: None,
    };
    for (path, code) in [
        ("/files?cors", "NoSuchCORSConfiguration"),
        ("/files?lifecycle", "NoSuchLifecycleConfiguration"),
        ("/files?policy", "NoSuchBucketPolicy"),
        ("/other?tagging", "NoSuchBucket"),
    ] {
        let answer = all.s3(path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.text("Code").as_deref(), Some(code), "{path}");
    }
    // A new bucket is encrypted, private, and never was versioned.
    for (path, element, value) in [
        ("/files?encryption", "SSEAlgorithm", "AES256"),
        ("/files?publicAccessBlock", "BlockPublicPolicy", "true"),
        (
            "/files?ownershipControls",
            "ObjectOwnership",
            "BucketOwnerEnforced",
        ),
    ] {
        let answer = all.s3(path);
        assert_eq!(answer.text(element).as_deref(), Some(value), "{answer:?}");
    }
    assert_eq!(all.s3("/files?versioning").text("Status"), None);
    let nowhere = json!({"Domain": "other"});
    let nowhere = all.json(&format!("{COGNITO}.DescribeUserPoolDomain"), &nowhere);
    assert_eq!(nowhere.body, r#"{"DomainDescription":{}}"#);
    let (code, _) = all.iam("Action=GetRole&RoleName=other").refused();
    assert_eq!(code, "NoSuchEntity");
}

#[test]
fn what_something_else_has_made_of_a_resource_is_told() {
    let endpoint = deployed();
    let all = Caller {
        client: endpoint.client,
        token: None,
    };
    let patch = json!([{"op": "remove", "path": "/Tags"}]).to_string();
    let change =
        json!({"TypeName": "AWS::S3::Bucket", "Identifier": "files", "PatchDocument": patch});
    assert!(all.s3("/files?tagging").body.contains("owner"));
    let answer = all.json("CloudApiService.UpdateResource", &change);
    assert_eq!(answer.status, 200, "{answer:?}");
    // CloudFormation's own stay.
    let tags = all.s3("/files?tagging").body;
    assert!(tags.contains("aws:cloudformation:stack-name") && !tags.contains("owner"));
    let gone = json!({"TypeName": "AWS::IAM::Role", "Identifier": "reader"});
    let answer = all.json("CloudApiService.DeleteResource", &gone);
    assert_eq!(answer.status, 200, "{answer:?}");
    let (code, _) = all.iam("Action=GetRole&RoleName=reader").refused();
    assert_eq!(code, "NoSuchEntity");
}
