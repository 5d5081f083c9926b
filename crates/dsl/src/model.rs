//! What has been declared so far. `App` and `Stack` are handles over it; synthesis reads it and changes nothing.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::HashMap,
    panic::Location,
    path::{Path, PathBuf},
    rc::Rc,
};

use assembly::{AllowedLoss, Diagnostic};
use indexmap::IndexMap;

use crate::{
    Expression, Object, Reference, TagProperty, Test,
    condition::RuleModel,
    parameter::ParameterModel,
    reference::{Node, NodeKind},
};

/// A place in the source of a stacks program.
pub(crate) type Place = &'static Location<'static>;

/// An app as declared so far.
pub(crate) struct Model {
    /// Tells this app's references from another's, by its address.
    pub(crate) token: Rc<()>,
    pub(crate) project: String,
    pub(crate) environment: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// The policy that is to be the boundary of every role, with its path, where there is one.
    pub(crate) boundary: Option<String>,
    pub(crate) sources: Sources,
    pub(crate) tags: IndexMap<String, String>,
    pub(crate) stacks: Vec<StackModel>,
    pub(crate) moves: Vec<MoveModel>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Where the outermost `add` in progress was written: what a construct declares inside it is reported there.
    declaring: Option<Place>,
}

/// A stack as declared so far.
pub(crate) struct StackModel {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Object,
    pub(crate) transforms: Vec<String>,
    pub(crate) tags: IndexMap<String, String>,
    pub(crate) termination_protection: bool,
    /// Topics that are told of what happens to the stack, where the author says which.
    pub(crate) notifications: Option<Vec<String>>,
    pub(crate) depends_on: Vec<(usize, Place)>,
    pub(crate) parameters: Vec<(Rc<Node>, ParameterModel)>,
    pub(crate) mappings: Vec<(Rc<Node>, Object)>,
    pub(crate) rules: Vec<DeclaredRule>,
    pub(crate) conditions: Vec<(Rc<Node>, Test)>,
    pub(crate) resources: Vec<ResourceModel>,
    pub(crate) outputs: Vec<OutputModel>,
    /// Sections of the author's own.
    pub(crate) sections: Object,
    /// For resources that are no longer declared.
    pub(crate) allowed_losses: Vec<(AllowedLoss, Place)>,
    names: HashMap<(Namespace, String), Place>,
}

/// A resource as declared so far; its options are in its node.
pub(crate) struct ResourceModel {
    pub(crate) node: Rc<Node>,
    pub(crate) type_name: Cow<'static, str>,
    pub(crate) tag_property: Option<TagProperty>,
    pub(crate) properties: Object,
    pub(crate) scope: Rc<Scope>,
}

/// A rule as declared.
pub(crate) struct DeclaredRule {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) place: Place,
    pub(crate) model: RuleModel,
}

/// An output as declared so far.
pub(crate) struct OutputModel {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) place: Place,
    pub(crate) value: Expression,
    pub(crate) description: Option<String>,
    pub(crate) export_name: Option<Expression>,
    pub(crate) condition: Option<Reference>,
}

/// A move between stacks or names, as declared.
pub(crate) struct MoveModel {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) place: Place,
}

/// A place within a stack: what is declared in it bears its name in front, and its tags.
pub(crate) struct Scope {
    pub(crate) prefix: String,
    pub(crate) path: String,
    pub(crate) tags: RefCell<IndexMap<String, String>>,
    pub(crate) parent: Option<Rc<Self>>,
}

/// Names must differ within each of these, within one template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Namespace {
    /// Resources and parameters, which `Ref` does not tell apart.
    Referable,
    Condition,
    Mapping,
    Rule,
    Output,
}

/// How places in the source are named: relative to the project's folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The project's folder, taken off absolute file names.
    pub(crate) project_directory: PathBuf,
    /// The project's folder within its workspace, taken off relative file names.
    pub(crate) prefix: PathBuf,
}

impl Sources {
    /// `stacks/src/identity.rs:41`.
    pub(crate) fn name(&self, place: Place) -> String {
        let file = Path::new(place.file());
        let file = file
            .strip_prefix(&self.project_directory)
            .or_else(|_| file.strip_prefix(&self.prefix))
            .unwrap_or(file);
        let file = file.to_string_lossy().replace('\\', "/");
        format!("{file}:{}", place.line())
    }
}

