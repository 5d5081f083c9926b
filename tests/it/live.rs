//! What CloudFormation's detection does not reach is read from the services: from moto, which is not ours, and from the
//! embedded endpoint, which the AWS CLI reads too.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use engine::{Assembly, Aws, AwsOptions, DriftReport, DriftStatus, Engine, Pace};
use plan::SchemaFacts;
use serde_json::{Value, json};

use crate::{
    aws_cli::AwsCli,
    project::{Project, tool},
};

const ACCOUNT: &str = "000000000000";

/// A running moto; it ends with the test.
struct Moto {
    child: Child,
    address: String,
}

impl Moto {
    fn start() -> Self {
        // Nobody else takes a port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("there is a free port").port().to_string();
        let mut child = Command::new(tool("moto/bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port])
            .env("MOTO_ACCOUNT_ID", ACCOUNT)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto can be started");
        let errors = child.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(errors).lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains("Running on")),
            "moto did not start"
        );
        // It goes on to say what it is asked, which somebody must read.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address: format!("http://127.0.0.1:{port}"),
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn document(action: &str, resource: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

/// A policy as a word of a command line.
fn word(action: &str, resource: &str) -> String {
    document(action, &json!(resource)).to_string()
}

fn trust(service: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})
}

/// What moto's own CloudFormation can make, among it a policy that no detection of drift reaches.
fn app() -> Value {
    json!({"Resources": {
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {
            "BucketName": "sample-files",
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "RestrictPublicBuckets": true},
            "Tags": [{"Key": "owner", "Value": "us"}],
        }},
        "Reader": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "reader", "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
        }},
        "Reads": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "reads",
            "Roles": [{"Ref": "Reader"}],
            "PolicyDocument": document("s3:GetObject", &json!([{"Fn::Sub": "${Files.Arn}/*"}])),
        }},
        "Limit": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "PolicyDocument": document("s3:*", &json!("*")),
        }},
        "Alarms": {"Type": "AWS::SNS::Topic"},
    }})
}

/// Logical ids and statuses, with the properties that differ.
fn told(report: &Value) -> Vec<String> {
    let resources = report["stacks"][0]["resources"].as_array();
    let line = |resource: &Value| {
        let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
        let properties = resource["properties"].as_array().into_iter().flatten();
        let paths: Vec<String> = properties
            .map(|property| {
                let parts = property["path"].as_array().into_iter().flatten();
                let parts: Vec<&str> = parts.filter_map(Value::as_str).collect();
                parts.join(".")
            })
            .collect();
        let line = format!(
            "{} {} {}",
            text("logical_id"),
            text("status"),
            paths.join(",")
        );
        line.trim_end().to_owned()
    };
    resources.into_iter().flatten().map(line).collect()
}

#[test]
#[ignore = "needs moto and the AWS CLI"]
fn services_tell_where_nothing_detects_drift() {
    let moto = Moto::start();
    let project = Project::with_stacks([("app", app())]);
    project.write("app.json", &app().to_string());
    let mut aws = AwsCli::start(&project, &moto.address);
    aws.good(
        "cloudformation create-stack --stack-name sample-local-app --template-body file://app.json",
    );
    let drift = format!(
        "drift -e local --endpoint-url {} --json --detailed-exitcode",
        moto.address
    );

    // Its CloudFormation does not know of this property, nor do we take that for granted.
    let before = project.run(&drift).ended_with(3).json();
    assert_eq!(
        told(&before),
        [
            "Files modified PublicAccessBlockConfiguration",
            "Reader in_sync",
            "Reads in_sync",
            "Limit in_sync",
            "Alarms unchecked",
        ],
        "{before:#}"
    );
    assert!(before["stacks"][0]["problem"].is_string());
    aws.good(
        "s3api put-public-access-block --bucket sample-files --public-access-block-configuration \
         BlockPublicAcls=true,IgnorePublicAcls=false,BlockPublicPolicy=false,RestrictPublicBuckets=true",
    );
    let clean = project.run(&drift).ended_with(0).json();
    assert_eq!(told(&clean)[0], "Files in_sync", "{clean:#}");

    let arn = clean["stacks"][0]["resources"][3]["physical_id"].as_str();
    let arn = arn.expect("a managed policy is called by its ARN");
    aws.good(&format!(
        "iam put-role-policy --role-name reader --policy-name reads --policy-document {}",
        word("s3:*", "arn:aws:s3:::sample-files/*")
    ));
    aws.good(&format!(
        "iam update-assume-role-policy --role-name reader --policy-document {}",
        trust("ec2.amazonaws.com")
    ));
    aws.good(&format!(
        "iam create-policy-version --set-as-default --policy-arn {arn} --policy-document {}",
        word("*", "*")
    ));
    aws.good(
        "s3api put-bucket-tagging --bucket sample-files --tagging TagSet=[{Key=owner,Value=them}]",
    );
    let changed = project.run(&drift).ended_with(3).json();
    assert_eq!(
        told(&changed),
        [
            "Files modified Tags.0.Value",
            "Reader modified AssumeRolePolicyDocument.Statement.0.Principal.Service",
            "Reads modified PolicyDocument.Statement.0.Action",
            "Limit modified PolicyDocument.Statement.0.Action",
            "Alarms unchecked",
        ],
        "{changed:#}"
    );

    aws.good("iam delete-role-policy --role-name reader --policy-name reads");
    aws.good("s3api delete-bucket --bucket sample-files");
    let gone = project.run(&drift).ended_with(3).json();
    let gone = told(&gone);
    assert_eq!(
        (gone[0].as_str(), gone[2].as_str()),
        ("Files deleted", "Reads deleted")
    );
}

