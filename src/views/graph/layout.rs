//! Where the boxes of a graph stand: stacks in rows by when they deploy, in each its resources from left to right.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    layered::{self, Layered},
    short_type,
};
use crate::graph::{Graph, Group};

/// Beyond so many resources only those that change are shown, or none.
const RESOURCES: usize = 120;
/// The largest stack that is shown whole in a graph of too many resources.
const SMALL: usize = 6;
/// How many types a box names whose resources are not shown.
const TYPES: usize = 5;
/// The widest row before it is broken, in pixels like all that follows.
const WIDEST: i32 = 1_180;
/// From which height on the parts of a stack stand side by side.
const HIGHEST: i32 = 480;
/// The width of a letter of an identifier.
const LETTER: i32 = 8;
/// A resource.
const CELL: i32 = 42;
const NARROWEST: i32 = 150;
const WIDEST_CELL: i32 = 280;
/// The space that a resource takes with what is around it.
const PITCH: i32 = 54;
/// The space that an edge takes where it passes.
const BEND: i32 = 18;
/// Between columns of resources.
const GUTTER: i32 = 46;
/// Within a box.
const PADDING: i32 = 16;
const HEADING: i32 = 40;
const NOTE: i32 = 20;
/// Between boxes.
const BETWEEN: i32 = 28;
const ROWS_BETWEEN: i32 = 64;
/// Between edges that run beside all boxes.
const LANE: i32 = 14;

/// A point.
pub(super) type Point = (i32, i32);

/// Where everything stands.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) boxes: Vec<Frame>,
    /// Edges between boxes: to the next row with a point at the lower edge of its own row, else as corners.
    pub(super) edges: Vec<Vec<Point>>,
}

/// The box of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Which group it is of.
    pub(super) group: usize,
    pub(super) at: Point,
    pub(super) width: i32,
    pub(super) height: i32,
    /// Resources, from the box's corner.
    pub(super) cells: Vec<Cell>,
    /// Edges between resources, from the box's corner: where they leave a column and reach the next, in turn.
    pub(super) edges: Vec<Vec<Point>>,
    /// What is said of resources that are not shown.
    pub(super) notes: Vec<String>,
}

/// A resource.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Which of the group's resources it is.
    pub(super) node: usize,
    pub(super) at: Point,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// Finds a place for everything.
pub(super) fn lay_out(graph: &Graph) -> Picture {
    let shown = shown(graph);
    let frames: Vec<Frame> = graph
        .groups
        .iter()
        .enumerate()
        .map(|(index, group)| frame(index, group, &shown[index]))
        .collect();
    let edges = reduced(graph.groups.len(), &graph.edges);
    let list: Vec<(usize, usize)> = edges.iter().copied().collect();
    let waves = layered::place(frames.len(), &list, PITCH, BEND);
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for wave in &waves.layers {
        let mut row: Vec<usize> = Vec::new();
        let mut width = 0;
        for index in wave.iter().copied().filter(|index| *index < frames.len()) {
            if width + frames[index].width > WIDEST && !row.is_empty() {
                rows.push(std::mem::take(&mut row));
                width = 0;
            }
            width += frames[index].width + BETWEEN;
            row.push(index);
        }
        rows.push(row);
    }
    let mut picture = stacked(frames, &rows);
    route(&mut picture, &list, &rows);
    picture
}

/// Which resources of each group are shown.
fn shown(graph: &Graph) -> Vec<Vec<usize>> {
    let all = graph.resources() <= RESOURCES;
    let is_marked = |group: &Group, node: &usize| group.nodes[*node].mark.is_some();
    let marked: usize = graph
        .groups
        .iter()
        .map(|group| {
            (0..group.nodes.len())
                .filter(|node| is_marked(group, node))
                .count()
        })
        .sum();
    graph
        .groups
        .iter()
        .map(|group| {
            let nodes = 0..group.nodes.len();
            if all || group.nodes.len() <= SMALL {
                nodes.collect()
            } else if marked <= RESOURCES {
                nodes.filter(|node| is_marked(group, node)).collect()
            } else {
                Vec::new()
            }
        })
        .collect()
}

