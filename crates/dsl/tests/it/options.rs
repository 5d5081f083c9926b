//! What every resource can be told, tags, scopes, constructs and the manifest.

use dsl::{
    Construct, DeletionPolicy, RawRef, RawResource, ResourceOptions, Stack, TagStyle,
    UpdateReplacePolicy, aws, document,
    testing::{self, Template},
};
use serde_json::{Value as Json, json};

fn thing() -> RawResource {
    RawResource::new("AWS::New::Thing")
}

#[test]
fn every_option_reaches_the_template() {
    let stack = testing::app().stack("options");
    let first = stack.add("First", thing());
    let condition = stack.condition("Here", aws::region().equals("us-east-1"));
    stack
        .add("Second", thing().property("Size", 1))
        .depends_on(&first)
        .depends_on(&first)
        .condition(&condition)
        .deletion_policy(DeletionPolicy::Snapshot)
        .update_replace_policy(UpdateReplacePolicy::Delete)
        .creation_policy(document!({ "ResourceSignal": { "Count": 2 } }))
        .update_policy(document!({ "EnableVersionUpgrade": true }))
        .metadata("Owner", first.id())
        .override_attribute("NewKey", "new")
        .override_attribute("UpdateReplacePolicy", "Newest");
    assert_eq!(
        Template::of(&stack).resource("Second"),
        &json!({
            "Type": "AWS::New::Thing",
            "Condition": "Here",
            "DependsOn": ["First"],
            "DeletionPolicy": "Snapshot",
            "UpdateReplacePolicy": "Newest",
            "CreationPolicy": { "ResourceSignal": { "Count": 2 } },
            "UpdatePolicy": { "EnableVersionUpgrade": true },
            "Metadata": { "Owner": { "Ref": "First" } },
            "NewKey": "new",
            "Properties": { "Size": 1 },
        })
    );
}

#[test]
fn sections_of_macros_are_written_as_they_stand() {
    let app = testing::app();
    let stack = app.stack("macros");
    stack
        .transform("AWS::Serverless-2016-10-31")
        .transform("AWS::Serverless-2016-10-31")
        .section("Globals", json!({ "Function": { "Timeout": 3 } }));
    stack.add("Thing", thing());
    let template = Template::of(&stack);
    assert_eq!(template.json()["Transform"], "AWS::Serverless-2016-10-31");
    assert_eq!(template.json()["Globals"]["Function"]["Timeout"], 3);
    stack.section("Outputs", json!({}));
    let text = testing::diagnostics(&app);
    assert!(
        text.contains("section `Outputs` cannot be written as a whole"),
        "{text}"
    );
}

#[test]
fn no_key_is_written_twice() {
    let stack = testing::app().stack("options");
    stack
        .add("Thing", thing())
        .retain()
        .override_attribute("DeletionPolicy", "Newest");
    let template = Template::of(&stack);
    assert_eq!(template.text().matches("DeletionPolicy").count(), 1);
    assert_eq!(template.resource("Thing")["DeletionPolicy"], "Newest");
}

#[test]
fn a_property_is_overridden_at_any_depth() {
    let stack = testing::app().stack("overrides");
    let properties = thing()
        .property(
            "Typed",
            document!({ "Rules": [{ "Status": "On", "Days": 1 }, { "Status": "On" }] }),
        )
        .property("Raw", json!({ "Rules": [{ "Status": "On" }] }))
        .property("Gone", 1);
    stack
        .add("Thing", properties)
        .override_property("Typed.Rules.0.Status", "Off")
        .override_property("Typed.Rules.0.Days", Json::Null)
        .override_property("Typed.Rules.2.Status", "Added")
        .override_property("Raw.Rules.0.Region", aws::region())
        .override_property("Gone", Json::Null)
        .override_property("New.Deep", json!([1, 2]))
        .override_property("New.Deep.0", 3);
    assert_eq!(
        Template::of(&stack).properties("Thing"),
        &json!({
            "Typed": { "Rules": [{ "Status": "Off" }, { "Status": "On" }, { "Status": "Added" }] },
            "Raw": { "Rules": [{ "Status": "On", "Region": { "Ref": "AWS::Region" } }] },
            "New": { "Deep": [3, 2] },
        })
    );
}

#[test]
fn tags_are_inherited_and_the_nearest_wins() {
    let app = testing::app();
    app.tag("project", "chitchatter").tag("level", "app");
    let stack = app.stack("tags");
    stack.tag("level", "stack");
    let outer = stack.scope("Outer");
    let inner = outer.scope("Inner");
    let listed = || thing().tag_property("Tags", TagStyle::List);
    stack.add("Plain", listed());
    inner
        .add(
            "Listed",
            listed().property("Tags", json!([{ "Key": "own", "Value": "property" }])),
        )
        .tag("level", "resource");
    inner.add("Mapped", thing().tag_property("ThingTags", TagStyle::Map));
    inner
        .add(
            "Group",
            thing().tag_property("Tags", TagStyle::ListWithPropagation),
        )
        .tag("level", aws::region());
    inner.add("Untagged", thing());
    // A tag counts for what was declared before it too.
    outer.tag("level", "outer").tag("own", "outer");
    inner.tag("level", "inner");

    let template = Template::of(&stack);
    assert_eq!(template.properties("Plain"), &Json::Null);
    assert_eq!(template.properties("OuterInnerUntagged"), &Json::Null);
    assert_eq!(
        template.properties("OuterInnerListed")["Tags"],
        json!([{ "Key": "own", "Value": "property" }, { "Key": "level", "Value": "resource" }])
    );
    assert_eq!(
        template.properties("OuterInnerMapped")["ThingTags"],
        json!({ "level": "inner", "own": "outer" })
    );
    assert_eq!(
        template.properties("OuterInnerGroup")["Tags"],
        json!([
            { "Key": "level", "Value": { "Ref": "AWS::Region" }, "PropagateAtLaunch": true },
            { "Key": "own", "Value": "outer", "PropagateAtLaunch": true },
        ])
    );
    let manifest = testing::assembly(&app).manifest;
    let tags: Vec<_> = manifest.stacks[0].tags.iter().collect();
    let tags: Vec<_> = tags
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(tags, [("project", "chitchatter"), ("level", "stack")]);
}

