//! Stacks, and the scopes within them.

use std::{borrow::Cow, cell::RefCell, panic::Location, rc::Rc};

use assembly::{AllowedLoss, Diagnostic};
use indexmap::IndexMap;

use crate::{
    Condition, Construct, Expression, Mapping, Object, Output, Parameter, Reference, Rule,
    TagProperty, Test, Value,
    model::{DeclaredRule, Model, Namespace, OutputModel, Place, ResourceModel, Scope, StackModel},
    reference::{Node, NodeKind},
};

/// A stack, or a scope within one: the place where resources are declared.
///
/// A `Stack` is a handle; a clone of it is the same stack. The name of what is declared in a scope begins with the scope's:
///
/// ```
/// # use dsl::RawResource;
/// let app = dsl::testing::app();
/// let stack = app.stack("identity");
/// let api = stack.scope("Api");
/// api.add("Role", RawResource::new("AWS::IAM::Role")); // logical id `ApiRole`, path `identity/Api/Role`
/// ```
#[derive(Clone)]
pub struct Stack {
    model: Rc<RefCell<Model>>,
    index: usize,
    scope: Rc<Scope>,
}

impl Stack {
    pub(crate) fn root(model: Rc<RefCell<Model>>, index: usize, name: &str) -> Self {
        let scope = Rc::new(Scope {
            prefix: String::new(),
            path: name.to_owned(),
            tags: RefCell::new(IndexMap::new()),
            parent: None,
        });
        Self {
            model,
            index,
            scope,
        }
    }

    /// Adds a resource or a construct under an id and gives its handle.
    ///
    /// The id is the logical id in the template (after the ids of its scopes), so changing it replaces the resource, unless
    /// [`App::moved`](crate::App::moved) says otherwise.
    #[track_caller]
    pub fn add<C: Construct>(&self, id: &str, construct: C) -> C::Output {
        let outermost = self.model.borrow_mut().enter(Location::caller());
        let _declaring = Declaring {
            model: &self.model,
            outermost,
        };
        construct.build(self, id)
    }

    /// A scope within the stack: the ids of what is declared in it begin with its own.
    #[must_use]
    pub fn scope(&self, id: &str) -> Self {
        Self {
            model: Rc::clone(&self.model),
            index: self.index,
            scope: Rc::new(Scope {
                prefix: self.logical_id(id),
                path: self.path(id),
                tags: RefCell::default(),
                parent: Some(Rc::clone(&self.scope)),
            }),
        }
    }

    /// Declares a parameter and gives its value.
    #[track_caller]
    pub fn parameter<T>(&self, id: &str, parameter: Parameter<T>) -> Value<T> {
        let node = self.node(NodeKind::Parameter, id, Location::caller());
        let reference = Reference::new(Rc::clone(&node));
        self.change(|stack| stack.parameters.push((node, parameter.into_model())));
        reference.identifier()
    }

    /// Declares a mapping: values by two keys.
    #[track_caller]
    pub fn mapping<K, R, S, V>(&self, id: &str, rows: impl IntoIterator<Item = (K, R)>) -> Mapping
    where
        K: Into<String>,
        R: IntoIterator<Item = (S, V)>,
        S: Into<String>,
        V: Into<Expression>,
    {
        let mut table = Object::new();
        for (key, entries) in rows {
            let mut row = Object::new();
            for (key, value) in entries {
                row.insert(key.into(), value);
            }
            table.insert(key.into(), row);
        }
        let node = self.node(NodeKind::Mapping, id, Location::caller());
        let mapping = Mapping(Reference::new(Rc::clone(&node)));
        self.change(|stack| stack.mappings.push((node, table)));
        mapping
    }

    /// Declares a condition.
    #[track_caller]
    pub fn condition(&self, id: &str, test: impl Into<Test>) -> Condition {
        let test = test.into();
        let node = self.node(NodeKind::Condition, id, Location::caller());
        let condition = Condition(Reference::new(Rc::clone(&node)));
        self.change(|stack| stack.conditions.push((node, test)));
        condition
    }