/// The box of a group, with its resources in it.
fn frame(index: usize, group: &Group, shown: &[usize]) -> Frame {
    let notes = notes(group, shown);
    let place_of: BTreeMap<usize, usize> = shown
        .iter()
        .enumerate()
        .map(|(place, node)| (*node, place))
        .collect();
    let edges: Vec<(usize, usize)> = group
        .edges
        .iter()
        .filter_map(|(from, to)| Some((*place_of.get(from)?, *place_of.get(to)?)))
        .collect();
    let (joined, alone): (Vec<Vec<usize>>, Vec<Vec<usize>>) = components(shown.len(), &edges)
        .into_iter()
        .partition(|component| component.len() > 1);
    let alone = alone.concat();
    let width = cell_width(group, shown);
    let left = |column: usize| PADDING + pixels(column) * (width + GUTTER);
    let mut frame = Frame {
        group: index,
        notes,
        ..Frame::default()
    };
    let parts: Vec<(Vec<usize>, Layered)> = joined
        .into_iter()
        .map(|component| {
            let number = |place: &usize| component.iter().position(|other| other == place);
            let inner: Vec<(usize, usize)> = edges
                .iter()
                .filter_map(|(from, to)| Some((number(from)?, number(to)?)))
                .collect();
            let layers = layered::place(component.len(), &inner, PITCH, BEND);
            (component, layers)
        })
        .collect();
    let (starts, used, height) = in_strips(&parts, width + GUTTER);
    for ((component, layers), (start, top)) in parts.iter().zip(starts) {
        let mut corner = vec![(0, 0); layers.middles.len()];
        for (column, layer) in layers.layers.iter().enumerate() {
            for vertex in layer {
                let middle = HEADING + top + layers.middles[*vertex];
                corner[*vertex] = (left(start + column), middle);
                if let Some(place) = component.get(*vertex) {
                    frame.cells.push(Cell {
                        node: shown[*place],
                        at: (left(start + column), middle - CELL / 2),
                        width,
                        height: CELL,
                    });
                }
            }
        }
        for route in &layers.routes {
            let mut points = Vec::new();
            for (step, vertex) in route.iter().enumerate() {
                let (x, y) = corner[*vertex];
                if step > 0 {
                    points.push((x, y));
                }
                if step + 1 < route.len() {
                    points.push((x + width, y));
                }
            }
            frame.edges.push(points);
        }
    }
    let columns = grid_columns(used, alone.len());
    let top = HEADING + height;
    for (number, place) in alone.iter().enumerate() {
        frame.cells.push(Cell {
            node: shown[*place],
            at: (
                left(number % columns),
                top + pixels(number / columns) * PITCH + (PITCH - CELL) / 2,
            ),
            width,
            height: CELL,
        });
    }
    let grid = pixels(alone.len().div_ceil(columns)) * PITCH;
    let used = used.max(columns.min(alone.len()));
    let notes_width = frame
        .notes
        .iter()
        .map(|note| text_width(note))
        .max()
        .unwrap_or(0);
    let heading = text_width(&group.name) + 130;
    frame.width = (pixels(used) * (width + GUTTER) - if used > 0 { GUTTER } else { 0 })
        .max(notes_width)
        .max(heading)
        + 2 * PADDING;
    frame.height = top + grid + pixels(frame.notes.len()) * NOTE + PADDING / 2;
    frame
}

/// What edges join, in the order of the first of each.
fn components(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut component_of: Vec<usize> = (0..count).collect();
    let mut is_settled = false;
    while !is_settled {
        is_settled = true;
        for (from, to) in edges {
            let least = component_of[*from].min(component_of[*to]);
            is_settled &= component_of[*from] == least && component_of[*to] == least;
            component_of[*from] = least;
            component_of[*to] = least;
        }
    }
    let mut components: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, component) in component_of.into_iter().enumerate() {
        components.entry(component).or_default().push(index);
    }
    components.into_values().collect()
}

