//! Resource types that templates are made of, with properties as their schemas accept them.

/// A resource type.
pub(crate) struct Kind {
    pub(crate) type_name: &'static str,
    pub(crate) properties: &'static [Property],
    /// Attributes that others read.
    pub(crate) attributes: &'static [&'static str],
    /// Whether it may be deleted with a snapshot.
    pub(crate) snapshots: bool,
}

/// A property.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) make: Make,
}

/// How the values of a property are made.
#[derive(Clone, Copy)]
pub(crate) enum Make {
    /// One of these texts, at times as an expression that comes to it.
    Word(&'static [&'static str]),
    /// Any text: at times it mentions other resources.
    Text,
    /// One of these values, given as JSON.
    Json(&'static [&'static str]),
    /// A number between these two; at times as text.
    Number(u32, u32),
    /// A truth value; at times as text.
    Flag,
    /// A name that nothing else has, ending like this.
    Name(&'static str),
    /// A list of tags.
    Tags,
    /// A policy for actions of a service.
    Policy(&'static [&'static str]),
    /// A policy that says who may assume a role.
    Trust,
    /// What refers to a resource of a type: its attribute, or its `Ref`.
    Refer(&'static str, Option<&'static str>),
    /// A list of one such reference.
    Refers(&'static str, Option<&'static str>),
    /// A map of texts.
    Map,
}

use Make::{Flag, Json, Map, Name, Number, Policy, Refer, Refers, Tags, Text, Trust, Word};

const fn must(name: &'static str, make: Make) -> Property {
    Property {
        name,
        required: true,
        make,
    }
}

const fn may(name: &'static str, make: Make) -> Property {
    Property {
        name,
        required: false,
        make,
    }
}

const fn kind(
    type_name: &'static str,
    attributes: &'static [&'static str],
    properties: &'static [Property],
) -> Kind {
    Kind {
        type_name,
        properties,
        attributes,
        snapshots: false,
    }
}

const fn snapshots(kind: Kind) -> Kind {
    Kind {
        snapshots: true,
        ..kind
    }
}

const QUEUE: &[&str] = &["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"];
const BUCKET: &[&str] = &["s3:GetObject", "s3:PutObject", "s3:ListBucket"];
const TOPIC: &[&str] = &["sns:Publish", "sns:Subscribe"];
const KEY: &[&str] = &["kms:*", "kms:Decrypt", "kms:Encrypt"];

