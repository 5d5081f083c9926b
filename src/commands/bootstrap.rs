//! `bootstrap`: prepare an account and region for an environment.

use assembly::{ACCOUNT_STACK, Bootstrap, Environment, Manifest, StackManifest};
use bootstrap::{IdentityProvider, Needs, Scope, VERSION, VERSION_OUTPUT};
use clap::{Args, ValueEnum};
use engine::{
    Assembly, Busy, ChangeSets, CloudFormation as _, Engine, IdentityProviders as _, Planned,
    Template, deployed_template,
};
use futures_util::future::try_join_all;
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::{
    cli::{EnvironmentArg, Global},
    commands::{deploy, outputs},
    error::{CommandError, Ending},
    operation::{Connection, Manner, at_work, conclude},
    prepared,
    printer::Printer,
    records,
    session::Session,
    views::{self, text::Look},
};

/// The short names of the two stacks.
const ACCOUNT: &str = "account";
const ENVIRONMENT: &str = "environment";

/// What CloudFormation takes within a call. A larger template goes through the asset bucket, which must be there.
const INLINE_LIMIT: usize = 51_200;

/// Prepare an account and region: asset bucket, CloudFormation's role and its boundary, roles of workflows
///
/// What is made is planned, shown and approved like any deployment. Run it again when the stacks declare resources of new
/// types, as `plan` then says, and with a newer version of this program.
#[derive(Debug, Args)]
pub(crate) struct BootstrapArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Print the templates, or one of them, and do nothing; needs no credentials
    #[arg(long, value_name = "STACK", num_args = 0..=1, default_missing_value = "both", conflicts_with = "show_policy")]
    show_template: Option<Shown>,
    /// Print the policy that a person needs to run this, and do nothing; needs no credentials
    #[arg(long)]
    show_policy: bool,
}

/// Which template is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// Both, by the names of their stacks.
    Both,
    /// What the account and region has once.
    Account,
    /// What the environment has of its own.
    Environment,
}

pub(crate) fn run(
    args: &BootstrapArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let name = &session.environment.name;
    let Some(settings) = &session.environment.bootstrap else {
        let file = session.project.environment_file(name);
        return Err(CommandError::usage(format!(
            "`{}` does not say that {name} is bootstrapped",
            file.display()
        ))
        .hinted("add what is to be prepared; without a repository no roles of workflows are made:\n\n    bootstrap:\n      repository: owner/name\n"));
    };
    let assembly = session.synthesize(printer)?;
    let wanted = Wanted {
        scope: prepared::scope_of(&session.environment, &assembly),
        environment: &session.environment,
        settings,
        assembly: &assembly,
    };
    if args.show_policy || args.show_template.is_some() {
        let made = wanted.templates(&[], wanted.provider_of_file(), printer)?;
        printer.answer_json(&shown(args, &wanted, &made)?)?;
        return Ok(Ending::Done);
    }
    let purpose = format!("chitinfra bootstrap -e {name}");
    // Nobody deploys meanwhile, to what changes under them. It is no release: a release is what can be deployed again.
    at_work(
        &session,
        global,
        printer,
        &purpose,
        Manner {
            own_rights: true,
            // The bucket outlives its stack, and so do the records in it.
            import_existing: true,
            ..Manner::default()
        },
        async |_| Ok(records::home_of(&assembly.manifest)),
        async |connection, _| {
            let run = Run {
                connection,
                session: &session,
                wanted: &wanted,
                global,
                printer,
            };
            run.bootstrap().await
        },
    )
}

/// What `--show-template` and `--show-policy` print.
fn shown(
    args: &BootstrapArgs,
    wanted: &Wanted<'_>,
    made: &Templates,
) -> Result<Value, CommandError> {
    Ok(match args.show_template {
        Some(Shown::Account) => made.account.clone(),
        Some(Shown::Environment) => made.environment.clone(),
        Some(Shown::Both) => json!({
            ACCOUNT_STACK: made.account,
            wanted.scope.names().stack(): made.environment,
        }),
        None => bootstrap::policy_of_person(&wanted.scope, [&made.account, &made.environment])
            .ok_or_else(|| {
                CommandError::failed("what a person needs does not fit into one policy")
            })?,
    })
}

/// What is to be prepared, and for what.
struct Wanted<'a> {
    scope: Scope,
    environment: &'a Environment,
    settings: &'a Bootstrap,
    assembly: &'a Assembly,
}

/// The templates of the two stacks.
struct Templates {
    account: Value,
    environment: Value,
}

