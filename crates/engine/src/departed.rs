//! Stacks that this program deployed for an environment and that the app no longer declares.
//!
//! Nothing deletes them unasked. They are known by their names, `<project>-<environment>-<stack>`, and by the change set that
//! was executed last, which this program names.

use assembly::StackManifest;
use futures_util::future::try_join_all;
use plan::DepartedStack;

use crate::{
    desired::{Assembly, Template},
    engine::{Engine, TOKEN_PREFIX},
    error::Error,
    port::Stack,
    reads::Reads,
    status::Condition,
    survey::Denied,
};

impl Engine<'_> {
    /// The stacks that were deployed for the environment and that its app no longer declares. `environments` are all of the
    /// project: the name of a stack may begin with that of a shorter one.
    ///
    /// # Errors
    /// A call fails: what is not known is not said to be nothing.
    pub async fn departed(
        &self,
        assembly: &Assembly,
        environments: &[String],
    ) -> Result<Vec<DepartedStack>, Error> {
        let manifest = &assembly.manifest;
        let prefix = |environment: &str| format!("{}-{environment}-", manifest.project);
        let own = prefix(&manifest.environment);
        let nearer: Vec<String> = environments
            .iter()
            .map(|environment| prefix(environment))
            .filter(|other| other.len() > own.len() && other.starts_with(&own))
            .collect();
        self.pace.permit().await;
        let mut names = self.cloud.stack_names().await?;
        names.retain(|name| {
            let mut declared = manifest.stacks.iter();
            name.starts_with(&own)
                && !declared.any(|stack| stack.stack_name == *name)
                && !nearer.iter().any(|other| name.starts_with(other))
        });
        let found = try_join_all(names.iter().map(async |name| {
            self.pace.permit().await;
            self.cloud.stack(name).await
        }))
        .await?;
        let found = found.into_iter().flatten();
        let mut departed: Vec<DepartedStack> = found
            .filter(|stack| stack.status.condition() != Condition::Absent && is_ours(stack))
            .filter_map(|stack| {
                Some(DepartedStack {
                    name: stack.name.strip_prefix(&own)?.to_owned(),
                    stack_name: stack.name,
                    status: stack.status.to_string(),
                })
            })
            .collect();
        departed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(departed)
    }

    /// The assembly with these stacks that it no longer declares, so that they can be deleted like the others: each after the
    /// deployed stacks that read of it.
    ///
    /// # Errors
    /// A call fails.
    pub async fn with_departed(
        &self,
        assembly: &Assembly,
        departed: &[&DepartedStack],
    ) -> Result<Assembly, Error> {
        let mut whole = assembly.clone();
        if departed.is_empty() {
            return Ok(whole);
        }
        for stack in departed {
            whole.manifest.stacks.push(manifest(stack));
            let nothing =
                Template::parse("{}".to_owned()).expect("it is a template, though of nothing");
            whole.templates.insert(stack.name.clone(), nothing);
        }
        let read = try_join_all(whole.manifest.stacks.iter().map(async |stack| {
            self.read_deployed(&stack.name, &stack.stack_name, Denied::Fail)
                .await
        }))
        .await?;
        let names = whole.manifest.stacks.iter();
        let names: Vec<(String, String)> = names
            .map(|stack| (stack.stack_name.clone(), stack.name.clone()))
            .collect();
        for (stack, read) in whole.manifest.stacks.iter_mut().zip(read) {
            let Some((body, _)) = read.template else {
                continue;
            };
            for output in Reads::of(&body).outputs() {
                let read = names.iter().find(|(name, _)| *name == output.stack_name);
                if let Some((_, name)) = read
                    && *name != stack.name
                    && !stack.depends_on.contains(name)
                {
                    stack.depends_on.push(name.clone());
                }
            }
        }
        Ok(whole)
    }
}

/// Whether this program deployed a stack last. The name of a change set is the last but one part of its ARN.
fn is_ours(stack: &Stack) -> bool {
    let change_set = stack.change_set.as_deref();
    let name = change_set.and_then(|id| id.rsplit('/').nth(1));
    name.is_some_and(|name| name.starts_with(TOKEN_PREFIX))
}

fn manifest(stack: &DepartedStack) -> StackManifest {
    StackManifest {
        name: stack.name.clone(),
        stack_name: stack.stack_name.clone(),
        template: format!("{}.template.json", stack.name),
        depends_on: Vec::new(),
        tags: Default::default(),
        parameters: Default::default(),
        termination_protection: false,
        notification_arns: None,
        stack_policy: None,
        role_arn: None,
        resources: Default::default(),
        allowed_losses: Vec::new(),
        suppressions: Vec::new(),
    }
}
