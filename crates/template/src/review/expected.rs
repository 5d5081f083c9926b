//! Rules that ask one thing of one property.

use super::subject::{Found, Subject};
use crate::rules::{self, Rule};

/// What a property should be.
enum Wanted {
    /// Given, and not `false` or a lesser choice: only these values are right. What is left out is wrong too.
    One(&'static [&'static str]),
    /// Anything but these; what is left out is right.
    NotOne(&'static [&'static str]),
    /// Given, whatever it is.
    Given,
}

struct Expected {
    rule: &'static Rule,
    type_name: &'static str,
    way: &'static [&'static str],
    wanted: Wanted,
    message: &'static str,
}

use Wanted::{Given, NotOne, One};

const TRUE: Wanted = One(&["true"]);
const NOT_TRUE: Wanted = NotOne(&["true"]);
const NOT_FALSE: Wanted = NotOne(&["false"]);
const PUBLIC_ACLS: &[&str] = &["PublicRead", "PublicReadWrite", "AuthenticatedRead"];

const OPEN_BUCKET: &str =
    "lets the bucket be opened to everyone; set it to true, or leave the block at its default";
const PLAIN_DATABASE: &str = "the database is not encrypted at rest unless this is true; it cannot be changed without a replacement";
const PUBLIC_DATABASE: &str = "gives the database an address on the internet; leave it at false and reach it from the network";

