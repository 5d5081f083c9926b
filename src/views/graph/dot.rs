//! The graph in [DOT](https://graphviz.org/doc/info/lang.html).

use std::fmt::Write as _;

use super::{bare_edges, short_type};
use crate::{graph::Graph, views::text::printable};

/// Draws a graph. Each stack has a point that is not seen, between which the edges of whole stacks run.
pub(crate) fn draw(graph: &Graph) -> String {
    let mut text = format!(
        "digraph {} {{\n  compound=true;\n  rankdir=TB;\n  node [shape=box, fontname=\"Helvetica\"];\n",
        quoted(&graph.environment)
    );
    let node = |group: usize, place: usize| {
        let group = &graph.groups[group];
        quoted(&format!("{}/{}", group.name, group.nodes[place].logical_id))
    };
    for (index, group) in graph.groups.iter().enumerate() {
        let name = quoted(&group.name);
        if !group.is_stack {
            let _ = writeln!(text, "  {name} [shape=ellipse];");
            continue;
        }
        let _ = writeln!(text, "  subgraph cluster_{index} {{\n    label={name};");
        let _ = writeln!(text, "    {name} [shape=point, style=invis];");
        for (place, resource) in group.nodes.iter().enumerate() {
            let lines = format!(
                "{}\n{}",
                resource.logical_id,
                short_type(&resource.type_name)
            );
            let _ = writeln!(
                text,
                "    {} [label={}];",
                node(index, place),
                quoted(&lines)
            );
        }
        for (from, to) in &group.edges {
            let _ = writeln!(text, "    {} -> {};", node(index, *from), node(index, *to));
        }
        text.push_str("  }\n");
    }
    for ((before, from), (after, to)) in &graph.crossings {
        let _ = writeln!(text, "  {} -> {};", node(*before, *from), node(*after, *to));
    }
    for (before, after) in bare_edges(graph) {
        let name = |index: usize| quoted(&graph.groups[index].name);
        let mut ends = Vec::new();
        if graph.groups[before].is_stack {
            ends.push(format!("ltail=cluster_{before}"));
        }
        if graph.groups[after].is_stack {
            ends.push(format!("lhead=cluster_{after}"));
        }
        let _ = writeln!(
            text,
            "  {} -> {} [{}];",
            name(before),
            name(after),
            ends.join(", ")
        );
    }
    text.push_str("}\n");
    text
}

/// A text as one word of the language; line feeds part lines.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| printable(line).replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}
