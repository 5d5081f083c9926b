//! What must be known of resource types to tell what a change means.

/// The way from `Properties` to a value; `*` stands for any list element or map key.
pub type Pattern = Vec<String>;

/// How the values at a place compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As they are; lists in order.
    Plain,
    /// A list whose order means nothing.
    Set,
    /// A JSON document of its own, given as an object or as its text.
    Document,
}

/// Facts about resource types.
///
/// A type that is not known answers as one without any special property: nothing about it is create-only, so its
/// changes are said to be in place. [`Facts::is_known`] tells the two apart.
pub trait Facts: Sync {
    /// Whether anything is known of the type.
    fn is_known(&self, type_name: &str) -> bool;

    /// Whether a resource of the type holds data that are lost with it.
    fn is_stateful(&self, type_name: &str) -> bool;

    /// Properties whose change replaces the resource.
    fn create_only(&self, type_name: &str) -> Vec<Pattern>;

    /// Properties whose change may replace the resource.
    fn conditional_create_only(&self, type_name: &str) -> Vec<Pattern>;

    /// Properties that AWS never shows again.
    fn write_only(&self, type_name: &str) -> Vec<Pattern>;

    /// Properties that make up the resource's name: none of them can change in place.
    fn primary_identifier(&self, type_name: &str) -> Vec<Pattern>;

    /// How the values at a place compare; list indexes are written as `*`.
    fn form(&self, type_name: &str, path: &[&str]) -> Form;

    /// Whether CloudFormation gives resources of the type another logical id or stack. It tags what it moves, so that
    /// [types whose tags cannot change](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-refactoring.html)
    /// stay where they are. What is not known is left to CloudFormation.
    fn can_be_refactored(&self, type_name: &str) -> bool {
        let _ = type_name;
        true
    }
}
