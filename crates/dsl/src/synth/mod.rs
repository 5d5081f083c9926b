//! Synthesis: from what was declared to templates and a manifest. Pure: the same app gives the same bytes.
//!
//! The way through it: [`prepare`] settles each resource (tags, overrides), [`survey`] walks every expression once and finds what
//! refers to what, [`exports`] names the outputs that other stacks need, [`order`] sorts stacks and finds circles, [`render`]
//! writes the templates, and [`limits`] measures them. Findings gather on the way.

mod exports;
mod json;
mod limits;
mod order;
mod prepare;
mod render;
mod survey;

use std::cmp::Reverse;

use assembly::{
    AllowedLoss, Diagnostic, FORMAT_VERSION, Manifest, Move, ResourceOrigin, Severity,
    StackManifest, template_file,
};
use indexmap::IndexMap;
use serde_json::json;

use crate::{
    App,
    model::{Model, Place, Sources},
};
use exports::Exports;
use prepare::PreparedStack;
use survey::Survey;

/// What synthesis makes of an app.
#[derive(Clone, Debug, PartialEq)]
pub struct Assembly {
    /// What there is, in the order it deploys, and every finding. With an error among the findings there are no stacks.
    pub manifest: Manifest,
    /// The file name and the text of each stack's template, in the order of the manifest.
    pub templates: Vec<(String, String)>,
}

impl Assembly {
    /// Whether an error was found, so that there are no templates.
    pub fn has_errors(&self) -> bool {
        has_errors(&self.manifest.diagnostics)
    }
}

/// Makes templates and a manifest of an app, or the list of all that is wrong with it.
pub fn synthesize(app: &App) -> Assembly {
    let model = &*app.model().borrow();
    let mut findings = Findings::new(model);
    if model.stacks.is_empty() {
        let nothing = Diagnostic::warning("the app has no stacks, so there is nothing to deploy");
        let hint = "declare one: `app.stack(\"files\")`";
        findings.diagnostics.push(nothing.hinted(hint));
    }

    limits::check_names(model, &mut findings);
    let stacks = prepare::stacks(model, &mut findings);
    let survey = survey::survey(model, &stacks, &mut findings);
    let exports = Exports::new(model, &survey);
    let order = order::stacks(model, &survey, &mut findings);
    order::resources(model, &survey, &mut findings);
    limits::check_counts(model, &exports, &mut findings);
    let moves = moves(model, &mut findings);

    let mut manifest = Manifest {
        format_version: FORMAT_VERSION.to_owned(),
        project: model.project.clone(),
        environment: model.environment.clone(),
        account: model.account.clone(),
        region: model.region.clone(),
        stacks: Vec::new(),
        external: Vec::new(),
        moves: Vec::new(),
        diagnostics: Vec::new(),
    };
    let mut templates = Vec::new();
    if !has_errors(&findings.diagnostics) {
        manifest.moves = moves;
        for stack in order {
            let entry = stack_manifest(model, stack, &stacks[stack], &survey);
            let text = render::template(model, stack, &stacks[stack], &exports);
            limits::check_text(model, stack, &text, &mut findings);
            templates.push((entry.template.clone(), text));
            manifest.stacks.push(entry);
        }
    }
    manifest.diagnostics = findings.sorted();
    if has_errors(&manifest.diagnostics) {
        manifest.stacks.clear();
        manifest.moves.clear();
        templates.clear();
    }
    Assembly {
        manifest,
        templates,
    }
}

/// What was found so far.
struct Findings<'a> {
    sources: &'a Sources,
    diagnostics: Vec<Diagnostic>,
}

/// What a finding is about.
#[derive(Clone, Copy)]
struct Subject<'a> {
    path: &'a str,
    place: Place,
}

impl<'a> Findings<'a> {
    fn new(model: &'a Model) -> Self {
        Self {
            sources: &model.sources,
            diagnostics: model.diagnostics.clone(),
        }
    }

    fn error(&mut self, subject: Subject<'_>, message: String, hint: impl Into<String>) {
        self.report(subject, Diagnostic::error(message).hinted(hint));
    }

    fn warning(&mut self, subject: Subject<'_>, message: String, hint: impl Into<String>) {
        self.report(subject, Diagnostic::warning(message).hinted(hint));
    }

    fn report(&mut self, subject: Subject<'_>, diagnostic: Diagnostic) {
        let source = self.sources.name(subject.place);
        let diagnostic = diagnostic.at_path(subject.path).at_source(source);
        self.diagnostics.push(diagnostic);
    }

    /// Errors first, then by file and line, each finding once.
    fn sorted(mut self) -> Vec<Diagnostic> {
        self.diagnostics
            .sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| one.cmp(other)));
        self.diagnostics.dedup();
        self.diagnostics
    }
}

