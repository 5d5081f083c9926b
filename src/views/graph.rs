//! What depends on what, as a picture or in a language that others draw.

pub(crate) mod dot;
mod layered;
mod layout;
pub(crate) mod mermaid;
pub(crate) mod svg;

use crate::graph::Graph;

/// Edges between groups that no edge between their resources tells already.
fn bare_edges(graph: &Graph) -> impl Iterator<Item = (usize, usize)> {
    graph.edges.iter().copied().filter(|(before, after)| {
        let told =
            |((from, _), (to, _)): &((usize, usize), (usize, usize))| from == before && to == after;
        !graph.crossings.iter().any(told)
    })
}

/// A type without the provider that nearly all share: `S3::Bucket`.
fn short_type(type_name: &str) -> &str {
    type_name.strip_prefix("AWS::").unwrap_or(type_name)
}
