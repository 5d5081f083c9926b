//! Facts about types that exist in these tests only, so that a table reads without knowing AWS.

use plan::{Facts, Form, Pattern};

/// - `Test::Thing`: `Name` and `Net/Subnets` are create-only, `Size` may replace, `Password` is write-only, `Tags` and
///   `Groups` are sets, `Document` is JSON.
/// - `Test::Store`: the same, and it holds data.
pub(crate) struct Table;

impl Facts for Table {
    fn is_known(&self, type_name: &str) -> bool {
        type_name.starts_with("Test::") || type_name.starts_with("AWS::")
    }

    fn is_stateful(&self, type_name: &str) -> bool {
        type_name == "Test::Store"
    }

    fn create_only(&self, _: &str) -> Vec<Pattern> {
        vec![
            pattern("Name"),
            pattern("Net/Subnets"),
            pattern("Rules/*/Id"),
        ]
    }

    fn conditional_create_only(&self, _: &str) -> Vec<Pattern> {
        vec![pattern("Size")]
    }

    fn write_only(&self, _: &str) -> Vec<Pattern> {
        vec![pattern("Password")]
    }

    fn primary_identifier(&self, _: &str) -> Vec<Pattern> {
        vec![pattern("Id")]
    }

    fn form(&self, _: &str, path: &[&str]) -> Form {
        match path.last() {
            Some(&"Tags" | &"Groups") => Form::Set,
            Some(&"Document") => Form::Document,
            _ => Form::Plain,
        }
    }
}

fn pattern(path: &str) -> Pattern {
    path.split('/').map(str::to_owned).collect()
}
