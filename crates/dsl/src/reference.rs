//! Links to what is declared, and the handles that give them.

use std::{borrow::Cow, cell::RefCell, fmt, rc::Rc};

use crate::{Expression, Link, Value, model::Place, options::Options, value::is_list};

/// A declared resource, parameter, condition or mapping, as other parts of the program know it.
#[derive(Clone)]
pub struct Reference {
    node: Rc<Node>,
    strength: Strength,
}

/// How firmly a stack holds on to what it takes from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strength {
    /// `Fn::GetStackOutput`: the producer may change; chitinfra deploys the consumer again.
    #[default]
    Weak,
    /// An export and `Fn::ImportValue`: CloudFormation refuses to change or remove the value while it is used.
    Strong,
}

/// One declaration: who it is, where it stands, what its options are.
pub(crate) struct Node {
    /// The app it belongs to, told apart by its address.
    pub(crate) app: Rc<()>,
    /// The stack's position in the app.
    pub(crate) stack: usize,
    /// The position among its kind in the stack.
    pub(crate) index: usize,
    pub(crate) kind: NodeKind,
    pub(crate) logical_id: String,
    pub(crate) path: String,
    pub(crate) place: Place,
    pub(crate) options: RefCell<Options>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NodeKind {
    Resource,
    Parameter,
    Condition,
    Mapping,
}

impl Reference {
    pub(crate) fn new(node: Rc<Node>) -> Self {
        Self {
            node,
            strength: Strength::Weak,
        }
    }

    /// The value CloudFormation gives for `Ref`: an id, a name, an ARN, as the type has it.
    pub fn identifier<T>(&self) -> Value<T> {
        self.link(None)
    }

    /// The value of an attribute (`Fn::GetAtt`).
    pub fn attribute<T>(&self, name: impl Into<Cow<'static, str>>) -> Value<T> {
        self.link(Some(name.into()))
    }

    fn link<T>(&self, attribute: Option<Cow<'static, str>>) -> Value<T> {
        Value::from_expression(Expression::Link(Link {
            reference: self.clone(),
            attribute,
            list: is_list::<T>(),
        }))
    }

    /// The same reference, holding firmly when it crosses from stack to stack.
    #[must_use]
    pub fn strong(&self) -> Self {
        Self {
            node: Rc::clone(&self.node),
            strength: Strength::Strong,
        }
    }

    /// How firmly it holds when it crosses from stack to stack.
    pub fn strength(&self) -> Strength {
        self.strength
    }

    /// The name within the template: scopes and id, one after the other.
    pub fn logical_id(&self) -> &str {
        &self.node.logical_id
    }

    /// The construct path, `identity/Api/Role`.
    pub fn path(&self) -> &str {
        &self.node.path
    }

    pub(crate) fn node(&self) -> &Rc<Node> {
        &self.node
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Reference({})", self.path())
    }
}

impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.node, &other.node) && self.strength == other.strength
    }
}

/// What declaring a resource gives back: its identifier, its attributes, and the options CloudFormation has for every resource
/// ([`ResourceOptions`](crate::ResourceOptions)).
pub trait Handle: Clone {
    /// Makes the handle of a declared resource.
    fn from_reference(reference: Reference) -> Self;

    /// The resource it stands for.
    fn reference(&self) -> &Reference;
}
