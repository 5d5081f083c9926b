//! Texts with values in them: `sub!` and `arn!`.

use std::fmt;

use crate::{Expression, Function, Json, Secret, Value};

/// Puts values into a text, as `format!` does, and gives a [`Value<String>`](Value).
///
/// Each `{}` takes the next value: a text, a number, or anything CloudFormation will know when it deploys. Names of Rust variables
/// can stand in the braces when they hold plain texts or numbers. CloudFormation sees `Fn::Sub`, or `Fn::Join` where a value comes
/// from another stack; a text without values stays a text.
///
/// ```
/// # use dsl::{RawResource, sub};
/// # let stack = dsl::testing::app().stack("web");
/// # let bucket = stack.add("Bucket", RawResource::new("AWS::S3::Bucket"));
/// let folder = "reports";
/// let place = sub!("s3://{}/{folder}/{}", bucket.id(), dsl::aws::region());
/// ```
#[macro_export]
macro_rules! sub {
    ($format:literal $(, $value:expr)* $(,)?) => {
        $crate::interpolate!(::std::string::String, $format $(, $value)*)
    };
}

/// Puts values into a text that is an ARN; otherwise as [`sub!`].
///
/// ```
/// # use dsl::{Arn, RawResource, Value, arn, aws};
/// # let stack = dsl::testing::app().stack("web");
/// # let bucket = stack.add("Bucket", RawResource::new("AWS::S3::Bucket"));
/// let objects: Value<Arn> = arn!("arn:{}:s3:::{}/*", aws::partition(), bucket.id());
/// ```
#[macro_export]
macro_rules! arn {
    ($format:literal $(, $value:expr)* $(,)?) => {
        $crate::interpolate!($crate::Arn, $format $(, $value)*)
    };
}

/// What `sub!` and `arn!` come down to.
#[doc(hidden)]
#[macro_export]
macro_rules! interpolate {
    ($of:ty, $format:literal $(, $value:expr)*) => {{
        #[allow(unused_mut, reason = "a text without values takes none")]
        let mut holes = $crate::Holes::default();
        let text = ::std::format!($format $(, holes.hole(&$value))*);
        holes.fill::<$of>(&text)
    }};
}

/// What can stand in a text of [`sub!`] and [`arn!`]: texts, numbers, truth values, and every [`Value`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a text",
    note = "of a resource, use one of its values, as its id or its ARN"
)]
pub trait Interpolated {
    /// The value as an expression.
    fn expression(&self) -> Expression;
}

impl<T> Interpolated for Value<T> {
    fn expression(&self) -> Expression {
        self.into()
    }
}

impl<T> Interpolated for Secret<T> {
    fn expression(&self) -> Expression {
        self.clone().into()
    }
}

impl<T: Interpolated + ?Sized> Interpolated for &T {
    fn expression(&self) -> Expression {
        (**self).expression()
    }
}

impl Interpolated for str {
    fn expression(&self) -> Expression {
        self.into()
    }
}

macro_rules! interpolated {
    ($($plain:ty),*) => {$(
        impl Interpolated for $plain {
            fn expression(&self) -> Expression {
                self.clone().into()
            }
        }
    )*};
}
interpolated!(String, bool, i64, i32, i16, u32, u16, u8, f64, Expression);

/// The values of an interpolated text, while `format!` lays it out.
#[doc(hidden)]
#[derive(Default)]
pub struct Holes {
    values: Vec<Expression>,
}

/// Where a value goes; `format!` writes its number between two marks that no template may contain.
#[doc(hidden)]
pub struct Hole(usize);

const MARK: char = '\0';

impl fmt::Display for Hole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{MARK}{}{MARK}", self.0)
    }
}

impl Holes {
    /// Takes a value and gives its hole.
    pub fn hole(&mut self, value: &(impl Interpolated + ?Sized)) -> Hole {
        self.values.push(value.expression());
        Hole(self.values.len() - 1)
    }

    /// Puts the values where their holes are.
    pub fn fill<T>(self, text: &str) -> Value<T> {
        // Marks come in pairs, so every second piece is a hole's number.
        let parts = text.split(MARK).enumerate().map(|(position, piece)| {
            let hole = (position % 2 == 1).then(|| piece.parse().ok()).flatten();
            hole.and_then(|hole: usize| self.values.get(hole).cloned())
                .unwrap_or_else(|| piece.into())
        });
        Value::from_expression(concatenate(parts))
    }
}

/// Parts that follow one another: texts run together, and what needs no function gets none.
pub(crate) fn concatenate(parts: impl IntoIterator<Item = Expression>) -> Expression {
    let mut joined: Vec<Expression> = Vec::new();
    for part in parts {
        push(&mut joined, part);
    }
    match joined.len() {
        0 => "".into(),
        1 => joined.remove(0),
        _ => Function::Concatenation(joined).into(),
    }
}

fn push(joined: &mut Vec<Expression>, part: Expression) {
    let text = match part {
        Expression::Text(text) => text,
        Expression::Integer(number) => number.to_string().into(),
        Expression::Number(number) if number.is_finite() => number.to_string().into(),
        Expression::Boolean(value) => value.to_string().into(),
        Expression::Json(Json::String(text)) => text.into(),
        Expression::Json(json @ (Json::Number(_) | Json::Bool(_))) => json.to_string().into(),
        Expression::Function(function) if matches!(*function, Function::Concatenation(_)) => {
            if let Function::Concatenation(parts) = *function {
                parts.into_iter().for_each(|part| push(joined, part));
            }
            return;
        }
        part => {
            joined.push(part);
            return;
        }
    };
    if text.is_empty() {
        return;
    }
    if let Some(Expression::Text(before)) = joined.last_mut() {
        before.to_mut().push_str(&text);
    } else {
        joined.push(Expression::Text(text));
    }
}
