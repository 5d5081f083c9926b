//! The graph as a picture that needs nothing else: no font, no script, no style of another file.

use std::fmt::Write as _;

use plan::Action;

use super::{
    layout::{Cell, Frame, Point, lay_out},
    short_type,
};
use crate::{
    graph::{Graph, Group, Mark, Node},
    views::{text::printable, words},
};

/// Colours by what happens; words and signs say the same. In the dark, a viewer that knows of it swaps them.
const STYLE: &str = include_str!("../../../templates/plan/graph.css");

/// The width of a letter of an id and of a type, in tenths of a pixel.
const ID_LETTER: i32 = 73;
const TYPE_LETTER: i32 = 67;

/// Where the picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// As a file of its own.
    File,
    /// Within a page that shows the changes: what changes is a link to them.
    Page,
}

/// Draws a graph.
pub(crate) fn draw(graph: &Graph, shown_in: Use) -> String {
    let picture = lay_out(graph);
    let (width, height) = (picture.width, picture.height);
    let namespace = match shown_in {
        Use::File => " xmlns=\"http://www.w3.org/2000/svg\"",
        Use::Page => "",
    };
    // What holds links is no image to those who hear it.
    let role = match shown_in {
        Use::File => "img",
        Use::Page => "group",
    };
    let mut text = format!(
        "<svg{namespace} class=\"graph\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"{role}\" aria-labelledby=\"graph-title graph-text\">\n\
         <title id=\"graph-title\">Dependencies of {}</title>\n<desc id=\"graph-text\">{}</desc>\n\
         <style>\n{STYLE}</style>\n\
         <defs><marker id=\"graph-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto\"><path class=\"graph-head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
        escaped(&graph.environment),
        escaped(&described(graph)),
    );
    if shown_in == Use::File {
        let _ = writeln!(
            text,
            "<rect class=\"graph-ground\" width=\"{width}\" height=\"{height}\"/>"
        );
    }
    for points in &picture.edges {
        let path = match points.as_slice() {
            [start, row, end] => fall(*start, *row, *end),
            corners => bent(corners),
        };
        let _ = writeln!(
            text,
            "<path class=\"graph-edge\" d=\"{path}\" marker-end=\"url(#graph-arrow)\"/>"
        );
    }
    for frame in &picture.boxes {
        group(&mut text, &graph.groups[frame.group], frame, shown_in);
    }
    text.push_str("</svg>\n");
    text
}

/// The id by which a page finds a resource's changes.
pub(crate) fn anchor(stack: &str, logical_id: &str) -> String {
    let mut anchor = String::new();
    for character in format!("{stack}.{logical_id}").chars() {
        if character.is_ascii_alphanumeric() || "._-".contains(character) {
            anchor.push(character);
        } else {
            let _ = write!(anchor, "_{:x}_", u32::from(character));
        }
    }
    anchor
}

fn group(text: &mut String, group: &Group, frame: &Frame, shown_in: Use) {
    let (class, sign) = match group.mark {
        None => ("", ""),
        Some(Mark::Create) => (" graph-create", "+ "),
        Some(Mark::Change) => (" graph-update", "~ "),
        Some(Mark::Delete) => (" graph-delete", "- "),
    };
    let (x, y) = frame.at;
    let kind = if group.is_stack { "stack" } else { "outside" };
    let _ = writeln!(
        text,
        "<g transform=\"translate({x} {y})\">\n<rect class=\"graph-{kind}{class}\" width=\"{}\" height=\"{}\" rx=\"10\"/>\n\
         <text class=\"graph-name{class}\" x=\"16\" y=\"25\">{sign}{}</text>\n\
         <text class=\"graph-count\" x=\"{}\" y=\"25\">{}</text>",
        frame.width,
        frame.height,
        escaped(&group.name),
        frame.width - 16,
        escaped(&counted(group)),
    );
    for points in &frame.edges {
        let _ = writeln!(
            text,
            "<path class=\"graph-edge\" d=\"{}\" marker-end=\"url(#graph-arrow)\"/>",
            flow(points)
        );
    }
    for one in &frame.cells {
        cell(text, group, &group.nodes[one.node], one, shown_in);
    }
    for (index, note) in frame.notes.iter().rev().enumerate() {
        let line = i32::try_from(index).unwrap_or(0);
        let _ = writeln!(
            text,
            "<text class=\"graph-note\" x=\"16\" y=\"{}\">{}</text>",
            frame.height - 14 - line * 20,
            escaped(note)
        );
    }
    text.push_str("</g>\n");
}

