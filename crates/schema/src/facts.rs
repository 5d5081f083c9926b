//! Finds and parses the line of a type.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::ResourceType;

/// One line of JSON per type, sorted by the type's name, which comes first in its line.
static RESOURCES: &str = include_str!("../facts/resources.jsonl");

/// What stands before the name in a line.
const BEFORE_NAME: &str = "{\"typeName\":\"";

/// What every `Custom::Name` is.
const CUSTOM_RESOURCE: &str = "AWS::CloudFormation::CustomResource";

/// Types parsed so far. They are never freed: there are as many as the facts hold, and all are wanted to the end.
static PARSED: Mutex<BTreeMap<&'static str, &'static ResourceType>> = Mutex::new(BTreeMap::new());

/// The facts of a type: `AWS::S3::Bucket`. `Custom::AnyName` is `AWS::CloudFormation::CustomResource`.
pub fn resource_type(name: &str) -> Option<&'static ResourceType> {
    let name = if name.starts_with("Custom::") {
        CUSTOM_RESOURCE
    } else {
        name
    };
    let mut parsed = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = parsed.get(name) {
        return Some(known);
    }
    let line = find(name)?;
    let fact: ResourceType =
        serde_json::from_str(line).expect("a test parses every line of the committed facts");
    let fact: &'static ResourceType = Box::leak(Box::new(fact));
    parsed.insert(name_of(line), fact);
    Some(fact)
}

/// The names of all types, sorted.
pub fn type_names() -> impl Iterator<Item = &'static str> {
    RESOURCES.lines().map(name_of)
}

/// The services that have types, sorted: `AWS::S3`.
pub fn services() -> impl Iterator<Item = &'static str> {
    let mut previous = "";
    type_names().filter_map(move |name| {
        let service = name.rsplit_once("::").map_or(name, |(service, _)| service);
        (service != std::mem::replace(&mut previous, service)).then_some(service)
    })
}

/// The line of a type, by bisection: a probe lands somewhere in a line, and compares that line's name.
fn find(name: &str) -> Option<&'static str> {
    let (mut start, mut end) = (0, RESOURCES.len());
    while start < end {
        let bytes = RESOURCES.as_bytes();
        let middle = start + (end - start) / 2;
        // A line may have 170 KB.
        let line_start =
            memchr::memrchr(b'\n', &bytes[start..middle]).map_or(start, |at| start + at + 1);
        let line_end = memchr::memchr(b'\n', &bytes[middle..end]).map_or(end, |at| middle + at);
        let line = &RESOURCES[line_start..line_end];
        match name_of(line).cmp(name) {
            std::cmp::Ordering::Less => start = line_end + 1,
            std::cmp::Ordering::Greater => end = line_start,
            std::cmp::Ordering::Equal => return Some(line),
        }
    }
    None
}

fn name_of(line: &'static str) -> &'static str {
    let rest = line.get(BEFORE_NAME.len()..).unwrap_or_default();
    rest.split_once('"').map_or(rest, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_and_parses() {
        let names: Vec<&str> = type_names().collect();
        assert!(names.len() > 1_800, "{}", names.len());
        assert!(names.is_sorted());
        for name in names {
            let found = resource_type(name).expect("it was named");
            assert_eq!(found.name, name);
            // To tell them, each of its shapes is parsed.
            assert!(format!("{found:?}").contains(name));
        }
    }

    #[test]
    fn what_does_not_exist_is_not_found() {
        for name in [
            "",
            "A",
            "AWS::S3::Buckets",
            "AWS::S3::Bucke",
            "aws::s3::bucket",
            "ZZ::Z::Z",
            "\n",
            "{",
            "é",
        ] {
            assert!(resource_type(name).is_none(), "{name}");
        }
    }

    #[test]
    fn custom_resources_share_one_type() {
        let custom = resource_type("Custom::Anything").expect("custom resources are in the facts");
        assert_eq!(custom.name, CUSTOM_RESOURCE);
        assert!(resource_type("Custom::").is_some());
    }

    #[test]
    fn services_come_once() {
        let services: Vec<&str> = services().collect();
        assert!(services.contains(&"AWS::S3") && services.contains(&"AWS::Cognito"));
        let mut unique = services.clone();
        unique.dedup();
        assert_eq!(services, unique);
    }
}