static EXPECTED: &[Expected] = &[
    expected(
        &rules::PUBLIC_BUCKET,
        "AWS::S3::Bucket",
        &["AccessControl"],
        NotOne(PUBLIC_ACLS),
        "makes the bucket readable for everyone; use a bucket policy or a distribution",
    ),
    expected(
        &rules::PUBLIC_BUCKET,
        "AWS::S3::Bucket",
        &["PublicAccessBlockConfiguration", "BlockPublicAcls"],
        NOT_FALSE,
        OPEN_BUCKET,
    ),
    expected(
        &rules::PUBLIC_BUCKET,
        "AWS::S3::Bucket",
        &["PublicAccessBlockConfiguration", "BlockPublicPolicy"],
        NOT_FALSE,
        OPEN_BUCKET,
    ),
    expected(
        &rules::PUBLIC_BUCKET,
        "AWS::S3::Bucket",
        &["PublicAccessBlockConfiguration", "IgnorePublicAcls"],
        NOT_FALSE,
        OPEN_BUCKET,
    ),
    expected(
        &rules::PUBLIC_BUCKET,
        "AWS::S3::Bucket",
        &["PublicAccessBlockConfiguration", "RestrictPublicBuckets"],
        NOT_FALSE,
        OPEN_BUCKET,
    ),
    expected(
        &rules::PUBLIC_DATABASE,
        "AWS::RDS::DBInstance",
        &["PubliclyAccessible"],
        NOT_TRUE,
        PUBLIC_DATABASE,
    ),
    expected(
        &rules::PUBLIC_DATABASE,
        "AWS::RDS::DBCluster",
        &["PubliclyAccessible"],
        NOT_TRUE,
        PUBLIC_DATABASE,
    ),
    expected(
        &rules::PUBLIC_DATABASE,
        "AWS::Redshift::Cluster",
        &["PubliclyAccessible"],
        NOT_TRUE,
        PUBLIC_DATABASE,
    ),
    expected(
        &rules::PUBLIC_DATABASE,
        "AWS::DMS::ReplicationInstance",
        &["PubliclyAccessible"],
        One(&["false"]),
        "the instance has an address on the internet unless this is false",
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::RDS::DBCluster",
        &["StorageEncrypted"],
        TRUE,
        PLAIN_DATABASE,
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::DocDB::DBCluster",
        &["StorageEncrypted"],
        TRUE,
        PLAIN_DATABASE,
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::Neptune::DBCluster",
        &["StorageEncrypted"],
        TRUE,
        PLAIN_DATABASE,
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::Redshift::Cluster",
        &["Encrypted"],
        NOT_FALSE,
        PLAIN_DATABASE,
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::EC2::Volume",
        &["Encrypted"],
        TRUE,
        "the volume is not encrypted at rest unless this is true or the account encrypts all volumes",
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::EFS::FileSystem",
        &["Encrypted"],
        TRUE,
        "the files are not encrypted at rest unless this is true; it cannot be changed without a replacement",
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::ElastiCache::ReplicationGroup",
        &["AtRestEncryptionEnabled"],
        TRUE,
        "the cache is not encrypted at rest unless this is true",
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::OpenSearchService::Domain",
        &["EncryptionAtRestOptions", "Enabled"],
        TRUE,
        "the domain is not encrypted at rest unless this is true",
    ),
    expected(
        &rules::PLAIN_STORAGE,
        "AWS::Kinesis::Stream",
        &["StreamEncryption"],
        Given,
        "the stream is not encrypted at rest unless this names a key",
    ),
    expected(
        &rules::PLAIN_MESSAGES,
        "AWS::SQS::Queue",
        &["SqsManagedSseEnabled"],
        NOT_FALSE,
        "turns the encryption at rest off that every queue has; take it away, or name a key",
    ),
    expected(
        &rules::PLAIN_TOPIC,
        "AWS::SNS::Topic",
        &["KmsMasterKeyId"],
        Given,
        "messages are not encrypted at rest unless this names a key",
    ),
    expected(
        &rules::PLAIN_TRAFFIC,
        "AWS::ElastiCache::ReplicationGroup",
        &["TransitEncryptionEnabled"],
        TRUE,
        "the cache is reached without TLS unless this is true",
    ),
    expected(
        &rules::PLAIN_TRAFFIC,
        "AWS::OpenSearchService::Domain",
        &["DomainEndpointOptions", "EnforceHTTPS"],
        TRUE,
        "the domain answers without TLS unless this is true",
    ),
    expected(
        &rules::PLAIN_TRAFFIC,
        "AWS::OpenSearchService::Domain",
        &["NodeToNodeEncryptionOptions", "Enabled"],
        TRUE,
        "the nodes talk without TLS unless this is true",
    ),
    expected(
        &rules::PLAIN_TRAFFIC,
        "AWS::CloudFront::Distribution",
        &[
            "DistributionConfig",
            "DefaultCacheBehavior",
            "ViewerProtocolPolicy",
        ],
        NotOne(&["allow-all"]),
        "serves people without TLS; use `redirect-to-https`",
    ),
    expected(
        &rules::OPEN_FUNCTION,
        "AWS::Lambda::Url",
        &["AuthType"],
        NotOne(&["NONE"]),
        "lets anyone on the internet call the function; use `AWS_IAM`, or check callers in the function and say so",
    ),
    expected(
        &rules::ACCESS_KEY,
        "AWS::IAM::AccessKey",
        &["Status"],
        One(&["Inactive"]),
        "a key of a user lives until somebody ends it; use a role",
    ),
    expected(
        &rules::KEY_ROTATION,
        "AWS::KMS::Key",
        &["EnableKeyRotation"],
        TRUE,
        "the key stays the same for ever unless this is true",
    ),
    expected(
        &rules::NO_MFA,
        "AWS::Cognito::UserPool",
        &["MfaConfiguration"],
        One(&["ON", "OPTIONAL"]),
        "nobody can use a second factor; set `OPTIONAL` or `ON`",
    ),
    expected(
        &rules::ACCOUNT_DISCLOSURE,
        "AWS::Cognito::UserPoolClient",
        &["PreventUserExistenceErrors"],
        One(&["ENABLED"]),
        "error messages tell which accounts exist unless this is `ENABLED`",
    ),
    expected(
        &rules::NO_RETENTION,
        "AWS::Logs::LogGroup",
        &["RetentionInDays"],
        Given,
        "logs are kept and billed for ever unless this says how long",
    ),
    expected(
        &rules::OLD_METADATA,
        "AWS::EC2::LaunchTemplate",
        &["LaunchTemplateData", "MetadataOptions", "HttpTokens"],
        NotOne(&["optional"]),
        "lets any program that can be made to fetch an address read the instance's credentials; use `required`",
    ),
];

