//! Texts of policies that stand for many: what one pattern stands for, and whether another stands for all of it.
//!
//! Beside the [wildcards](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html) a
//! text may have holes, written `${…}`: variables of IAM and references of the template. What fills a hole is not
//! known, but the same hole is filled alike.

use super::effort::Effort;

/// A text that may stand for many.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Piece {
    Letter(char),
    /// Any one letter: `?`.
    One,
    /// Any letters, or none: `*`.
    Many,
    /// What is not known: `${…}`, its name given.
    Hole(String),
}

impl Pattern {
    /// A text in which `*` and `?` stand for others; `${*}` and `${?}` are the letters themselves.
    pub(super) fn glob(text: &str) -> Self {
        Self::read(text, true)
    }

    /// A text in which `*` and `?` are letters like any other.
    pub(super) fn exact(text: &str) -> Self {
        Self::read(text, false)
    }

    fn read(text: &str, has_wildcards: bool) -> Self {
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            if let Some((name, after)) = hole(rest) {
                let mut letters = name.chars();
                pieces.push(match (letters.next(), letters.next()) {
                    (Some(letter @ ('*' | '?' | '$')), None) => Piece::Letter(letter),
                    _ => Piece::Hole(name.to_owned()),
                });
                rest = after;
                continue;
            }
            match letter {
                // Stars that touch stand for no more than one of them.
                '*' if has_wildcards && pieces.last() == Some(&Piece::Many) => {}
                '*' if has_wildcards => pieces.push(Piece::Many),
                '?' if has_wildcards => pieces.push(Piece::One),
                letter => pieces.push(Piece::Letter(letter)),
            }
            rest = &rest[letter.len_utf8()..];
        }
        Self(pieces)
    }

    /// The same pattern where the case of letters means nothing.
    pub(super) fn ignoring_case(mut self) -> Self {
        for piece in &mut self.0 {
            if let Piece::Letter(letter) = piece {
                *letter = letter.to_ascii_lowercase();
            }
        }
        self
    }

    /// Whether this stands for whatever text there is.
    pub(super) fn is_everything(&self) -> bool {
        self.0 == [Piece::Many]
    }

    /// Whether this stands for one text alone, and it is known.
    pub(super) fn is_one_text(&self) -> bool {
        let mut pieces = self.0.iter();
        pieces.all(|piece| matches!(piece, Piece::Letter(_)))
    }

    /// Whether this stands for all that the other one does.
    pub(super) fn covers(&self, inner: &Self, effort: &Effort) -> bool {
        covers(&self.0, &inner.0, effort)
    }

    /// Whether this stands for all that the other one does, where both are ARNs: a wildcard ends at the colon, unless
    /// it stands in the last of the [six parts](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
    pub(super) fn covers_arn(&self, inner: &Self, effort: &Effort) -> bool {
        if self.is_everything() {
            return true;
        }
        if !effort.spend(50) {
            return false;
        }
        match (self.arn_parts(), inner.arn_parts()) {
            (Some(outer), Some(inner)) => outer
                .iter()
                .zip(inner)
                .all(|(outer, inner)| covers(outer, inner, effort)),
            _ => self.covers(inner, effort),
        }
    }

    /// Whether there may be a text that both stand for.
    pub(super) fn overlaps(&self, other: &Self, effort: &Effort) -> bool {
        let (rows, columns) = (self.0.len(), other.0.len());
        if !effort.spend(rows.saturating_mul(columns)) {
            return true;
        }
        // Whether what is left of both, from each place on, may be the same: filled in from the end.
        let is_open = |piece: &Piece| matches!(piece, Piece::Many | Piece::Hole(_));
        let mut below = vec![false; columns + 1];
        for row in (0..=rows).rev() {
            let mut current = vec![false; columns + 1];
            for column in (0..=columns).rev() {
                current[column] = match (self.0.get(row), other.0.get(column)) {
                    (None, None) => true,
                    (Some(one), Some(other)) if is_open(one) || is_open(other) => {
                        below[column] || current[column + 1]
                    }
                    (Some(one), Some(other)) => {
                        let is_same = one == other || *one == Piece::One || *other == Piece::One;
                        is_same && below[column + 1]
                    }
                    (Some(one), None) => is_open(one) && below[column],
                    (None, Some(other)) => is_open(other) && current[column + 1],
                };
            }
            below = current;
        }
        below[0]
    }

    fn arn_parts(&self) -> Option<Vec<&[Piece]>> {
        let lead = ['a', 'r', 'n', ':'].map(Piece::Letter);
        if !self.0.starts_with(&lead) {
            return None;
        }
        let parts: Vec<&[Piece]> = self
            .0
            .splitn(6, |piece| *piece == Piece::Letter(':'))
            .collect();
        (parts.len() == 6).then_some(parts)
    }
}

