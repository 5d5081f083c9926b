//! What CloudFormation treats alike is no change; what merely looks alike is one.

use serde_json::{Value, json};

use crate::{diff, thing};

#[test]
fn the_same_meaning_is_no_change() {
    let reference = json!({"Ref": "Other"});
    let table: [(&str, Value, Value); 22] = [
        ("number and text", json!({"A": 1}), json!({"A": "1"})),
        ("flag and text", json!({"A": true}), json!({"A": "true"})),
        ("whole numbers", json!({"A": 1.0}), json!({"A": 1})),
        (
            "a null and nothing",
            json!({"A": null, "B": 1}),
            json!({"B": 1}),
        ),
        (
            "no value and nothing",
            json!({"A": {"Ref": "AWS::NoValue"}, "B": 1}),
            json!({"B": 1}),
        ),
        (
            "a set in another order",
            json!({"Groups": ["a", "b"]}),
            json!({"Groups": ["b", "a"]}),
        ),
        (
            "a set of objects in another order",
            json!({"Tags": [{"Key": "a", "Value": 1}, {"Key": "b", "Value": 2}]}),
            json!({"Tags": [{"Value": "2", "Key": "b"}, {"Key": "a", "Value": "1"}]}),
        ),
        (
            "a join of literals",
            json!({"A": {"Fn::Join": ["-", ["a", 1, "b"]]}}),
            json!({"A": "a-1-b"}),
        ),
        (
            "a sub without variables",
            json!({"A": {"Fn::Sub": "a${!b}"}}),
            json!({"A": "a${b}"}),
        ),
        (
            "a reference as sub",
            json!({"A": {"Fn::Sub": "${Other}"}}),
            json!({"A": reference}),
        ),
        (
            "an attribute as sub",
            json!({"A": {"Fn::Sub": "${Other.Arn}"}}),
            json!({"A": {"Fn::GetAtt": ["Other", "Arn"]}}),
        ),
        (
            "an attribute as text",
            json!({"A": {"Fn::GetAtt": "Other.Net.Id"}}),
            json!({"A": {"Fn::GetAtt": ["Other", "Net.Id"]}}),
        ),
        (
            "join and sub",
            json!({"A": {"Fn::Join": ["", ["x", {"Ref": "Other"}, "/*"]]}}),
            json!({"A": {"Fn::Sub": ["x${V}/${W}", {"V": {"Ref": "Other"}, "W": "*"}]}}),
        ),
        (
            "join within join",
            json!({"A": {"Fn::Join": ["", ["x", {"Fn::Join": [":", ["a", {"Ref": "Other"}]]}]]}}),
            json!({"A": {"Fn::Sub": "xa:${Other}"}}),
        ),
        (
            "select and split of literals",
            json!({"A": {"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}}),
            json!({"A": "b"}),
        ),
        (
            "a document as text",
            json!({"Document": "{\"a\": [1]}"}),
            json!({"Document": {"a": [1]}}),
        ),
        (
            "documents as texts in another layout",
            json!({"Document": "{\"a\":1,\"b\":2}"}),
            json!({"Document": "{ \"b\": 2, \"a\": 1 }"}),
        ),
        (
            "a policy of another form",
            json!({"P": {"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["b", "a"],
                "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": true}}}}}),
            json!({"P": {"Statement": [{
                "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}, "Principal": {"AWS": "*"},
                "Resource": ["a", "b"], "Action": ["S3:getobject"], "Effect": "Allow"}],
                "Version": "2012-10-17"}}),
        ),
        (
            "a policy of the first version, said or not",
            json!({"P": {"Statement": []}}),
            json!({"P": {"Version": "2008-10-17", "Statement": []}}),
        ),
        (
            "statements in another order, an account by number or by name",
            json!({"P": {"Statement": [
                {"Effect": "Allow", "Action": "a:B", "Principal": {"AWS": "111122223333"}},
                {"Effect": "Deny", "Action": "a:C", "Principal": "*"}]}}),
            json!({"P": {"Statement": [
                {"Effect": "Deny", "Action": "a:C", "Principal": "*"},
                {"Effect": "Allow", "Action": "a:B", "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}}]}}),
        ),
        (
            "a policy that says the same twice",
            json!({"P": {"Statement": {"Effect": "Allow", "Action": ["a:B", "a:b"], "Resource": "*"}}}),
            json!({"P": {"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*"}}}),
        ),
        (
            "a choice between equals",
            json!({"A": {"Fn::If": ["Unknown", "x", {"Fn::Sub": "x"}]}}),
            json!({"A": "x"}),
        ),
    ];
    for (name, before, after) in table {
        for (before, after) in [(&before, &after), (&after, &before)] {
            let diff = diff(&thing(before.clone()), &thing(after.clone()));
            assert_eq!(diff.changes, [], "{name}");
            assert_eq!(diff.equivalent, ["Thing"], "{name}");
            assert!(!diff.needs_deployment() && !diff.is_empty(), "{name}");
            // Nor is it one beside a change that others might follow.
            let beside = |value: &Value, replaced: &str| {
                let mut template = thing(value.clone());
                template["Resources"]["Other"] =
                    json!({"Type": "Test::Thing", "Properties": {"Size": replaced}});
                template["Resources"]["Thing"]["Properties"]["Same"] =
                    json!({"Fn::GetAtt": ["Other", "Size"]});
                template
            };
            let diff = crate::diff(&beside(before, "a"), &beside(after, "b"));
            let thing = diff.change("Thing").map(|change| change.properties.len());
            let expected = 1 + usize::from(
                before.to_string().contains("Other") || after.to_string().contains("Other"),
            );
            assert_eq!(thing, Some(expected), "{name}");
        }
    }
}

#[test]
fn another_meaning_is_a_change() {
    let table: [(&str, Value, Value); 14] = [
        ("another number", json!({"A": 1}), json!({"A": 2})),
        ("letter case", json!({"A": "a"}), json!({"A": "A"})),
        (
            "a list in another order",
            json!({"A": ["a", "b"]}),
            json!({"A": ["b", "a"]}),
        ),
        (
            "a set with one thing twice",
            json!({"Groups": ["a", "a"]}),
            json!({"Groups": ["a"]}),
        ),
        (
            "a list and its only item",
            json!({"A": ["a"]}),
            json!({"A": "a"}),
        ),
        (
            "an empty object and nothing",
            json!({"A": {}, "B": 1}),
            json!({"B": 1}),
        ),
        (
            "types within a document",
            json!({"Document": {"a": 1}}),
            json!({"Document": {"a": "1"}}),
        ),
        (
            "another reference",
            json!({"A": {"Ref": "B"}}),
            json!({"A": {"Ref": "C"}}),
        ),
        (
            "a literal for a reference",
            json!({"A": {"Ref": "B"}}),
            json!({"A": "B"}),
        ),
        (
            "an escape undone",
            json!({"A": {"Fn::Sub": "${!B}"}}),
            json!({"A": {"Fn::Sub": "${B}"}}),
        ),
        (
            "a policy of another version",
            json!({"P": {"Statement": []}}),
            json!({"P": {"Version": "2012-10-17", "Statement": []}}),
        ),
        (
            "another action",
            json!({"P": {"Statement": {"Effect": "Allow", "Action": ["a:B"], "Resource": "*"}}}),
            json!({"P": {"Statement": {"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": "*"}}}),
        ),
        (
            "another effect",
            json!({"P": {"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*"}}}),
            json!({"P": {"Statement": {"Effect": "Deny", "Action": "a:B", "Resource": "*"}}}),
        ),
        (
            "letter case of a resource in a policy",
            json!({"P": {"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "a"}}}),
            json!({"P": {"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "A"}}}),
        ),
    ];
    for (name, before, after) in table {
        let diff = diff(&thing(before), &thing(after));
        assert_eq!(diff.changes.len(), 1, "{name}");
        assert!(!diff.changes[0].properties.is_empty(), "{name}");
        assert_eq!(diff.equivalent, Vec::<String>::new(), "{name}");
    }
}
