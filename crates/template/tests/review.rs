//! What the rules beyond validation say: for every rule what breaks it, with the place, and what keeps to it.

use template::{Circumstances, RULES, Suppression, Template, check, suppressions};

const TODAY: &str = "2026-11-23";

/// Findings of the rules beyond validation as `rule path`; those that are accepted are left out.
fn found_in(text: &str, accepted: &[Suppression]) -> Vec<String> {
    let template = Template::parse(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    let circumstances = Circumstances::on(TODAY).accepting(accepted.iter().cloned());
    check(&template, &circumstances)
        .iter()
        .filter(|finding| finding.suppressed.is_none() && finding.rule >= "CIF070")
        .map(|finding| format!("{} {}", finding.rule, finding.path.join(".")))
        .collect()
}

/// Findings in one resource `R` of a type; paths begin at its properties.
fn in_properties(type_name: &str, properties: &str) -> Vec<String> {
    let text = format!("Resources:\n  R:\n    Type: {type_name}\n    Properties: {properties}\n");
    found_in(&text, &[])
        .into_iter()
        .map(|finding| {
            finding
                .replace("Resources.R.Properties.", "")
                .replace(" Resources.R", "")
        })
        .collect()
}

#[track_caller]
fn assert_found(type_name: &str, properties: &str, expected: &[&str]) {
    assert_eq!(
        in_properties(type_name, properties),
        expected,
        "{type_name} {properties}"
    );
}

#[track_caller]
fn assert_statement(type_name: &str, statement: &str, expected: &[&str]) {
    let document = format!("{{Version: '2012-10-17', Statement: [{statement}]}}");
    let (properties, place) = match type_name {
        "AWS::IAM::Role" => (
            format!("{{AssumeRolePolicyDocument: {document}}}"),
            "AssumeRolePolicyDocument",
        ),
        "AWS::KMS::Key" => (
            format!("{{EnableKeyRotation: true, KeyPolicy: {document}}}"),
            "KeyPolicy",
        ),
        "AWS::IAM::ManagedPolicy" => (format!("{{PolicyDocument: {document}}}"), "PolicyDocument"),
        "AWS::S3::BucketPolicy" => (
            format!("{{Bucket: files, PolicyDocument: {document}}}"),
            "PolicyDocument",
        ),
        "AWS::SNS::TopicPolicy" => (
            format!("{{Topics: [x], PolicyDocument: {document}}}"),
            "PolicyDocument",
        ),
        other => panic!("where does {other} have its statements?"),
    };
    let expected: Vec<String> = expected
        .iter()
        .map(|expected| expected.replace('@', &format!("{place}.Statement.0")))
        .collect();
    assert_eq!(
        in_properties(type_name, &properties),
        expected,
        "{type_name} {statement}"
    );
}

#[test]
fn principals_are_ones_that_can_exist() {
    let trusts = |principal: &str| {
        format!(
            "{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {principal}, Condition: {{Bool: {{a: b}}}}}}"
        )
    };
    for good in [
        "{AWS: '111122223333'}",
        "{AWS: 'arn:aws:iam::111122223333:root'}",
        "{AWS: ['arn:aws-cn:iam::111122223333:role/path/deploy', 'arn:aws:sts::111122223333:assumed-role/a/b']}",
        "{AWS: {'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}}",
        "{AWS: !GetAtt R.Arn}",
        "{Service: [lambda.amazonaws.com, ec2.amazonaws.com.cn]}",
        "{Service: !Sub 'logs.${AWS::Region}.amazonaws.com'}",
        "{AWS: 'arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1'}",
        "{CanonicalUser: abc}",
    ] {
        // The role refers to itself in one of these, which is a circle to validation alone.
        let found: Vec<_> = in_properties(
            "AWS::IAM::Role",
            &format!(
                "{{AssumeRolePolicyDocument: {{Statement: [{}]}}}}",
                trusts(good)
            ),
        );
        assert!(
            found.iter().all(|finding| !finding.contains("CIF070")),
            "{good}: {found:?}"
        );
    }
    for (bad, place) in [
        ("{AWS: '1234'}", "@.Principal.AWS"),
        ("{AWS: 111122223333}", "@.Principal.AWS"),
        (
            "{AWS: ['111122223333', 'arn:aws:iam::1111:root']}",
            "@.Principal.AWS.1",
        ),
        ("{AWS: 'arn:aws:s3:::bucket'}", "@.Principal.AWS"),
        ("{AWS: deploy}", "@.Principal.AWS"),
        (
            "{AWS: 'arn:aws:iam::111122223333:role/a-*'}",
            "@.Principal.AWS",
        ),
        ("{Service: lambda}", "@.Principal.Service"),
        ("{Service: lambda.amazonaws.co}", "@.Principal.Service"),
        ("{Services: lambda.amazonaws.com}", "@.Principal"),
    ] {
        assert_statement(
            "AWS::IAM::Role",
            &trusts(bad),
            &[&format!("CIF070 {place}")],
        );
    }
}

#[test]
fn functions_have_what_their_package_needs() {
    let function = "AWS::Lambda::Function";
    let role = "Role: 'arn:aws:iam::111122223333:role/x'";
    assert_found(
        function,
        &format!("{{{role}, Code: {{ZipFile: x}}, Runtime: python3.13, Handler: a.b}}"),
        &[],
    );
    assert_found(
        function,
        &format!("{{{role}, Code: {{ZipFile: x}}, Runtime: python3.13}}"),
        &["CIF071"],
    );
    assert_found(
        function,
        &format!("{{{role}, Code: {{ImageUri: x}}, PackageType: Image}}"),
        &[],
    );
    assert_found(
        function,
        &format!(
            "{{{role}, Code: {{ImageUri: x}}, PackageType: Image, Handler: a.b, Runtime: python3.13}}"
        ),
        &["CIF071 Handler", "CIF071 Runtime"],
    );
    assert_found(
        function,
        &format!("{{{role}, Code: {{ZipFile: x}}, Runtime: python3.8, Handler: a.b}}"),
        &["CIF072 Runtime"],
    );
    assert_found(
        function,
        &format!("{{{role}, Code: {{ZipFile: x}}, Runtime: !If [A, b, c], Handler: a.b}}"),
        &[],
    );
}

#[test]
fn a_runtime_is_told_as_its_days_come() {
    let text = "Resources: {F: {Type: 'AWS::Lambda::Function', Properties: {Role: 'arn:aws:iam::111122223333:role/x', \
                Code: {ZipFile: x}, Runtime: nodejs22.x, Handler: a.b}}}";
    let template = Template::parse(text).expect("it is YAML");
    let said = |today: &str| -> Vec<String> {
        check(&template, &Circumstances::on(today))
            .iter()
            .map(|finding| finding.message.clone())
            .collect()
    };
    assert!(said("2027-04-29").is_empty());
    let deprecated = said("2027-04-30");
    assert!(
        deprecated[0].contains("no security patches since 2027-04-30"),
        "{deprecated:?}"
    );
    assert!(deprecated[0].contains("nodejs24.x"), "{deprecated:?}");
    assert!(said("2027-06-01")[0].contains("creates no functions"));
    assert!(said("2027-07-01")[0].contains("neither creates nor updates"));
}

#[test]
fn messages_of_user_pools_have_their_placeholders() {
    let pool = "AWS::Cognito::UserPool";
    let rest = "MfaConfiguration: OPTIONAL, DeletionProtection: ACTIVE";
    for (message, place) in [
        (
            "VerificationMessageTemplate: {EmailMessage: 'Your code'}",
            "VerificationMessageTemplate.EmailMessage",
        ),
        (
            "VerificationMessageTemplate: {EmailMessageByLink: 'Click here'}",
            "VerificationMessageTemplate.EmailMessageByLink",
        ),
        (
            "AdminCreateUserConfig: {InviteMessageTemplate: {EmailMessage: 'Welcome, {####}'}}",
            "AdminCreateUserConfig.InviteMessageTemplate.EmailMessage",
        ),
        (
            "SmsAuthenticationMessage: 'no code here'",
            "SmsAuthenticationMessage",
        ),
    ] {
        let found = in_properties(pool, &format!("{{{rest}, {message}}}"));
        assert!(
            found.contains(&format!("CIF073 {place}")),
            "{message}: {found:?}"
        );
    }
    for good in [
        "VerificationMessageTemplate: {EmailMessage: 'Your code is {####}', EmailMessageByLink: '{##Verify##} it'}",
        "AdminCreateUserConfig: {InviteMessageTemplate: {EmailMessage: '{username}: {####}'}}",
        "VerificationMessageTemplate: {EmailMessage: !Ref 'AWS::NoValue'}",
    ] {
        assert_found(pool, &format!("{{{rest}, {good}}}"), &[]);
    }
    let long = format!(
        "VerificationMessageTemplate: {{EmailMessage: '{{####}}{}'}}",
        "x".repeat(20_000)
    );
    let found = in_properties(pool, &format!("{{{rest}, {long}}}"));
    assert!(!found.is_empty(), "20006 characters are too many");
}

#[test]
fn people_come_back_to_addresses_that_cognito_takes() {
    let client = "AWS::Cognito::UserPoolClient";
    let with =
        |urls: &str| format!("{{UserPoolId: x, PreventUserExistenceErrors: ENABLED, {urls}}}");
    assert_found(
        client,
        &with(
            "CallbackURLs: ['https://a.example/b', 'http://localhost:3000/', 'app://back', 'http://127.0.0.1/', 'http://[::1]:8080/']",
        ),
        &[],
    );
    assert_found(
        client,
        &with("CallbackURLs: ['https://a.example', 'http://a.example']"),
        &["CIF074 CallbackURLs.1"],
    );
    assert_found(
        client,
        &with("LogoutURLs: ['http://localhost.example/']"),
        &["CIF074 LogoutURLs.0"],
    );
    assert_found(
        client,
        &with("CallbackURLs: ['https://a.example/#x']"),
        &["CIF074 CallbackURLs.0"],
    );
    assert_found(
        client,
        &with("CallbackURLs: ['https://a.example'], DefaultRedirectURI: 'https://b.example'"),
        &["CIF074 DefaultRedirectURI"],
    );
}

#[test]
fn a_property_that_leaves_something_open_is_told() {
    for (type_name, properties, expected) in [
        (
            "AWS::RDS::DBInstance",
            "{StorageEncrypted: true, PubliclyAccessible: true}",
            &["CIF103 PubliclyAccessible"][..],
        ),
        (
            "AWS::RDS::DBInstance",
            "{PubliclyAccessible: false}",
            &["CIF104"],
        ),
        ("AWS::RDS::DBInstance", "{DBClusterIdentifier: x}", &[]),
        (
            "AWS::RDS::DBInstance",
            "{StorageEncrypted: !Ref 'AWS::Region'}",
            &[],
        ),
        (
            "AWS::RDS::DBCluster",
            "{StorageEncrypted: false}",
            &["CIF104 StorageEncrypted"],
        ),
        ("AWS::RDS::DBCluster", "{SnapshotIdentifier: x}", &[]),
        (
            "AWS::EC2::Volume",
            "{AvailabilityZone: us-east-1a, Size: 1, Encrypted: 'true'}",
            &[],
        ),
        (
            "AWS::EC2::Volume",
            "{AvailabilityZone: us-east-1a, Size: 1}",
            &["CIF104"],
        ),
        ("AWS::EFS::FileSystem", "{}", &["CIF104"]),
        (
            "AWS::SQS::Queue",
            "{SqsManagedSseEnabled: false}",
            &["CIF105 SqsManagedSseEnabled"],
        ),
        (
            "AWS::SQS::Queue",
            "{SqsManagedSseEnabled: false, KmsMasterKeyId: alias/aws/sqs}",
            &[],
        ),
        ("AWS::SQS::Queue", "{}", &[]),
        ("AWS::SNS::Topic", "{}", &["CIF106"]),
        ("AWS::SNS::Topic", "{KmsMasterKeyId: alias/x}", &[]),
        (
            "AWS::Lambda::Url",
            "{TargetFunctionArn: x, AuthType: NONE}",
            &["CIF109 AuthType"],
        ),
        (
            "AWS::Lambda::Url",
            "{TargetFunctionArn: x, AuthType: AWS_IAM}",
            &[],
        ),
        ("AWS::IAM::AccessKey", "{UserName: x}", &["CIF116"]),
        (
            "AWS::IAM::AccessKey",
            "{UserName: x, Status: Inactive}",
            &[],
        ),
        ("AWS::KMS::Key", "{}", &["CIF118"]),
        ("AWS::KMS::Key", "{EnableKeyRotation: true}", &[]),
        (
            "AWS::KMS::Key",
            "{KeySpec: RSA_2048, KeyUsage: SIGN_VERIFY}",
            &[],
        ),
        (
            "AWS::Cognito::UserPool",
            "{DeletionProtection: ACTIVE}",
            &["CIF119"],
        ),
        (
            "AWS::Cognito::UserPool",
            "{DeletionProtection: ACTIVE, MfaConfiguration: 'ON', Policies: {PasswordPolicy: {MinimumLength: 6}}}",
            &["CIF120 Policies.PasswordPolicy.MinimumLength"],
        ),
        (
            "AWS::Cognito::UserPool",
            "{MfaConfiguration: 'ON'}",
            &["CIF121"],
        ),
        (
            "AWS::Cognito::UserPoolClient",
            "{UserPoolId: x}",
            &["CIF122"],
        ),
        (
            "AWS::Cognito::UserPoolClient",
            "{UserPoolId: x, PreventUserExistenceErrors: ENABLED, AllowedOAuthFlows: [implicit]}",
            &["CIF123 AllowedOAuthFlows"],
        ),
        ("AWS::Logs::LogGroup", "{}", &["CIF124"]),
        ("AWS::Logs::LogGroup", "{RetentionInDays: 14}", &[]),
        (
            "AWS::EC2::LaunchTemplate",
            "{LaunchTemplateData: {MetadataOptions: {HttpTokens: optional}}}",
            &["CIF125 LaunchTemplateData.MetadataOptions.HttpTokens"],
        ),
    ] {
        assert_found(type_name, properties, expected);
    }
}

#[test]
fn buckets_are_private_and_reached_by_tls() {
    let closing = "\n  P:\n    Type: AWS::S3::BucketPolicy\n    Properties: {Bucket: !Ref R, PolicyDocument: {Statement: [{Effect: Deny, Principal: '*', Action: 's3:*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': 'false'}}}]}}\n";
    let bucket = |properties: &str, rest: &str| {
        found_in(
            &format!(
                "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties: {properties}{rest}"
            ),
            &[],
        )
    };
    assert_eq!(bucket("{}", "\n"), ["CIF102 Resources.R"]);
    assert_eq!(bucket("{}", closing), [""; 0]);
    assert_eq!(
        bucket(
            "{PublicAccessBlockConfiguration: {BlockPublicPolicy: false, BlockPublicAcls: true}}",
            closing
        ),
        ["CIF101 Resources.R.Properties.PublicAccessBlockConfiguration.BlockPublicPolicy"]
    );
    assert_eq!(
        bucket("{AccessControl: PublicRead}", closing),
        ["CIF101 Resources.R.Properties.AccessControl"]
    );
}

#[test]
fn the_internet_does_not_reach_guarded_ports() {
    let group = "AWS::EC2::SecurityGroup";
    let with = |rule: &str| format!("{{GroupDescription: x, SecurityGroupIngress: [{rule}]}}");
    for open in [
        "{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}",
        "{IpProtocol: tcp, FromPort: '3000', ToPort: '4000', CidrIpv6: '::/0'}",
        "{IpProtocol: '-1', CidrIp: 0.0.0.0/0}",
    ] {
        assert_found(group, &with(open), &["CIF108 SecurityGroupIngress.0"]);
    }
    for closed in [
        "{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}",
        "{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8}",
        "{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: !Ref 'AWS::Region'}",
    ] {
        assert_found(group, &with(closed), &[]);
    }
}

#[test]
fn access_is_not_wider_than_anyone_means() {
    let policy = "AWS::IAM::ManagedPolicy";
    assert_statement(
        policy,
        "{Effect: Allow, Action: '*', Resource: '*'}",
        &["CIF110 @"],
    );
    assert_statement(policy, "{Effect: Deny, Action: '*', Resource: '*'}", &[]);
    assert_statement(
        policy,
        "{Effect: Allow, Action: ['s3:*'], Resource: ['*']}",
        &["CIF111 @"],
    );
    assert_statement(
        policy,
        "{Effect: Allow, Action: 's3:*', Resource: 'arn:aws:s3:::files/*'}",
        &[],
    );
    assert_statement(
        policy,
        "{Effect: Allow, NotAction: 'iam:*', Resource: '*'}",
        &["CIF111 @"],
    );
    assert_statement(
        policy,
        "{Effect: Allow, Action: 'iam:PassRole', Resource: '*'}",
        &["CIF112 @"],
    );
    assert_statement(
        policy,
        "{Effect: Allow, Action: 'iam:PassRole', Resource: '*', Condition: {StringEquals: {'iam:PassedToService': ec2.amazonaws.com}}}",
        &[],
    );
    assert_statement(
        "AWS::S3::BucketPolicy",
        "{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: '*'}",
        &["CIF113 @.Principal"],
    );
    assert_statement(
        "AWS::S3::BucketPolicy",
        "{Effect: Allow, Principal: {AWS: '*'}, Action: 's3:GetObject', Resource: '*', Condition: {StringEquals: {'aws:PrincipalOrgID': o-1}}}",
        &[],
    );
    assert_statement(
        "AWS::KMS::Key",
        "{Effect: Allow, Principal: {AWS: '*'}, Action: 'kms:*', Resource: '*'}",
        &["CIF113 @.Principal"],
    );
    assert_statement(
        "AWS::KMS::Key",
        "{Effect: Allow, Principal: {AWS: '111122223333'}, Action: 'kms:*', Resource: '*'}",
        &[],
    );
    assert_statement(
        "AWS::SNS::TopicPolicy",
        "{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: 'sns:Publish', Resource: '*'}",
        &["CIF115 @.Principal.Service"],
    );
    assert_statement(
        "AWS::SNS::TopicPolicy",
        "{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: 'sns:Publish', Resource: '*', Condition: {StringEquals: {'AWS:SourceAccount': '111122223333'}}}",
        &[],
    );
    assert_found(
        "AWS::Lambda::Permission",
        "{FunctionName: x, Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com}",
        &["CIF115"],
    );
    assert_found(
        "AWS::Lambda::Permission",
        "{FunctionName: x, Action: 'lambda:InvokeFunction', Principal: '*'}",
        &["CIF113 Principal"],
    );
    assert_found(
        "AWS::IAM::Role",
        "{AssumeRolePolicyDocument: {Statement: []}, ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']}",
        &["CIF110 ManagedPolicyArns.0"],
    );
}

#[test]
fn tokens_that_everyone_can_have_are_taken_from_known_subjects_only() {
    let trust = |condition: &str| {
        format!(
            "{{Effect: Allow, Action: 'sts:AssumeRoleWithWebIdentity', Principal: {{Federated: !Sub 'arn:aws:iam::${{AWS::AccountId}}:oidc-provider/token.actions.githubusercontent.com'}}{condition}}}"
        )
    };
    let with = |operator: &str, subject: &str| {
        trust(&format!(
            ", Condition: {{{operator}: {{'token.actions.githubusercontent.com:aud': sts.amazonaws.com, 'token.actions.githubusercontent.com:sub': '{subject}'}}}}"
        ))
    };
    let role = "AWS::IAM::Role";
    let place = "CIF114 @.Principal.Federated";
    assert_statement(role, &trust(""), &[place]);
    assert_statement(
        role,
        &trust(
            ", Condition: {StringEquals: {'token.actions.githubusercontent.com:aud': sts.amazonaws.com}}",
        ),
        &[place],
    );
    assert_statement(role, &with("StringEquals", "repo:a/b:environment:c"), &[]);
    assert_statement(role, &with("StringLike", "repo:a/b:*"), &[]);
    assert_statement(
        role,
        &with("StringLike", "repo:*"),
        &["CIF114 @.Condition.StringLike.token.actions.githubusercontent.com:sub"],
    );
}

#[test]
fn no_secret_stands_in_a_template() {
    let variables = |variables: &str| {
        format!(
            "{{Role: 'arn:aws:iam::111122223333:role/x', Code: {{ZipFile: x}}, Runtime: python3.13, Handler: a.b, Environment: {{Variables: {{{variables}}}}}}}"
        )
    };
    let function = "AWS::Lambda::Function";
    assert_found(
        function,
        &variables("STRIPE_WEBHOOK_SECRET: whsec"),
        &["CIF117 Environment.Variables.STRIPE_WEBHOOK_SECRET"],
    );
    assert_found(
        function,
        &variables("A: 'AKIAABCDEFGHIJKLMNOP'"),
        &["CIF117 Environment.Variables.A"],
    );
    assert_found(
        function,
        &variables(
            "DB_PASSWORD: '{{resolve:secretsmanager:x}}', TOKEN_URL: 'https://a', SECRET: 'arn:aws:x', API_KEY: !Ref 'AWS::Region'",
        ),
        &[],
    );
    assert_found(
        "AWS::RDS::DBInstance",
        "{StorageEncrypted: true, MasterUserPassword: hunter22}",
        &["CIF117 MasterUserPassword"],
    );
    let parameter = |declaration: &str| {
        found_in(
            &format!(
                "Parameters: {{DbPassword: {declaration}}}\nResources: {{T: {{Type: 'AWS::SNS::Topic', Properties: {{KmsMasterKeyId: a, DisplayName: !Ref DbPassword}}}}}}"
            ),
            &[],
        )
    };
    assert_eq!(
        parameter("{Type: String}"),
        ["CIF117 Parameters.DbPassword"]
    );
    assert_eq!(parameter("{Type: String, NoEcho: true}"), [""; 0]);
    assert_eq!(
        parameter("{Type: String, NoEcho: true, Default: hunter22}"),
        ["CIF117 Parameters.DbPassword.Default"]
    );
    assert_eq!(
        parameter("{Type: 'AWS::SSM::Parameter::Value<String>', Default: /db/password}"),
        [""; 0]
    );
}

#[test]
fn what_is_accepted_with_a_reason_counts_for_nothing() {
    let template = |metadata: &str| {
        format!(
            "Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Metadata: {{chitinfra: {metadata}}}\n"
        )
    };
    let accepted = template("{suppress: [{rule: CIF106, reason: nothing secret is told}]}");
    assert_eq!(found_in(&accepted, &[]), [""; 0]);
    let parsed = Template::parse(&accepted).expect("it is YAML");
    assert_eq!(suppressions(&parsed)[0].reason, "nothing secret is told");
    let finding = &check(&parsed, &Circumstances::on(TODAY))[0];
    assert_eq!(
        finding.suppressed.as_deref(),
        Some("nothing secret is told")
    );

    assert_eq!(
        found_in(&template("{suppress: [{rule: CIF106}]}"), &[]),
        [
            "CIF106 Resources.T",
            "CIF090 Resources.T.Metadata.chitinfra.suppress.0"
        ]
    );
    assert_eq!(
        found_in(&template("{suppress: [{rule: CIF105, reason: x}]}"), &[]),
        ["CIF091 Resources.T", "CIF106 Resources.T"]
    );
    let given = |logical_id: &str, rule: &str| Suppression {
        logical_id: logical_id.to_owned(),
        rule: rule.to_owned(),
        reason: "because".to_owned(),
    };
    let plain = template("{}");
    assert_eq!(found_in(&plain, &[given("T", "CIF106")]), [""; 0]);
    // A rule of the project's own policies is not this crate's to know.
    assert_eq!(
        found_in(&plain, &[given("T", "topics_have_names")]),
        ["CIF106 Resources.T"]
    );
    let message = |suppression: Suppression| {
        let template = Template::parse(&plain).expect("it is YAML");
        let circumstances = Circumstances::on(TODAY).accepting([suppression]);
        let found = check(&template, &circumstances);
        let unused = found.iter().find(|finding| finding.rule == "CIF091");
        unused
            .map(|finding| finding.message.clone())
            .unwrap_or_default()
    };
    assert!(message(given("Tp", "CIF106")).contains("did you mean `T`?"));
    assert!(message(given("T", "CIF1066")).contains("did you mean `CIF106`?"));
}

#[test]
fn every_rule_is_explained() {
    let page = include_str!("../../../docs/rules.md");
    for rule in RULES {
        let heading = format!("\n### {} ", rule.id);
        let explained = page.contains(&heading) || page.contains(&format!("\n| {} |", rule.id));
        assert!(
            explained,
            "{} is not in docs/rules.md: {}",
            rule.id, rule.title
        );
    }
}