/// Puts parts under each other, and where that would be too high, in strips side by side: the column and the height at
/// which each begins, then how many columns and how high all is.
fn in_strips(parts: &[(Vec<usize>, Layered)], column: i32) -> (Vec<(usize, i32)>, usize, i32) {
    let whole: i32 = parts.iter().map(|(_, part)| part.height).sum();
    let broadest = parts.iter().map(|(_, part)| part.layers.len()).max();
    let fitting = WIDEST / (pixels(broadest.unwrap_or(1).max(1)) * column);
    let strips = (whole / HIGHEST + 1).min(fitting.max(1));
    let (mut starts, mut start, mut columns, mut top, mut height) = (Vec::new(), 0, 0, 0, 0);
    for (_, part) in parts {
        // A strip is full once it has its share.
        if top >= whole / strips && top > 0 {
            start += columns;
            (columns, top) = (0, 0);
        }
        starts.push((start, top));
        columns = columns.max(part.layers.len());
        top += part.height;
        height = height.max(top);
    }
    (starts, start + columns, height)
}

/// In how many columns resources stand that no edge joins: as many as there are, or few enough to be no wall.
fn grid_columns(layers: usize, alone: usize) -> usize {
    let square = (1..=4)
        .find(|columns| columns * columns * 3 >= alone)
        .unwrap_or(4);
    layers.max(square).max(1)
}

fn cell_width(group: &Group, shown: &[usize]) -> i32 {
    let widest = shown.iter().map(|node| {
        let node = &group.nodes[*node];
        let action = node
            .mark
            .map_or(0, |action| action.to_string().len() + " · ".len());
        let type_name = pixels(short_type(&node.type_name).chars().count() + action) * 7;
        text_width(&node.logical_id).max(type_name)
    });
    (widest.max().unwrap_or(0) + 46).clamp(NARROWEST, WIDEST_CELL)
}

/// What is said of the resources that are not shown.
fn notes(group: &Group, shown: &[usize]) -> Vec<String> {
    let hidden = group.nodes.len() - shown.len();
    if hidden == 0 {
        return Vec::new();
    }
    let shown: BTreeSet<usize> = shown.iter().copied().collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, node) in group.nodes.iter().enumerate() {
        if !shown.contains(&index) {
            *counts.entry(short_type(&node.type_name)).or_default() += 1;
        }
    }
    let more = if shown.is_empty() { "" } else { "more " };
    let mut notes = vec![format!("{hidden} {more}resources, not shown one by one")];
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    notes.extend(
        counts
            .iter()
            .take(TYPES)
            .map(|(name, count)| format!("{count} × {name}")),
    );
    if counts.len() > TYPES {
        notes.push(format!("and {} other types", counts.len() - TYPES));
    }
    notes
}

/// The edges without those that a longer way implies.
fn reduced(count: usize, edges: &BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
    let reaches = |from: usize, to: usize| {
        let mut seen = vec![false; count];
        // The edge itself does not count as a way.
        let mut open: Vec<usize> = edges
            .iter()
            .filter(|(start, end)| *start == from && *end != to)
            .map(|(_, end)| *end)
            .collect();
        while let Some(index) = open.pop() {
            if index == to {
                return true;
            }
            if !std::mem::replace(&mut seen[index], true) {
                open.extend(
                    edges
                        .iter()
                        .filter(|(start, _)| *start == index)
                        .map(|(_, end)| *end),
                );
            }
        }
        false
    };
    edges
        .iter()
        .copied()
        .filter(|(from, to)| from != to && !reaches(*from, *to))
        .collect()
}

/// Rows under each other, each in the middle.
fn stacked(mut frames: Vec<Frame>, rows: &[Vec<usize>]) -> Picture {
    let width_of = |row: &[usize]| {
        let boxes: i32 = row.iter().map(|index| frames[*index].width).sum();
        boxes + BETWEEN * (pixels(row.len()) - 1).max(0)
    };
    let widths: Vec<i32> = rows.iter().map(|row| width_of(row)).collect();
    let width = widths.iter().copied().max().unwrap_or(0);
    let mut top = PADDING;
    for (row, row_width) in rows.iter().zip(widths) {
        let mut left = PADDING + (width - row_width) / 2;
        let mut height = 0;
        for index in row {
            let frame = &mut frames[*index];
            frame.at = (left, top);
            left += frame.width + BETWEEN;
            height = height.max(frame.height);
        }
        top += height + ROWS_BETWEEN;
    }
    Picture {
        width: width + 2 * PADDING,
        height: (top - ROWS_BETWEEN + PADDING).max(2 * PADDING),
        boxes: frames,
        edges: Vec::new(),
    }
}

