//! Whether what `bootstrap` made for an environment is enough for what is to be deployed to it.

use assembly::Environment;
use bootstrap::{Needs, Scope, Uncovered};
use engine::{
    Assembly, AwsErrorKind, CloudFormation, Engine, Planned, Secrets, asset_bucket,
    deployed_template,
};
use plan::{Finding, Plan, Severity};

use crate::{error::CommandError, session::Session};

/// The rule that CloudFormation's role may do what the stacks need.
const PERMISSIONS: &str = "CIF140";
/// The rule that every role and user has the environment's boundary.
const BOUNDARY: &str = "CIF141";
/// The rule that every secret which is referred to exists.
const SECRET: &str = "CIF142";

/// How many actions of a type are named; the rest is counted.
const SHOWN_ACTIONS: usize = 3;

/// An environment as `bootstrap` knows it; `stacks` are CloudFormation names.
pub(crate) fn scope(environment: &Environment, project: &str, stacks: Vec<String>) -> Scope {
    Scope {
        project: project.to_owned(),
        environment: environment.name.clone(),
        account: environment.account.clone(),
        region: environment.region.clone(),
        asset_bucket: asset_bucket(&environment.account, &environment.region),
        stacks,
    }
}

/// The same with the stacks of an assembly.
pub(crate) fn scope_of(environment: &Environment, assembly: &Assembly) -> Scope {
    let manifest = &assembly.manifest;
    let stacks = manifest.stacks.iter().map(|stack| stack.stack_name.clone());
    scope(environment, &manifest.project, stacks.collect())
}

/// What was found about the preparation of an environment, by the short name of the stack it concerns.
#[derive(Debug, Default)]
pub(crate) struct Preparation(Vec<(String, Finding)>);

impl Preparation {
    /// Puts what was found into the plan, as far as it is about stacks of the plan.
    pub(crate) fn add_to(&self, plan: &mut Plan) {
        for (stack, finding) in &self.0 {
            plan.add_findings(stack, [finding.clone()]);
        }
    }
}

/// Compares what stacks need with what was bootstrapped and with the secrets there are.
///
/// # Errors
/// The environment is not bootstrapped though its file says so, or a call fails.
pub(crate) async fn check(
    cloud: &(impl CloudFormation + Secrets),
    session: &Session,
    assembly: &Assembly,
) -> Result<Preparation, CommandError> {
    let (permissions, secrets) = tokio::join!(
        permissions(cloud, session, assembly),
        secrets(cloud, session, assembly)
    );
    let mut found = permissions?;
    found.0.extend(secrets?.0);
    Ok(found)
}

/// The secrets that stacks refer to and that are not there. Without such references nothing is asked.
async fn secrets(
    cloud: &impl Secrets,
    session: &Session,
    assembly: &Assembly,
) -> Result<Preparation, CommandError> {
    let mut references = Vec::new();
    for stack in &assembly.manifest.stacks {
        let found = bootstrap::secret_references(assembly.templates[&stack.name].body());
        references.extend(found.into_iter().map(|reference| (stack, reference)));
    }
    let mut names: Vec<String> = references
        .iter()
        .map(|(_, reference)| reference.name.clone())
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Ok(Preparation::default());
    }
    let existing = match cloud.existing(&names).await {
        Ok(existing) => existing,
        Err(error) if error.kind == AwsErrorKind::AccessDenied => {
            let (stack, _) = references[0];
            let message = format!("whether the secrets exist is not known: {error}");
            let finding = Finding::new(Severity::Info, SECRET, message);
            return Ok(Preparation(vec![(stack.name.clone(), finding)]));
        }
        Err(error) => return Err(engine::Error::from(error).into()),
    };
    let missing = references
        .into_iter()
        .filter(|(_, reference)| !existing.iter().any(|fact| fact.name == reference.name));
    let environment = &session.environment.name;
    let folder = format!("/{}/{environment}/", assembly.manifest.project);
    Ok(Preparation(
        missing
            .map(|(stack, reference)| {
                let name = &reference.name;
                let message = match name.strip_prefix(&folder) {
                    Some(name) => format!(
                        "secret `{name}` is not set; run `chitinfra secret set -e {environment} {name}`"
                    ),
                    None => format!("SSM has no parameter `{name}`"),
                };
                let finding = Finding::new(Severity::Error, SECRET, message);
                let id = &reference.logical_id;
                (stack.name.clone(), finding.about(id, stack.resources.get(id)))
            })
            .collect(),
    ))
}

