//! IAM actions.

use std::{collections::HashMap, sync::OnceLock};

/// One line per service prefix: `s3 R:GetObject W:PutObject …`, lines and actions sorted.
static ACTIONS: &str = include_str!("../facts/actions.txt");

/// An action of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// The name without the prefix, in its own spelling: `GetObject`.
    pub name: &'static str,
    /// What it lets someone do.
    pub access: AccessLevel,
}

/// What an action lets someone do.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// See what exists.
    List,
    /// Read contents.
    Read,
    /// Change tags.
    Tagging,
    /// Create, change or delete.
    Write,
    /// Change who may do what.
    PermissionsManagement,
}

/// All service prefixes, sorted: `s3`.
pub fn iam_prefixes() -> impl Iterator<Item = &'static str> {
    index().iter().map(|service| service.prefix)
}

/// The actions of a service prefix (in any case), sorted by name; none when there is no such service.
pub fn iam_actions(prefix: &str) -> impl Iterator<Item = Action> {
    let actions = service(prefix).map_or("", |service| service.actions);
    actions.split_ascii_whitespace().filter_map(parse)
}

/// The action of a full name: `s3:GetObject`, in any case.
pub fn iam_action(name: &str) -> Option<Action> {
    let (prefix, name) = name.split_once(':')?;
    let by_name = service(prefix)?.by_name.get_or_init(|| {
        iam_actions(prefix)
            .map(|action| (action.name.to_ascii_lowercase(), action))
            .collect()
    });
    by_name.get(&name.to_ascii_lowercase()).copied()
}

/// Whether an action as written in a policy stands for at least one that exists: `s3:GetObject`, `s3:Get*`, `*`.
pub fn iam_action_exists(pattern: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let Some((prefix, name)) = pattern.split_once(':') else {
        return false;
    };
    let pattern = name.to_ascii_lowercase();
    iam_actions(prefix).any(|action| {
        wildcard(
            pattern.as_bytes(),
            action.name.to_ascii_lowercase().as_bytes(),
        )
    })
}

/// A service's line.
struct Service {
    prefix: &'static str,
    actions: &'static str,
    /// Actions by their names in lower case, once somebody asks.
    by_name: OnceLock<HashMap<String, Action>>,
}

fn service(prefix: &str) -> Option<&'static Service> {
    let prefix = prefix.to_ascii_lowercase();
    let found = index().binary_search_by_key(&prefix.as_str(), |service| service.prefix);
    found.ok().map(|at| &index()[at])
}

/// The services, sorted by prefix.
fn index() -> &'static [Service] {
    static INDEX: OnceLock<Vec<Service>> = OnceLock::new();
    INDEX.get_or_init(|| {
        let lines = ACTIONS.lines().filter_map(|line| line.split_once(' '));
        lines
            .map(|(prefix, actions)| Service {
                prefix,
                actions,
                by_name: OnceLock::new(),
            })
            .collect()
    })
}

fn parse(action: &'static str) -> Option<Action> {
    let (level, name) = action.split_once(':')?;
    let access = match level {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "T" => AccessLevel::Tagging,
        "W" => AccessLevel::Write,
        "P" => AccessLevel::PermissionsManagement,
        _ => return None,
    };
    Some(Action { name, access })
}

/// Whether `text` matches `pattern`, where `*` stands for any characters and `?` for one.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at_pattern, mut at_text) = (0, 0);
    // Where to go on when the text after the last star does not match: one character further.
    let mut retry = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                retry = Some((at_pattern + 1, at_text));
                at_pattern += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[at_text] => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((after_star, from)) = retry else {
                    return false;
                };
                retry = Some((after_star, from + 1));
                (at_pattern, at_text) = (after_star, from + 1);
            }
        }
    }
    pattern[at_pattern..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_parses() {
        let written: usize = ACTIONS
            .lines()
            .map(|line| line.split_ascii_whitespace().count() - 1)
            .sum();
        let read: usize = iam_prefixes()
            .map(|prefix| iam_actions(prefix).count())
            .sum();
        assert_eq!(written, read);
        assert!(read > 20_000, "{read}");
        assert!(iam_prefixes().is_sorted());
    }

    #[test]
    fn one_action() {
        let get = Action {
            name: "GetObject",
            access: AccessLevel::Read,
        };
        assert_eq!(iam_action("s3:GetObject"), Some(get));
        assert_eq!(iam_action("S3:getobject"), Some(get));
        for unknown in ["s3:GetObjekt", "s3", "s4:GetObject", "", ":", "s3:"] {
            assert_eq!(iam_action(unknown), None, "{unknown}");
        }
        assert_eq!(
            iam_action("iam:PassRole").map(|action| action.access),
            Some(AccessLevel::PermissionsManagement)
        );
    }

    #[test]
    fn patterns() {
        for (pattern, exists) in [
            ("*", true),
            ("s3:*", true),
            ("s3:Get*", true),
            ("s3:get?bject", true),
            ("s3:*Object*Retention", true),
            ("s3:Got*", false),
            (
                "s3:GetObject??????????????????????????????????????????????????",
                false,
            ),
            ("*:GetObject", false),
            ("S3:GETOBJECT", true),
            ("nothing:*", false),
            ("", false),
        ] {
            assert_eq!(iam_action_exists(pattern), exists, "{pattern}");
        }
    }
}