impl Model {
    pub(crate) fn new(project: &str, environment: &str, account: &str, region: &str) -> Self {
        Self {
            token: Rc::new(()),
            project: project.to_owned(),
            environment: environment.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            boundary: None,
            sources: Sources::default(),
            tags: IndexMap::new(),
            stacks: Vec::new(),
            moves: Vec::new(),
            diagnostics: Vec::new(),
            declaring: None,
        }
    }

    /// Enters an `add`; true when it is the outermost and has to [`leave`](Self::leave).
    pub(crate) fn enter(&mut self, place: Place) -> bool {
        let outermost = self.declaring.is_none();
        self.declaring.get_or_insert(place);
        outermost
    }

    pub(crate) fn leave(&mut self) {
        self.declaring = None;
    }

    /// The place to report for something written at `place`: that of the construct it is part of.
    pub(crate) fn place(&self, place: Place) -> Place {
        self.declaring.unwrap_or(place)
    }

    /// The CloudFormation name of a stack.
    pub(crate) fn stack_name(&self, stack: usize) -> String {
        let name = &self.stacks[stack].name;
        format!("{}-{}-{name}", self.project, self.environment)
    }

    /// Starts a stack and gives its position.
    pub(crate) fn stack(&mut self, name: &str, place: Place) -> usize {
        let place = self.place(place);
        if let Some(first) = self.stacks.iter().find(|stack| stack.name == name) {
            let diagnostic = Diagnostic::error(format!(
                "stack `{name}` is declared twice, first at `{}`",
                self.sources.name(first.place)
            ));
            self.report(
                diagnostic.hinted("give one of them another name"),
                name,
                place,
            );
        }
        self.stacks.push(StackModel::new(name, place));
        self.stacks.len() - 1
    }

    /// Takes a name within a stack; reports a name that is taken or not allowed.
    pub(crate) fn claim(
        &mut self,
        stack: usize,
        namespace: Namespace,
        name: &str,
        path: &str,
        place: Place,
    ) {
        if let Some(problem) = name_problem(name) {
            let diagnostic = Diagnostic::error(format!("`{name}` is not a name: {problem}"));
            let hint = "use up to 255 letters and digits, scopes included";
            self.report(diagnostic.hinted(hint), path, place);
        }
        let key = (namespace, name.to_owned());
        match self.stacks[stack].names.get(&key) {
            None => {
                self.stacks[stack].names.insert(key, place);
            }
            Some(first) => {
                let first = self.sources.name(first);
                let diagnostic = Diagnostic::error(format!(
                    "`{name}` is declared twice in one stack, first at `{first}`"
                ));
                self.report(
                    diagnostic.hinted("give one of them another name"),
                    path,
                    place,
                );
            }
        }
    }

    /// Declares something that can be referred to.
    pub(crate) fn node(
        &mut self,
        stack: usize,
        kind: NodeKind,
        logical_id: String,
        path: String,
        place: Place,
    ) -> Rc<Node> {
        let place = self.place(place);
        let of = &self.stacks[stack];
        let (namespace, index) = match kind {
            NodeKind::Resource => (Namespace::Referable, of.resources.len()),
            NodeKind::Parameter => (Namespace::Referable, of.parameters.len()),
            NodeKind::Condition => (Namespace::Condition, of.conditions.len()),
            NodeKind::Mapping => (Namespace::Mapping, of.mappings.len()),
        };
        self.claim(stack, namespace, &logical_id, &path, place);
        Rc::new(Node {
            app: Rc::clone(&self.token),
            stack,
            index,
            kind,
            logical_id,
            path,
            place,
            options: RefCell::default(),
        })
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic, path: &str, place: Place) {
        let source = self.sources.name(place);
        self.diagnostics
            .push(diagnostic.at_path(path).at_source(source));
    }
}

impl StackModel {
    fn new(name: &str, place: Place) -> Self {
        Self {
            name: name.to_owned(),
            place,
            description: None,
            metadata: Object::new(),
            transforms: Vec::new(),
            tags: IndexMap::new(),
            termination_protection: false,
            notifications: None,
            depends_on: Vec::new(),
            parameters: Vec::new(),
            mappings: Vec::new(),
            rules: Vec::new(),
            conditions: Vec::new(),
            resources: Vec::new(),
            outputs: Vec::new(),
            sections: Object::new(),
            allowed_losses: Vec::new(),
            names: HashMap::new(),
        }
    }
}

/// Why a logical name is not allowed.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>
fn name_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.len() > 255 {
        return Some(format!("it has {} letters", name.len()));
    }
    let wrong = name
        .chars()
        .find(|letter| !letter.is_ascii_alphanumeric())?;
    Some(format!("`{wrong}` is not allowed"))
}
