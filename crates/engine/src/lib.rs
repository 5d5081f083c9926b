//! Carries out the operations of the command line on CloudFormation: read, plan, deploy, destroy.

mod aws;
mod cause;
mod error;
mod port;
mod status;

pub use aws::{Aws, AwsOptions, asset_bucket, verify_account};
pub use cause::Cause;
pub use error::{AwsError, AwsErrorKind, Error, Hint};
pub use port::{
    Answer, Caller, ChangeSet, ChangeSetId, ChangeSetRequest, ChangeSetStatus, ChangeSetType,
    CloudFormation, DeleteRequest, EventPage, Execution, Finding, ReportedChange, ReportedDetail,
    Stack, StackEvent, StackResource, TemplateSource, Values,
};
pub use status::{Condition, Ending, Health, ResourceStatus, StackStatus};