    /// Declares a rule over the stack's parameters.
    #[track_caller]
    pub fn rule(&self, id: &str, rule: Rule) {
        let (name, place) = self.claim(Namespace::Rule, id, Location::caller());
        let rule = DeclaredRule {
            name,
            path: self.path(id),
            place,
            model: rule.into_model(),
        };
        self.change(|stack| stack.rules.push(rule));
    }

    /// Gives a value to the outside, under a name.
    #[track_caller]
    pub fn output(&self, name: &str, value: impl Into<Expression>) -> Output {
        let (logical_id, place) = self.claim(Namespace::Output, name, Location::caller());
        let output = OutputModel {
            name: logical_id,
            path: self.path(name),
            place,
            value: value.into(),
            description: None,
            export_name: None,
            condition: None,
        };
        let index = self.change(|stack| {
            stack.outputs.push(output);
            stack.outputs.len() - 1
        });
        Output::new(Rc::clone(&self.model), self.index, index)
    }

    /// Says what the stack is for, in up to 1,024 bytes.
    pub fn description(&self, text: &str) -> &Self {
        self.change(|stack| stack.description = Some(text.to_owned()));
        self
    }

    /// Adds metadata to the template.
    pub fn metadata(
        &self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Expression>,
    ) -> &Self {
        self.change(|stack| stack.metadata.insert(key, value));
        self
    }

    /// Has a macro process the whole template, as `AWS::LanguageExtensions`.
    pub fn transform(&self, name: &str) -> &Self {
        self.change(|stack| {
            if !stack.transforms.iter().any(|transform| transform == name) {
                stack.transforms.push(name.to_owned());
            }
        });
        self
    }

    /// Adds a section to the template that this crate has no word for, as `Globals` of a macro.
    #[track_caller]
    pub fn section(
        &self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Expression>,
    ) -> &Self {
        let (name, value) = (name.into(), value.into());
        if SECTIONS.contains(&name.as_ref()) {
            let message = format!("section `{name}` cannot be written as a whole");
            let diagnostic = Diagnostic::error(message);
            self.diagnose(diagnostic.hinted("declare what belongs there, one by one"));
        } else {
            self.change(|stack| stack.sections.insert(name, value));
        }
        self
    }

    /// Allows what a resource holds to be lost until a day (`"2026-12-31"`), with the reason, when the resource itself is no longer
    /// declared. While it is, say so at its handle: [`ResourceOptions::allow_loss`](crate::ResourceOptions::allow_loss).
    #[track_caller]
    pub fn allow_loss(&self, logical_id: &str, until: &str, reason: &str) -> &Self {
        let loss = AllowedLoss {
            logical_id: self.logical_id(logical_id),
            until: until.to_owned(),
            reason: reason.to_owned(),
        };
        let place = self.model.borrow().place(Location::caller());
        self.change(|stack| stack.allowed_losses.push((loss, place)));
        self
    }

    /// Has CloudFormation refuse to delete the stack.
    pub fn termination_protection(&self, protected: bool) -> &Self {
        self.change(|stack| stack.termination_protection = protected);
        self
    }

    /// Has CloudFormation tell these SNS topics, up to five, of everything that happens to the stack, and no others. As long as the
    /// code says nothing of it, what is subscribed in the deployed stack stays; an empty list unsubscribes all.
    pub fn notify(&self, topic_arns: &[&str]) -> &Self {
        let topic_arns = topic_arns.iter().map(|arn| (*arn).to_owned()).collect();
        self.change(|stack| stack.notifications = Some(topic_arns));
        self
    }