/// What CloudFormation's role may not do. There is nothing to find where no `bootstrap` is asked for.
async fn permissions(
    cloud: &impl CloudFormation,
    session: &Session,
    assembly: &Assembly,
) -> Result<Preparation, CommandError> {
    let environment = &session.environment;
    let Some(settings) = &environment.bootstrap else {
        return Ok(Preparation::default());
    };
    let scope = scope_of(environment, assembly);
    let deployed = match deployed_template(cloud, &scope.names().stack()).await {
        Ok(Some(template)) => template,
        Ok(None) => return Err(not_bootstrapped(environment)),
        Err(engine::Error::Aws(error)) if error.kind == AwsErrorKind::AccessDenied => {
            let first = assembly.manifest.stacks.first();
            let finding = first.map(|stack| {
                let message = format!(
                    "whether CloudFormation's role may do what the stacks need is not known: {error}"
                );
                (stack.name.clone(), Finding::new(Severity::Warning, PERMISSIONS, message))
            });
            return Ok(Preparation(finding.into_iter().collect()));
        }
        Err(error) => return Err(error.into()),
    };
    let templates = assembly.templates.values().map(engine::Template::body);
    let needs = Needs::of(&scope, templates, &settings.permissions);
    let mut found = Vec::new();
    for lacking in bootstrap::uncovered(&deployed, &needs, &scope) {
        found.extend(told(&lacking, environment, assembly));
    }
    for stack in &assembly.manifest.stacks {
        let template = assembly.templates[&stack.name].body();
        for id in bootstrap::unbounded(template, &scope) {
            let message = format!(
                "CloudFormation may make no role or user without the boundary `{}`",
                scope.boundary_arn()
            );
            let finding = Finding::new(Severity::Error, BOUNDARY, message);
            let origin = stack.resources.get(&id);
            found.push((stack.name.clone(), finding.about(&id, origin)));
        }
    }
    Ok(Preparation(found))
}

/// A plan and what was found about the preparation. That the environment is not prepared explains whatever failed of the
/// plan; no change set then stays.
pub(crate) async fn both(
    engine: &Engine<'_>,
    planned: Result<Planned, engine::Error>,
    preparation: Result<Preparation, CommandError>,
) -> Result<(Planned, Preparation), CommandError> {
    match (planned, preparation) {
        (Ok(planned), Ok(preparation)) => Ok((planned, preparation)),
        (Ok(planned), Err(error)) => {
            engine.discard(&planned).await?;
            Err(error)
        }
        (Err(_), Err(error)) => Err(error),
        (Err(error), Ok(_)) => Err(error.into()),
    }
}

/// The environment's file says that `bootstrap` prepares it, and it did not.
fn not_bootstrapped(environment: &Environment) -> CommandError {
    let name = &environment.name;
    CommandError::failed(format!("{name} is not bootstrapped")).hinted(format!(
        "make the roles and the bucket it needs:\n\n    chitinfra bootstrap -e {name}\n"
    ))
}

/// A type without permissions, at the first resource of it in each stack.
fn told(
    lacking: &Uncovered,
    environment: &Environment,
    assembly: &Assembly,
) -> Vec<(String, Finding)> {
    let Uncovered { type_name, actions } = lacking;
    let mut named = actions
        .iter()
        .take(SHOWN_ACTIONS)
        .map(|action| format!("`{action}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if let more @ 1.. = actions.len().saturating_sub(SHOWN_ACTIONS) {
        named.push_str(&format!(" and {more} more"));
    }
    let message = format!(
        "CloudFormation's role lacks {named} for {type_name}; run `chitinfra bootstrap -e {}`",
        environment.name
    );
    let stacks = &assembly.manifest.stacks;
    let mut found: Vec<(String, Finding)> = stacks
        .iter()
        .filter_map(|stack| {
            let resources = assembly.templates[&stack.name].body()["Resources"].as_object()?;
            let (id, _) = resources
                .iter()
                .find(|(_, resource)| resource["Type"] == type_name.as_str())?;
            let finding = Finding::new(Severity::Error, PERMISSIONS, message.as_str());
            let origin = stack.resources.get(id);
            Some((stack.name.clone(), finding.about(id, origin)))
        })
        .collect();
    if let (true, Some(first)) = (found.is_empty(), stacks.first()) {
        found.push((
            first.name.clone(),
            Finding::new(Severity::Error, PERMISSIONS, message),
        ));
    }
    found
}