/// The name within `${…}` at the start of a text, and what follows.
fn hole(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("${")?;
    let mut depth = 0_usize;
    for (place, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((&inner[..place], &inner[place + 1..])),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether it is certain that all the inner pieces stand for is among what the outer ones do.
fn covers(outer: &[Piece], inner: &[Piece], effort: &Effort) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where the last star stands, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while from < inner.len() {
        if !effort.spend(1) {
            return false;
        }
        match outer.get(at) {
            Some(Piece::Many) => {
                star = Some((at, from));
                at += 1;
            }
            Some(piece) if is_within(&inner[from], piece) => {
                at += 1;
                from += 1;
            }
            _ => match &mut star {
                Some((place, reach)) => {
                    *reach += 1;
                    (at, from) = (*place + 1, *reach);
                }
                None => return false,
            },
        }
    }
    outer[at..].iter().all(|piece| *piece == Piece::Many)
}

/// Whether a piece that stands for one letter or one hole stands for all that the other does.
fn is_within(inner: &Piece, outer: &Piece) -> bool {
    match (inner, outer) {
        (Piece::Letter(_) | Piece::One, Piece::One) => true,
        (Piece::Letter(inner), Piece::Letter(outer)) => inner == outer,
        (Piece::Hole(inner), Piece::Hole(outer)) => inner == outer,
        (Piece::Letter(_) | Piece::One | Piece::Many | Piece::Hole(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_what_they_contain() {
        let table = [
            ("*", "anything", true),
            ("*", "*", true),
            ("*", "${A}", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:*", false),
            ("s3:*", "s3:Get*", true),
            ("a?c", "abc", true),
            ("a?c", "a*c", false),
            ("a?c", "a${B}c", false),
            ("a*c", "a?c", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b", "axxbyyc", false),
            ("", "", true),
            ("a", "", false),
            ("${A}/*", "${A}/x", true),
            ("${A}/*", "${B}/x", false),
            ("home/*", "home/${aws:username}/x", true),
            ("home/????", "home/${A}", false),
            ("a${*}", "ab", false),
            ("a*", "a${*}", true),
        ];
        for (outer, inner, expected) in table {
            let covers = Pattern::glob(outer).covers(&Pattern::glob(inner), &Effort::default());
            assert_eq!(covers, expected, "{outer} {inner}");
        }
        let effort = Effort::default();
        assert!(Pattern::exact("a*").covers(&Pattern::exact("a*"), &effort));
        assert!(!Pattern::exact("a*").covers(&Pattern::glob("a*"), &effort));
        assert!(!effort.spend(usize::MAX));
        let (everything, one) = (Pattern::glob("*"), Pattern::glob("a"));
        assert!(
            !everything.covers(&one, &effort),
            "nothing is certain any more"
        );
        assert!(everything.overlaps(&one, &effort));
    }

    #[test]
    fn wildcards_of_arns_end_at_colons() {
        let table = [
            ("arn:aws:s3:::files/*", "arn:aws:s3:::files/a:b", true),
            ("arn:aws:s3:*:*:*", "arn:aws:s3:::files", true),
            ("arn:aws:*:::files", "arn:aws:s3:::files", true),
            (
                "arn:aws:sns:*:1:topic",
                "arn:aws:sns:us-east-1:2:x:1:topic",
                false,
            ),
            ("arn:aws:s3:::${Files}", "arn:aws:s3:::${Files}", true),
            ("*", "arn:aws:s3:::files", true),
        ];
        for (outer, inner, expected) in table {
            let covers = Pattern::glob(outer).covers_arn(&Pattern::glob(inner), &Effort::default());
            assert_eq!(covers, expected, "{outer} {inner}");
        }
    }

    #[test]
    fn patterns_overlap_unless_they_cannot() {
        let table = [
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("a?", "ab", true),
            ("a?", "abc", false),
            ("a", "a", true),
            ("", "*", true),
            ("${A}", "anything", true),
            ("x${A}", "y${A}", false),
            ("a*c", "a*d", false),
        ];
        for (one, other, expected) in table {
            let (one, other) = (Pattern::glob(one), Pattern::glob(other));
            let effort = Effort::default();
            assert_eq!(one.overlaps(&other, &effort), expected, "{one:?} {other:?}");
            assert_eq!(other.overlaps(&one, &effort), expected, "{one:?} {other:?}");
        }
    }
}
