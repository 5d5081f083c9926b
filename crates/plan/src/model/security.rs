//! What a plan says of access.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What changes in access.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Security {
    /// Whether anything may do, reach or be reached by more than before.
    pub widened: bool,
    /// Statements of policies.
    pub iam: Vec<StatementChange>,
    /// Rules of security groups.
    pub network: Vec<RuleChange>,
}

/// Whether a statement or rule comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// It is new.
    Added,
    /// It goes.
    Removed,
}

/// What a statement says of the access it describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// It is given.
    Allow,
    /// It is refused, whatever else gives it.
    Deny,
}

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    /// In a policy of a role, user or group: what they may do.
    Identity,
    /// In a role's trust policy: who may become it.
    Trust,
    /// In a policy of a resource: who may do what with it.
    Resource,
    /// In a permissions boundary: the most that may ever be given.
    Boundary,
    /// A managed policy, by its ARN, of a role, user or group; its statements are not in the template.
    ManagedPolicy,
}

/// A policy statement that comes or goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatementChange {
    /// Whether it comes or goes.
    pub change: Edit,
    /// Whether it gives or refuses.
    pub effect: Effect,
    /// Who: `AWS:arn:…`, `Service:sns.amazonaws.com`, `*`; the holder for a policy of a role, user or group. With a
    /// leading `!`: everyone but them.
    pub principals: Vec<String>,
    /// What, `s3:GetObject`. With a leading `!`: everything but that.
    pub actions: Vec<String>,
    /// On what, expressions shown readably. With a leading `!`: everything but that.
    pub resources: Vec<String>,
    /// Under which condition.
    pub condition: Option<Value>,
    /// The resource of the template it belongs to.
    pub logical_id: String,
    /// Where it stands.
    pub kind: StatementKind,
    /// Whether this very change lets anyone do more than before.
    pub widens: bool,
}

/// Which way a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the resource.
    Ingress,
    /// From the resource.
    Egress,
}

/// A rule of a security group that comes or goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChange {
    /// Whether it comes or goes.
    pub change: Edit,
    /// Which way the connection goes.
    pub direction: Direction,
    /// `tcp`, `udp`, `icmp`, a protocol's number or `all`.
    pub protocol: String,
    /// `443`, `8000-8080` or `all`.
    pub ports: String,
    /// The other side: an address range, a security group, a prefix list.
    pub peer: String,
    /// The resource of the template it belongs to.
    pub logical_id: String,
    /// Whether this very change opens more than before.
    pub widens: bool,
}
