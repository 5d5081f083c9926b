//! The graph in [Mermaid](https://mermaid.js.org/syntax/flowchart.html).

use std::fmt::Write as _;

use super::{bare_edges, short_type};
use crate::graph::Graph;

/// Draws a graph.
pub(crate) fn draw(graph: &Graph) -> String {
    let mut text = "flowchart TB\n".to_owned();
    for (index, group) in graph.groups.iter().enumerate() {
        if !group.is_stack || group.nodes.is_empty() {
            let _ = writeln!(text, "  g{index}([\"{}\"])", label(&group.name));
            continue;
        }
        let _ = writeln!(text, "  subgraph g{index}[\"{}\"]", label(&group.name));
        for (place, node) in group.nodes.iter().enumerate() {
            let _ = writeln!(
                text,
                "    g{index}n{place}[\"{}<br>{}\"]",
                label(&node.logical_id),
                label(short_type(&node.type_name))
            );
        }
        for (from, to) in &group.edges {
            let _ = writeln!(text, "    g{index}n{from} --> g{index}n{to}");
        }
        text.push_str("  end\n");
    }
    for ((before, from), (after, to)) in &graph.crossings {
        let _ = writeln!(text, "  g{before}n{from} --> g{after}n{to}");
    }
    for (before, after) in bare_edges(graph) {
        let _ = writeln!(text, "  g{before} --> g{after}");
    }
    text
}

/// A text within a label: whatever may mean something there is written by its number.
fn label(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        if character.is_alphanumeric() || " :/.-".contains(character) {
            shown.push(character);
        } else {
            let _ = write!(shown, "#{};", u32::from(character));
        }
    }
    shown
}
