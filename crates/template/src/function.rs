//! The functions a template may use.

use serde_json::Value;

/// A function, by the key it is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Function {
    Ref,
    Condition,
    And,
    Base64,
    Cidr,
    Contains,
    EachMemberEquals,
    EachMemberIn,
    Equals,
    FindInMap,
    GetAtt,
    GetAzs,
    GetStackOutput,
    If,
    ImportValue,
    Join,
    Length,
    Not,
    Or,
    RefAll,
    Select,
    Split,
    Sub,
    ToJsonString,
    Transform,
    ValueOf,
    ValueOfAll,
}

use Function::{
    And, Base64, Cidr, Condition, Contains, EachMemberEquals, EachMemberIn, Equals, FindInMap,
    GetAtt, GetAzs, GetStackOutput, If, ImportValue, Join, Length, Not, Or, Ref, RefAll, Select,
    Split, Sub, ToJsonString, Transform, ValueOf, ValueOfAll,
};

/// Every function with its key.
const KEYS: [(&str, Function); 27] = [
    ("Ref", Ref),
    ("Condition", Condition),
    ("Fn::And", And),
    ("Fn::Base64", Base64),
    ("Fn::Cidr", Cidr),
    ("Fn::Contains", Contains),
    ("Fn::EachMemberEquals", EachMemberEquals),
    ("Fn::EachMemberIn", EachMemberIn),
    ("Fn::Equals", Equals),
    ("Fn::FindInMap", FindInMap),
    ("Fn::GetAtt", GetAtt),
    ("Fn::GetAZs", GetAzs),
    ("Fn::GetStackOutput", GetStackOutput),
    ("Fn::If", If),
    ("Fn::ImportValue", ImportValue),
    ("Fn::Join", Join),
    ("Fn::Length", Length),
    ("Fn::Not", Not),
    ("Fn::Or", Or),
    ("Fn::RefAll", RefAll),
    ("Fn::Select", Select),
    ("Fn::Split", Split),
    ("Fn::Sub", Sub),
    ("Fn::ToJsonString", ToJsonString),
    ("Fn::Transform", Transform),
    ("Fn::ValueOf", ValueOf),
    ("Fn::ValueOfAll", ValueOfAll),
];

/// What the key of a loop begins with; the loop's name follows.
pub(crate) const FOR_EACH: &str = "Fn::ForEach::";

impl Function {
    /// The function a key names.
    pub(crate) fn named(key: &str) -> Option<Self> {
        if key != "Ref" && key != "Condition" && !key.starts_with("Fn::") {
            return None;
        }
        KEYS.iter()
            .find(|(name, _)| *name == key)
            .map(|(_, function)| *function)
    }

    /// The key it is written with.
    pub(crate) fn key(self) -> &'static str {
        KEYS.iter()
            .find(|(_, function)| *function == self)
            .map_or("", |(key, _)| key)
    }

    /// The keys of all functions.
    pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
        KEYS.iter().map(|(key, _)| *key)
    }

    /// The function a value calls outside of conditions, where `Condition` is an ordinary key, with its argument.
    pub(crate) fn called(value: &Value) -> Option<(Self, &Value)> {
        let members = value.as_object()?;
        if members.len() != 1 {
            return None;
        }
        let (key, argument) = members.iter().next()?;
        let function = Self::named(key)?;
        (function != Condition).then_some((function, argument))
    }

    /// Whether it gives a list, whatever its arguments.
    pub(crate) fn gives_list(self) -> bool {
        matches!(self, Split | GetAzs | Cidr)
    }

    /// Whether it gives a text, whatever its arguments.
    pub(crate) fn gives_text(self) -> bool {
        matches!(self, Join | Sub | Base64 | ToJsonString)
    }
}

/// Whether a value is `{"Ref": "AWS::NoValue"}`, which stands for nothing at all.
pub(crate) fn is_no_value(value: &Value) -> bool {
    matches!(Function::called(value), Some((Ref, Value::String(name))) if name == "AWS::NoValue")
}

/// Whether an object holds, beside data, a transform or loop that adds members to it.
pub(crate) fn has_generated_members(members: &serde_json::Map<String, Value>) -> bool {
    members
        .keys()
        .any(|key| key.starts_with(FOR_EACH) || key == Transform.key())
}

/// A set of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Functions(u32);