fn cell(text: &mut String, group: &Group, node: &Node, cell: &Cell, shown_in: Use) {
    let (x, y) = cell.at;
    let class = node.mark.map(class).unwrap_or_default();
    let sign = node.mark.map(words::sign).unwrap_or_default();
    let lead = if node.mark.is_some() { 30 } else { 14 };
    let room = cell.width - lead - 8;
    let letters = |width: i32| usize::try_from(room * 10 / width).unwrap_or(0);
    let below = match node.mark {
        Some(action) => format!("{action} · {}", short_type(&node.type_name)),
        None => short_type(&node.type_name).to_owned(),
    };
    let title = match node.mark {
        Some(action) => format!("{}: {action}, {}", node.logical_id, node.type_name),
        None => format!("{}, {}", node.logical_id, node.type_name),
    };
    let link = node.mark.filter(|_| shown_in == Use::Page);
    if link.is_some() {
        let address = anchor(&group.name, &node.logical_id);
        let _ = write!(text, "<a href=\"#{address}\">");
    }
    let _ = write!(
        text,
        "<g transform=\"translate({x} {y})\" class=\"graph-cell{class}\"><title>{}</title>\
         <rect width=\"{}\" height=\"{}\" rx=\"6\"/>\
         <text class=\"graph-sign\" x=\"14\" y=\"26\">{sign}</text>\
         <text class=\"graph-id\" x=\"{lead}\" y=\"18\">{}</text>\
         <text class=\"graph-type\" x=\"{lead}\" y=\"33\">{}</text></g>",
        escaped(&title),
        cell.width,
        cell.height,
        escaped(&cut(&node.logical_id, letters(ID_LETTER))),
        escaped(&cut(&below, letters(TYPE_LETTER))),
    );
    text.push_str(if link.is_some() { "</a>\n" } else { "\n" });
}

fn class(action: Action) -> &'static str {
    match action {
        Action::Create | Action::Import => " graph-create",
        Action::Update | Action::Move => " graph-update",
        Action::Replace | Action::MayReplace => " graph-replace",
        Action::Delete | Action::Orphan => " graph-delete",
    }
}

/// How many resources a stack has, and how many of them change.
fn counted(group: &Group) -> String {
    if !group.is_stack {
        return "outside AWS".to_owned();
    }
    let marked = group
        .nodes
        .iter()
        .filter(|node| node.mark.is_some())
        .count();
    let all = words::resources(group.nodes.len());
    if marked == 0 {
        all
    } else {
        format!("{marked} of {all} change")
    }
}

/// What the picture shows, for those who do not see it.
fn described(graph: &Graph) -> String {
    let lines: Vec<String> = graph
        .groups
        .iter()
        .enumerate()
        .map(|(index, group)| {
            let before: Vec<&str> = graph
                .edges
                .iter()
                .filter(|(_, after)| *after == index)
                .map(|(before, _)| graph.groups[*before].name.as_str())
                .collect();
            let after = if before.is_empty() {
                String::new()
            } else {
                format!(", after {}", before.join(", "))
            };
            format!("{}: {}{after}.", group.name, counted(group))
        })
        .collect();
    lines.join(" ")
}

/// From a box to the next row: straight out of its own row, then in a curve.
fn fall((x, y): Point, (_, row): Point, (to_x, to_y): Point) -> String {
    let half = (to_y - row) / 2;
    format!(
        "M{x} {y}V{row}C{x} {} {to_x} {} {to_x} {to_y}",
        row + half,
        to_y - half
    )
}

/// From column to column: in a curve between them, straight past what stands in one.
fn flow(points: &[Point]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let _ = match (
            index,
            index.checked_sub(1).and_then(|before| points.get(before)),
        ) {
            (_, None) => write!(path, "M{x} {y}"),
            (index, Some(_)) if index % 2 == 0 => write!(path, "L{x} {y}"),
            (_, Some((from_x, from_y))) => {
                let half = (x - from_x) / 2;
                write!(path, "C{} {from_y} {} {y} {x} {y}", from_x + half, x - half)
            }
        };
    }
    path
}

/// Along corners, which are rounded.
fn bent(corners: &[Point]) -> String {
    const ROUND: i32 = 10;
    let towards = |(x, y): Point, (to_x, to_y): Point| {
        let step = |from: i32, to: i32| from + (to - from).signum() * (to - from).abs().min(ROUND);
        (step(x, to_x), step(y, to_y))
    };
    let mut path = String::new();
    for (index, corner) in corners.iter().enumerate() {
        let (x, y) = *corner;
        let before = index.checked_sub(1).and_then(|before| corners.get(before));
        let _ = match (before, corners.get(index + 1)) {
            (None, _) => write!(path, "M{x} {y}"),
            (Some(_), None) => write!(path, "L{x} {y}"),
            (Some(before), Some(after)) => {
                let (in_x, in_y) = towards(*corner, *before);
                let (out_x, out_y) = towards(*corner, *after);
                write!(path, "L{in_x} {in_y}Q{x} {y} {out_x} {out_y}")
            }
        };
    }
    path
}

/// A text of no more than so many letters.
fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let start: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{start}…")
}

/// A text that is nothing but text, in a document or within quotes.
fn escaped(text: &str) -> String {
    printable(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
