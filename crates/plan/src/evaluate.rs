//! What the properties of a resource come to.

use serde_json::Value;

use crate::{
    Facts, Options,
    meaning::{Place, is_literal, sides},
    resources::type_name,
};

/// The properties of a resource of a template, with every expression worked out whose value is known.
///
/// Known are parameters, mappings and conditions by `options.before_parameters`, and whatever stands in
/// `options.pseudo_parameters`: a logical id there is what `Ref` gives. An expression whose value is not known, or secret,
/// stays as it is; [`is_evaluated`] tells.
pub fn evaluate(template: &Value, logical_id: &str, facts: &dyn Facts, options: &Options) -> Value {
    let (side, _) = sides(template.into(), template.into(), facts, options);
    let resource = &template["Resources"][logical_id];
    let place = Place::properties(facts, type_name(resource));
    let properties = resource.get("Properties");
    properties
        .and_then(|properties| side.shown(properties, &place))
        .unwrap_or_default()
}

/// Whether nothing of a value is left to be worked out.
pub fn is_evaluated(value: &Value) -> bool {
    is_literal(value)
}
