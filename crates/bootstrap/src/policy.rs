//! Policies: statements grouped so that a person can read them, divided so that IAM takes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::needs::Grant;

/// The most letters of a managed policy, white space not counted.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(crate) const POLICY_LIMIT: usize = 6_144;

/// The most managed policies of a role, unless AWS was asked for more.
pub(crate) const POLICIES_LIMIT: usize = 10;

/// Room for what stands around a policy's statements.
const FRAME: usize = r#"{"Version":"2012-10-17","Statement":[]}"#.len();

/// A statement that allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) id: String,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
}

impl Statement {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "Sid": self.id,
            "Effect": "Allow",
            "Action": self.actions,
            "Resource": self.resources,
        })
    }

    fn length(&self) -> usize {
        self.to_json().to_string().len() + 1
    }
}

/// How exactly actions are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Each by its name.
    Actions,
    /// Those of a service that begin with the same verb by that verb: `s3:Get*`.
    Verbs,
}

/// The policies in which a role may do what is needed, as statements each of which fits. Where naming every action takes more
/// policies than a role can have, actions are named by their verbs.
///
/// Nothing where even that does not fit.
pub(crate) fn divided<'a, I: Iterator<Item = Grant<'a>>>(
    grants: impl Fn() -> I,
) -> Option<Vec<Vec<Statement>>> {
    [Detail::Actions, Detail::Verbs]
        .into_iter()
        .map(|detail| packed(statements(grants(), detail)))
        .find(|policies| policies.len() <= POLICIES_LIMIT)
}

/// What is needed as statements: one for the actions of a service that are needed on the same resources.
pub(crate) fn statements<'a>(
    grants: impl Iterator<Item = Grant<'a>>,
    detail: Detail,
) -> Vec<Statement> {
    let mut groups: BTreeMap<(String, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    for grant in grants {
        let service = grant.action.split(':').next().unwrap_or_default();
        // What is allowed everywhere is always named.
        let detail = if grant.resources == ["*"] {
            Detail::Actions
        } else {
            detail
        };
        let group = groups
            .entry((service.to_owned(), grant.resources))
            .or_default();
        group.insert(named(grant.action, detail));
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    groups
        .into_iter()
        .map(|((service, resources), actions)| {
            let name = if resources == ["*"] {
                format!("{}Anywhere", pascal(&service))
            } else {
                pascal(&service)
            };
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            let id = match *count {
                1 => name,
                count => format!("{name}{count}"),
            };
            Statement {
                id,
                actions: actions.into_iter().collect(),
                resources,
            }
        })
        .collect()
}

fn named(action: &str, detail: Detail) -> String {
    let Some((service, name)) = action.split_once(':') else {
        return action.to_owned();
    };
    match detail {
        Detail::Actions => action.to_owned(),
        Detail::Verbs => {
            let mut letters = name.char_indices().skip(1);
            let end = letters.find(|(_, letter)| letter.is_ascii_uppercase());
            let verb = end.map_or(name, |(end, _)| &name[..end]);
            format!("{service}:{verb}*")
        }
    }
}

/// Puts statements into as few policies as go without changing their order much: each into the first that has room.
fn packed(statements: Vec<Statement>) -> Vec<Vec<Statement>> {
    let room = POLICY_LIMIT - FRAME;
    let mut policies: Vec<(usize, Vec<Statement>)> = Vec::new();
    for statement in statements.into_iter().flat_map(|one| split(one, room)) {
        let length = statement.length();
        let fitting = policies.iter_mut().find(|(used, _)| used + length <= room);
        match fitting {
            Some((used, policy)) => {
                *used += length;
                policy.push(statement);
            }
            None => policies.push((length, vec![statement])),
        }
    }
    policies.into_iter().map(|(_, policy)| policy).collect()
}

/// Divides a statement that is too large for a policy of its own.
fn split(statement: Statement, room: usize) -> Vec<Statement> {
    if statement.length() <= room || statement.actions.len() < 2 {
        return vec![statement];
    }
    let Statement {
        id,
        mut actions,
        resources,
    } = statement;
    let rest = actions.split_off(actions.len() / 2);
    let halves = [(format!("{id}a"), actions), (format!("{id}b"), rest)];
    let halves = halves.map(|(id, actions)| Statement {
        id,
        actions,
        resources: resources.clone(),
    });
    halves
        .into_iter()
        .flat_map(|half| split(half, room))
        .collect()
}

/// A policy document of statements.
pub(crate) fn document(statements: impl IntoIterator<Item = Value>) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": statements.into_iter().collect::<Vec<_>>(),
    })
}

/// The name of a service as an id of statements can have it: `cognito-idp` is `CognitoIdp`.
fn pascal(service: &str) -> String {
    let words = service.split(|letter: char| !letter.is_ascii_alphanumeric());
    words
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect()
}
