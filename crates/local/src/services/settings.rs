//! The settings of buckets, one sub-resource each: read as stacks have made them, or as S3 makes a bucket of which nobody says.

use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value, json};

use super::{
    deployed::{self, Found, document_text},
    s3::{NAMESPACE, Target},
};
use crate::{
    evaluate::text_of,
    identifiers,
    router::respond,
    state::State,
    wire::{Refusal, Xml},
};

/// A setting of a bucket.
pub(crate) struct Setting {
    /// The word in the query that asks for it.
    query: &'static str,
    pub(crate) operation: &'static str,
    /// What policies call the operation, where not by its name.
    pub(crate) action: &'static str,
    /// The property of the bucket.
    property: &'static str,
    /// The root of its document.
    root: &'static str,
    /// Code and message where there is none.
    absence: Option<(&'static str, &'static str)>,
}

/// All of them. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>
pub(crate) const SETTINGS: [Setting; 8] = [
    Setting {
        query: "cors",
        operation: "GetBucketCors",
        action: "GetBucketCORS",
        property: "CorsConfiguration",
        root: "CORSConfiguration",
        absence: Some((
            "NoSuchCORSConfiguration",
            "The CORS configuration does not exist",
        )),
    },
    Setting {
        query: "encryption",
        operation: "GetBucketEncryption",
        action: "GetEncryptionConfiguration",
        property: "BucketEncryption",
        root: "ServerSideEncryptionConfiguration",
        absence: Some((
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        )),
    },
    Setting {
        query: "lifecycle",
        operation: "GetBucketLifecycleConfiguration",
        action: "GetLifecycleConfiguration",
        property: "LifecycleConfiguration",
        root: "LifecycleConfiguration",
        absence: Some((
            "NoSuchLifecycleConfiguration",
            "The lifecycle configuration does not exist",
        )),
    },
    Setting {
        query: "ownershipControls",
        operation: "GetBucketOwnershipControls",
        action: "GetBucketOwnershipControls",
        property: "OwnershipControls",
        root: "OwnershipControls",
        absence: Some((
            "OwnershipControlsNotFoundError",
            "The bucket ownership controls were not found",
        )),
    },
    Setting {
        query: "policy",
        operation: "GetBucketPolicy",
        action: "GetBucketPolicy",
        property: "",
        root: "",
        absence: Some(("NoSuchBucketPolicy", "The bucket policy does not exist")),
    },
    Setting {
        query: "publicAccessBlock",
        operation: "GetPublicAccessBlock",
        action: "GetBucketPublicAccessBlock",
        property: "PublicAccessBlockConfiguration",
        root: "PublicAccessBlockConfiguration",
        absence: Some((
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        )),
    },
    Setting {
        query: "tagging",
        operation: "GetBucketTagging",
        action: "GetBucketTagging",
        property: "Tags",
        root: "Tagging",
        absence: Some(("NoSuchTagSet", "The TagSet does not exist")),
    },
    Setting {
        query: "versioning",
        operation: "GetBucketVersioning",
        action: "GetBucketVersioning",
        property: "VersioningConfiguration",
        root: "VersioningConfiguration",
        absence: None,
    },
];

/// What S3 calls otherwise than CloudFormation does.
const NAMES: [(&str, &str); 12] = [
    ("AllowedHeaders", "AllowedHeader"),
    ("AllowedMethods", "AllowedMethod"),
    ("AllowedOrigins", "AllowedOrigin"),
    ("CorsRules", "CORSRule"),
    ("ExposedHeaders", "ExposeHeader"),
    ("Id", "ID"),
    ("MaxAge", "MaxAgeSeconds"),
    ("Rules", "Rule"),
    (
        "ServerSideEncryptionByDefault",
        "ApplyServerSideEncryptionByDefault",
    ),
    ("ServerSideEncryptionConfiguration", "Rule"),
    ("TransitionDate", "Date"),
    ("TransitionInDays", "Days"),
];

