//! Which resource types hold data that is lost when a resource is deleted or replaced.
//!
//! cfn-lint has a list; the table below adds what it leaves out. The measure: after deletion something is lost that
//! creating the resource again from the same template does not bring back. Caches, indexes built from another source
//! and pure configuration do not count.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

/// Types that hold state beside those in cfn-lint's list, with what is lost.
const ADDITIONS: &[(&str, &str)] = &[
    (
        "AWS::ACMPCA::CertificateAuthority",
        "the authority's private key",
    ),
    ("AWS::APS::Workspace", "metrics"),
    ("AWS::AmazonMQ::Broker", "queued messages"),
    ("AWS::Backup::LogicallyAirGappedBackupVault", "backups"),
    ("AWS::BedrockAgentCore::Memory", "what agents remember"),
    ("AWS::Cases::Domain", "cases"),
    ("AWS::Cassandra::Keyspace", "tables and their rows"),
    ("AWS::Cassandra::Table", "rows"),
    (
        "AWS::CloudFront::KeyValueStore",
        "entries written at run time",
    ),
    ("AWS::CloudHSM::Cluster", "keys"),
    ("AWS::CloudTrail::EventDataStore", "recorded events"),
    ("AWS::CodeArtifact::Domain", "packages"),
    ("AWS::CodeArtifact::Repository", "packages"),
    ("AWS::CodeCommit::Repository", "commits"),
    (
        "AWS::Cognito::IdentityPool",
        "identities, which data elsewhere is keyed by",
    ),
    ("AWS::Connect::Instance", "contacts and recordings"),
    ("AWS::CustomerProfiles::Domain", "profiles"),
    ("AWS::DSQL::Cluster", "tables and their rows"),
    ("AWS::DataZone::Domain", "catalogue entries"),
    ("AWS::DirectoryService::MicrosoftAD", "users and groups"),
    ("AWS::DirectoryService::SimpleAD", "users and groups"),
    ("AWS::DocDBElastic::Cluster", "documents"),
    ("AWS::ECR::PublicRepository", "images"),
    ("AWS::ECR::Repository", "images"),
    (
        "AWS::ElastiCache::ServerlessCache",
        "entries, which some applications keep nowhere else",
    ),
    ("AWS::Events::Archive", "archived events"),
    ("AWS::FinSpace::Environment", "data sets"),
    (
        "AWS::Glue::Database",
        "tables and partitions that crawlers found",
    ),
    ("AWS::Glue::Table", "partitions that crawlers found"),
    ("AWS::Grafana::Workspace", "dashboards"),
    ("AWS::HealthImaging::Datastore", "images"),
    ("AWS::HealthLake::FHIRDatastore", "records"),
    ("AWS::IdentityStore::User", "the user's identity"),
    ("AWS::IoTAnalytics::Channel", "messages"),
    ("AWS::IoTAnalytics::Datastore", "messages"),
    (
        "AWS::KMS::ReplicaKey",
        "the key, and with it all it has encrypted in its region",
    ),
    ("AWS::KinesisVideo::Stream", "video"),
    ("AWS::Lightsail::Bucket", "objects"),
    ("AWS::Lightsail::Database", "tables and their rows"),
    ("AWS::Lightsail::Disk", "files"),
    ("AWS::Lightsail::Instance", "files on its own disk"),
    ("AWS::Location::GeofenceCollection", "geofences"),
    ("AWS::Location::Tracker", "positions"),
    ("AWS::MSK::Cluster", "messages"),
    ("AWS::MSK::ServerlessCluster", "messages"),
    ("AWS::MSK::Topic", "messages"),
    ("AWS::MediaStore::Container", "objects"),
    ("AWS::MemoryDB::Cluster", "entries"),
    ("AWS::NeptuneGraph::Graph", "the graph"),
    ("AWS::Omics::AnnotationStore", "annotations"),
    ("AWS::Omics::ReferenceStore", "reference genomes"),
    ("AWS::Omics::SequenceStore", "read sets"),
    ("AWS::Omics::VariantStore", "variants"),
    ("AWS::OpenSearchServerless::Collection", "documents"),
    ("AWS::PaymentCryptography::Key", "the key"),
    ("AWS::Pinpoint::App", "endpoints and campaign results"),
    ("AWS::RDS::DBShardGroup", "tables and their rows"),
    (
        "AWS::RedshiftServerless::Namespace",
        "tables and their rows",
    ),
    (
        "AWS::Route53::HostedZone",
        "records made elsewhere, and the name servers the domain is delegated to",
    ),
    ("AWS::S3Express::DirectoryBucket", "objects"),
    ("AWS::S3Files::FileSystem", "files"),
    ("AWS::S3Outposts::Bucket", "objects"),
    ("AWS::S3Tables::Table", "rows"),
    ("AWS::S3Tables::TableBucket", "tables and their rows"),
    ("AWS::S3Vectors::Index", "vectors"),
    ("AWS::S3Vectors::VectorBucket", "vectors"),
    ("AWS::SES::MailManagerArchive", "mails"),
    ("AWS::SageMaker::Domain", "users' files"),
    ("AWS::SageMaker::FeatureGroup", "features"),
    (
        "AWS::SageMaker::MlflowTrackingServer",
        "recorded experiments",
    ),
    ("AWS::SageMaker::NotebookInstance", "files on its volume"),
    ("AWS::SecurityLake::DataLake", "collected events"),
    ("AWS::Timestream::Database", "tables and their rows"),
    ("AWS::Timestream::InfluxDBCluster", "time series"),
    ("AWS::Timestream::InfluxDBInstance", "time series"),
    ("AWS::Timestream::Table", "rows"),
    (
        "AWS::VerifiedPermissions::PolicyStore",
        "policies made at run time",
    ),
    ("AWS::Wisdom::KnowledgeBase", "content"),
    ("AWS::WorkSpaces::Workspace", "the user's files"),
];