struct Pair;

impl Construct for Pair {
    type Output = (RawRef, RawRef);

    fn build(self, stack: &Stack, id: &str) -> (RawRef, RawRef) {
        let scope = stack.scope(id);
        (scope.add("Left", thing()), scope.add("Right", thing()))
    }
}

#[test]
fn a_construct_s_resources_bear_its_name_and_are_reported_where_it_was_added() {
    let app = testing::app();
    let stack = app.stack("constructs");
    let line = line!() + 1;
    let (left, _) = stack.scope("Api").add("Pair", Pair);
    stack.add("Alone", thing().property("Left", left.id()));

    let manifest = testing::assembly(&app).manifest;
    let origins: Vec<_> = manifest.stacks[0]
        .resources
        .iter()
        .map(|(id, origin)| (id.as_str(), origin.path.as_str(), origin.source.clone()))
        .collect();
    let source = |line: u32| format!("crates/dsl/tests/it/options.rs:{line}");
    assert_eq!(
        origins,
        [
            ("ApiPairLeft", "constructs/Api/Pair/Left", source(line)),
            ("ApiPairRight", "constructs/Api/Pair/Right", source(line)),
            ("Alone", "constructs/Alone", source(line + 1)),
        ]
    );
}

#[test]
fn the_manifest_says_what_the_command_line_needs() {
    let app = testing::app();
    app.moved("old/Table", "data/Api/Table");
    let stack = app.stack("data");
    stack.termination_protection(true);
    let size = stack.parameter("Size", dsl::Parameter::number().value(3));
    stack
        .scope("Api")
        .add("Table", thing().property("Size", &size))
        .allow_loss("2026-12-31", "holds only test data")
        .suppress("CIF104", "nothing of it is secret");

    stack.allow_loss("OldTable", "2026-06-30", "moved to the new one");
    let manifest = testing::assembly(&app).manifest;
    assert_eq!(
        (
            manifest.project.as_str(),
            manifest.environment.as_str(),
            manifest.region.as_str()
        ),
        ("test", "test", "us-east-1")
    );
    assert_eq!(manifest.moves[0].from, "old/Table");
    assert_eq!(manifest.moves[0].to, "data/ApiTable");
    let entry = &manifest.stacks[0];
    assert_eq!(entry.stack_name, "test-test-data");
    assert_eq!(entry.template, "data.template.json");
    assert!(entry.termination_protection);
    assert_eq!(entry.parameters["Size"], "3");
    assert_eq!(entry.allowed_losses[0].logical_id, "ApiTable");
    assert_eq!(entry.allowed_losses[0].until, "2026-12-31");
    assert_eq!(entry.allowed_losses[1].logical_id, "OldTable");
    assert_eq!(entry.suppressions[0].logical_id, "ApiTable");
    assert_eq!(entry.suppressions[0].rule, "CIF104");
    assert_eq!(entry.suppressions[0].reason, "nothing of it is secret");
}

#[test]
fn who_is_notified_and_what_updates_are_forbidden_is_in_the_manifest() {
    let app = testing::app();
    let plain = app.stack("plain");
    plain.add("Thing", thing());
    let stack = app.stack("data");
    stack.notify(&["arn:aws:sns:us-east-1:123456789012:ops"]);
    stack
        .add("Table", thing())
        .forbid(&[dsl::Update::Replace, dsl::Update::Delete]);
    stack.add("Free", thing()).forbid(&[]);
    let manifest = testing::assembly(&app).manifest;
    // Of what the code says nothing, nothing is changed.
    assert_eq!(manifest.stacks[0].notification_arns, None);
    assert_eq!(manifest.stacks[0].stack_policy, None);
    let entry = &manifest.stacks[1];
    assert_eq!(
        entry.notification_arns.as_deref(),
        Some(&["arn:aws:sns:us-east-1:123456789012:ops".to_owned()][..])
    );
    let policy = serde_json::json!({"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "LogicalResourceId/Table"},
    ]});
    assert_eq!(entry.stack_policy, Some(policy));
}

#[test]
fn what_is_no_topic_cannot_be_notified() {
    let app = testing::app();
    let stack = app.stack("data");
    stack.add("Thing", thing());
    stack.notify(&["alarms"]);
    let assembly = dsl::synthesize(&app);
    assert!(assembly.has_errors());
    let message = &assembly.manifest.diagnostics[0].message;
    assert!(message.contains("`alarms`, which is no topic"), "{message}");
}

#[test]
fn a_rule_sees_every_resource() {
    let app = testing::app();
    app.stack("one").add("Thing", thing().property("Size", 1));
    app.stack("two").add("Thing", thing());
    for resource in app.resources() {
        resource.handle().retain();
        if resource.properties().get("Size").is_none() {
            let finding = dsl::Diagnostic::warning(format!("{} has no size", resource.type_name()));
            resource.diagnose(finding);
        }
    }
    let assembly = testing::assembly(&app);
    assert_eq!(assembly.manifest.diagnostics.len(), 1);
    assert_eq!(
        assembly.manifest.diagnostics[0].path.as_deref(),
        Some("two/Thing")
    );
    assert!(
        assembly
            .templates
            .iter()
            .all(|(_, text)| text.contains("RetainExceptOnCreate"))
    );
}