/// The setting that a call asks for, if it asks for one.
pub(crate) fn asked(target: &Target) -> Option<&'static Setting> {
    let mut all = SETTINGS.iter();
    all.find(|one| target.query.get(one.query).is_some())
}

/// Answers with a setting of a bucket that exists.
pub(super) fn read(
    state: &State,
    seed: u64,
    bucket: &str,
    setting: &Setting,
) -> Result<Response, Refusal> {
    let found = deployed::find(state, "AWS::S3::Bucket", bucket);
    if setting.operation == "GetBucketPolicy" {
        let policy = policy(state, bucket).ok_or_else(|| absent(setting))?;
        return Ok(respond(
            StatusCode::OK,
            &[("content-type", "application/json")],
            policy.into_bytes(),
        ));
    }
    let value = match found {
        Some(found) => value(found, seed, setting),
        None => by_default(setting),
    };
    if value.is_none() && setting.absence.is_some() {
        return Err(absent(setting));
    }
    let text = Xml::document(setting.root, NAMESPACE, |xml| {
        for (name, value) in value.iter().filter_map(Value::as_object).flatten() {
            write(xml, name, value);
        }
    });
    Ok(respond(
        StatusCode::OK,
        &[("content-type", "application/xml")],
        text.into_bytes(),
    ))
}

fn absent(setting: &Setting) -> Refusal {
    let (code, message) = setting.absence.unwrap_or_default();
    Refusal::new(code, message).with_status(404)
}

/// The policy that a stack has given a bucket.
fn policy(state: &State, bucket: &str) -> Option<String> {
    let mut policies = deployed::all(state, "AWS::S3::BucketPolicy");
    let found = policies.find(|policy| policy.properties["Bucket"] == bucket)?;
    Some(document_text(&found.properties["PolicyDocument"]))
}

/// A setting in the service's form; none where there is none.
fn value(found: Found<'_>, seed: u64, setting: &Setting) -> Option<Value> {
    if setting.property == "Tags" {
        let tags = found.tags().into_iter().chain(found.system_tags());
        let tags: Vec<Value> = tags
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        return (!tags.is_empty()).then(|| json!({"TagSet": {"Tag": tags}}));
    }
    let mut properties = found.typed();
    let Some(mut value) = properties.shift_remove(setting.property) else {
        // What a template gives and is not there any more somebody took away.
        let was_given = found.deployed.properties.get(setting.property).is_some();
        return by_default(setting).filter(|_| !was_given);
    };
    match setting.property {
        "LifecycleConfiguration" => {
            let rules = value["Rules"].as_array_mut().into_iter().flatten();
            for (index, rule) in rules.enumerate() {
                let parts = ["rule", found.id(), &index.to_string()];
                *rule = lifecycle_rule(rule, identifiers::uuid(seed, &parts));
            }
        }
        "PublicAccessBlockConfiguration" => {
            for name in BLOCKS {
                if value[name].is_null() {
                    value[name] = json!(false);
                }
            }
        }
        _ => {}
    }
    Some(value)
}

const BLOCKS: [&str; 4] = [
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
];

/// What a new bucket has, where nobody says.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>
fn by_default(setting: &Setting) -> Option<Value> {
    Some(match setting.property {
        "BucketEncryption" => json!({"Rule": {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BucketKeyEnabled": false,
        }}),
        "OwnershipControls" => json!({"Rule": {"ObjectOwnership": "BucketOwnerEnforced"}}),
        "PublicAccessBlockConfiguration" => BLOCKS.into_iter().map(|name| (name, true)).collect(),
        _ => return None,
    })
}