impl Wanted<'_> {
    /// The templates. What is `deployed` needs permissions too: to be changed or deleted.
    fn templates(
        &self,
        deployed: &[Value],
        provider: IdentityProvider,
        printer: &Printer,
    ) -> Result<Templates, CommandError> {
        let declared = self.assembly.templates.values();
        let templates = declared.map(engine::Template::body).chain(deployed);
        let needs = Needs::of(&self.scope, templates, &self.settings.permissions);
        for type_name in needs.unknown_types() {
            printer.message(&format!(
                "warning: what {type_name} needs is not known: name the actions in `bootstrap.permissions` of the environment's file"
            ));
        }
        for policy in needs.unknown_policies() {
            printer.detail(&format!(
                "what {policy} allows holds within the boundary only"
            ));
        }
        let environment = bootstrap::Environment {
            scope: &self.scope,
            settings: self.settings,
            needs: &needs,
        };
        Ok(Templates {
            account: bootstrap::account(&self.scope, provider),
            environment: environment.template().map_err(CommandError::failed)?,
        })
    }

    /// Whether the identity provider is declared, as far as the environment's file tells.
    fn provider_of_file(&self) -> IdentityProvider {
        match self.settings.repository {
            Some(_) => IdentityProvider::Declared,
            None => IdentityProvider::Left,
        }
    }

    /// Stacks of these templates as an assembly.
    fn assembly(&self, stacks: &[(&str, String, &Value)]) -> Result<Assembly, CommandError> {
        let mut manifests = Vec::new();
        let mut templates = IndexMap::new();
        for (name, stack_name, template) in stacks {
            let text = template.to_string();
            let template = Template::parse(text).map_err(|errors| {
                CommandError::failed(format!(
                    "the template of `{stack_name}` is malformed: {errors:?}"
                ))
            })?;
            templates.insert((*name).to_owned(), template);
            manifests.push(StackManifest {
                name: (*name).to_owned(),
                stack_name: stack_name.clone(),
                template: format!("{name}.template.json"),
                // One after the other: roles trust the identity provider.
                depends_on: manifests
                    .iter()
                    .map(|stack: &StackManifest| stack.name.clone())
                    .collect(),
                tags: IndexMap::new(),
                parameters: IndexMap::new(),
                termination_protection: true,
                notification_arns: None,
                stack_policy: None,
                role_arn: None,
                resources: IndexMap::new(),
                allowed_losses: Vec::new(),
                suppressions: Vec::new(),
            });
        }
        Ok(Assembly {
            manifest: Manifest {
                format_version: assembly::FORMAT_VERSION.to_owned(),
                project: self.scope.project.clone(),
                environment: self.environment.name.clone(),
                account: self.environment.account.clone(),
                region: self.environment.region.clone(),
                stacks: manifests,
                external: Vec::new(),
                moves: Vec::new(),
                diagnostics: Vec::new(),
            },
            templates,
        })
    }
}

/// One run that prepares an environment.
struct Run<'a> {
    connection: &'a Connection<'a>,
    session: &'a Session,
    wanted: &'a Wanted<'a>,
    global: &'a Global,
    printer: &'a Printer,
}

