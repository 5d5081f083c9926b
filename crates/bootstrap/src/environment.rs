//! What one environment has of its own: CloudFormation's role, the boundary, and the roles of workflows.

use assembly::{BOOTSTRAP_PATH, Bootstrap};
use serde_json::{Map, Value, json};

use crate::{
    VERSION, VERSION_OUTPUT,
    boundary::boundary,
    needs::Needs,
    pipeline::Workflow,
    policy::{self, POLICIES_LIMIT, POLICY_LIMIT, divided, document},
    scope::Scope,
};

/// The most letters of a role's name.
pub const ROLE_NAME_LIMIT: usize = 64;

/// The member of the template's metadata that belongs to chitinfra.
pub(crate) const METADATA: &str = "chitinfra";

/// What one environment has of its own.
#[derive(Clone, Debug)]
pub struct Environment<'a> {
    /// Which environment.
    pub scope: &'a Scope,
    /// What its file says.
    pub settings: &'a Bootstrap,
    /// What its stacks need.
    pub needs: &'a Needs,
}

/// Why there is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// A role's name would be too long.
    #[error(
        "`{name}` is too long for the name of a role, which has at most {ROLE_NAME_LIMIT} characters"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// What CloudFormation needs does not fit into a role.
    #[error(
        "what CloudFormation needs for {types} resource types does not fit into the {POLICIES_LIMIT} policies that a role can have"
    )]
    Permissions {
        /// How many types there are.
        types: usize,
    },
    /// The boundary does not fit into a policy.
    #[error(
        "the stacks are of so many services that the boundary takes {length} of {POLICY_LIMIT} characters"
    )]
    Boundary {
        /// How long it would be.
        length: usize,
    },
}

impl Environment<'_> {
    /// The template of the environment's stack.
    ///
    /// # Errors
    /// What it needs is more than IAM takes.
    pub fn template(&self) -> Result<Value, TooMuch> {
        let Self {
            scope,
            settings,
            needs,
        } = self;
        let name = scope.names().own("execution");
        if name.len() > ROLE_NAME_LIMIT {
            return Err(TooMuch::Name { name });
        }
        let types = needs.types().count();
        let too_much = TooMuch::Permissions { types };
        let policies = divided(|| needs.grants(scope)).ok_or(too_much.clone())?;
        let boundary = boundary(needs, scope);
        let length = boundary.to_string().len();
        if length > POLICY_LIMIT {
            return Err(TooMuch::Boundary { length });
        }

        let mut resources = Map::new();
        resources.insert("Boundary".to_owned(), self.boundary(boundary));
        let mut ids = Vec::new();
        for (index, statements) in policies.iter().enumerate() {
            let id = format!("ExecutionPolicy{}", index + 1);
            let statements = statements.iter().map(policy::Statement::to_json);
            let about = "What the handlers of the declared resource types need";
            let name = format!("execution-{}", index + 1);
            let policy = self.derived_policy(&name, about, document(statements));
            resources.insert(id.clone(), policy);
            ids.push(json!({"Ref": id}));
        }
        resources.insert("Execution".to_owned(), self.execution_role(ids));
        let mut outputs = json!({
            VERSION_OUTPUT: {"Value": VERSION.to_string()},
            "ExecutionRoleArn": {"Value": {"Fn::GetAtt": ["Execution", "Arn"]}},
            "BoundaryArn": {"Value": {"Ref": "Boundary"}},
        });
        if let Some(repository) = &settings.repository {
            let reads = divided(|| needs.reads(scope)).ok_or(too_much)?;
            let mut looks = Vec::new();
            for (index, statements) in reads.iter().enumerate() {
                let id = format!("ReadPolicy{}", index + 1);
                let statements = statements.iter().map(policy::Statement::to_json);
                let about = "What it takes to look at what the stacks made, to find drift";
                let name = format!("read-{}", index + 1);
                let policy = self.derived_policy(&name, about, document(statements));
                resources.insert(id.clone(), policy);
                looks.push(json!({"Ref": id}));
            }
            let workflows = [
                ("Deploy", Workflow::Deploy, "Workflows on GitHub, to deploy"),
                (
                    "Plan",
                    Workflow::Plan,
                    "Pull requests and releases on GitHub, to show a plan",
                ),
            ];
            for (id, workflow, description) in workflows {
                let name = id.to_ascii_lowercase();
                let policy = json!({
                    "PolicyName": name,
                    "PolicyDocument": workflow.policy(scope),
                });
                let role = json!({
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "RoleName": scope.names().own(&name),
                        "Path": BOOTSTRAP_PATH,
                        "Description": description,
                        "AssumeRolePolicyDocument": workflow.trust(scope, repository),
                        "ManagedPolicyArns": looks,
                        "Policies": [policy],
                    },
                });
                resources.insert(id.to_owned(), role);
                outputs[format!("{id}RoleArn")] = json!({"Value": {"Fn::GetAtt": [id, "Arn"]}});
            }
        }
        Ok(json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": format!(
                "What chitinfra needs to deploy {} to {}: CloudFormation's role, its boundary, roles of workflows",
                scope.project, scope.environment
            ),
            "Metadata": {METADATA: {"types": needs.types().collect::<Vec<_>>()}},
            "Resources": resources,
            "Outputs": outputs,
        }))
    }

    fn boundary(&self, document: Value) -> Value {
        let scope = self.scope;
        let reason = "a boundary grants nothing: it is the most that policies can";
        json!({
            "Type": "AWS::IAM::ManagedPolicy",
            "Metadata": {METADATA: {"suppress": [{"rule": "CIF111", "reason": reason}]}},
            "Properties": {
                "ManagedPolicyName": scope.names().own("boundary"),
                "Path": BOOTSTRAP_PATH,
                "Description": "The most that CloudFormation and every role and user it makes may do, whatever their policies say",
                "PolicyDocument": document,
            },
        })
    }

    fn derived_policy(&self, name: &str, about: &str, document: Value) -> Value {
        let scope = self.scope;
        json!({
            "Type": "AWS::IAM::ManagedPolicy",
            "Metadata": {METADATA: {"reason":
                format!("{about}. `*` is the resource of actions that can be limited to none")
            }},
            "Properties": {
                "ManagedPolicyName": scope.names().own(name),
                "Path": BOOTSTRAP_PATH,
                "Description": about,
                "PolicyDocument": document,
            },
        })
    }

    fn execution_role(&self, policies: Vec<Value>) -> Value {
        let scope = self.scope;
        json!({
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": scope.names().own("execution"),
                "Path": BOOTSTRAP_PATH,
                "Description": "CloudFormation, when it deploys",
                "AssumeRolePolicyDocument": document([json!({
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudformation.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                })]),
                "PermissionsBoundary": {"Ref": "Boundary"},
                "ManagedPolicyArns": policies,
            },
        })
    }
}
