//! Outputs: what a stack gives to the outside.

use std::{cell::RefCell, rc::Rc};

use crate::{
    Condition, Value,
    model::{Model, OutputModel},
};

/// An output of a stack, to say more about it.
pub struct Output {
    model: Rc<RefCell<Model>>,
    stack: usize,
    index: usize,
}

impl Output {
    pub(crate) fn new(model: Rc<RefCell<Model>>, stack: usize, index: usize) -> Self {
        Self {
            model,
            stack,
            index,
        }
    }

    /// Says what it is.
    pub fn description(self, text: &str) -> Self {
        self.change(|output| output.description = Some(text.to_owned()))
    }

    /// Exports it under a name that is unique in the account and region, for `Fn::ImportValue` of any stack.
    pub fn export_name(self, name: impl Into<Value<String>>) -> Self {
        self.change(|output| output.export_name = Some(name.into().into_expression()))
    }

    /// Gives it only where a condition holds.
    pub fn condition(self, condition: &Condition) -> Self {
        self.change(|output| output.condition = Some(condition.0.clone()))
    }

    fn change(self, change: impl FnOnce(&mut OutputModel)) -> Self {
        change(&mut self.model.borrow_mut().stacks[self.stack].outputs[self.index]);
        self
    }
}
