//! What is known of the names of well-known types: how AWS makes them up, what the physical id is.

/// What is special about the names of a type.
pub(super) struct Form {
    pub(super) physical: Physical,
    pub(super) style: Style,
}

/// What the physical id is.
#[derive(Clone, Copy)]
pub(super) enum Physical {
    /// The name itself.
    Name,
    /// The ARN.
    Arn,
    /// The URL of a queue.
    QueueUrl,
    /// What the primary identifier says.
    Derived,
}

/// How AWS makes up a name.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// `stack-LogicalId-ABCDEF123456`.
    Stack,
    /// `stack-logicalid-abcdef123456`, at most 63 characters.
    Bucket,
    /// A prefix and hexadecimal digits: `vpc-0a1b…`.
    Prefixed(&'static str),
    /// `us-east-1_AbCdEfGhI`.
    RegionUnderscore,
    /// Lower-case letters and digits.
    Lower(usize),
    /// Capitals and digits.
    Upper(usize),
    Uuid,
}

impl Form {
    pub(super) fn of(type_name: &str) -> Self {
        use Physical::{Arn, Derived, Name, QueueUrl};
        use Style::{Bucket, Lower, Prefixed, RegionUnderscore, Stack, Upper, Uuid};
        let (physical, style) = match type_name {
            "AWS::S3::Bucket" => (Name, Bucket),
            "AWS::Cognito::UserPool" => (Name, RegionUnderscore),
            "AWS::Cognito::UserPoolClient" => (Name, Lower(26)),
            "AWS::Cognito::UserPoolDomain"
            | "AWS::Cognito::UserPoolGroup"
            | "AWS::Cognito::UserPoolUser"
            | "AWS::CloudFormation::CustomResource" => (Name, Stack),
            _ if type_name.starts_with("Custom::") => (Name, Stack),
            "AWS::SNS::Topic"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::SecretsManager::Secret"
            | "AWS::StepFunctions::StateMachine"
            | "AWS::ElasticLoadBalancingV2::LoadBalancer"
            | "AWS::ElasticLoadBalancingV2::TargetGroup"
            | "AWS::CertificateManager::Certificate"
            | "AWS::ECS::Service"
            | "AWS::ECS::TaskDefinition"
            | "AWS::IAM::OIDCProvider"
            | "AWS::IAM::SAMLProvider"
            | "AWS::Lambda::LayerVersion"
            | "AWS::Lambda::Version" => (Arn, Stack),
            "AWS::SNS::Subscription" => (Arn, Uuid),
            "AWS::CE::AnomalyMonitor"
            | "AWS::CE::AnomalySubscription"
            | "AWS::CE::CostCategory" => (Arn, Uuid),
            "AWS::SQS::Queue" => (QueueUrl, Stack),
            "AWS::KMS::Key" => (Name, Uuid),
            "AWS::CloudFront::Distribution" => (Name, Upper(14)),
            "AWS::CloudFront::OriginAccessControl"
            | "AWS::CloudFront::CloudFrontOriginAccessIdentity" => (Name, Upper(14)),
            "AWS::ApiGateway::RestApi"
            | "AWS::ApiGatewayV2::Api"
            | "AWS::ApiGateway::Deployment"
            | "AWS::ApiGateway::Resource" => (Name, Lower(10)),
            "AWS::EC2::VPC" => (Name, Prefixed("vpc-")),
            "AWS::EC2::Subnet" => (Name, Prefixed("subnet-")),
            "AWS::EC2::SecurityGroup" => (Name, Prefixed("sg-")),
            "AWS::EC2::Instance" => (Name, Prefixed("i-")),
            "AWS::EC2::InternetGateway" => (Name, Prefixed("igw-")),
            "AWS::EC2::RouteTable" => (Name, Prefixed("rtb-")),
            "AWS::EC2::NatGateway" => (Name, Prefixed("nat-")),
            "AWS::EC2::Volume" => (Name, Prefixed("vol-")),
            "AWS::EC2::NetworkInterface" => (Name, Prefixed("eni-")),
            "AWS::EC2::NetworkAcl" => (Name, Prefixed("acl-")),
            "AWS::EC2::LaunchTemplate" => (Name, Prefixed("lt-")),
            "AWS::EC2::VPCEndpoint" => (Name, Prefixed("vpce-")),
            "AWS::EC2::FlowLog" => (Name, Prefixed("fl-")),
            "AWS::EC2::TransitGateway" => (Name, Prefixed("tgw-")),
            "AWS::EFS::FileSystem" => (Name, Prefixed("fs-")),
            "AWS::EFS::AccessPoint" => (Name, Prefixed("fsap-")),
            _ => (Derived, Stack),
        };
        Self { physical, style }
    }
}

/// The property that holds the name a template may give, where the primary identifier does not say so.
pub(super) fn name_property(type_name: &str) -> Option<&'static str> {
    Some(match type_name {
        "AWS::SNS::Topic" => "TopicName",
        "AWS::IAM::ManagedPolicy" => "ManagedPolicyName",
        "AWS::SecretsManager::Secret"
        | "AWS::ElasticLoadBalancingV2::LoadBalancer"
        | "AWS::ElasticLoadBalancingV2::TargetGroup" => "Name",
        "AWS::StepFunctions::StateMachine" => "StateMachineName",
        "AWS::SQS::Queue" => "QueueName",
        "AWS::ECS::Service" => "ServiceName",
        "AWS::ECS::TaskDefinition" => "Family",
        "AWS::Cognito::UserPoolDomain" => "Domain",
        "AWS::Cognito::UserPoolGroup" => "GroupName",
        "AWS::Cognito::UserPoolUser" => "Username",
        _ => return None,
    })
}

impl Physical {
    /// Whether an attribute is the id itself: `VpcId` of a VPC, `DistributionId`, `Id` where the table makes the name.
    pub(super) fn is_own_id(type_name: &str, attribute: &str) -> bool {
        let form = Form::of(type_name);
        let is_made_up = !matches!(form.style, Style::Stack | Style::Bucket);
        let kind = type_name.rsplit("::").next().unwrap_or_default();
        let own = attribute.strip_suffix("Id").unwrap_or_default();
        is_made_up
            && matches!(form.physical, Self::Name)
            && (attribute == "Id" || own.eq_ignore_ascii_case(kind))
    }
}

/// The name of a service in ARNs, where it is not its name in types.
pub(super) fn service_of(service: &str) -> &str {
    match service {
        "cognito" => "cognito-idp",
        "elasticloadbalancingv2" => "elasticloadbalancing",
        "opensearchservice" => "es",
        "certificatemanager" => "acm",
        "applicationautoscaling" => "application-autoscaling",
        "efs" => "elasticfilesystem",
        "kinesisfirehose" => "firehose",
        "apigatewayv2" => "apigateway",
        "ssmcontacts" => "ssm-contacts",
        other => other,
    }
}