impl Run<'_> {
    async fn bootstrap(&self) -> Result<Ending, CommandError> {
        let cloud = self.connection.cloud;
        let own = self.wanted.scope.names().stack();
        let names = &self.wanted.assembly.manifest.stacks;
        let deployed = async {
            let templates = names
                .iter()
                .map(|stack| deployed_template(cloud, &stack.stack_name));
            let templates = try_join_all(templates).await?;
            Ok(templates.into_iter().flatten().collect::<Vec<Value>>())
        };
        let (account, environment, provider, deployed) = tokio::try_join!(
            self.version(ACCOUNT_STACK),
            self.version(&own),
            self.provider(),
            deployed,
        )?;
        self.tell_upgrade(account.into_iter().chain(environment).min());
        let made = self.wanted.templates(&deployed, provider, self.printer)?;
        let stacks = [
            (ACCOUNT, ACCOUNT_STACK.to_owned(), &made.account),
            (ENVIRONMENT, own, &made.environment),
        ];
        // A template that goes through the bucket waits until there is one.
        let is_large = made.environment.to_string().len() > INLINE_LIMIT;
        let steps: &[&[_]] = if is_large && account.is_none() {
            &[&stacks[..1], &stacks[1..]]
        } else {
            &[&stacks]
        };
        for step in steps {
            self.deploy(&self.wanted.assembly(step)?).await?;
        }
        Ok(Ending::Done)
    }

    /// The version in which a stack was made; nothing when there is none.
    async fn version(&self, stack: &str) -> Result<Option<u32>, CommandError> {
        let found = self.connection.cloud.stack(stack).await;
        let Some(found) = found.map_err(engine::Error::from)? else {
            return Ok(None);
        };
        // One that was begun and never made has no outputs.
        let Some(text) = found.outputs.get(VERSION_OUTPUT) else {
            return Ok(None);
        };
        let version: u32 = text.parse().map_err(|_| {
            CommandError::failed(format!(
                "`{stack}` is of version `{text}`, which is no number"
            ))
        })?;
        if version > VERSION {
            return Err(CommandError::failed(format!(
                "`{stack}` was made by a newer chitinfra: it is of version {version}, this program makes version {VERSION}"
            ))
            .hinted("use that version of chitinfra, or a newer one"));
        }
        Ok(Some(version))
    }

    fn tell_upgrade(&self, oldest: Option<u32>) {
        if let Some(oldest) = oldest.filter(|oldest| *oldest < VERSION) {
            self.printer.message(&format!(
                "version {oldest} was bootstrapped here, this program makes version {VERSION}"
            ));
        }
    }

    /// Whether the account's stack declares the identity provider: not when another made it, but always when it did itself.
    async fn provider(&self) -> Result<IdentityProvider, CommandError> {
        let cloud = self.connection.cloud;
        let template = deployed_template(cloud, ACCOUNT_STACK).await?;
        let is_ours = |template: &Value| {
            let resources = template.get("Resources");
            resources.is_some_and(|all| all.get(bootstrap::IDENTITY_PROVIDER).is_some())
        };
        if template.as_ref().is_some_and(is_ours) {
            return Ok(IdentityProvider::Declared);
        }
        if self.wanted.provider_of_file() == IdentityProvider::Left {
            return Ok(IdentityProvider::Left);
        }
        let arn = bootstrap::identity_provider_arn(&self.wanted.scope);
        let found = cloud.audiences(&arn).await.map_err(engine::Error::from)?;
        let Some(audiences) = found else {
            return Ok(IdentityProvider::Declared);
        };
        self.printer.status(
            "GitHub's identity provider is in the account already, and is left to whoever made it",
        );
        if !audiences.iter().any(|known| known == bootstrap::AUDIENCE) {
            self.printer.message(&format!(
                "warning: it does not know the audience `{0}`, without which no workflow can take on a role; whoever made it adds that, or:\n\n    aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {arn} --client-id {0}\n",
                bootstrap::AUDIENCE
            ));
        }
        Ok(IdentityProvider::Left)
    }

    /// Plans stacks, asks if asking is due, and deploys exactly that.
    async fn deploy(&self, assembly: &Assembly) -> Result<(), CommandError> {
        let engine = self.connection.engine;
        let planned = engine
            .plan(assembly, &[], ChangeSets::Kept, Busy::Follow)
            .await
            .map_err(|error| self.explained(error))?;
        let plan = &planned.plan;
        if !views::plan::has_changes(plan) {
            self.printer
                .status("Nothing to do: this environment is bootstrapped.");
            let found = engine.outputs(assembly).await?;
            self.printer.answer(&outputs::human(&found));
            return Ok(());
        }
        let look = Look {
            style: self.printer.message_style(),
            verbose: self.printer.is_verbose(),
            root: Some(&self.session.project.root),
        };
        let shown = views::plan::draw(plan, look);
        self.printer.status(&shown);
        let environment = &self.session.environment;
        let approved =
            deploy::approve(engine, plan, &shown, environment, self.global, self.printer).await;
        if let Err(error) = approved {
            engine.discard(&planned).await?;
            return Err(error);
        }
        self.carry_out(engine, assembly, &planned).await
    }

    /// What of these names others made is theirs: it is neither changed nor taken over.
    fn explained(&self, error: engine::Error) -> CommandError {
        let exists = ["already exists", "to be imported must have"];
        let is_taken = match &error {
            engine::Error::ChangeSet {
                reason, findings, ..
            } => findings
                .iter()
                .chain([reason])
                .any(|text| exists.iter().any(|part| text.contains(part))),
            _ => false,
        };
        let error = CommandError::from(error);
        if !is_taken {
            return error;
        }
        let own = self.wanted.scope.names().stack();
        error.hinted(format!(
            "something else has a name that `bootstrap` needs. Roles and policies exist once in an account: if `{own}` prepared the environment in another region, delete that stack there; otherwise delete or rename what has the name, or call the environment otherwise"
        ))
    }

    async fn carry_out(
        &self,
        engine: &Engine<'_>,
        assembly: &Assembly,
        planned: &Planned,
    ) -> Result<(), CommandError> {
        let report = engine.deploy(assembly, planned).await;
        let found = deploy::outputs_of(&report, assembly);
        let concluded = conclude(&report, self.printer);
        self.printer.answer(&outputs::human(&found));
        concluded
    }
}
