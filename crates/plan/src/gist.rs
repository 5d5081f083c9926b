//! What of a resource matters to others, noted while its text is gone over.
//!
//! Most resources of a large template stand in the other one as they are, and nothing that changes concerns them. To know
//! that, they need not be read.

use crate::{
    checks,
    meaning::{Part, parts},
    security,
    uses::Use,
};

/// How many things a resource may use whose gist is noted: each is looked for among those before it.
const MOST_USED: usize = 64;

/// Functions whose arguments say what they use where they stand: the others are read.
const PLAIN: [&str; 8] = [
    "Fn::Base64",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
];

/// Attributes of a resource that are named as policies are, and say nothing of access.
const ATTRIBUTES: [&str; 4] = [
    "CreationPolicy",
    "DeletionPolicy",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// What of a resource matters to others. It is told what the resource is made of, in the order of its text.
///
/// Each of [`key`](Self::key), [`text`](Self::text), [`scalar`](Self::scalar) and [`list`](Self::list) says whether that
/// is still all that matters. Where it is not, and always where the resource says something of access or has a condition,
/// the resource must be read.
#[derive(Debug, Default)]
pub struct Gist {
    length: usize,
    used: Vec<Used>,
    role: Option<Role>,
}

/// Something that is used, and how often.
#[derive(Debug)]
struct Used {
    name: String,
    is_attribute: bool,
    times: usize,
}

/// What the next text is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    /// The type of the resource, or of something in it.
    Type,
    /// The argument of `Ref`.
    Reference,
    /// The argument of `Fn::GetAtt`: a resource and, behind a point, an attribute.
    Attribute,
    /// The first of the arguments of `Fn::GetAtt`.
    Target,
    /// The argument of `Fn::Sub`.
    Substitution,
    /// The first of the arguments of `Fn::Join`.
    Separator,
}

impl Gist {
    /// The key of a member follows, and then its value.
    pub fn key(&mut self, key: &str) -> bool {
        let is_cut_short = self.role.is_some_and(|role| role != Role::Type);
        self.length += key.len();
        self.role = match key {
            "Type" => Some(Role::Type),
            "Ref" => Some(Role::Reference),
            "Fn::GetAtt" => Some(Role::Attribute),
            "Fn::Sub" => Some(Role::Substitution),
            "Fn::Join" => Some(Role::Separator),
            _ => None,
        };
        let is_plain = !key.starts_with("Fn::") || PLAIN.contains(&key);
        let tells_access = security::is_telling(key) && !ATTRIBUTES.contains(&key);
        !is_cut_short && is_plain && !tells_access && key != "Condition"
    }

    /// A text that is no key follows.
    pub fn text(&mut self, text: &str) -> bool {
        self.length += text.len();
        match self.role.take() {
            Some(Role::Type) if is_watched(text) => return false,
            // How often it stands is not known yet.
            Some(Role::Separator) if !text.is_empty() => return false,
            None | Some(Role::Type | Role::Separator) => {}
            Some(Role::Reference) => self.add(text, false),
            Some(Role::Attribute) => {
                let target = text.split_once('.').map_or(text, |(target, _)| target);
                self.add(target, true);
            }
            Some(Role::Target) => self.add(text, true),
            Some(Role::Substitution) => {
                for part in parts(text) {
                    match part {
                        Part::Literal(_) => {}
                        Part::Variable(name) => match name.split_once('.') {
                            Some((target, _)) => self.add(target, true),
                            None => self.add(name, false),
                        },
                    }
                }
            }
        }
        // A document may say anything.
        !text.trim_start().starts_with(['{', '[']) && self.used.len() <= MOST_USED
    }

    /// A number, a boolean or a null follows.
    pub fn scalar(&mut self) -> bool {
        self.length += 1;
        matches!(self.role.take(), None | Some(Role::Type))
    }

    /// A list begins.
    pub fn list(&mut self) -> bool {
        match self.role {
            None | Some(Role::Separator) => {}
            Some(Role::Type) => self.role = None,
            Some(Role::Attribute) => self.role = Some(Role::Target),
            Some(Role::Reference | Role::Target | Role::Substitution) => return false,
        }
        true
    }

    /// How long its meaning is at most, beside that of what it refers to.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// What it refers to by `Ref` and the like, and how often.
    pub(crate) fn references(&self) -> impl Iterator<Item = (&str, usize)> {
        let used = self.used.iter().filter(|used| !used.is_attribute);
        used.map(|used| (used.name.as_str(), used.times))
    }

    /// Every use it makes of something else, once; perhaps some that it does not.
    pub(crate) fn uses(&self) -> impl Iterator<Item = Use<'_>> {
        self.used.iter().map(|used| {
            if used.is_attribute {
                Use::Attribute(&used.name)
            } else {
                Use::Reference(&used.name)
            }
        })
    }

    fn add(&mut self, name: &str, is_attribute: bool) {
        let is_it = |used: &&mut Used| used.is_attribute == is_attribute && used.name == name;
        match self.used.iter_mut().find(is_it) {
            Some(used) => used.times += 1,
            None => self.used.push(Used {
                name: name.to_owned(),
                is_attribute,
                times: 1,
            }),
        }
    }
}

/// Whether a resource of this type is looked at whatever changes.
fn is_watched(type_name: &str) -> bool {
    security::is_telling_type(type_name) || type_name == checks::USER_POOL
}
