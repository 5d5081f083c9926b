//! What a value is, without its type: literals, links to what is declared, intrinsic functions.

use std::borrow::Cow;

use crate::{Condition, Json, Mapping, Object, Reference, Value};

/// A value without its type. [`Value`] is what programs use; this is what it holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Expression {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Integer(i64),
    /// A number; it must be finite.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// A list.
    List(Vec<Self>),
    /// An object or a map, in the order it was written.
    Object(Object),
    /// JSON written as it stands. A `Ref` or `Fn::GetAtt` in it is checked like any other.
    Json(Json),
    /// `Ref` or `Fn::GetAtt` of a resource or parameter, of this stack or another.
    Link(Link),
    /// `Ref` of a pseudo parameter, `AWS::Region`.
    Pseudo(&'static str),
    /// Any other intrinsic function.
    Function(Box<Function>),
}

/// `Ref` or `Fn::GetAtt` of a resource or parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// What it links to.
    pub reference: Reference,
    /// The attribute for `Fn::GetAtt`; without one it is `Ref`.
    pub attribute: Option<Cow<'static, str>>,
    /// Whether its value is a list. A list crosses from stack to stack joined, for outputs are texts.
    pub list: bool,
}

/// An intrinsic function other than `Ref` and `Fn::GetAtt`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Function {
    /// `Fn::Join`: the elements of a list with a delimiter between them.
    Join {
        /// What stands between two elements.
        delimiter: String,
        /// The list.
        list: Expression,
    },
    /// Parts that follow one another: written as `Fn::Sub` where that is legal, else as `Fn::Join`.
    Concatenation(Vec<Expression>),
    /// `Fn::Split`: a text cut at each delimiter.
    Split {
        /// Where to cut.
        delimiter: String,
        /// The text.
        text: Expression,
    },
    /// `Fn::Select`: one element of a list.
    Select {
        /// Counted from zero.
        index: Expression,
        /// The list.
        list: Expression,
    },
    /// `Fn::If`: one of two values.
    If {
        /// What decides.
        condition: Condition,
        /// The value when it holds.
        then: Expression,
        /// The value when it does not.
        otherwise: Expression,
    },
    /// `Fn::FindInMap`: an entry of a mapping.
    FindInMap {
        /// The mapping.
        mapping: Mapping,
        /// The first key.
        top: Expression,
        /// The second key.
        second: Expression,
        /// The value when there is no such entry.
        default: Option<Expression>,
    },
    /// `Fn::ImportValue`: an export of any stack of this account and region.
    ImportValue(Expression),
    /// `Fn::GetStackOutput`: an output of any stack.
    StackOutput {
        /// The CloudFormation name of the stack.
        stack: Expression,
        /// The output.
        output: Expression,
        /// The region, when it is another.
        region: Option<Expression>,
        /// The role to read with, when the account is another.
        role: Option<Expression>,
    },
    /// `Fn::Base64`.
    Base64(Expression),
    /// `Fn::Cidr`: blocks within an address range.
    Cidr {
        /// The range.
        block: Expression,
        /// How many blocks.
        count: Expression,
        /// How many bits of an address number the hosts of a block.
        bits: Expression,
    },
    /// `Fn::GetAZs`: the availability zones of a region.
    AvailabilityZones(Expression),
    /// `Fn::Transform`: what a macro makes of its parameters.
    Transform {
        /// The macro.
        name: String,
        /// Its parameters.
        parameters: Object,
    },
    /// `Fn::ToJsonString`, of the language extensions.
    ToJsonString(Expression),
    /// `Fn::Length`, of the language extensions.
    Length(Expression),
    /// `Fn::RefAll`: the values of all parameters of a type; in rules alone.
    RefAll(String),
    /// `Fn::ValueOf`: an attribute of what a parameter names; in rules alone.
    ValueOf {
        /// The parameter's name.
        parameter: String,
        /// The attribute, `VpcId` or `Tags.department`.
        attribute: String,
    },
    /// `Fn::ValueOfAll`: an attribute of what all parameters of a type name; in rules alone.
    ValueOfAll {
        /// The parameters' type.
        type_name: String,
        /// The attribute.
        attribute: String,
    },
}

impl Function {
    /// Its name in a template.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Join { .. } => "Fn::Join",
            Self::Concatenation(_) => "Fn::Sub",
            Self::Split { .. } => "Fn::Split",
            Self::Select { .. } => "Fn::Select",
            Self::If { .. } => "Fn::If",
            Self::FindInMap { .. } => "Fn::FindInMap",
            Self::ImportValue(_) => "Fn::ImportValue",
            Self::StackOutput { .. } => "Fn::GetStackOutput",
            Self::Base64(_) => "Fn::Base64",
            Self::Cidr { .. } => "Fn::Cidr",
            Self::AvailabilityZones(_) => "Fn::GetAZs",
            Self::Transform { .. } => "Fn::Transform",
            Self::ToJsonString(_) => "Fn::ToJsonString",
            Self::Length(_) => "Fn::Length",
            Self::RefAll(_) => "Fn::RefAll",
            Self::ValueOf { .. } => "Fn::ValueOf",
            Self::ValueOfAll { .. } => "Fn::ValueOfAll",
        }
    }
}

impl From<Function> for Expression {
    fn from(function: Function) -> Self {
        Self::Function(Box::new(function))
    }
}

impl<T> From<Value<T>> for Expression {
    fn from(value: Value<T>) -> Self {
        value.into_expression()
    }
}

impl<T> From<&Value<T>> for Expression {
    fn from(value: &Value<T>) -> Self {
        value.expression().clone()
    }
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned().into())
    }
}

impl From<String> for Expression {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&String> for Expression {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<bool> for Expression {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Expression {
            fn from(value: $integer) -> Self {
                Self::Integer(value.into())
            }
        }
    )*};
}
from_integers!(i64, i32, i16, u32, u16, u8);

impl From<f64> for Expression {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<Json> for Expression {
    fn from(json: Json) -> Self {
        Self::Json(json)
    }
}

impl From<Object> for Expression {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<E: Into<Self>> From<Vec<E>> for Expression {
    fn from(elements: Vec<E>) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }
}

impl<E: Into<Self>, const N: usize> From<[E; N]> for Expression {
    fn from(elements: [E; N]) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }
}