/// A rule as the service tells it: one that was not named has a name of the service's own.
fn lifecycle_rule(rule: &Value, id: String) -> Value {
    let (mut told, mut expiration, mut filter) = (Map::new(), Map::new(), Map::new());
    for (name, value) in rule.as_object().into_iter().flatten() {
        let (name, value) = (name.as_str(), value.clone());
        let (part, name) = match name {
            "ExpirationInDays" => (&mut expiration, "Days"),
            "ExpirationDate" => (&mut expiration, "Date"),
            "ExpiredObjectDeleteMarker" => (&mut expiration, name),
            "TagFilters" => (&mut filter, "Tag"),
            "Prefix" | "ObjectSizeGreaterThan" | "ObjectSizeLessThan" => (&mut filter, name),
            "Transitions" => (&mut told, "Transition"),
            "NoncurrentVersionTransitions" => (&mut told, "NoncurrentVersionTransition"),
            name => (&mut told, name),
        };
        part.insert(name.to_owned(), value);
    }
    if let Some(days) = told.shift_remove("NoncurrentVersionExpirationInDays") {
        let expiration = json!({"NoncurrentDays": days});
        told.insert("NoncurrentVersionExpiration".to_owned(), expiration);
    }
    let later = told.get_mut("NoncurrentVersionTransition");
    let later = match later {
        Some(Value::Array(all)) => all.as_mut_slice(),
        Some(one) => std::slice::from_mut(one),
        None => &mut [],
    };
    for transition in later.iter_mut().filter_map(Value::as_object_mut) {
        if let Some(days) = transition.shift_remove("TransitionInDays") {
            transition.insert("NoncurrentDays".to_owned(), days);
        }
    }
    if !expiration.is_empty() {
        told.insert("Expiration".to_owned(), expiration.into());
    }
    let tags = filter.get("Tag").and_then(Value::as_array);
    let is_one = filter.len() == 1 && tags.is_none_or(|tags| tags.len() == 1);
    let filter = match filter.is_empty() {
        true => json!({"Prefix": ""}),
        false if is_one => filter.into(),
        false => json!({"And": filter}),
    };
    told.insert("Filter".to_owned(), filter);
    told.entry("Id").or_insert_with(|| id.into());
    told.into()
}

/// Writes a value as elements: a list as one of its name for each item.
fn write(xml: &mut Xml, name: &str, value: &Value) {
    let known = NAMES.iter().find(|(ours, _)| *ours == name);
    let name = known.map_or(name, |(_, theirs)| theirs);
    match value {
        Value::Array(items) => items.iter().for_each(|item| write(xml, name, item)),
        Value::Object(members) => xml.element(name, |xml| {
            for (name, value) in members {
                write(xml, name, value);
            }
        }),
        scalar => xml.text(name, text_of(scalar).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifecycle_rules_are_told_in_the_form_of_the_service() {
        let named = json!({"Id": "a", "Status": "Enabled", "ExpirationInDays": 1, "Prefix": "x/"});
        assert_eq!(
            lifecycle_rule(&named, String::new()),
            json!({"Id": "a", "Status": "Enabled", "Expiration": {"Days": 1}, "Filter": {"Prefix": "x/"}})
        );
        let rule = json!({
            "Status": "Enabled",
            "Prefix": "x/",
            "TagFilters": [{"Key": "k", "Value": "v"}],
            "NoncurrentVersionTransitions": [{"StorageClass": "GLACIER", "TransitionInDays": 3}],
        });
        assert_eq!(
            lifecycle_rule(&rule, "made up".to_owned()),
            json!({
                "Status": "Enabled",
                "NoncurrentVersionTransition": [{"StorageClass": "GLACIER", "NoncurrentDays": 3}],
                "Filter": {"And": {"Prefix": "x/", "Tag": [{"Key": "k", "Value": "v"}]}},
                "Id": "made up",
            })
        );
    }

    #[test]
    fn lists_become_elements_of_one_name() {
        let mut xml = Xml::default();
        let rules = json!([{"AllowedMethods": ["GET", "PUT"], "MaxAge": 7}]);
        write(&mut xml, "CorsRules", &rules);
        let text = Xml::document("R", "", |root| root.append(xml));
        assert!(
            text.contains("<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><MaxAgeSeconds>7</MaxAgeSeconds></CORSRule>"),
            "{text}"
        );
    }
}
