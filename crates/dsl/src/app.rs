//! The app: everything one environment consists of.

use std::{cell::RefCell, panic::Location, rc::Rc};

use assembly::{Diagnostic, Environment};

use crate::{
    Stack,
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
        let model = Model::new(project, name, account, &environment.region);
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

    pub(crate) fn from_model(model: Rc<RefCell<Model>>) -> Self {
        Self { model }
    }

    pub(crate) fn model(&self) -> &Rc<RefCell<Model>> {
        &self.model
    }
}
