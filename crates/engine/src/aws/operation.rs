//! Every operation that the adapter asks for, in one place: no call can be made here without being named.

use std::fmt;

/// Makes the enum of all operations from their names, service by service.
macro_rules! operations {
    ($($service:literal { $($operation:ident)+ })+) => {
        /// An operation of an AWS service that the adapter asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ApiOperation {
            $($(
                #[doc = concat!("`", $service, ":", stringify!($operation), "`")]
                $operation,
            )+)+
        }

        impl ApiOperation {
            /// Every one of them.
            pub const ALL: &[Self] = &[$($(Self::$operation,)+)+];

            /// The service, in the words of a policy: `cloudformation`.
            pub fn service(self) -> &'static str {
                match self {
                    $($(Self::$operation)|+ => $service,)+
                }
            }

            /// Its name in the service's reference: `CreateChangeSet`.
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$operation => stringify!($operation),)+)+
                }
            }
        }
    };
}

operations! {
    "budgets" {
        DescribeBudget
        DescribeNotificationsForBudget
        DescribeSubscribersForNotification
    }
    "cloudformation" {
        CancelUpdateStack
        ContinueUpdateRollback
        CreateChangeSet
        CreateStackRefactor
        DeleteChangeSet
        DeleteStack
        DescribeChangeSet
        DescribeEvents
        DescribeStackDriftDetectionStatus
        DescribeStackEvents
        DescribeStackRefactor
        DescribeStackResourceDrifts
        DescribeStacks
        DetectStackDrift
        ExecuteChangeSet
        ExecuteStackRefactor
        GetStackPolicy
        GetTemplate
        ListChangeSets
        ListImports
        ListStackRefactorActions
        ListStackRefactors
        ListStackResources
        ListStacks
        RollbackStack
        SetStackPolicy
        UpdateTerminationProtection
    }
    "cognito-idp" {
        DescribeUserPool
        DescribeUserPoolClient
        DescribeUserPoolDomain
        GetUserPoolMfaConfig
    }
    "iam" {
        GetOpenIDConnectProvider
        GetPolicy
        GetPolicyVersion
        GetRole
        GetRolePolicy
        ListAttachedRolePolicies
        ListEntitiesForPolicy
    }
    "s3" {
        CreateBucket
        GetBucketCors
        GetBucketEncryption
        GetBucketLifecycleConfiguration
        GetBucketOwnershipControls
        GetBucketPolicy
        GetBucketTagging
        GetBucketVersioning
        GetObject
        GetPublicAccessBlock
        HeadBucket
        ListObjectsV2
        PutObject
    }
    "ssm" {
        DescribeParameters
        PutParameter
    }
    "sts" {
        GetCallerIdentity
    }
}

impl fmt::Display for ApiOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.service(), self.name())
    }
}