/// Every type.
pub(crate) const KINDS: &[Kind] = &[
    kind(
        "AWS::S3::Bucket",
        &["Arn", "DomainName"],
        &[
            may("BucketName", Name("bucket")),
            may(
                "VersioningConfiguration",
                Json(&[r#"{"Status":"Enabled"}"#, r#"{"Status":"Suspended"}"#]),
            ),
            may("ObjectLockEnabled", Flag),
            may(
                "PublicAccessBlockConfiguration",
                Json(&[
                    r#"{"BlockPublicAcls":true}"#,
                    r#"{"BlockPublicAcls":true,"BlockPublicPolicy":true}"#,
                ]),
            ),
            may(
                "LifecycleConfiguration",
                Json(&[
                    r#"{"Rules":[{"Id":"old","Status":"Enabled","ExpirationInDays":30}]}"#,
                    r#"{"Rules":[{"Id":"old","Status":"Enabled","ExpirationInDays":60}]}"#,
                    r#"{"Rules":[{"Id":"old","Status":"Disabled","ExpirationInDays":30},{"Id":"new","Status":"Enabled","ExpirationInDays":1}]}"#,
                ]),
            ),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::S3::BucketPolicy",
        &[],
        &[
            must("Bucket", Refer("AWS::S3::Bucket", None)),
            must("PolicyDocument", Policy(BUCKET)),
        ],
    ),
    kind(
        "AWS::SQS::Queue",
        &["Arn", "QueueName", "QueueUrl"],
        &[
            may("QueueName", Name("queue")),
            may("VisibilityTimeout", Number(0, 600)),
            may("DelaySeconds", Number(0, 900)),
            may("SqsManagedSseEnabled", Flag),
            may(
                "RedrivePolicy",
                Json(&[
                    r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3}"#,
                    r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":5}"#,
                ]),
            ),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::SQS::QueuePolicy",
        &[],
        &[
            must("Queues", Refers("AWS::SQS::Queue", None)),
            must("PolicyDocument", Policy(QUEUE)),
        ],
    ),
    kind(
        "AWS::SNS::Topic",
        &["TopicArn", "TopicName"],
        &[
            may("TopicName", Name("topic")),
            may("DisplayName", Text),
            may("SignatureVersion", Word(&["1", "2"])),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::SNS::TopicPolicy",
        &[],
        &[
            must("Topics", Refers("AWS::SNS::Topic", None)),
            must("PolicyDocument", Policy(TOPIC)),
        ],
    ),
    kind(
        "AWS::SNS::Subscription",
        &[],
        &[
            must("TopicArn", Refer("AWS::SNS::Topic", Some("TopicArn"))),
            must("Protocol", Json(&[r#""sqs""#])),
            may("Endpoint", Refer("AWS::SQS::Queue", Some("Arn"))),
            may("RawMessageDelivery", Flag),
        ],
    ),
    kind(
        "AWS::IAM::Role",
        &["Arn", "RoleId"],
        &[
            may("RoleName", Name("role")),
            must("AssumeRolePolicyDocument", Trust),
            may("Description", Text),
            may("MaxSessionDuration", Number(3600, 43200)),
            may("Path", Word(&["/", "/service/", "/application/"])),
            may(
                "ManagedPolicyArns",
                Json(&[
                    r#"["arn:aws:iam::aws:policy/ReadOnlyAccess"]"#,
                    r#"["arn:aws:iam::aws:policy/ReadOnlyAccess","arn:aws:iam::aws:policy/SecurityAudit"]"#,
                    r#"["arn:aws:iam::aws:policy/SecurityAudit","arn:aws:iam::aws:policy/ReadOnlyAccess"]"#,
                ]),
            ),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::IAM::ManagedPolicy",
        &["PolicyArn"],
        &[
            may("ManagedPolicyName", Name("policy")),
            must("PolicyDocument", Policy(BUCKET)),
            may("Description", Text),
            may("Roles", Refers("AWS::IAM::Role", None)),
        ],
    ),
    kind(
        "AWS::IAM::Policy",
        &[],
        &[
            must("PolicyName", Name("inline")),
            must("PolicyDocument", Policy(QUEUE)),
            must("Roles", Refers("AWS::IAM::Role", None)),
        ],
    ),
    kind(
        "AWS::IAM::InstanceProfile",
        &["Arn"],
        &[
            may("InstanceProfileName", Name("profile")),
            must("Roles", Refers("AWS::IAM::Role", None)),
            may("Path", Word(&["/", "/service/"])),
        ],
    ),
    kind(
        "AWS::Lambda::Function",
        &["Arn"],
        &[
            may("FunctionName", Name("function")),
            must(
                "Code",
                Json(&[
                    r#"{"ZipFile":"exports.handler = async () => 1"}"#,
                    r#"{"ZipFile":"exports.handler = async () => 2"}"#,
                ]),
            ),
            must("Role", Refer("AWS::IAM::Role", Some("Arn"))),
            must("Handler", Word(&["index.handler", "index.main"])),
            must("Runtime", Word(&["nodejs20.x", "nodejs22.x"])),
            may("MemorySize", Number(128, 10240)),
            may("Timeout", Number(1, 900)),
            may("PackageType", Json(&[r#""Zip""#])),
            may(
                "Environment",
                Json(&[
                    r#"{"Variables":{"MODE":"a"}}"#,
                    r#"{"Variables":{"MODE":"b","LEVEL":"1"}}"#,
                    r#"{"Variables":{"MODE":"b","LEVEL":1}}"#,
                ]),
            ),
            may("Description", Text),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::Lambda::Permission",
        &[],
        &[
            must("FunctionName", Refer("AWS::Lambda::Function", None)),
            must("Action", Json(&[r#""lambda:InvokeFunction""#])),
            must(
                "Principal",
                Word(&["sns.amazonaws.com", "events.amazonaws.com"]),
            ),
            may("SourceArn", Refer("AWS::SNS::Topic", Some("TopicArn"))),
        ],
    ),
    kind(
        "AWS::Lambda::Alias",
        &[],
        &[
            must("FunctionName", Refer("AWS::Lambda::Function", None)),
            must("FunctionVersion", Json(&[r#""1""#, r#""2""#])),
            must("Name", Name("alias")),
            may("Description", Text),
        ],
    ),
    kind(
        "AWS::Cognito::UserPool",
        &["Arn", "ProviderName"],
        &[
            may("UserPoolName", Word(&["people", "users"])),
            may("MfaConfiguration", Word(&["OFF", "OPTIONAL"])),
            may("DeletionProtection", Word(&["ACTIVE", "INACTIVE"])),
            may(
                "AliasAttributes",
                Json(&[r#"["email"]"#, r#"["email","phone_number"]"#]),
            ),
            may(
                "Policies",
                Json(&[
                    r#"{"PasswordPolicy":{"MinimumLength":8}}"#,
                    r#"{"PasswordPolicy":{"MinimumLength":"8"}}"#,
                    r#"{"PasswordPolicy":{"MinimumLength":12,"RequireNumbers":true}}"#,
                ]),
            ),
        ],
    ),
    kind(
        "AWS::Cognito::UserPoolClient",
        &["ClientId"],
        &[
            must("UserPoolId", Refer("AWS::Cognito::UserPool", None)),
            may("ClientName", Word(&["web", "app"])),
            may("GenerateSecret", Flag),
            may("RefreshTokenValidity", Number(1, 300)),
            may(
                "CallbackURLs",
                Json(&[
                    r#"["https://one.example","https://two.example"]"#,
                    r#"["https://two.example","https://one.example"]"#,
                    r#"["https://two.example"]"#,
                ]),
            ),
        ],
    ),
    kind(
        "AWS::Cognito::UserPoolDomain",
        &[],
        &[
            must("UserPoolId", Refer("AWS::Cognito::UserPool", None)),
            must("Domain", Name("domain")),
        ],
    ),
    kind(
        "AWS::Cognito::UserPoolGroup",
        &[],
        &[
            must("UserPoolId", Refer("AWS::Cognito::UserPool", None)),
            may("Description", Text),
            may("Precedence", Number(0, 100)),
            may("RoleArn", Refer("AWS::IAM::Role", Some("Arn"))),
        ],
    ),
    kind(
        "AWS::DynamoDB::Table",
        &["Arn"],
        &[
            may("TableName", Name("table")),
            must(
                "AttributeDefinitions",
                Json(&[
                    r#"[{"AttributeName":"Id","AttributeType":"S"}]"#,
                    r#"[{"AttributeName":"Id","AttributeType":"N"}]"#,
                ]),
            ),
            must(
                "KeySchema",
                Json(&[r#"[{"AttributeName":"Id","KeyType":"HASH"}]"#]),
            ),
            must("BillingMode", Json(&[r#""PAY_PER_REQUEST""#])),
            may("DeletionProtectionEnabled", Flag),
            may(
                "PointInTimeRecoverySpecification",
                Json(&[
                    r#"{"PointInTimeRecoveryEnabled":true}"#,
                    r#"{"PointInTimeRecoveryEnabled":"true"}"#,
                    r#"{"PointInTimeRecoveryEnabled":false}"#,
                ]),
            ),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::Budgets::Budget",
        &[],
        &[
            must(
                "Budget",
                Json(&[
                    r#"{"BudgetType":"COST","TimeUnit":"MONTHLY","BudgetLimit":{"Amount":100,"Unit":"USD"}}"#,
                    r#"{"BudgetType":"COST","TimeUnit":"MONTHLY","BudgetLimit":{"Amount":200,"Unit":"USD"}}"#,
                    r#"{"BudgetType":"USAGE","TimeUnit":"MONTHLY","BudgetLimit":{"Amount":200,"Unit":"GB"}}"#,
                ]),
            ),
            may(
                "NotificationsWithSubscribers",
                Json(&[
                    r#"[{"Notification":{"ComparisonOperator":"GREATER_THAN","NotificationType":"ACTUAL","Threshold":80},"Subscribers":[{"Address":"a@example.com","SubscriptionType":"EMAIL"}]}]"#,
                    r#"[{"Notification":{"ComparisonOperator":"GREATER_THAN","NotificationType":"ACTUAL","Threshold":90},"Subscribers":[{"Address":"a@example.com","SubscriptionType":"EMAIL"}]}]"#,
                ]),
            ),
        ],
    ),
    kind(
        "AWS::EC2::VPC",
        &["VpcId", "CidrBlock", "DefaultSecurityGroup"],
        &[
            must("CidrBlock", Word(&["10.0.0.0/16", "10.1.0.0/16"])),
            may("EnableDnsSupport", Flag),
            may("EnableDnsHostnames", Flag),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::EC2::Subnet",
        &["SubnetId", "VpcId"],
        &[
            must("VpcId", Refer("AWS::EC2::VPC", None)),
            must("CidrBlock", Word(&["10.0.1.0/24", "10.0.2.0/24"])),
            may("AvailabilityZone", Word(&["us-east-1a", "us-east-1b"])),
            may("MapPublicIpOnLaunch", Flag),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::EC2::SecurityGroup",
        &["GroupId", "VpcId"],
        &[
            must("GroupDescription", Text),
            may("GroupName", Name("group")),
            may("VpcId", Refer("AWS::EC2::VPC", Some("VpcId"))),
            may(
                "SecurityGroupIngress",
                Json(&[
                    r#"[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"CidrIp":"10.0.0.0/8"}]"#,
                    r#"[{"IpProtocol":"tcp","FromPort":"443","ToPort":"443","CidrIp":"10.0.0.0/8"}]"#,
                    r#"[{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"CidrIp":"10.0.0.0/8"},{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"CidrIp":"10.0.0.0/8"}]"#,
                ]),
            ),
            may("Tags", Tags),
        ],
    ),
    snapshots(kind(
        "AWS::EC2::Volume",
        &["VolumeId"],
        &[
            must("AvailabilityZone", Word(&["us-east-1a", "us-east-1b"])),
            must("Size", Number(8, 100)),
            may("VolumeType", Word(&["gp2", "gp3"])),
            may("Encrypted", Flag),
            may("Tags", Tags),
        ],
    )),
    kind(
        "AWS::EC2::Instance",
        &["InstanceId", "PrivateIp"],
        &[
            must("ImageId", Word(&["ami-0000000a", "ami-0000000b"])),
            may("InstanceType", Word(&["t4g.micro", "t4g.small"])),
            may("EbsOptimized", Flag),
            may("DisableApiTermination", Flag),
            may("SubnetId", Refer("AWS::EC2::Subnet", Some("SubnetId"))),
            may("UserData", Text),
            may("Tags", Tags),
        ],
    ),
    snapshots(kind(
        "AWS::RDS::DBInstance",
        &["Endpoint.Address", "DBInstanceArn"],
        &[
            must("DBInstanceClass", Word(&["db.t4g.micro", "db.t4g.small"])),
            must("Engine", Word(&["mysql", "postgres"])),
            may("AllocatedStorage", Json(&[r#""20""#, r#""40""#])),
            may("DBName", Word(&["one", "two"])),
            may("MasterUsername", Word(&["admin", "root"])),
            may(
                "MasterUserPassword",
                Word(&["first-password", "second-password"]),
            ),
            may("MultiAZ", Flag),
            may("StorageEncrypted", Flag),
            may("Tags", Tags),
        ],
    )),
    kind(
        "AWS::Logs::LogGroup",
        &["Arn"],
        &[
            may("LogGroupName", Name("logs")),
            may("RetentionInDays", Json(&["1", "\"1\"", "7", "30"])),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::SSM::Parameter",
        &["Value", "Type"],
        &[
            may("Name", Name("parameter")),
            must("Type", Json(&[r#""String""#])),
            must("Value", Text),
            may("Description", Text),
            may("Tags", Map),
        ],
    ),
    kind(
        "AWS::KMS::Key",
        &["Arn", "KeyId"],
        &[
            must("KeyPolicy", Policy(KEY)),
            may("Description", Text),
            may("EnableKeyRotation", Flag),
            may("KeySpec", Word(&["SYMMETRIC_DEFAULT"])),
            may("Tags", Tags),
        ],
    ),
    kind(
        "AWS::KMS::Alias",
        &[],
        &[
            must("AliasName", Name("alias/key")),
            must("TargetKeyId", Refer("AWS::KMS::Key", Some("Arn"))),
        ],
    ),
    kind(
        "AWS::Events::Rule",
        &["Arn"],
        &[
            may("Name", Name("rule")),
            must(
                "ScheduleExpression",
                Word(&["rate(1 hour)", "rate(2 hours)"]),
            ),
            may("State", Word(&["ENABLED", "DISABLED"])),
            may("Description", Text),
        ],
    ),
    kind(
        "AWS::CloudWatch::Alarm",
        &["Arn"],
        &[
            may("AlarmName", Name("alarm")),
            must(
                "ComparisonOperator",
                Word(&["GreaterThanThreshold", "LessThanThreshold"]),
            ),
            must("EvaluationPeriods", Number(1, 10)),
            must("MetricName", Word(&["Errors", "Duration"])),
            must("Namespace", Word(&["AWS/Lambda"])),
            must("Period", Json(&["60", "300", "\"300\""])),
            must("Statistic", Word(&["Sum", "Average"])),
            must("Threshold", Number(1, 100)),
            may("AlarmActions", Refers("AWS::SNS::Topic", None)),
            may("AlarmDescription", Text),
        ],
    ),
    kind(
        "AWS::ApiGatewayV2::Api",
        &["ApiEndpoint"],
        &[
            must("Name", Text),
            must("ProtocolType", Word(&["HTTP", "WEBSOCKET"])),
            may("RouteSelectionExpression", Word(&["$request.body.action"])),
            may("Description", Text),
            may("Tags", Map),
        ],
    ),
    kind(
        "AWS::SecretsManager::Secret",
        &["Id"],
        &[
            may("Name", Name("secret")),
            may("Description", Text),
            may(
                "GenerateSecretString",
                Json(&[r#"{"PasswordLength":20}"#, r#"{"PasswordLength":30}"#]),
            ),
            may("Tags", Tags),
        ],
    ),
    kind("AWS::CloudFormation::WaitConditionHandle", &[], &[]),
    kind(
        "Custom::Thing",
        &["Answer"],
        &[
            must(
                "ServiceToken",
                Json(&[r#""arn:aws:lambda:us-east-1:000000000000:function:thing""#]),
            ),
            may("Question", Text),
            may("Depth", Number(1, 9)),
        ],
    ),
];

/// The type whose creation may wait for signals.
pub(crate) const CREATED_WITH_SIGNALS: &str = "AWS::EC2::Instance";
/// The type that may be updated step by step.
pub(crate) const UPDATED_IN_STEPS: &str = "AWS::Lambda::Alias";

/// A type of the catalogue.
pub(crate) fn kind_of(type_name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.type_name == type_name)
}
