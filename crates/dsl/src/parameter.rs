//! Parameters: what a template asks for when it is deployed.

use std::{fmt::Display, marker::PhantomData};

/// A parameter of a template whose value has the type `T`.
///
/// Where a value is known when the program runs, use the value itself: an environment file is the place for what differs between
/// environments. Parameters are for what CloudFormation has to look up, and for templates made for others.
///
/// ```
/// # use dsl::Parameter;
/// # let stack = dsl::testing::app().stack("web");
/// let image = stack.parameter("Image", Parameter::ssm().default("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"));
/// ```
#[derive(Clone, Debug)]
pub struct Parameter<T> {
    model: ParameterModel,
    of: PhantomData<fn() -> T>,
}

/// A parameter as it was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParameterModel {
    pub(crate) type_name: String,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) allowed_values: Vec<String>,
    pub(crate) allowed_pattern: Option<String>,
    pub(crate) constraint_description: Option<String>,
    pub(crate) minimum_length: Option<u32>,
    pub(crate) maximum_length: Option<u32>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) hidden: bool,
    pub(crate) value: Option<String>,
}

impl Parameter<String> {
    /// A text.
    pub fn text() -> Self {
        Self::of_type("String")
    }

    /// A text that CloudFormation reads from an SSM parameter, whose name is the parameter's value.
    pub fn ssm() -> Self {
        Self::of_type("AWS::SSM::Parameter::Value<String>")
    }
}

impl Parameter<f64> {
    /// A number.
    pub fn number() -> Self {
        Self::of_type("Number")
    }
}

impl Parameter<Vec<String>> {
    /// Texts, with commas between them.
    pub fn list() -> Self {
        Self::of_type("CommaDelimitedList")
    }
}

impl Parameter<Vec<f64>> {
    /// Numbers, with commas between them.
    pub fn numbers() -> Self {
        Self::of_type("List<Number>")
    }
}

impl<T> Parameter<T> {
    /// A parameter of any type CloudFormation knows, `AWS::EC2::VPC::Id`.
    pub fn of_type(type_name: &str) -> Self {
        Self {
            model: ParameterModel {
                type_name: type_name.to_owned(),
                ..ParameterModel::default()
            },
            of: PhantomData,
        }
    }

    /// The value when a deployment gives none; for an SSM parameter its name.
    #[must_use]
    pub fn default(mut self, value: impl Display) -> Self {
        self.model.default = Some(value.to_string());
        self
    }

    /// The value that chitinfra gives when it deploys.
    #[must_use]
    pub fn value(mut self, value: impl Display) -> Self {
        self.model.value = Some(value.to_string());
        self
    }

    /// What it is for.
    #[must_use]
    pub fn description(mut self, text: &str) -> Self {
        self.model.description = Some(text.to_owned());
        self
    }

    /// The only values it may have.
    #[must_use]
    pub fn allowed_values<V: Display>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.model.allowed_values = values.into_iter().map(|value| value.to_string()).collect();
        self
    }

    /// The regular expression it must match as a whole.
    #[must_use]
    pub fn allowed_pattern(mut self, pattern: &str) -> Self {
        self.model.allowed_pattern = Some(pattern.to_owned());
        self
    }

    /// What CloudFormation says when a value is not allowed.
    #[must_use]
    pub fn constraint_description(mut self, text: &str) -> Self {
        self.model.constraint_description = Some(text.to_owned());
        self
    }

    /// The shortest and the longest it may be, in letters.
    #[must_use]
    pub fn length(mut self, minimum: u32, maximum: u32) -> Self {
        self.model.minimum_length = Some(minimum);
        self.model.maximum_length = Some(maximum);
        self
    }

    /// The least and the most it may be.
    #[must_use]
    pub fn range(mut self, minimum: f64, maximum: f64) -> Self {
        self.model.minimum = Some(minimum);
        self.model.maximum = Some(maximum);
        self
    }

    /// Hides its value wherever CloudFormation shows parameters (`NoEcho`). It still is no place for a secret: see
    /// [`Secret`](crate::Secret).
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.model.hidden = true;
        self
    }

    pub(crate) fn into_model(self) -> ParameterModel {
        self.model
    }
}
