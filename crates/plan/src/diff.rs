//! The comparison of two templates.

use assembly::ResourceOrigin;
use indexmap::IndexMap;

use crate::{
    Body, Facts, Options, Security, StackDiff, Summary, checks, inputs::Inputs, meaning::sides,
    resources::Comparison, sections, security,
};

/// Compares the deployed template with the wanted one.
///
/// Both are template bodies whose expressions are in their long form; `null` stands for no template at all. `origins`
/// say where the resources of the new one are declared.
pub fn diff<'a>(
    before: impl Into<Body<'a>>,
    after: impl Into<Body<'a>>,
    facts: &dyn Facts,
    origins: &IndexMap<String, ResourceOrigin>,
    options: &Options,
) -> StackDiff {
    let (old, new) = sides(before.into(), after.into(), facts, options);
    let unchanged = new.unchanged(&old);
    let inputs = Inputs::changed(&old, &new);
    let comparison = Comparison {
        old: &old,
        new: &new,
        facts,
        inputs: &inputs,
        is_alike: old.is_alike(&new),
        unchanged: &unchanged,
        is_open: options.open_parameters,
        unsettled: &options.unsettled,
        origins,
    };
    let compare_access = || security::compare(&old, &new, &unchanged, facts);
    let resources = old.resources().len().max(new.resources().len());
    let is_same = unchanged.len() == resources && inputs.is_empty();
    let (resources, access) = if is_same {
        (comparison.resources(), None)
    } else {
        // It takes as long as all else, and where templates differ it is almost always asked for.
        rayon::join(|| comparison.resources(), || Some(compare_access()))
    };
    let security = if security::is_told_by(&resources.changes, &old, &new) {
        access.unwrap_or_else(compare_access)
    } else {
        Security::default()
    };
    StackDiff {
        summary: Summary::of(&resources.changes),
        parameters: sections::parameters(&old, &new),
        mappings: sections::mappings(&old, &new, facts),
        conditions: sections::conditions(&old, &new),
        outputs: sections::outputs(&old, &new, facts, &resources.fates, |value| {
            inputs.causes(value)
        }),
        other: sections::other(&old, &new),
        security,
        findings: checks::compare(
            old.resources(),
            new.resources(),
            &resources.changes,
            origins,
        ),
        changes: resources.changes,
        equivalent: resources.equivalent,
        ..StackDiff::default()
    }
}