/// Severity, file and line, so that errors stand first and line 9 before line 41.
fn rank(diagnostic: &Diagnostic) -> (Reverse<Severity>, &str, u32) {
    let source = diagnostic.source.as_deref().unwrap_or_default();
    let (file, line) = source
        .rsplit_once(':')
        .and_then(|(file, line)| Some((file, line.parse().ok()?)))
        .unwrap_or((source, 0));
    (Reverse(diagnostic.severity), file, line)
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
}

fn stack_manifest(
    model: &Model,
    index: usize,
    prepared: &PreparedStack<'_>,
    survey: &Survey,
) -> StackManifest {
    let stack = &model.stacks[index];
    let mut tags = model.tags.clone();
    tags.extend(stack.tags.clone());
    let parameters = stack.parameters.iter().filter_map(|(node, parameter)| {
        let value = parameter.value.clone()?;
        Some((node.logical_id.clone(), value))
    });
    let resources = stack.resources.iter().map(|resource| {
        let node = &resource.node;
        let origin = ResourceOrigin {
            path: node.path.clone(),
            source: model.sources.name(node.place),
        };
        (node.logical_id.clone(), origin)
    });
    let declared = prepared.resources.iter();
    let declared = declared.filter_map(|resource| resource.options.allowed_loss.clone());
    let gone = stack.allowed_losses.iter().map(|(loss, _)| loss.clone());
    let allowed_losses: Vec<AllowedLoss> = declared.chain(gone).collect();
    let suppressions = prepared.resources.iter();
    let suppressions = suppressions.flat_map(|resource| resource.options.suppressions.clone());
    StackManifest {
        name: stack.name.clone(),
        stack_name: model.stack_name(index),
        template: template_file(&stack.name),
        depends_on: survey
            .producers(index)
            .map(|producer| model.stacks[producer].name.clone())
            .collect(),
        tags,
        parameters: parameters.collect(),
        termination_protection: stack.termination_protection,
        notification_arns: stack.notifications.clone(),
        stack_policy: stack_policy(prepared),
        role_arn: None,
        resources: resources.collect::<IndexMap<_, _>>(),
        allowed_losses,
        suppressions: suppressions.collect(),
    }
}

/// The policy of a stack: all that is not forbidden is allowed. None where nothing is said of any resource.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>
fn stack_policy(prepared: &PreparedStack<'_>) -> Option<serde_json::Value> {
    let statement = |effect: &str, actions: serde_json::Value, resource: &str| json!({"Effect": effect, "Action": actions, "Principal": "*", "Resource": resource});
    let said = prepared.resources.iter().filter_map(|resource| {
        let forbidden = resource.options.forbidden.as_ref()?;
        Some((&resource.model.node.logical_id, forbidden))
    });
    let said: Vec<_> = said.collect();
    if said.is_empty() {
        return None;
    }
    let mut statements = vec![statement("Allow", json!("Update:*"), "*")];
    for (logical_id, forbidden) in said {
        if !forbidden.is_empty() {
            let actions: Vec<&str> = forbidden.iter().map(|update| update.name()).collect();
            let resource = format!("LogicalResourceId/{logical_id}");
            statements.push(statement("Deny", json!(actions), &resource));
        }
    }
    Some(json!({ "Statement": statements }))
}

/// Checks the moves and writes both ends as `stack/LogicalId`.
fn moves(model: &Model, findings: &mut Findings<'_>) -> Vec<Move> {
    let declared = |stack: &str, id: &str| {
        let mut stacks = model.stacks.iter();
        let stack = stacks.find(|candidate| candidate.name == stack);
        stack.is_some_and(|stack| {
            let mut resources = stack.resources.iter();
            resources.any(|resource| resource.node.logical_id == id)
        })
    };
    let mut moves = Vec::new();
    for entry in &model.moves {
        let subject = Subject {
            path: &entry.to,
            place: entry.place,
        };
        let (Some(from), Some(to)) = (address(&entry.from), address(&entry.to)) else {
            let message = format!("`{}` to `{}` is not a move", entry.from, entry.to);
            findings.error(subject, message, "write both ends as `stack/LogicalId`");
            continue;
        };
        if !declared(to.0, &to.1) {
            let message = format!("a move ends at `{}`, which is not declared", entry.to);
            findings.error(
                subject,
                message,
                "declare the resource there, or correct the name",
            );
        }
        if declared(from.0, &from.1) {
            let message = format!("a move starts at `{}`, which is still declared", entry.from);
            findings.error(subject, message, "take one of the two resources away");
        }
        moves.push(Move {
            from: format!("{}/{}", from.0, from.1),
            to: format!("{}/{}", to.0, to.1),
        });
    }
    moves
}

/// Stack and logical id of `identity/ApiRole`, or of the construct path `identity/Api/Role`.
fn address(text: &str) -> Option<(&str, String)> {
    let (stack, id) = text.split_once('/')?;
    let id = id.replace('/', "");
    (!stack.is_empty() && !id.is_empty()).then_some((stack, id))
}
