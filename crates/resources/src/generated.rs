//! What the generated code has in common.

use std::borrow::Cow;
use std::fmt;

use dsl::{Expression, Part, Resource};

/// The value of an enumeration.
pub(crate) fn text(text: impl Into<Cow<'static, str>>) -> Expression {
    Expression::Text(text.into())
}

/// Shows a part as what it will be in a template, which leaves out what is not set.
pub(crate) fn debug_part(part: impl Part, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Debug::fmt(&part.into_expression(), formatter)
}

/// Shows a resource by its type and as what it will be in a template.
pub(crate) fn debug_resource<R: Resource>(
    resource: R,
    formatter: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    formatter
        .debug_tuple(R::TYPE)
        .field(&resource.into_properties())
        .finish()
}