/// Draws edges from the lower side of a box to the upper side of another; past rows between, they run beside all boxes.
fn route(picture: &mut Picture, edges: &[(usize, usize)], rows: &[Vec<usize>]) {
    let row_of = |index: usize| {
        rows.iter()
            .position(|row| row.contains(&index))
            .unwrap_or(0)
    };
    let middle = |index: usize| picture.boxes[index].at.0 + picture.boxes[index].width / 2;
    // The ends of edges share the side of their box, in the order of where they go.
    let port = |own: usize, other: usize, others: Vec<usize>| {
        let mut others = others;
        others.sort_by_key(|index| (middle(*index), *index));
        let place = others.iter().position(|index| *index == other).unwrap_or(0);
        let frame = &picture.boxes[own];
        frame.at.0 + frame.width * (pixels(place) + 1) / (pixels(others.len()) + 1)
    };
    let mut lanes = 0;
    let mut drawn = Vec::new();
    for (from, to) in edges {
        let targets = edges
            .iter()
            .filter(|(start, _)| start == from)
            .map(|(_, end)| *end)
            .collect();
        let sources = edges
            .iter()
            .filter(|(_, end)| end == to)
            .map(|(start, _)| *start)
            .collect();
        let start = (
            port(*from, *to, targets),
            picture.boxes[*from].at.1 + picture.boxes[*from].height,
        );
        let end = (port(*to, *from, sources), picture.boxes[*to].at.1);
        let (first, last) = (row_of(*from), row_of(*to));
        let bottom = rows[first]
            .iter()
            .map(|index| picture.boxes[*index].at.1 + picture.boxes[*index].height)
            .max()
            .unwrap_or(start.1);
        if last == first + 1 {
            drawn.push(vec![start, (start.0, bottom), end]);
            continue;
        }
        let lane = picture.width + lanes * LANE;
        lanes += 1;
        let (out, back) = (bottom + ROWS_BETWEEN / 3, end.1 - ROWS_BETWEEN / 3);
        drawn.push(vec![
            start,
            (start.0, out),
            (lane, out),
            (lane, back),
            (end.0, back),
            end,
        ]);
    }
    picture.edges = drawn;
    if lanes > 0 {
        picture.width += lanes * LANE + PADDING;
    }
}

fn text_width(text: &str) -> i32 {
    pixels(text.chars().count()) * LETTER
}

/// A count as a length; no picture is so large that it would not fit.
fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_stays_together() {
        let edges = [(4, 1), (1, 6), (2, 3), (5, 3)];
        assert_eq!(
            components(8, &edges),
            [vec![0], vec![1, 4, 6], vec![2, 3, 5], vec![7]]
        );
    }

    #[test]
    fn a_way_that_a_longer_one_implies_is_not_drawn() {
        let edges = BTreeSet::from([(0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (4, 3)]);
        assert_eq!(
            reduced(5, &edges),
            BTreeSet::from([(0, 1), (1, 2), (2, 3), (4, 3)])
        );
    }

    #[test]
    fn too_high_a_stack_stands_in_strips() {
        let chain = || (vec![0, 1], layered::place(2, &[(0, 1)], PITCH, BEND));
        let parts: Vec<_> = (0..20).map(|_| chain()).collect();
        let (starts, columns, height) = in_strips(&parts, 200);
        assert_eq!((columns, height), (4, 10 * PITCH));
        assert_eq!(
            (starts[0], starts[9], starts[10]),
            ((0, 0), (0, 9 * PITCH), (2, 0))
        );
    }
}
