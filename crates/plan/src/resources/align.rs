//! Which elements of two lists belong together.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, VecDeque},
    hash::Hash,
};

use serde_json::Value;

/// The largest table that is filled in to align two lists; longer ones are compared position by position.
const LARGEST_TABLE: usize = 1 << 20;

/// Members by which people tell the elements of a list apart.
const IDENTITIES: [&str; 12] = [
    "Key",
    "Name",
    "Id",
    "Sid",
    "AttributeName",
    "IndexName",
    "PolicyName",
    "ParameterKey",
    "ParameterName",
    "DeviceName",
    "RuleName",
    "LogicalId",
];

/// The index of an element before and after; one of them is absent where it comes or goes.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Pairs the elements of two lists whose order matters, so that as few as possible come and go. `texts` are those of the
/// elements.
pub(super) fn ordered(lists: [&[Value]; 2], texts: &[Vec<String>; 2]) -> Vec<Pair> {
    let [before, after] = lists;
    let [old, new] = numbered(
        texts
            .each_ref()
            .map(|texts| texts.iter().map(String::as_str)),
    );
    let equal = common(0..before.len(), 0..after.len(), |i, j| old[i] == new[j]);
    let [old, new] = numbered(lists.map(|list| list.iter().map(likeness)));
    let mut pairs = Vec::with_capacity(before.len().max(after.len()));
    let (mut from, mut to) = (0, 0);
    for (i, j) in equal.into_iter().chain([(before.len(), after.len())]) {
        let alike = common(from..i, to..j, |i, j| old[i] == new[j]);
        for (k, l) in alike.into_iter().chain([(i, j)]) {
            pairs.extend((from..k).map(|index| (Some(index), None)));
            pairs.extend((to..l).map(|index| (None, Some(index))));
            if k < before.len() || l < after.len() {
                pairs.push((Some(k), Some(l)));
            }
            (from, to) = (k + 1, l + 1);
        }
    }
    pairs
}

/// Pairs the elements of two lists whose order means nothing: by what they mean (`texts`), then by what is written, where
/// that may mean something else, by what tells them apart, and at last where only one is left on each side.
pub(super) fn unordered<'t>(
    sides: [&[Value]; 2],
    written: Option<[&[Value]; 2]>,
    texts: &'t [Vec<String>; 2],
) -> Vec<Pair> {
    let [before, after] = sides;
    let mut left: BTreeSet<usize> = (0..before.len()).collect();
    let mut partners: Vec<Option<usize>> = vec![None; after.len()];
    let mut pair_by = |key: &dyn Fn(usize, usize) -> Option<Cow<'t, str>>| {
        let mut places: HashMap<Cow<'t, str>, VecDeque<usize>> = HashMap::new();
        for index in &left {
            if let Some(key) = key(0, *index) {
                places.entry(key).or_default().push_back(*index);
            }
        }
        for (index, partner) in partners.iter_mut().enumerate() {
            if partner.is_none()
                && let Some(key) = key(1, index)
                && let Some(place) = places.get_mut(&key).and_then(VecDeque::pop_front)
            {
                left.remove(&place);
                *partner = Some(place);
            }
        }
    };
    pair_by(&|side, index| Some(texts[side][index].as_str().into()));
    if let Some(written) = written {
        pair_by(&|side, index| Some(written[side][index].to_string().into()));
    }
    pair_by(&|side, index| {
        let (name, value) = identity(&sides[side][index])?;
        Some(format!("{name} {value}").into())
    });
    let new = partners.iter_mut().enumerate();
    let mut new = new.filter(|(_, partner)| partner.is_none());
    if let (Some((to, partner)), None, Some(from), 1) =
        (new.next(), new.next(), left.first().copied(), left.len())
        && after[to].is_object()
        && are_alike(&before[from], &after[to])
    {
        left.clear();
        *partner = Some(from);
    }
    let gone = left.into_iter().map(|index| (Some(index), None));
    let kept = partners.into_iter().enumerate();
    gone.chain(kept.map(|(index, partner)| (partner, Some(index))))
        .collect()
}

/// A number for each element of both lists, the same for those of one key: they are compared with one another many
/// times, however large they are.
fn numbered<K: Eq + Hash>(keys: [impl Iterator<Item = K>; 2]) -> [Vec<usize>; 2] {
    let mut numbers: HashMap<K, usize> = HashMap::new();
    keys.map(|keys| {
        let number = |key| {
            let next = numbers.len();
            *numbers.entry(key).or_insert(next)
        };
        keys.map(number).collect()
    })
}

/// Whether two elements are most likely one that was changed.
fn are_alike(before: &Value, after: &Value) -> bool {
    likeness(before) == likeness(after)
}

/// What elements have in common that are most likely one that was changed.
fn likeness(element: &Value) -> String {
    match identity(element) {
        Some((name, value)) => format!("{name} {value}"),
        None => element.is_object().to_string(),
    }
}

