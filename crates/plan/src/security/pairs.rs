//! Which statement that comes stands in the stead of which one that goes, so that both can be shown as one change.

use std::collections::HashSet;

use super::effort::Effort;
use crate::{Edit, RuleChange, StatementChange, StatementKind};

/// How many pairs of what comes and what goes are looked at.
const MOST: usize = 1 << 22;

/// Joins each statement that comes with the one that goes which it resembles most, of the same policy.
pub(super) fn join_statements(changes: &mut [StatementChange]) {
    let effort = Effort::default();
    let likeness = |old: &StatementChange, new: &StatementChange| likeness(old, new, &effort);
    let pairs = pairs(changes, |change| change.change, likeness);
    for (added, removed) in pairs {
        changes[added].pairs_with = Some(removed);
        changes[removed].pairs_with = Some(added);
    }
}

/// Joins each rule that comes with the one that goes which it resembles most, of the same security group.
pub(super) fn join_rules(changes: &mut [RuleChange]) {
    let pairs = pairs(changes, |change| change.change, rule_likeness);
    for (added, removed) in pairs {
        changes[added].pairs_with = Some(removed);
        changes[removed].pairs_with = Some(added);
    }
}

/// The index of each that comes with the index of the one that goes: the most alike first, each only once.
fn pairs<T>(
    changes: &[T],
    edit: impl Fn(&T) -> Edit,
    likeness: impl Fn(&T, &T) -> Option<usize>,
) -> Vec<(usize, usize)> {
    let of = |wanted: Edit| {
        let all = changes.iter().enumerate();
        let found: Vec<(usize, &T)> = all.filter(|(_, one)| edit(one) == wanted).collect();
        found
    };
    let (all_added, all_removed) = (of(Edit::Added), of(Edit::Removed));
    let mut candidates = Vec::new();
    // Nobody looks for what belongs together among more.
    if all_added.len() * all_removed.len() <= MOST {
        for (added, new) in all_added {
            for (removed, old) in &all_removed {
                if let Some(likeness) = likeness(old, new) {
                    candidates.push((std::cmp::Reverse(likeness), added, *removed));
                }
            }
        }
    }
    candidates.sort_unstable();
    let mut taken = vec![false; changes.len()];
    candidates.retain(|(_, added, removed)| {
        let is_free = !taken[*added] && !taken[*removed];
        if is_free {
            taken[*added] = true;
            taken[*removed] = true;
        }
        is_free
    });
    let candidates = candidates.into_iter();
    candidates
        .map(|(_, added, removed)| (added, removed))
        .collect()
}

/// How much two statements have in common; `None` where one cannot have become the other.
fn likeness(old: &StatementChange, new: &StatementChange, effort: &Effort) -> Option<usize> {
    let is_same_place = old.logical_id == new.logical_id
        && old.kind == new.kind
        && old.effect == new.effect
        // Attaching one policy and detaching another are two things.
        && old.kind != StatementKind::ManagedPolicy;
    if !is_same_place {
        return None;
    }
    // Whoever wrote them gave them one name.
    if old.sid.is_some() && old.sid == new.sid {
        return Some(20);
    }
    let parts = [
        likeness_of(&old.principals, &new.principals, effort),
        likeness_of(&old.actions, &new.actions, effort),
        likeness_of(&old.resources, &new.resources, effort),
        if old.condition == new.condition { 2 } else { 0 },
    ];
    // A boundary is there once: the other one is in its stead.
    let is_only_one = old.kind == StatementKind::Boundary;
    (is_only_one || parts[1] > 0 || parts[2] == 4).then(|| parts.iter().sum())
}

fn rule_likeness(old: &RuleChange, new: &RuleChange) -> Option<usize> {
    let is_same_place =
        old.group == new.group && old.direction == new.direction && old.effect == new.effect;
    let equal = [
        old.protocol == new.protocol,
        old.ports == new.ports,
        old.peer == new.peer,
        old.logical_id == new.logical_id,
    ];
    let likeness = equal.iter().filter(|is_equal| **is_equal).count();
    (is_same_place && (old.peer == new.peer || old.ports == new.ports)).then_some(likeness)
}

/// From 0 for nothing in common to 4 for the same.
fn likeness_of(old: &[String], new: &[String], effort: &Effort) -> usize {
    if old == new {
        return 4;
    }
    if !effort.spend(8 * (old.len() + new.len())) {
        return 0;
    }
    let known: HashSet<&String> = new.iter().collect();
    let common = old.iter().filter(|text| known.contains(text)).count();
    match common {
        0 => 0,
        common if common * 2 >= old.len().max(new.len()) => 3,
        _ => 2,
    }
}
