//! Sorts stacks so that each stands after all it depends on, and explains circles.

use std::{cmp::Reverse, collections::BinaryHeap, fmt::Write as _};

use super::{Findings, Subject, survey::Survey};
use crate::model::Model;

/// More circles than these are not worth reading: breaking the first often breaks the rest.
const CIRCLES: usize = 10;

/// The stacks in the order they deploy; where nothing decides, in the order they were declared.
pub(super) fn stacks(model: &Model, survey: &Survey, findings: &mut Findings<'_>) -> Vec<usize> {
    let needs: Vec<Vec<usize>> = (0..model.stacks.len())
        .map(|consumer| survey.producers(consumer).collect())
        .collect();
    let order = sorted(&needs);
    if order.len() < needs.len() {
        for circle in circles(&needs) {
            let steps = pairs(&circle).filter_map(|(consumer, producer)| {
                let need = survey.need(consumer, producer)?;
                let source = findings.sources.name(need.place);
                Some(format!("`{}` uses `{}` ({source})", need.by, need.what))
            });
            let names = circle
                .iter()
                .map(|index| model.stacks[*index].name.as_str());
            let message = describe("stacks", names, steps);
            let first = &model.stacks[circle[0]];
            let subject = Subject {
                path: &first.name,
                place: first.place,
            };
            let hint = "take one of these uses away, or put what belongs together into one stack";
            findings.error(subject, message, hint);
        }
    }
    order
}

/// Reports circles among the resources of each stack.
pub(super) fn resources(model: &Model, survey: &Survey, findings: &mut Findings<'_>) {
    for (stack, needs) in model.stacks.iter().zip(&survey.edges) {
        if sorted(needs).len() == needs.len() {
            continue;
        }
        for circle in circles(needs) {
            let node = |index: usize| &stack.resources[index].node;
            let steps = pairs(&circle).map(|(consumer, producer)| {
                let consumer = node(consumer);
                let source = findings.sources.name(consumer.place);
                format!(
                    "`{}` uses `{}` ({source})",
                    consumer.path,
                    node(producer).path
                )
            });
            let names = circle.iter().map(|index| node(*index).logical_id.as_str());
            let message = describe("resources", names, steps);
            let first = node(circle[0]);
            let subject = Subject {
                path: &first.path,
                place: first.place,
            };
            findings.error(subject, message, "take one of these references away");
        }
    }
}

/// One line for the circle, and one for each of its steps.
fn describe<'a>(
    what: &str,
    names: impl Iterator<Item = &'a str>,
    steps: impl Iterator<Item = String>,
) -> String {
    let mut names: Vec<&str> = names.collect();
    names.push(names[0]);
    let mut message = format!(
        "{what} depend on each other in a circle: `{}`",
        names.join("` → `")
    );
    for step in steps {
        write!(message, "\n  {step}").expect("writing to a string cannot fail");
    }
    message
}

/// The steps of a circle, the last of which leads back to the start.
fn pairs(circle: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let next = circle.iter().cycle().skip(1);
    circle.iter().copied().zip(next.copied())
}

/// Positions so that each stands after all it needs, lowest first; what is in a circle, or behind one, is left out.
fn sorted(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (index, needs) in needs.iter().enumerate() {
        for need in needs {
            needed_by[*need].push(index);
        }
    }
    let ready = (0..needs.len()).filter(|index| waiting[*index] == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(Reverse).collect();
    let mut sorted = Vec::with_capacity(needs.len());
    while let Some(Reverse(index)) = ready.pop() {
        sorted.push(index);
        for &dependent in &needed_by[index] {
            waiting[dependent] -= 1;
            if waiting[dependent] == 0 {
                ready.push(Reverse(dependent));
            }
        }
    }
    sorted
}

/// Circles among positions, each starting with its lowest; no position is in two of them.
fn circles(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut needs = needs.to_vec();
    let mut circles = Vec::new();
    while circles.len() < CIRCLES {
        let mut open = vec![true; needs.len()];
        for index in sorted(&needs) {
            open[index] = false;
        }
        let Some(start) = open.iter().position(|open| *open) else {
            break;
        };
        // Whoever is open needs someone open, so following the first of them must come back.
        let mut path = vec![start];
        let mut circle = loop {
            let last = path[path.len() - 1];
            let Some(next) = needs[last].iter().copied().find(|need| open[*need]) else {
                return circles;
            };
            if let Some(position) = path.iter().position(|seen| *seen == next) {
                break path.split_off(position);
            }
            path.push(next);
        };
        let lowest = (0..circle.len()).min_by_key(|position| circle[*position]);
        circle.rotate_left(lowest.unwrap_or_default());
        for index in &circle {
            needs[*index].clear();
        }
        circles.push(circle);
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_keeps_the_order_it_was_declared_in() {
        assert_eq!(sorted(&[vec![], vec![], vec![]]), [0, 1, 2]);
        assert_eq!(sorted(&[vec![2], vec![], vec![]]), [1, 2, 0]);
        assert_eq!(sorted(&[vec![2, 2], vec![0], vec![]]), [2, 0, 1]);
    }

    #[test]
    fn every_circle_is_found_once() {
        assert!(circles(&[vec![1], vec![]]).is_empty());
        assert_eq!(circles(&[vec![0]]), [[0]]);
        let needs = [vec![3], vec![2], vec![1], vec![4], vec![3, 1], vec![0]];
        assert_eq!(circles(&needs), [vec![3, 4], vec![1, 2]]);
    }
}
