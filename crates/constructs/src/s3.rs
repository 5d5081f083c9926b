//! Buckets nobody outside the account can read.

use dsl::{Arn, Construct, Stack, Value, arn};
use resources::{
    actions::s3 as actions,
    iam::RoleRef,
    s3::{self, BucketRef, bucket},
};

use crate::{
    addresses::Origin,
    iam::{Action, Grant, Operator, Principal, Statement, allow, deny, document},
};

/// A bucket that is private, encrypted, and reached over TLS 1.2 or newer only.
///
/// Objects belong to the account, access lists do not exist, and versioning is off, so that what is deleted is gone. Encryption is
/// with keys of S3's own (SSE-S3), which costs nothing and asks for no permission.
#[derive(Clone, Debug, Default)]
pub struct PrivateBucket {
    cors: Option<Cors>,
    expire_after_days: Option<u32>,
}

impl PrivateBucket {
    /// Begins a bucket.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets web pages reach it with links that were signed for them.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = Some(cors);
        self
    }

    /// Deletes each object so many days after it was made; the day ends at the next midnight, UTC. Uploads that were begun and
    /// never finished go after as long.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>
    #[must_use]
    pub fn expire_after_days(mut self, days: u32) -> Self {
        self.expire_after_days = Some(days);
        self
    }
}

/// Which web pages may do what with a bucket.
#[derive(Clone, Debug)]
pub struct Cors {
    origins: Vec<Origin>,
    methods: Vec<Method>,
    request_headers: Vec<&'static str>,
    exposed_headers: Vec<&'static str>,
}

/// What a web page does with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Downloads it.
    Get,
    /// Asks for its size and age.
    Head,
    /// Uploads it.
    Put,
    /// Uploads it from a form.
    Post,
    /// Deletes it.
    Delete,
}

impl Cors {
    /// Begins with the pages that are meant.
    pub fn from_origins(origins: &[Origin]) -> Self {
        Self {
            origins: origins.to_vec(),
            methods: Vec::new(),
            request_headers: Vec::new(),
            exposed_headers: Vec::new(),
        }
    }

    /// Says what they may do.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = methods.into_iter().collect();
        self
    }

    /// Says which headers they may send.
    #[must_use]
    pub fn request_headers(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.request_headers = names.into_iter().collect();
        self
    }

    /// Says which headers of the answer they may read.
    #[must_use]
    pub fn exposed_headers(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.exposed_headers = names.into_iter().collect();
        self
    }
}

impl Method {
    fn name(self) -> bucket::CorsRuleAllowedMethodsItem {
        use bucket::CorsRuleAllowedMethodsItem as Name;
        match self {
            Self::Get => Name::Get,
            Self::Head => Name::Head,
            Self::Put => Name::Put,
            Self::Post => Name::Post,
            Self::Delete => Name::Delete,
        }
    }
}

impl Construct for PrivateBucket {
    type Output = BucketRef;

    fn build(self, stack: &Stack, id: &str) -> BucketRef {
        let encryption = bucket::ServerSideEncryptionByDefault::new(
            bucket::ServerSideEncryptionByDefaultSSEAlgorithm::Aes256,
        );
        let encryption =
            bucket::ServerSideEncryptionRule::new().server_side_encryption_by_default(encryption);
        let mut properties = s3::Bucket::new()
            .bucket_encryption(bucket::BucketEncryption::new([encryption]))
            .ownership_controls(bucket::OwnershipControls::new([
                bucket::OwnershipControlsRule::new().object_ownership(
                    bucket::OwnershipControlsRuleObjectOwnership::BucketOwnerEnforced,
                ),
            ]))
            .public_access_block_configuration(
                bucket::PublicAccessBlockConfiguration::new()
                    .block_public_acls(true)
                    .block_public_policy(true)
                    .ignore_public_acls(true)
                    .restrict_public_buckets(true),
            );
        if let Some(cors) = self.cors {
            properties =
                properties.cors_configuration(bucket::CorsConfiguration::new([cors.rule()]));
        }
        if let Some(days) = self.expire_after_days {
            let rule = bucket::Rule::new(bucket::RuleStatus::Enabled)
                .id("Expire")
                .expiration_in_days(days)
                .abort_incomplete_multipart_upload(bucket::AbortIncompleteMultipartUpload::new(
                    days,
                ));
            properties =
                properties.lifecycle_configuration(bucket::LifecycleConfiguration::new([rule]));
        }
        let bucket = stack.add(id, properties);
        let policy = s3::BucketPolicy::new(bucket.id(), document(only_tls(&bucket)));
        stack.add(&format!("{id}Policy"), policy);
        bucket
    }
}

impl Cors {
    fn rule(self) -> bucket::CorsRule {
        let methods: Vec<_> = self.methods.into_iter().map(Method::name).collect();
        bucket::CorsRule::new(methods, self.origins)
            .allowed_headers(self.request_headers)
            .exposed_headers(self.exposed_headers)
            .max_age(CORS_SECONDS)
    }
}

/// How long a browser remembers what it may do.
const CORS_SECONDS: u32 = 3_600;