/// What moto's CloudFormation cannot make, with these ids of what stands in moto already.
fn identity() -> Value {
    let kept = |type_name: &str, properties: Value| {
        json!({
            "Type": type_name, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": properties,
        })
    };
    json!({"Resources": {
        "Users": kept("AWS::Cognito::UserPool", json!({
            "UserPoolName": "users",
            "UsernameAttributes": ["email"],
            "MfaConfiguration": "OPTIONAL",
            "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
            "Policies": {"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": true}},
            "Schema": [{"Name": "plan", "AttributeDataType": "String", "Mutable": true}],
        })),
        "Web": kept("AWS::Cognito::UserPoolClient", json!({
            "UserPoolId": {"Ref": "Users"},
            "ClientName": "web",
            "GenerateSecret": false,
            "CallbackURLs": ["https://a.example", "http://localhost:3000"],
        })),
        "Backend": kept("AWS::Cognito::UserPoolClient", json!({
            "UserPoolId": {"Ref": "Users"}, "ClientName": "backend", "GenerateSecret": true,
        })),
        "SignIn": kept("AWS::Cognito::UserPoolDomain", json!({"UserPoolId": {"Ref": "Users"}, "Domain": "sign-in"})),
        "GitHub": kept("AWS::IAM::OIDCProvider", json!({
            "Url": "https://token.actions.githubusercontent.com", "ClientIdList": ["sts.amazonaws.com"],
        })),
        "Budget": kept("AWS::Budgets::Budget", json!({
            "Budget": {
                "BudgetName": "monthly", "BudgetType": "COST", "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 100, "Unit": "USD"},
            },
            "NotificationsWithSubscribers": [{
                "Notification": {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80},
                "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "a@b.example"}],
            }],
        })),
    }})
}

fn connect(address: &str) -> AwsOptions {
    AwsOptions {
        region: "us-east-1".to_owned(),
        account: ACCOUNT.to_owned(),
        endpoint_url: Some(address.to_owned()),
        embedded: true,
        ..AwsOptions::default()
    }
}

/// The drift of stacks in one place whose resources are in another.
fn drift(project: &Project, stacks: &str, services: &str) -> DriftReport {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async {
        let assembly = Assembly::load(&project.path("assembly")).expect("it is one");
        let cloud = Aws::connect(connect(stacks)).await;
        let services = Aws::connect(connect(services)).await;
        let ignore = |_| {};
        let engine = Engine::new(&cloud, &SchemaFacts, Pace::embedded(1), "test", &ignore);
        let report = engine.drift(&cloud, &services, &assembly, &[]).await;
        report.expect("it can be read")
    })
}

fn as_told(report: &DriftReport) -> Vec<String> {
    told(&serde_json::to_value(report).expect("it is data"))
}