impl Functions {
    /// No function.
    pub(crate) const NONE: Self = Self(0);
    /// Functions for the values of properties.
    pub(crate) const VALUES: Self = Self::of(&[
        Ref,
        Base64,
        Cidr,
        FindInMap,
        GetAtt,
        GetAzs,
        GetStackOutput,
        If,
        ImportValue,
        Join,
        Length,
        Select,
        Split,
        Sub,
        ToJsonString,
        Transform,
    ]);
    /// Functions that decide.
    pub(crate) const CONDITIONS: Self = Self::of(&[Condition, And, Equals, Not, Or]);
    /// Functions of rules that decide.
    pub(crate) const ASSERTIONS: Self =
        Self::CONDITIONS.and(Self::of(&[Contains, EachMemberEquals, EachMemberIn]));
    /// What is compared in conditions.
    pub(crate) const COMPARED: Self = Self::CONDITIONS.and(Self::of(&[
        Ref,
        FindInMap,
        Sub,
        Join,
        Select,
        Split,
        Length,
        ToJsonString,
        If,
    ]));
    /// What is compared in rules.
    pub(crate) const ASSERTED: Self = Self::COMPARED.and(Self::of(&[RefAll, ValueOf, ValueOfAll]));
    /// What `Fn::Join` puts together.
    pub(crate) const JOINED: Self = Self::of(&[
        Base64,
        FindInMap,
        GetAtt,
        GetStackOutput,
        If,
        ImportValue,
        Join,
        Select,
        Sub,
        ToJsonString,
        Transform,
        Ref,
        Length,
    ]);
    /// Functions that give a list.
    pub(crate) const LISTS: Self = Self::of(&[
        Cidr,
        FindInMap,
        GetAtt,
        GetAzs,
        If,
        Split,
        Ref,
        Transform,
        ImportValue,
    ]);
    /// What `Fn::Select` chooses from.
    pub(crate) const SELECTED: Self = Self::of(&[
        FindInMap,
        GetAtt,
        GetStackOutput,
        If,
        Ref,
        Join,
        Sub,
        Select,
        Split,
        GetAzs,
        ImportValue,
        Base64,
        Cidr,
        Transform,
    ]);
    /// What `Fn::Split` takes apart.
    pub(crate) const TAKEN_APART: Self = Self::of(&[
        Base64,
        FindInMap,
        GetAtt,
        GetAzs,
        GetStackOutput,
        If,
        ImportValue,
        Join,
        Select,
        Sub,
        Ref,
        Transform,
    ]);
    /// Values of variables of `Fn::Sub`.
    pub(crate) const SUBSTITUTED: Self = Self::of(&[
        Base64,
        FindInMap,
        GetAtt,
        GetAzs,
        If,
        ImportValue,
        Join,
        Select,
        Sub,
        ToJsonString,
        Transform,
        Ref,
        Length,
    ]);
    /// What `Fn::Base64` encodes.
    pub(crate) const ENCODED: Self = Self::of(&[
        Base64,
        Cidr,
        FindInMap,
        GetAtt,
        If,
        ImportValue,
        Join,
        Length,
        Select,
        Sub,
        ToJsonString,
        Transform,
        Ref,
    ]);
    /// The keys of mappings and the name of one.
    pub(crate) const LOOKED_UP: Self = Self::of(&[FindInMap, Ref]);
    /// Arguments of `Fn::Cidr`.
    pub(crate) const NETWORK: Self =
        Self::of(&[FindInMap, GetAtt, If, ImportValue, Select, Sub, Ref, Join]);
    /// The region of `Fn::GetAZs`.
    pub(crate) const REGION: Self = Self::of(&[FindInMap, GetAtt, If, Join, Select, Sub, Ref]);
    /// The name of an export.
    pub(crate) const EXPORT: Self = Self::of(&[
        Base64,
        FindInMap,
        If,
        Join,
        Select,
        Split,
        Sub,
        Ref,
        ImportValue,
    ]);
    /// The members of `Fn::GetStackOutput`.
    pub(crate) const STACK_OUTPUT: Self = Self::of(&[
        Base64,
        FindInMap,
        GetAtt,
        If,
        ImportValue,
        Join,
        Select,
        Sub,
        Ref,
    ]);
    /// The index of `Fn::Select`.
    pub(crate) const INDEX: Self = Self::of(&[FindInMap, Ref, If]);
    /// What `Fn::Length` counts and `Fn::ToJsonString` writes.
    pub(crate) const EXTENSION: Self = Self::VALUES;

    const fn of(functions: &[Function]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < functions.len() {
            bits |= 1 << functions[index] as u32;
            index += 1;
        }
        Self(bits)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, function: Function) -> Self {
        Self(self.0 & !(1 << function as u32))
    }

    pub(crate) const fn contains(self, function: Function) -> bool {
        self.0 & (1 << function as u32) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_its_key() {
        for (key, function) in KEYS {
            assert_eq!(Function::named(key), Some(function));
            assert_eq!(function.key(), key);
        }
        assert_eq!(Function::named("Fn::Nothing"), None);
    }
}