/// Denies whatever does not come over TLS, or over an old version of it.
fn only_tls(bucket: &BucketRef) -> [Statement; 2] {
    let all = || {
        deny([actions::ALL])
            .on([bucket.arn(), objects(bucket)])
            .to(Principal::Anyone)
    };
    [
        all().when("aws:SecureTransport", Operator::Bool, "false"),
        all().when("s3:TlsVersion", Operator::NumericLessThan, "1.2"),
    ]
}

fn objects(bucket: &BucketRef) -> Value<Arn> {
    arn!("{}/*", bucket.arn())
}

/// What a bucket lets roles do. Each grant is added to the stack of the bucket:
///
/// ```
/// # use constructs::prelude::*;
/// # let app = dsl::testing::app();
/// # let (account, stack) = (app.stack("account"), app.stack("files"));
/// # let api = account.add("Api", Role::assumed_by(Trust::service("lambda.amazonaws.com")));
/// let files = stack.add("Files", PrivateBucket::new());
/// stack.add("ApiReadsFiles", files.grant_read(&api));
/// ```
pub trait BucketGrants {
    /// Lets a role read objects, and learn that one is not there, which S3 tells nobody who may not list them.
    fn grant_read(&self, role: &RoleRef) -> Grant;

    /// Lets a role put objects there, with their tags.
    fn grant_put(&self, role: &RoleRef) -> Grant;

    /// Lets a role delete objects.
    fn grant_delete(&self, role: &RoleRef) -> Grant;
}

impl BucketGrants for BucketRef {
    fn grant_read(&self, role: &RoleRef) -> Grant {
        Grant::to(role)
            .may(on_objects(self, [actions::GetObject]))
            .may(allow([actions::ListBucket]).on([self.arn()]))
    }

    fn grant_put(&self, role: &RoleRef) -> Grant {
        Grant::to(role).may(on_objects(
            self,
            [actions::PutObject, actions::PutObjectTagging],
        ))
    }

    fn grant_delete(&self, role: &RoleRef) -> Grant {
        Grant::to(role).may(on_objects(self, [actions::DeleteObject]))
    }
}

fn on_objects<const N: usize>(bucket: &BucketRef, names: [Action; N]) -> Statement {
    allow(names)
        .on([objects(bucket)])
        .justified("the objects of one bucket")
}

#[cfg(test)]
mod tests {
    use dsl::testing::{self, Template};
    use serde_json::json;

    use super::*;
    use crate::iam::{Role, Trust};

    fn role(stack: &Stack) -> RoleRef {
        stack.add(
            "Api",
            Role::assumed_by(Trust::service("lambda.amazonaws.com")),
        )
    }

    #[test]
    fn nothing_but_tls_reaches_it() {
        let app = testing::app();
        let stack = app.stack("files");
        stack.add("Files", PrivateBucket::new());
        let template = Template::of(&stack);
        let statements = &template.properties("FilesPolicy")["PolicyDocument"]["Statement"];
        for statement in statements.as_array().expect("it is a list") {
            assert_eq!(statement["Effect"], "Deny");
            assert_eq!(statement["Principal"], "*");
            assert_eq!(
                statement["Resource"].as_array().map(Vec::len),
                Some(2),
                "bucket and objects"
            );
        }
        assert_eq!(
            statements[0]["Condition"],
            json!({ "Bool": { "aws:SecureTransport": "false" } })
        );
        assert_eq!(
            statements[1]["Condition"],
            json!({ "NumericLessThan": { "s3:TlsVersion": "1.2" } })
        );
        let properties = template.properties("Files");
        assert_eq!(properties.get("VersioningConfiguration"), None);
        assert_eq!(
            properties["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"],
            true
        );
    }

    #[test]
    fn a_grant_across_stacks_stands_beside_the_bucket() {
        let app = testing::app();
        let account = app.stack("account");
        let api = role(&account);
        let stack = app.stack("files");
        let files = stack.add("Files", PrivateBucket::new());
        stack.add("ApiDeletes", files.grant_delete(&api));

        let template = Template::of(&stack);
        assert_eq!(
            template.properties("ApiDeletes"),
            &json!({
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Effect": "Allow",
                        "Action": ["s3:DeleteObject"],
                        "Resource": [{ "Fn::Sub": "${Files.Arn}/*" }],
                    }],
                },
                "PolicyName": "files-ApiDeletes",
                "RoleName": { "Fn::GetStackOutput": { "StackName": "test-test-account", "OutputName": "Api" } },
            })
        );
        let assembly = testing::assembly(&app);
        let files = &assembly.manifest.stacks[1];
        assert_eq!(files.depends_on, ["account"]);
        assert!(files.resources["ApiDeletes"].source.contains("s3.rs"));
    }

    #[test]
    fn reading_tells_what_is_absent_from_what_is_forbidden() {
        let app = testing::app();
        let stack = app.stack("files");
        let api = role(&stack);
        let files = stack.add("Files", PrivateBucket::new());
        stack.add("ApiReads", files.grant_read(&api));
        let template = Template::of(&stack);
        let statements = &template.properties("ApiReads")["PolicyDocument"]["Statement"];
        assert_eq!(statements[0]["Action"], json!(["s3:GetObject"]));
        assert_eq!(statements[1]["Action"], json!(["s3:ListBucket"]));
        assert_eq!(
            statements[1]["Resource"],
            json!([{ "Fn::GetAtt": ["Files", "Arn"] }])
        );
    }
}