/// Types whose deletion fails while they hold anything, beside those in cfn-lint's list.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html> (`EmptyOnDelete`)
const MUST_BE_EMPTY: &[&str] = &[
    "AWS::ECR::Repository",
    "AWS::S3Express::DirectoryBucket",
    "AWS::S3Tables::TableBucket",
    "AWS::S3Vectors::VectorBucket",
];

/// The full table.
pub(super) struct Table {
    stateful: BTreeSet<String>,
    must_be_empty: BTreeSet<String>,
}

impl Table {
    /// Joins cfn-lint's list with ours; every type of ours must exist in `types` and be missing from cfn-lint's.
    pub(super) fn new(published: &Value, types: &Map<String, Value>) -> Result<Self> {
        let published = published["ResourceTypes"]
            .as_object()
            .context("no list of stateful types")?;
        let mut stateful: BTreeSet<String> = published.keys().cloned().collect();
        let mut must_be_empty: BTreeSet<String> = published
            .iter()
            .filter(|(_, facts)| facts["DeleteRequiresEmptyResource"] == true)
            .map(|(name, _)| name.clone())
            .collect();
        for (name, lost) in ADDITIONS {
            ensure!(
                types.contains_key(*name),
                "the stateful type `{name}` ({lost}) does not exist, delete its row"
            );
            ensure!(
                stateful.insert((*name).to_owned()),
                "cfn-lint now lists `{name}` as stateful, delete its row"
            );
        }
        for name in MUST_BE_EMPTY {
            ensure!(
                stateful.contains(*name),
                "`{name}` must be empty to be deleted, yet is not stateful"
            );
            must_be_empty.insert((*name).to_owned());
        }
        Ok(Self {
            stateful,
            must_be_empty,
        })
    }

    /// Whether the type holds state.
    pub(super) fn holds_state(&self, name: &str) -> bool {
        self.stateful.contains(name)
    }

    /// Whether deletion fails while a resource of the type holds anything.
    pub(super) fn must_be_empty(&self, name: &str) -> bool {
        self.must_be_empty.contains(name)
    }
}