fn identity(value: &Value) -> Option<(&'static str, &Value)> {
    IDENTITIES
        .iter()
        .find_map(|name| Some((*name, value.get(name)?)))
}

/// A longest common subsequence: pairs of indexes, ascending in both.
fn common(
    before: std::ops::Range<usize>,
    after: std::ops::Range<usize>,
    equal: impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let (mut from, mut to) = (before.start, after.start);
    let (mut end, mut limit) = (before.end, after.end);
    let mut pairs = Vec::new();
    while from < end && to < limit && equal(from, to) {
        pairs.push((from, to));
        (from, to) = (from + 1, to + 1);
    }
    let mut tail = Vec::new();
    while from < end && to < limit && equal(end - 1, limit - 1) {
        (end, limit) = (end - 1, limit - 1);
        tail.push((end, limit));
    }
    let (rows, columns) = (end - from, limit - to);
    if rows * columns > LARGEST_TABLE {
        let positions = (from..end).zip(to..limit);
        pairs.extend(positions.filter(|(i, j)| equal(*i, *j)));
    } else if rows * columns > 0 {
        let width = columns + 1;
        let mut lengths = vec![0_u32; (rows + 1) * width];
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                lengths[row * width + column] = if equal(from + row, to + column) {
                    lengths[(row + 1) * width + column + 1] + 1
                } else {
                    let (down, right) = ((row + 1) * width + column, row * width + column + 1);
                    lengths[down].max(lengths[right])
                };
            }
        }
        let (mut row, mut column) = (0, 0);
        while row < rows && column < columns {
            if equal(from + row, to + column) {
                pairs.push((from + row, to + column));
                (row, column) = (row + 1, column + 1);
            } else if lengths[(row + 1) * width + column] >= lengths[row * width + column + 1] {
                row += 1;
            } else {
                column += 1;
            }
        }
    }
    pairs.extend(tail.into_iter().rev());
    pairs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(list: &[Value]) -> Vec<String> {
        list.iter().map(Value::to_string).collect()
    }

    fn by_text(before: &[Value], after: &[Value], written: [&[Value]; 2]) -> Vec<Pair> {
        let texts = [texts(before), texts(after)];
        unordered([before, after], Some(written), &texts)
    }

    fn items(value: Value) -> Vec<Value> {
        value.as_array().expect("it is a list").clone()
    }

    #[test]
    fn ordered_lists_are_aligned() {
        let table: [(Value, Value, &[Pair]); 6] = [
            (json!([]), json!([]), &[]),
            (
                json!(["a", "b"]),
                json!(["a", "x", "b"]),
                &[(Some(0), Some(0)), (None, Some(1)), (Some(1), Some(2))],
            ),
            (
                json!(["a", "b", "c"]),
                json!(["a", "c"]),
                &[(Some(0), Some(0)), (Some(1), None), (Some(2), Some(1))],
            ),
            (json!(["a"]), json!(["b"]), &[(Some(0), Some(0))]),
            (
                json!([{"Name": "a", "V": 1}, {"Name": "b", "V": 1}]),
                json!([{"Name": "b", "V": 2}]),
                &[(Some(0), None), (Some(1), Some(0))],
            ),
            (
                json!(["a", "b"]),
                json!(["b", "a"]),
                &[(Some(0), None), (Some(1), Some(0)), (None, Some(1))],
            ),
        ];
        for (before, after, expected) in table {
            let lists = [&before, &after].map(|list| items(list.clone()));
            let texts = lists.each_ref().map(|list| texts(list));
            assert_eq!(
                ordered([&lists[0], &lists[1]], &texts),
                expected,
                "{before} {after}"
            );
        }
    }

    #[test]
    fn sets_are_matched_by_value_then_by_identity() {
        let before = items(json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}, "x"]));
        let after = items(json!(["x", {"Key": "b", "Value": "2"}, "y"]));
        assert_eq!(
            by_text(&before, &after, [&before, &after]),
            [
                (Some(0), None),
                (Some(2), Some(0)),
                (Some(1), Some(1)),
                (None, Some(2))
            ]
        );
    }

    #[test]
    fn elements_of_a_set_that_changed_stay_themselves() {
        let rule = |port: u32, source: &str| json!({"Port": port, "Source": source});
        let before = items(json!([rule(22, "a"), rule(80, "a")]));
        let after = items(json!([rule(80, "a"), rule(22, "b")]));
        // The last that is left on each side.
        let pairs = by_text(&before, &after, [&before, &after]);
        assert_eq!(pairs, [(Some(1), Some(0)), (Some(0), Some(1))]);
        // By the text, where several come to something else.
        let after = items(json!([rule(80, "b"), rule(22, "b")]));
        let written = [items(json!(["p", "q"])), items(json!(["q", "p"]))];
        let pairs = by_text(&before, &after, [&written[0], &written[1]]);
        assert_eq!(pairs, [(Some(1), Some(0)), (Some(0), Some(1))]);
    }
}