    /// Deploys the stack after another, which using a value of the other does by itself.
    #[track_caller]
    pub fn depends_on(&self, other: &Self) -> &Self {
        let mut model = self.model.borrow_mut();
        let place = model.place(Location::caller());
        if Rc::ptr_eq(&self.model, &other.model) {
            model.stacks[self.index]
                .depends_on
                .push((other.index, place));
        } else {
            let diagnostic = Diagnostic::error(format!(
                "`{}` is a stack of another app, so this one cannot be deployed after it",
                other.scope.path
            ));
            model.report(diagnostic, &self.scope.path, place);
        }
        drop(model);
        self
    }

    /// Sets a tag: on a stack, for CloudFormation to put on all its resources; in a scope, on the resources of the scope that can
    /// have tags. The nearest wins: resource, scope, stack, app.
    pub fn tag(&self, key: &str, value: impl Into<String>) -> &Self {
        if self.scope.parent.is_some() {
            let mut tags = self.scope.tags.borrow_mut();
            tags.insert(key.to_owned(), value.into());
        } else {
            self.change(|stack| stack.tags.insert(key.to_owned(), value.into()));
        }
        self
    }

    /// Adds a finding of your own about something in this scope; with an error among the findings nothing is written.
    #[track_caller]
    pub fn diagnose(&self, mut diagnostic: Diagnostic) {
        let mut model = self.model.borrow_mut();
        let place = model.place(Location::caller());
        diagnostic
            .path
            .get_or_insert_with(|| self.scope.path.clone());
        if diagnostic.source.is_none() {
            diagnostic.source = Some(model.sources.name(place));
        }
        model.diagnostics.push(diagnostic);
    }

    /// The short name, `identity`.
    pub fn name(&self) -> String {
        self.model.borrow().stacks[self.index].name.clone()
    }

    /// The name CloudFormation knows it by, `chitchatter-staging-identity`.
    pub fn stack_name(&self) -> String {
        self.model.borrow().stack_name(self.index)
    }

    /// The app it belongs to.
    pub fn app(&self) -> crate::App {
        crate::App::from_model(Rc::clone(&self.model))
    }

    /// Declares a resource; what [`Construct`]s come down to.
    #[track_caller]
    pub(crate) fn declare(
        &self,
        id: &str,
        type_name: Cow<'static, str>,
        tag_property: Option<TagProperty>,
        properties: Object,
    ) -> Reference {
        let node = self.node(NodeKind::Resource, id, Location::caller());
        let resource = ResourceModel {
            node: Rc::clone(&node),
            type_name,
            tag_property,
            properties,
            scope: Rc::clone(&self.scope),
        };
        self.change(|stack| stack.resources.push(resource));
        Reference::new(node)
    }

    fn node(&self, kind: NodeKind, id: &str, place: Place) -> Rc<Node> {
        let (logical_id, path) = (self.logical_id(id), self.path(id));
        let mut model = self.model.borrow_mut();
        model.node(self.index, kind, logical_id, path, place)
    }

    fn claim(&self, namespace: Namespace, id: &str, place: Place) -> (String, Place) {
        let (name, path) = (self.logical_id(id), self.path(id));
        let mut model = self.model.borrow_mut();
        let place = model.place(place);
        model.claim(self.index, namespace, &name, &path, place);
        (name, place)
    }

    fn logical_id(&self, id: &str) -> String {
        format!("{}{id}", self.scope.prefix)
    }

    fn path(&self, id: &str) -> String {
        format!("{}/{id}", self.scope.path)
    }

    fn change<R>(&self, change: impl FnOnce(&mut StackModel) -> R) -> R {
        change(&mut self.model.borrow_mut().stacks[self.index])
    }
}

/// The sections of a template that are declared piece by piece.
const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
];

/// An `add` in progress; ends it also when a construct panics.
struct Declaring<'a> {
    model: &'a RefCell<Model>,
    outermost: bool,
}

impl Drop for Declaring<'_> {
    fn drop(&mut self) {
        if self.outermost
            && let Ok(mut model) = self.model.try_borrow_mut()
        {
            model.leave();
        }
    }
}
