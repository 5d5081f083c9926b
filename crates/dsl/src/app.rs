//! The app: everything one environment consists of.

use std::{borrow::Cow, cell::RefCell, panic::Location, rc::Rc};

use assembly::{BootstrapNames, Diagnostic, Environment};

use crate::{
    Handle, Object, RawRef, Reference, Stack,
    model::{Model, MoveModel},
};

/// Everything one environment consists of: its stacks, in the order they are declared.
///
/// An `App` is a handle; a clone of it is the same app.
#[derive(Clone)]
pub struct App {
    model: Rc<RefCell<Model>>,
}

impl App {
    /// Starts the app of a project for an environment. [`run`](crate::run) does it for a stacks program.
    pub fn new<S>(project: &str, environment: &Environment<S>) -> Self {
        let (name, account) = (&environment.name, &environment.account);
        let mut model = Model::new(project, name, account, &environment.region);
        let names = BootstrapNames {
            project,
            environment: name,
        };
        model.boundary = environment.bootstrap.as_ref().map(|_| names.boundary());
        Self {
            model: Rc::new(RefCell::new(model)),
        }
    }

    /// Starts a stack. CloudFormation will know it as `<project>-<environment>-<name>`.
    #[track_caller]
    pub fn stack(&self, name: &str) -> Stack {
        let index = self.model.borrow_mut().stack(name, Location::caller());
        Stack::root(Rc::clone(&self.model), index, name)
    }

    /// Sets a tag on every stack, unless a stack sets it itself; CloudFormation puts it on all their resources.
    pub fn tag(&self, key: &str, value: impl Into<String>) -> &Self {
        let mut model = self.model.borrow_mut();
        model.tags.insert(key.to_owned(), value.into());
        self
    }

    /// Says that a resource has another stack or name than when it was deployed, both as `stack/LogicalId`. It is then moved, not
    /// replaced. Take the line out once every environment is deployed.
    #[track_caller]
    pub fn moved(&self, from: &str, to: &str) -> &Self {
        let mut model = self.model.borrow_mut();
        let place = model.place(Location::caller());
        model.moves.push(MoveModel {
            from: from.to_owned(),
            to: to.to_owned(),
            place,
        });
        self
    }

    /// Adds a finding of your own; with an error among the findings nothing is written.
    #[track_caller]
    pub fn diagnose(&self, mut diagnostic: Diagnostic) {
        let mut model = self.model.borrow_mut();
        let place = model.place(Location::caller());
        if diagnostic.source.is_none() {
            diagnostic.source = Some(model.sources.name(place));
        }
        model.diagnostics.push(diagnostic);
    }

    /// Every resource declared so far, for rules that concern them all: an app-wide tag, a policy, a check of your own.
    ///
    /// ```
    /// # use dsl::{Diagnostic, RawResource, ResourceOptions};
    /// # let app = dsl::testing::app();
    /// # app.stack("files").add("Logs", RawResource::new("AWS::Logs::LogGroup").property("RetentionInDays", 30));
    /// for resource in app.resources() {
    ///     if resource.type_name() == "AWS::Logs::LogGroup" && resource.properties().get("RetentionInDays").is_none() {
    ///         let finding = Diagnostic::warning("the log is kept for ever");
    ///         resource.diagnose(finding.hinted("set `RetentionInDays`"));
    ///     }
    /// }
    /// ```
    pub fn resources(&self) -> Vec<Declared> {
        let model = self.model.borrow();
        let resources = model.stacks.iter().flat_map(|stack| &stack.resources);
        resources
            .map(|resource| Declared {
                app: self.clone(),
                handle: RawRef::from_reference(Reference::new(Rc::clone(&resource.node))),
                type_name: resource.type_name.clone(),
                properties: resource.properties.clone(),
            })
            .collect()
    }

    /// The project's name.
    pub fn project(&self) -> String {
        self.model.borrow().project.clone()
    }

    /// The environment's name.
    pub fn environment(&self) -> String {
        self.model.borrow().environment.clone()
    }

    /// The account it is for.
    pub fn account(&self) -> String {
        self.model.borrow().account.clone()
    }

    /// The region it is for.
    pub fn region(&self) -> String {
        self.model.borrow().region.clone()
    }

    /// The policy that must be the boundary of every role and user, by its name with path, where `chitinfra bootstrap`
    /// prepares the environment: CloudFormation may make none without it.
    pub fn permissions_boundary(&self) -> Option<String> {
        self.model.borrow().boundary.clone()
    }

    pub(crate) fn from_model(model: Rc<RefCell<Model>>) -> Self {
        Self { model }
    }

    pub(crate) fn model(&self) -> &Rc<RefCell<Model>> {
        &self.model
    }
}

/// A declared resource, as a rule over all of them sees it.
pub struct Declared {
    app: App,
    handle: RawRef,
    type_name: Cow<'static, str>,
    properties: Object,
}

impl Declared {
    /// The CloudFormation type, `AWS::S3::Bucket`.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The construct path, `identity/Api/Role`.
    pub fn path(&self) -> &str {
        self.handle.reference().path()
    }

    /// The properties it was declared with, before inherited tags and raw overrides.
    pub fn properties(&self) -> &Object {
        &self.properties
    }

    /// Its handle, to refer to it or to set its options.
    pub fn handle(&self) -> &RawRef {
        &self.handle
    }

    /// Adds a finding about it, where it was declared.
    pub fn diagnose(&self, diagnostic: Diagnostic) {
        let place = self.handle.reference().node().place;
        let mut model = self.app.model.borrow_mut();
        model.report(diagnostic, self.path(), place);
    }
}
