//! The comparison of two templates.

use std::{panic, thread};

use assembly::ResourceOrigin;
use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    Facts, Options, StackDiff, Summary, checks, inputs::Inputs, meaning::sides,
    resources::Comparison, sections, security,
};

/// Compares the deployed template with the wanted one.
///
/// Both are template bodies whose expressions are in their long form; `null` stands for no template at all. `origins`
/// say where the resources of the new one are declared.
pub fn diff(
    before: &Value,
    after: &Value,
    facts: &dyn Facts,
    origins: &IndexMap<String, ResourceOrigin>,
    options: &Options,
) -> StackDiff {
    let (old, new) = sides(before, after, facts, options);
    let inputs = Inputs::changed(&old, &new);
    let comparison = Comparison {
        old: &old,
        new: &new,
        facts,
        inputs: &inputs,
        is_open: options.open_parameters,
        unsettled: &options.unsettled,
        origins,
    };
    let (resources, readings) = thread::scope(|scope| {
        // What the templates say of access takes as long as all else, and where they differ it is almost always asked for.
        let readings =
            (before != after).then(|| scope.spawn(|| security::Readings::of(&old, &new, facts)));
        let resources = comparison.resources();
        let readings = readings.map(thread::ScopedJoinHandle::join);
        let readings =
            readings.map(|readings| readings.unwrap_or_else(|panic| panic::resume_unwind(panic)));
        (resources, readings)
    });
    StackDiff {
        summary: Summary::of(&resources.changes),
        parameters: sections::parameters(&old, &new),
        mappings: sections::mappings(&old, &new, facts),
        conditions: sections::conditions(&old, &new),
        outputs: sections::outputs(&old, &new, facts, &resources.fates, |value| {
            inputs.causes(value)
        }),
        other: sections::other(&old, &new),
        security: security::compare(&old, &new, &resources.changes, readings, facts),
        findings: checks::compare(before, after, &resources.changes, origins),
        changes: resources.changes,
        equivalent: resources.equivalent,
        ..StackDiff::default()
    }
}
