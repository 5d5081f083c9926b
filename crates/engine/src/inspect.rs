//! What is there: the state of every stack, and the values of their outputs.

use assembly::StackManifest;
use futures_util::future::try_join_all;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    desired::Assembly,
    engine::Engine,
    error::Error,
    port::{CloudFormation, Stack},
    status::{Condition, Health, StackStatus},
};

/// The version of these forms.
const FORMAT_VERSION: &str = "1.0";

/// The state of an environment: what `status --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentStatus {
    /// The version of this form.
    pub format_version: String,
    /// The environment's name.
    pub environment: String,
    /// Its stacks, in the order they deploy.
    pub stacks: Vec<StackState>,
    /// Resources outside AWS.
    pub external: Vec<serde_json::Value>,
}

/// The state of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackState {
    /// The short name.
    pub name: String,
    /// The CloudFormation name.
    pub stack_name: String,
    /// CloudFormation's status; nothing when there is no such stack.
    pub status: Option<StackStatus>,
    /// How it does.
    pub health: Health,
    /// Why it is in that status, when CloudFormation says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was last changed, in RFC 3339.
    pub updated_at: Option<String>,
    /// How many resources it has.
    pub resources: usize,
}

/// The outputs of an environment: what `outputs --format json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentOutputs {
    /// The version of this form.
    pub format_version: String,
    /// Values by output, by the short name of the stack.
    pub stacks: IndexMap<String, IndexMap<String, String>>,
    /// Values by resource outside AWS.
    pub external: IndexMap<String, serde_json::Value>,
}

/// The template that a stack was last deployed with; nothing when there is no such stack, or nothing in it yet.
///
/// # Errors
/// The call fails, or the template cannot be understood: what is in it is then not known, and never taken for nothing.
pub async fn deployed_template(
    cloud: &(impl CloudFormation + ?Sized),
    stack_name: &str,
) -> Result<Option<Value>, Error> {
    let text = cloud.template(stack_name).await?;
    // A stack that was begun and never made has none.
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| understood(stack_name, &text)).transpose()
}

/// The body of a deployed template.
pub(crate) fn understood(stack: &str, text: &str) -> Result<Value, Error> {
    let template = template::Template::parse(text).map_err(|errors| Error::Deployed {
        stack: stack.to_owned(),
        errors,
    })?;
    Ok(template.into_body())
}

impl Engine<'_> {
    /// Whether there is a stack of this CloudFormation name.
    ///
    /// # Errors
    /// CloudFormation does not say.
    pub async fn exists(&self, stack_name: &str) -> Result<bool, Error> {
        Ok(self.cloud.stack(stack_name).await?.is_some())
    }

    /// The state of every stack of an assembly.
    ///
    /// # Errors
    /// A call fails; a stack that cannot be read is never said to be absent.
    pub async fn status(&self, assembly: &Assembly) -> Result<EnvironmentStatus, Error> {
        let stacks = assembly
            .manifest
            .stacks
            .iter()
            .map(|stack| self.state(stack));
        Ok(EnvironmentStatus {
            format_version: FORMAT_VERSION.to_owned(),
            environment: assembly.manifest.environment.clone(),
            stacks: try_join_all(stacks).await?,
            external: Vec::new(),
        })
    }

    async fn state(&self, stack: &StackManifest) -> Result<StackState, Error> {
        let found = self.found(stack).await?;
        let mut state = StackState {
            name: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            status: None,
            health: Health::Absent,
            reason: None,
            updated_at: None,
            resources: 0,
        };
        let Some(found) = found else { return Ok(state) };
        if found.status.condition() != Condition::Absent {
            self.pace.permit().await;
            let resources = self.cloud.resources(&found.id).await?;
            let gone = |status: &str| status == "DELETE_COMPLETE" || status == "DELETE_SKIPPED";
            state.resources = resources
                .iter()
                .filter(|resource| !gone(&resource.status.0))
                .count();
        }
        state.health = found.status.health();
        state.status = Some(found.status);
        state.reason = found.status_reason;
        state.updated_at = found.updated_at;
        Ok(state)
    }

    /// The outputs of every deployed stack of an assembly.
    ///
    /// # Errors
    /// A call fails.
    pub async fn outputs(&self, assembly: &Assembly) -> Result<EnvironmentOutputs, Error> {
        let stacks = try_join_all(assembly.manifest.stacks.iter().map(|stack| async move {
            let found = self.found(stack).await?;
            Ok::<_, Error>(found.map(|found| (stack.name.clone(), found.outputs)))
        }));
        Ok(EnvironmentOutputs {
            format_version: FORMAT_VERSION.to_owned(),
            stacks: stacks.await?.into_iter().flatten().collect(),
            external: IndexMap::new(),
        })
    }

    async fn found(&self, stack: &StackManifest) -> Result<Option<Stack>, Error> {
        self.pace.permit().await;
        Ok(self.cloud.stack(&stack.stack_name).await?)
    }
}
