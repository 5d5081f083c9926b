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
    /// Settings that open or close a resource to others.
    #[serde(default)]
    pub settings: Vec<SettingChange>,
}

impl Security {
    /// Whether nothing of access changes.
    pub fn is_empty(&self) -> bool {
        self.iam.is_empty() && self.network.is_empty() && self.settings.is_empty()
    }
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
    /// A group of users, whose policies reach its members.
    Membership,
    /// An assignment of IAM Identity Center: who may take on a permission set in which account.
    Assignment,
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
    /// The statement's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// What a policy of a resource is about, `${Files}`; the role for a trust policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Conditions of the template, not known yet, under which it stands there at all: `Live`, `!Live`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_if: Vec<String>,
    /// Whether this very change lets anyone do more than before.
    pub widens: bool,
    /// Whether this very change lets anyone do less than before.
    #[serde(default)]
    pub narrows: bool,
    /// Why it widens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Widening>,
    /// The other half, by its index in the same list, where a statement that goes becomes one that comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs_with: Option<usize>,
}

/// Why access widens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Widening {
    /// Nothing allowed anything like it before, or denies anything like it any more.
    New,
    /// Actions are reached that were not.
    Actions {
        /// The patterns that reach them.
        what: Vec<String>,
    },
    /// Resources are reached that were not.
    Resources {
        /// The patterns that reach them.
        what: Vec<String>,
    },
    /// Others may than before.
    Principals {
        /// Who.
        what: Vec<String>,
    },
    /// A condition no longer holds access back, or not as much.
    Condition {
        /// Operators and keys, `StringEquals aws:SourceArn`.
        what: Vec<String>,
    },
    /// Conditions of the template no longer decide whether it stands there.
    OnlyIf {
        /// Their names.
        what: Vec<String>,
    },
    /// A permissions boundary goes, or is another one.
    Boundary {
        /// The one that goes.
        what: Vec<String>,
    },
    /// More addresses, groups or prefix lists are reached or let in.
    Peers {
        /// Which.
        what: Vec<String>,
    },
    /// More ports are open.
    Ports {
        /// Which.
        what: Vec<String>,
    },
    /// More protocols are let through.
    Protocols {
        /// Which.
        what: Vec<String>,
    },
    /// The setting opens what was closed.
    Opens,
    /// It cannot be told before the deployment, so it is taken to widen.
    Unknown {
        /// What is not known.
        what: Vec<String>,
    },
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
    /// The security group, network ACL or other guard the rule is of.
    #[serde(default)]
    pub group: String,
    /// Whether it lets through or keeps out.
    #[serde(default = "allow")]
    pub effect: Effect,
    /// Conditions of the template, not known yet, under which it stands there at all: `Live`, `!Live`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_if: Vec<String>,
    /// Whether this very change opens more than before.
    pub widens: bool,
    /// Whether this very change closes more than before.
    #[serde(default)]
    pub narrows: bool,
    /// Why it widens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Widening>,
    /// The other half, by its index in the same list, where a rule that goes becomes one that comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs_with: Option<usize>,
}

/// A setting that opens or closes a resource to others, as it changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingChange {
    /// The resource of the template.
    pub logical_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The way to the setting, `PublicAccessBlockConfiguration.BlockPublicPolicy`.
    pub setting: String,
    /// What it is; `null` where the template leaves it out.
    pub before: Option<Value>,
    /// What it becomes.
    pub after: Option<Value>,
    /// Whether it opens more than before.
    pub widens: bool,
    /// Whether it closes more than before.
    pub narrows: bool,
    /// Why it widens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Widening>,
}

fn allow() -> Effect {
    Effect::Allow
}
