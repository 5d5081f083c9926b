//! Paths to properties, with a wildcard for the members of lists and maps.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A path to a property: `Rules/*/Id`, where `*` is any index of a list or any key of a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyPath(Vec<String>);

impl PropertyPath {
    /// The path written with slashes.
    pub fn new(path: &str) -> Self {
        Self(path.split('/').map(str::to_owned).collect())
    }

    /// The parts: names of properties and `*`.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether `path` is this very property. In `path` a member is given by its index, its key or `*`.
    pub fn matches(&self, path: &[&str]) -> bool {
        self.0.len() == path.len() && self.covers(path)
    }

    /// Whether `path` is this property or lies within it.
    pub fn covers(&self, path: &[&str]) -> bool {
        self.0.len() <= path.len() && self.agrees(path)
    }

    /// Whether this property lies within `path`, deeper than it.
    pub fn is_within(&self, path: &[&str]) -> bool {
        self.0.len() > path.len() && self.agrees(path)
    }

    /// The name of the attribute at this path: `Endpoint.Address`.
    pub fn attribute(&self) -> String {
        self.0.join(".")
    }

    fn agrees(&self, path: &[&str]) -> bool {
        self.0
            .iter()
            .zip(path)
            .all(|(own, other)| own == "*" || own == other)
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("/"))
    }
}

impl<'de> Deserialize<'de> for PropertyPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations() {
        let rule = PropertyPath::new("Rules/*/Id");
        for (path, matches, covers, is_within) in [
            (&["Rules", "3", "Id"][..], true, true, false),
            (&["Rules", "*", "Id"], true, true, false),
            (&["Rules", "3", "Id", "Deep"], false, true, false),
            (&["Rules", "3"], false, false, true),
            (&["Rules"], false, false, true),
            (&[], false, false, true),
            (&["Rules", "3", "Name"], false, false, false),
            (&["Other"], false, false, false),
        ] {
            assert_eq!(
                (rule.matches(path), rule.covers(path), rule.is_within(path)),
                (matches, covers, is_within),
                "{path:?}"
            );
        }
    }
}
