//! Resources and conditions that depend on themselves.

use std::collections::{HashMap, VecDeque};

use super::context::Context;
use crate::{
    finding::{Findings, Path},
    model::{Resource, Section},
    references::{Reference, ReferenceKind, condition_references},
    rules,
};

/// Finds the groups of resources and of conditions that depend on each other in a circle, and spells one circle of each group out.
///
/// A reference in a branch of `Fn::If` may come to nothing, so it counts for no circle; neither does one of a resource
/// of SAM, which becomes several.
pub(crate) fn check(context: &Context<'_>, findings: &mut Findings) {
    let resources: Vec<Resource<'_>> = context.template.resources().collect();
    let names: Vec<&str> = resources
        .iter()
        .map(|resource| resource.logical_id())
        .collect();
    let targets = |index: usize| references(resources[index], context);
    tell(Section::Resources, "resource", &names, targets, findings);
    let names: Vec<&str> = context.template.names(Section::Conditions).collect();
    let targets = |index: usize| {
        let declaration = context
            .template
            .declaration(Section::Conditions, names[index]);
        let mut references = declaration.map(condition_references).unwrap_or_default();
        // A parameter may have the name of a condition.
        references.retain(|reference| reference.kind == ReferenceKind::Condition);
        references
    };
    tell(Section::Conditions, "condition", &names, targets, findings);
}

/// Tells the circles among the declarations of a section.
fn tell(
    section: Section,
    what: &str,
    names: &[&str],
    references: impl Fn(usize) -> Vec<Reference>,
    findings: &mut Findings,
) {
    let indexes: HashMap<&str, usize> = names
        .iter()
        .enumerate()
        .map(|(index, name)| (*name, index))
        .collect();
    let edges: Vec<Vec<usize>> = (0..names.len())
        .map(|index| {
            let mut targets = Vec::new();
            for reference in references(index) {
                if let Some(target) = indexes.get(reference.target.as_str())
                    && !targets.contains(target)
                {
                    targets.push(*target);
                }
            }
            targets
        })
        .collect();
    for group in groups(&edges) {
        let cycle: Vec<&str> = shortest_cycle(&edges, &group)
            .into_iter()
            .map(|index| names[index])
            .collect();
        let Some(first) = cycle.first() else { continue };
        let message = if cycle.len() == 1 {
            format!("{what} `{first}` depends on itself")
        } else {
            format!(
                "{what}s depend on each other in a circle: {} → {first}",
                cycle.join(" → ")
            )
        };
        findings.add(&rules::CYCLE, &Path::new(&[section.key(), first]), message);
    }
}

/// What a resource certainly depends on.
fn references(resource: Resource<'_>, context: &Context<'_>) -> Vec<Reference> {
    if resource
        .type_name()
        .is_some_and(|name| name.starts_with("AWS::Serverless::"))
    {
        return Vec::new();
    }
    let leads_on = |reference: &Reference| {
        !reference.conditional
            && !matches!(
                reference.kind,
                ReferenceKind::Condition | ReferenceKind::FindInMap
            )
            && context.parameter_type(&reference.target).is_none()
    };
    resource.references().into_iter().filter(leads_on).collect()
}

/// The strongly connected groups that hold a circle (Tarjan's algorithm, without recursion), each sorted.
fn groups(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; edges.len()];
    let mut lowest = vec![0; edges.len()];
    let mut on_stack = vec![false; edges.len()];
    let mut stack = Vec::new();
    let mut counter = 0;
    let mut found = Vec::new();
    for root in 0..edges.len() {
        if order[root] != UNSEEN {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((node, next)) = work.pop() {
            if next == 0 {
                order[node] = counter;
                lowest[node] = counter;
                counter += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&target) = edges[node].get(next) {
                work.push((node, next + 1));
                if order[target] == UNSEEN {
                    work.push((target, 0));
                } else if on_stack[target] {
                    lowest[node] = lowest[node].min(order[target]);
                }
                continue;
            }
            if let Some(&(parent, _)) = work.last() {
                lowest[parent] = lowest[parent].min(lowest[node]);
            }
            if lowest[node] == order[node] {
                let start = stack
                    .iter()
                    .rposition(|member| *member == node)
                    .unwrap_or(0);
                let mut group = stack.split_off(start);
                for member in &group {
                    on_stack[*member] = false;
                }
                if group.len() > 1 || edges[node].contains(&node) {
                    group.sort_unstable();
                    found.push(group);
                }
            }
        }
    }
    found.sort();
    found
}

/// The shortest way from the group's first member back to it.
fn shortest_cycle(edges: &[Vec<usize>], group: &[usize]) -> Vec<usize> {
    let Some(&start) = group.first() else {
        return Vec::new();
    };
    let mut before: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &target in &edges[node] {
            if target == start {
                let mut cycle = vec![node];
                let mut current = node;
                while current != start {
                    current = before.get(&current).copied().unwrap_or(start);
                    cycle.push(current);
                }
                cycle.reverse();
                return cycle;
            }
            if group.binary_search(&target).is_ok() && !before.contains_key(&target) {
                before.insert(target, node);
                queue.push_back(target);
            }
        }
    }
    vec![start]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_their_shortest_cycles_are_found() {
        let edges = vec![
            vec![1],
            vec![2, 3],
            vec![0],
            vec![0],
            vec![4],
            vec![0],
            vec![],
        ];
        assert_eq!(groups(&edges), [vec![0, 1, 2, 3], vec![4]]);
        assert_eq!(shortest_cycle(&edges, &[0, 1, 2, 3]), [0, 1, 2]);
        assert_eq!(shortest_cycle(&edges, &[4]), [4]);
        let long: Vec<Vec<usize>> = (0..100_000)
            .map(|node| vec![(node + 1) % 100_000])
            .collect();
        assert_eq!(groups(&long).len(), 1);
    }
}
