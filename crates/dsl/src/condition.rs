//! Conditions, what they test, and the rules that check parameters.

use std::ops::Not;

use crate::{Expression, Function, Reference, Value};

/// A condition of a stack: decides whether a resource exists, an output is given, or which of two values holds.
///
/// ```
/// use dsl::{Parameter, RawResource, ResourceOptions};
/// # let stack = dsl::testing::app().stack("web");
/// let stage = stack.parameter("Stage", Parameter::text().default("staging"));
/// let production = stack.condition("Production", stage.equals("production"));
/// let size = production.choose::<i64>(3, 1);
/// stack.add("Cache", RawResource::new("AWS::New::Cache").property("Size", size)).condition(&production);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(pub(crate) Reference);

impl Condition {
    /// One value where the condition holds, another where it does not (`Fn::If`).
    pub fn choose<T>(&self, then: impl Into<Value<T>>, otherwise: impl Into<Value<T>>) -> Value<T> {
        Value::from_expression(
            Function::If {
                condition: self.clone(),
                then: then.into().into_expression(),
                otherwise: otherwise.into().into_expression(),
            }
            .into(),
        )
    }

    /// A value where the condition holds; where it does not, the property is left out.
    pub fn only<T>(&self, value: impl Into<Value<T>>) -> Value<T> {
        self.choose(value, crate::aws::no_value())
    }
}

/// What a condition or a rule tests.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Test {
    /// Two values are the same (`Fn::Equals`).
    Equals(Expression, Expression),
    /// All hold (`Fn::And`).
    And(Vec<Self>),
    /// One holds at least (`Fn::Or`).
    Or(Vec<Self>),
    /// It does not hold (`Fn::Not`).
    Not(Box<Self>),
    /// A condition holds.
    Condition(Condition),
    /// A value is one of a list (`Fn::Contains`); in rules alone.
    Contains(Expression, Expression),
    /// All of a list are the same as a value (`Fn::EachMemberEquals`); in rules alone.
    EachMemberEquals(Expression, Expression),
    /// All of a list are among another (`Fn::EachMemberIn`); in rules alone.
    EachMemberIn(Expression, Expression),
}

/// `Fn::And` and `Fn::Or` take this many tests at most.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html>
const TESTS: usize = 10;

impl Test {
    /// This and the other hold.
    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        match self {
            Self::And(mut tests) if tests.len() < TESTS => {
                tests.push(other.into());
                Self::And(tests)
            }
            first => Self::And(vec![first, other.into()]),
        }
    }

    /// This or the other holds, or both.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        match self {
            Self::Or(mut tests) if tests.len() < TESTS => {
                tests.push(other.into());
                Self::Or(tests)
            }
            first => Self::Or(vec![first, other.into()]),
        }
    }
}

impl Not for Test {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl Not for &Condition {
    type Output = Test;

    fn not(self) -> Test {
        !Test::from(self)
    }
}

impl From<&Condition> for Test {
    fn from(condition: &Condition) -> Self {
        Self::Condition(condition.clone())
    }
}

impl From<Condition> for Test {
    fn from(condition: Condition) -> Self {
        Self::Condition(condition)
    }
}

impl<T> Value<T> {
    /// Tests whether this is the same as another value of its type (`Fn::Equals`).
    pub fn equals(&self, other: impl Into<Self>) -> Test {
        Test::Equals(self.into(), other.into().into())
    }

    /// Tests whether this is one of a list (`Fn::Contains`); in rules alone.
    pub fn is_one_of(&self, list: impl Into<Value<Vec<T>>>) -> Test {
        Test::Contains(list.into().into(), self.into())
    }
}

impl<T> Value<Vec<T>> {
    /// Tests whether all are the same as a value (`Fn::EachMemberEquals`); in rules alone.
    pub fn each_equals(&self, value: impl Into<Value<T>>) -> Test {
        Test::EachMemberEquals(self.into(), value.into().into())
    }

    /// Tests whether all are among another list (`Fn::EachMemberIn`); in rules alone.
    pub fn each_is_one_of(&self, list: impl Into<Self>) -> Test {
        Test::EachMemberIn(self.into(), list.into().into())
    }
}

/// All values of the parameters of one type, as `AWS::EC2::Subnet::Id` (`Fn::RefAll`); in rules alone.
pub fn all_parameters_of(type_name: &str) -> Value<Vec<String>> {
    Value::from_expression(Function::RefAll(type_name.to_owned()).into())
}

/// An attribute of what a parameter names, as the `VpcId` of a subnet (`Fn::ValueOf`); in rules alone.
pub fn attribute_of_parameter(parameter: &str, attribute: &str) -> Value<String> {
    Value::from_expression(
        Function::ValueOf {
            parameter: parameter.to_owned(),
            attribute: attribute.to_owned(),
        }
        .into(),
    )
}

/// An attribute of what all parameters of one type name (`Fn::ValueOfAll`); in rules alone.
pub fn attribute_of_parameters(type_name: &str, attribute: &str) -> Value<Vec<String>> {
    Value::from_expression(
        Function::ValueOfAll {
            type_name: type_name.to_owned(),
            attribute: attribute.to_owned(),
        }
        .into(),
    )
}

/// A rule: checks the values of parameters before anything is deployed.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    model: RuleModel,
}

/// A rule as it was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleModel {
    pub(crate) when: Option<Test>,
    pub(crate) assertions: Vec<(Test, String)>,
}

impl Rule {
    /// Starts a rule that holds always.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies the rule only when a test holds.
    #[must_use]
    pub fn when(mut self, test: Test) -> Self {
        self.model.when = Some(test);
        self
    }

    /// Asserts that a test holds, with what to say when it does not.
    #[must_use]
    pub fn assert(mut self, test: Test, description: &str) -> Self {
        self.model.assertions.push((test, description.to_owned()));
        self
    }

    pub(crate) fn into_model(self) -> RuleModel {
        self.model
    }
}