#[test]
#[ignore = "needs moto and the AWS CLI"]
fn sign_in_and_budgets_are_read_from_their_services() {
    let moto = Moto::start();
    let project = Project::with_stacks([("identity", identity())]);
    project.write("faults.json", r#"{"deny": ["DetectStackDrift"]}"#);
    let (_server, embedded) = project.serve("--faults faults.json");
    let mut there = AwsCli::start(&project, &moto.address);
    let pool = there.json(
        "cognito-idp create-user-pool --pool-name users --username-attributes email --mfa-configuration OPTIONAL \
         --policies PasswordPolicy={MinimumLength=12,RequireNumbers=true} \
         --schema Name=plan,AttributeDataType=String,Mutable=true",
    );
    let pool = pool["UserPool"]["Id"].as_str().expect("it has an id");
    there.good(&format!(
        "cognito-idp set-user-pool-mfa-config --user-pool-id {pool} --mfa-configuration OPTIONAL \
         --software-token-mfa-configuration Enabled=true"
    ));
    let client = there.json(&format!(
        "cognito-idp create-user-pool-client --user-pool-id {pool} --client-name web \
         --callback-urls https://a.example http://localhost:3000"
    ));
    let client = client["UserPoolClient"]["ClientId"].as_str();
    let client = client.expect("it has an id");
    let backend = there.json(&format!(
        "cognito-idp create-user-pool-client --user-pool-id {pool} --client-name backend --generate-secret"
    ));
    let member = |name: &str| {
        backend["UserPoolClient"][name]
            .as_str()
            .expect("it has one")
    };
    let (backend, secret) = (member("ClientId"), member("ClientSecret"));
    there.good(&format!(
        "cognito-idp create-user-pool-domain --user-pool-id {pool} --domain sign-in"
    ));
    let create_provider = "iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com \
                           --client-id-list sts.amazonaws.com";
    there.good(create_provider);
    let budget = |limit: &str| {
        format!(
            "budgets create-budget --account-id {ACCOUNT} --budget BudgetName=monthly,BudgetType=COST,TimeUnit=MONTHLY,\
             BudgetLimit={{Amount={limit},Unit=USD}} \
             --notifications-with-subscribers Notification={{NotificationType=ACTUAL,\
             ComparisonOperator=GREATER_THAN,Threshold=80}},Subscribers=[{{SubscriptionType=EMAIL,Address=a@b.example}}]"
        )
    };
    there.good(&budget("100.0"));

    // The stack takes in what is there.
    let provider =
        format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com");
    let taken = json!([
        {"ResourceType": "AWS::Cognito::UserPool", "LogicalResourceId": "Users", "ResourceIdentifier": {"UserPoolId": pool}},
        {"ResourceType": "AWS::Cognito::UserPoolClient", "LogicalResourceId": "Web", "ResourceIdentifier": {"ClientId": client}},
        {"ResourceType": "AWS::Cognito::UserPoolClient", "LogicalResourceId": "Backend", "ResourceIdentifier": {"ClientId": backend}},
        {"ResourceType": "AWS::Cognito::UserPoolDomain", "LogicalResourceId": "SignIn", "ResourceIdentifier": {"Domain": "sign-in"}},
        {"ResourceType": "AWS::IAM::OIDCProvider", "LogicalResourceId": "GitHub", "ResourceIdentifier": {"Arn": provider}},
        {"ResourceType": "AWS::Budgets::Budget", "LogicalResourceId": "Budget", "ResourceIdentifier": {"Id": "monthly"}},
    ]);
    project.write("identity.json", &identity().to_string());
    project.write("taken.json", &taken.to_string());
    let mut here = AwsCli::start(&project, &embedded);
    let named = "--stack-name sample-local-identity --change-set-name taken";
    here.good(&format!(
        "cloudformation create-change-set {named} --change-set-type IMPORT --template-body file://identity.json \
         --resources-to-import file://taken.json"
    ));
    here.good(&format!("cloudformation execute-change-set {named}"));
    here.good("cloudformation wait stack-import-complete --stack-name sample-local-identity");

    let clean = drift(&project, &embedded, &moto.address);
    assert_eq!(
        as_told(&clean),
        [
            "Users in_sync",
            "GitHub in_sync",
            "Budget in_sync",
            "Web in_sync",
            "Backend unchecked",
            "SignIn in_sync",
        ],
        "{clean:#?}"
    );
    // Nothing of a client is asked for that has a secret: the answer would tell it.
    let told = format!("{clean:?}");
    assert!(told.contains("answers with its secret"), "{told}");
    assert!(!told.contains(secret), "{told}");
    // It cannot say who is told, which is not taken for nobody.
    let budget_drift = &clean.stacks[0].resources[2];
    assert_eq!(
        budget_drift.unchecked[0].path,
        ["NotificationsWithSubscribers"]
    );

    there.good(&format!(
        "cognito-idp set-user-pool-mfa-config --user-pool-id {pool} --mfa-configuration OFF"
    ));
    there.good(&format!(
        "cognito-idp update-user-pool --user-pool-id {pool} \
         --policies PasswordPolicy={{MinimumLength=8,RequireNumbers=true}}"
    ));
    there.good(&format!(
        "cognito-idp update-user-pool-client --user-pool-id {pool} --client-id {client} \
         --callback-urls https://evil.example http://localhost:3000"
    ));
    there.good(&format!(
        "iam delete-open-id-connect-provider --open-id-connect-provider-arn {provider}"
    ));
    there.good(&format!("{create_provider} other"));
    there.good(&format!(
        "cognito-idp delete-user-pool-domain --user-pool-id {pool} --domain sign-in"
    ));
    there.good(&format!(
        "budgets delete-budget --account-id {ACCOUNT} --budget-name monthly"
    ));
    there.good(&budget("900"));
    let changed = drift(&project, &embedded, &moto.address);
    let mut told = as_told(&changed);
    let web = told.remove(3);
    assert!(web.starts_with("Web modified CallbackURLs.0"), "{web}");
    assert_eq!(
        told,
        [
            // With an update moto forgets the last of these, which AWS keeps for ever.
            "Users modified EnabledMfas.0,MfaConfiguration,Policies.PasswordPolicy.MinimumLength,UsernameAttributes",
            "GitHub modified ClientIdList.1",
            "Budget modified Budget.BudgetLimit.Amount",
            "Backend unchecked",
            "SignIn deleted",
        ],
        "{changed:#?}"
    );

    there.good(&format!(
        "cognito-idp delete-user-pool-client --user-pool-id {pool} --client-id {client}"
    ));
    there.good(&format!(
        "cognito-idp delete-user-pool --user-pool-id {pool}"
    ));
    let gone = drift(&project, &embedded, &moto.address);
    let deleted = gone.count(DriftStatus::Deleted);
    assert_eq!(deleted, 3, "{:?}", as_told(&gone));
}

/// A bucket with all that is read of one.
fn files() -> Value {
    json!({"Resources": {"Files": {"Type": "AWS::S3::Bucket", "Properties": {
        "BucketName": "sample-files",
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": true}]},
        "CorsConfiguration": {"CorsRules": [{
            "AllowedHeaders": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://a.example"],
            "ExposedHeaders": ["ETag"], "MaxAge": 60}]},
        "LifecycleConfiguration": {"Rules": [
            {"Status": "Enabled", "ExpirationInDays": 1},
            {"Id": "old", "Status": "Enabled", "Prefix": "old/", "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
             "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "RestrictPublicBuckets": true},
        "Tags": [{"Key": "owner", "Value": "us"}],
        "VersioningConfiguration": {"Status": "Enabled"},
    }}}})
}

/// A role, and policies of it of all kinds.
fn access() -> Value {
    json!({"Resources": {
        "Reader": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "reader", "Path": "/app/", "Description": "reads",
            "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "Policies": [{"PolicyName": "own", "PolicyDocument": document("s3:ListAllMyBuckets", &json!("*"))}],
        }},
        "Reads": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "reads",
            "Roles": [{"Ref": "Reader"}],
            "PolicyDocument": document("s3:GetObject", &json!("arn:aws:s3:::sample-files/*")),
        }},
        "Limit": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "ManagedPolicyName": "limit",
            "Roles": [{"Ref": "Reader"}],
            "PolicyDocument": document("s3:*", &json!("*")),
        }},
    }})
}