const fn expected(
    rule: &'static Rule,
    type_name: &'static str,
    way: &'static [&'static str],
    wanted: Wanted,
    message: &'static str,
) -> Expected {
    Expected {
        rule,
        type_name,
        way,
        wanted,
        message,
    }
}

pub(super) fn check(subject: &mut Subject<'_, '_>) {
    let type_name = subject.type_name;
    let rules = EXPECTED
        .iter()
        .filter(|expected| expected.type_name == type_name);
    for expected in rules {
        let found = subject.find(expected.way);
        if is_exempt(expected, subject) || expected.wanted.holds(found) {
            continue;
        }
        // What is left out is told at the resource, which the text has.
        let (way, message) = match found {
            Found::Absent => (
                &[][..],
                format!(
                    "`{}` is not given: {}",
                    expected.way.join("."),
                    expected.message
                ),
            ),
            Found::Known(_) | Found::Unknown => (expected.way, expected.message.to_owned()),
        };
        subject.add(expected.rule, way, message);
    }
    // An instance of a cluster has the cluster's storage; one from a snapshot, the snapshot's.
    if subject.type_name == "AWS::RDS::DBInstance"
        && !subject.find(&["StorageEncrypted"]).is_true()
        && !matches!(subject.find(&["StorageEncrypted"]), Found::Unknown)
        && [
            "DBClusterIdentifier",
            "DBSnapshotIdentifier",
            "SourceDBInstanceIdentifier",
            "SourceDBInstanceAutomatedBackupsArn",
        ]
        .iter()
        .all(|key| subject.find(&[key]).is_absent())
    {
        subject.add(
            &rules::PLAIN_STORAGE,
            &[],
            format!("`StorageEncrypted` is not true: {PLAIN_DATABASE}"),
        );
    }
}

impl Wanted {
    fn holds(&self, found: Found<'_>) -> bool {
        let is_among = |values: &[&str]| {
            found
                .text()
                .is_none_or(|text| values.iter().any(|value| value.eq_ignore_ascii_case(&text)))
        };
        match (self, found) {
            (_, Found::Unknown)
            | (Self::NotOne(_), Found::Absent)
            | (Self::Given, Found::Known(_)) => true,
            (Self::One(_) | Self::Given, Found::Absent) => false,
            (Self::One(values), Found::Known(_)) => is_among(values),
            (Self::NotOne(values), Found::Known(_)) => found.text().is_none() || !is_among(values),
        }
    }
}

/// Where the rule has nothing to say of this resource.
fn is_exempt(expected: &Expected, subject: &Subject<'_, '_>) -> bool {
    let known = |way: &[&str]| subject.find(way).text();
    match expected.type_name {
        // Only symmetric keys whose material AWS makes are rotated.
        // https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
        "AWS::KMS::Key" => {
            known(&["KeySpec"]).is_some_and(|spec| spec != "SYMMETRIC_DEFAULT")
                || known(&["Origin"]).is_some_and(|origin| origin != "AWS_KMS")
                || !subject.find(&["KeySpec"]).is_absent() && known(&["KeySpec"]).is_none()
        }
        // A key of one's own takes the place of the managed encryption.
        "AWS::SQS::Queue" => !subject.find(&["KmsMasterKeyId"]).is_absent(),
        // A cluster from a snapshot is encrypted as that is.
        "AWS::RDS::DBCluster" | "AWS::DocDB::DBCluster" | "AWS::Neptune::DBCluster" => {
            expected.way == ["StorageEncrypted"]
                && [
                    "SnapshotIdentifier",
                    "SourceDBClusterIdentifier",
                    "GlobalClusterIdentifier",
                ]
                .iter()
                .any(|key| !subject.find(&[key]).is_absent())
        }
        // Its logs go after two days, whatever is written here.
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
        "AWS::Logs::LogGroup" => known(&["LogGroupClass"]).is_some_and(|class| class == "DELIVERY"),
        _ => false,
    }
}