/// The statuses that a report tells, by logical id, of several stacks.
fn statuses(report: &Value) -> Vec<String> {
    let stacks = report["stacks"].as_array().into_iter().flatten();
    stacks
        .flat_map(|stack| told(&json!({"stacks": [stack]})))
        .collect()
}

#[test]
#[ignore = "needs the AWS CLI"]
fn the_embedded_endpoint_tells_of_each_service_what_stacks_have_made() {
    let project = Project::with_stacks([
        ("files", files()),
        ("access", access()),
        ("identity", identity()),
    ]);
    project.write("faults.json", r#"{"deny": ["DetectStackDrift"]}"#);
    let (_server, address) = project.serve("--faults faults.json");
    project.run("deploy -e local").ended_with(0);
    // CloudFormation tells nothing; the services tell all but what would tell a secret.
    let drift = "drift -e local --json --detailed-exitcode";
    let clean = project.run(drift).ended_with(0).json();
    let expected = [
        "Files in_sync",
        "Reader in_sync",
        "Reads in_sync",
        "Limit in_sync",
        "Users in_sync",
        "GitHub in_sync",
        "Budget in_sync",
        "Web in_sync",
        "Backend unchecked",
        "SignIn in_sync",
    ];
    let found = |report: &Value, expected: &[&str]| {
        let (mut found, mut expected) = (statuses(report), expected.to_vec());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{report:#}");
    };
    found(&clean, &expected);
    let stacks = clean["stacks"].as_array().expect("stacks are listed");
    let resources = stacks
        .iter()
        .flat_map(|stack| stack["resources"].as_array())
        .flatten();
    let id = |name: &str| {
        let mut resources = resources.clone();
        let found = resources.find(|one| one["logical_id"] == name);
        let id = found.and_then(|one| one["physical_id"].as_str());
        id.expect("it exists").to_owned()
    };
    assert!(resources.clone().all(|one| one.get("unchecked").is_none()));

    // Software that is not ours reads the same.
    let mut aws = AwsCli::start(&project, &address);
    let role = aws.json("iam get-role --role-name reader");
    let role = &role["Role"];
    assert_eq!(role["Arn"], "arn:aws:iam::000000000000:role/app/reader");
    assert_eq!(
        (&role["Description"], &role["AssumeRolePolicyDocument"]),
        (&json!("reads"), &trust("lambda.amazonaws.com"))
    );
    let inline = aws.json("iam get-role-policy --role-name reader --policy-name reads");
    assert_eq!(
        inline["PolicyDocument"]["Statement"][0]["Action"],
        "s3:GetObject"
    );
    let attached = aws.json("iam list-attached-role-policies --role-name reader");
    let names: Vec<&Value> = attached["AttachedPolicies"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["PolicyName"])
        .collect();
    assert_eq!(names, ["limit", "ReadOnlyAccess"]);
    let limit = id("Limit");
    let policy = aws.json(&format!("iam get-policy --policy-arn {limit}"));
    assert_eq!(policy["Policy"]["AttachmentCount"], 1);
    let version = aws.json(&format!(
        "iam get-policy-version --policy-arn {limit} --version-id v1"
    ));
    let version = &version["PolicyVersion"]["Document"]["Statement"][0];
    assert_eq!(version["Action"], "s3:*");
    let holders = aws.json(&format!(
        "iam list-entities-for-policy --policy-arn {limit}"
    ));
    assert_eq!(holders["PolicyRoles"][0]["RoleName"], "reader");
    aws.bad("iam get-role --role-name other", "NoSuchEntity");

    aws.good("s3api head-bucket --bucket sample-files");
    let mut read = |what: &str| aws.json(&format!("s3api get-{what} --bucket sample-files"));
    let encryption = read("bucket-encryption");
    let rule = &encryption["ServerSideEncryptionConfiguration"]["Rules"][0];
    assert_eq!(
        *rule,
        json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": true})
    );
    assert_eq!(read("bucket-versioning")["Status"], "Enabled");
    let cors = read("bucket-cors");
    assert_eq!(
        cors["CORSRules"],
        json!([{"AllowedHeaders": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://a.example"],
                "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}])
    );
    let lifecycle = read("bucket-lifecycle-configuration");
    let rules = &lifecycle["Rules"];
    assert_eq!(
        (&rules[0]["Expiration"], &rules[1]["Filter"]),
        (&json!({"Days": 1}), &json!({"Prefix": "old/"}))
    );
    let block = read("public-access-block");
    assert_eq!(
        block["PublicAccessBlockConfiguration"],
        json!({"BlockPublicAcls": true, "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": true})
    );
    let ownership = read("bucket-ownership-controls");
    let ownership = &ownership["OwnershipControls"]["Rules"][0]["ObjectOwnership"];
    assert_eq!(*ownership, "BucketOwnerEnforced");
    let tags = read("bucket-tagging");
    let tags = tags["TagSet"].as_array().expect("it has tags");
    assert!(tags.contains(&json!({"Key": "owner", "Value": "us"})));
    aws.bad(
        "s3api get-bucket-policy --bucket sample-files",
        "NoSuchBucketPolicy",
    );
    aws.bad("s3api get-bucket-policy --bucket other", "NoSuchBucket)");

    let (pool, client) = (id("Users"), id("Web"));
    let users = aws.json(&format!(
        "cognito-idp describe-user-pool --user-pool-id {pool}"
    ));
    let users = &users["UserPool"];
    assert_eq!(
        (
            &users["Name"],
            &users["Policies"]["PasswordPolicy"]["MinimumLength"]
        ),
        (&json!("users"), &json!(12))
    );
    let factors = aws.json(&format!(
        "cognito-idp get-user-pool-mfa-config --user-pool-id {pool}"
    ));
    assert_eq!(factors["SoftwareTokenMfaConfiguration"]["Enabled"], true);
    let web = aws.json(&format!(
        "cognito-idp describe-user-pool-client --user-pool-id {pool} --client-id {client}"
    ));
    assert_eq!(web["UserPoolClient"]["ClientName"], "web");
    let sign_in = aws.json("cognito-idp describe-user-pool-domain --domain sign-in");
    assert_eq!(sign_in["DomainDescription"]["UserPoolId"], pool);
    let nowhere = aws.json("cognito-idp describe-user-pool-domain --domain other");
    assert_eq!(nowhere["DomainDescription"], json!({}));
    aws.bad(
        "cognito-idp describe-user-pool --user-pool-id us-east-1_other",
        "ResourceNotFoundException",
    );

    let of_budget = format!("--account-id {ACCOUNT} --budget-name monthly");
    let budget = aws.json(&format!("budgets describe-budget {of_budget}"));
    assert_eq!(
        budget["Budget"]["BudgetLimit"],
        json!({"Amount": "100.0", "Unit": "USD"})
    );
    let notifications = aws.json(&format!(
        "budgets describe-notifications-for-budget {of_budget}"
    ));
    assert_eq!(notifications["Notifications"][0]["Threshold"], 80.0);
    let subscribers = aws.json(&format!(
        "budgets describe-subscribers-for-notification {of_budget} --notification \
         NotificationType=ACTUAL,ComparisonOperator=GREATER_THAN,Threshold=80"
    ));
    assert_eq!(subscribers["Subscribers"][0]["Address"], "a@b.example");
    aws.bad(
        &format!("budgets describe-budget --account-id {ACCOUNT} --budget-name other"),
        "NotFoundException",
    );

    // What something else changes they tell too.
    let mut change = |type_name: &str, identifier: &str, path: &str, value: Value| {
        let patch = json!([{"op": "replace", "path": path, "value": value}]);
        let asked = json!({
            "TypeName": type_name, "Identifier": identifier, "PatchDocument": patch.to_string(),
        });
        aws.json(&format!(
            "cloudcontrol update-resource --cli-input-json {asked}"
        ));
    };
    let (bucket, length) = ("AWS::S3::Bucket", "/Policies/PasswordPolicy/MinimumLength");
    change(
        bucket,
        "sample-files",
        "/VersioningConfiguration/Status",
        json!("Suspended"),
    );
    change(
        bucket,
        "sample-files",
        "/LifecycleConfiguration/Rules/0/ExpirationInDays",
        json!(9),
    );
    change("AWS::Cognito::UserPool", &pool, length, json!(6));
    change(
        "AWS::IAM::Policy",
        &id("Reads"),
        "/PolicyDocument/Statement/0/Action",
        json!("s3:*"),
    );
    change(
        "AWS::Budgets::Budget",
        &id("Budget"),
        "/Budget/BudgetLimit/Amount",
        json!(900),
    );
    let changed = project.run(drift).ended_with(3).json();
    let mut expected = expected;
    expected[0] = "Files modified LifecycleConfiguration.Rules.0.ExpirationInDays,VersioningConfiguration.Status";
    expected[2] = "Reads modified PolicyDocument.Statement.0.Action";
    expected[4] = "Users modified Policies.PasswordPolicy.MinimumLength";
    expected[6] = "Budget modified Budget.BudgetLimit.Amount";
    found(&changed, &expected);
}
