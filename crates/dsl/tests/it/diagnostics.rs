//! What is said about apps that are wrong. With an error, no template is written.

use dsl::{
    App, Arn, Diagnostic, Parameter, RawResource, ResourceOptions, Secret, StackOutput, TagStyle,
    Value, aws, document, sub, testing,
};
use serde_json::{Value as Json, json};

fn thing() -> RawResource {
    RawResource::new("AWS::New::Thing")
}

fn user(value: impl Into<dsl::Expression>) -> RawResource {
    thing().property("Value", value)
}

/// The findings about an app: severity, path, message and hint, without places.
#[track_caller]
fn findings(app: &App) -> Vec<String> {
    let assembly = dsl::synthesize(app);
    let nothing = assembly.templates.is_empty() && assembly.manifest.stacks.is_empty();
    assert_eq!(
        nothing,
        assembly.has_errors(),
        "an error and templates exclude each other"
    );
    let findings = assembly.manifest.diagnostics.into_iter();
    findings
        .map(|finding| {
            let source = finding.source.expect("every finding has a place");
            assert!(
                source.starts_with("crates/dsl/tests/it/diagnostics.rs:"),
                "{source}"
            );
            let path = finding.path.unwrap_or_default();
            let hint = finding.hint.unwrap_or_default();
            format!("{path}: {} | {hint}", finding.message)
        })
        .collect()
}

/// Asserts that an app has one finding, which contains these parts.
#[track_caller]
fn assert_finding(app: &App, parts: &[&str]) {
    let findings = findings(app);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    for part in parts {
        assert!(
            findings[0].contains(part),
            "`{part}` is not in `{}`",
            findings[0]
        );
    }
}

#[test]
fn findings_are_collected_and_read_well() {
    let app = testing::app();
    let stack = app.stack("identity");
    stack.add("Users", thing());
    stack.add("Users", thing());
    stack.add("my-role", thing());
    stack.parameter("Unused", Parameter::text().default("x"));
    app.stack("empty");
    let line = line!();
    let text = testing::diagnostics(&app);
    let expected = format!(
        "\
error: `Users` is declared twice in one stack, first at `{file}:{first}`
  at identity/Users ({file}:{second})
  hint: give one of them another name
error: `my-role` is not a name: `-` is not allowed
  at identity/my-role ({file}:{third})
  hint: use up to 255 letters and digits, scopes included
error: stack `empty` has no resources, and CloudFormation deploys none without
  at empty ({file}:{fifth})
  hint: add a resource, or take the stack away
warning: nothing uses parameter `Unused`
  at identity/Unused ({file}:{fourth})
  hint: take it away
",
        file = "crates/dsl/tests/it/diagnostics.rs",
        first = line - 5,
        second = line - 4,
        third = line - 3,
        fourth = line - 2,
        fifth = line - 1,
    );
    assert_eq!(text, expected);
}

#[test]
fn an_app_without_stacks_is_pointed_out() {
    let text = testing::diagnostics(&testing::app());
    assert!(text.starts_with("warning: the app has no stacks"), "{text}");
}

#[test]
fn a_circle_of_resources_names_each_step() {
    let app = testing::app();
    let stack = app.stack("identity");
    let one = stack.add("One", thing());
    let two = stack.add("Two", user(one.id()));
    one.override_property("Value", two.attribute::<Arn>("Arn"));
    let line = line!();
    assert_finding(
        &app,
        &[
            "identity/One: resources depend on each other in a circle: `One` → `Two` → `One`",
            &format!(
                "\n  `identity/One` uses `identity/Two` (crates/dsl/tests/it/diagnostics.rs:{})",
                line - 3
            ),
            &format!(
                "\n  `identity/Two` uses `identity/One` (crates/dsl/tests/it/diagnostics.rs:{})",
                line - 2
            ),
            "| take one of these references away",
        ],
    );
}

#[test]
fn a_circle_of_stacks_names_each_step() {
    let app = testing::app();
    let (identity, files, web) = (app.stack("identity"), app.stack("files"), app.stack("web"));
    let users = identity.add("Users", thing());
    let bucket = files.add("Bucket", user(users.attribute::<Arn>("Arn")));
    web.add("Site", thing());
    identity.add("Role", user(sub!("{}/*", bucket.id())));
    let line = line!();
    assert_finding(
        &app,
        &[
            "identity: stacks depend on each other in a circle: `identity` → `files` → `identity`",
            &format!(
                "\n  `identity/Role` uses `files/Bucket` (crates/dsl/tests/it/diagnostics.rs:{})",
                line - 1
            ),
            &format!(
                "\n  `files/Bucket` uses `identity/Users.Arn` (crates/dsl/tests/it/diagnostics.rs:{})",
                line - 3
            ),
        ],
    );
}

#[test]
fn names_that_cannot_be_are_refused() {
    let app = testing::app();
    app.stack("web").add("One", thing());
    app.stack("web").add("One", thing());
    app.stack("my_stack").add("One", thing());
    app.stack(&"x".repeat(119)).add(&"y".repeat(256), thing());
    let stack = app.stack("rest");
    stack.add("", thing());
    stack.add("Typeless", RawResource::new("Bucket"));
    stack.mapping("Empty", Vec::<(&str, [(&str, &str); 0])>::new());
    stack.output("a-b", "x");
    let findings = findings(&app);
    for (finding, part) in findings.iter().zip([
        "web: stack `web` is declared twice, first at",
        "my_stack: `test-test-my_stack` is not a stack name",
        "it has 256 letters",
        "has 129 letters, CloudFormation allows 128",
        "rest/: `` is not a name: it is empty",
        "rest/Typeless: `Bucket` is not a resource type",
        "rest/Empty: mapping `Empty` is empty",
        "rest/a-b: `a-b` is not a name",
        "rest/Empty: nothing uses mapping `Empty`",
    ]) {
        assert!(
            finding.contains(part),
            "`{part}` is not in `{finding}`: {findings:#?}"
        );
    }
    assert_eq!(findings.len(), 9, "{findings:#?}");
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    let elsewhere = testing::app().stack("other").add("Thing", thing());
    let app = testing::app();
    let stack = app.stack("web");
    stack.add("Users", thing());
    stack.add("Foreign", user(elsewhere.id()));
    stack.add("After", thing()).depends_on(&elsewhere);
    stack.add("Ref", user(json!({ "Ref": "Usres" })));
    stack.add(
        "GetAtt",
        user(json!([{ "Fn::GetAtt": ["Removed", "Arn"] }])),
    );
    stack.add("Dotted", user(json!({ "Fn::GetAtt": "Removed.Arn" })));
    stack.add(
        "Sub",
        user(json!({ "Fn::Sub": "${!Literal} ${AWS::Region} ${Users} ${Gone.Arn}" })),
    );
    stack.add(
        "Subs",
        user(json!({ "Fn::Sub": ["${A} ${B}", { "A": { "Ref": "Users" } }] })),
    );
    let findings = findings(&app);
    let expected = [
        "web/Foreign: `other/Thing` belongs to another app | use handles of the app they come from",
        "web/After: `other/Thing` belongs to another app | use handles of the app they come from",
        "web/Ref: `Ref` refers to `Usres`, which stack `web` does not have | did you mean `Users`?",
        "web/GetAtt: `Fn::GetAtt` refers to `Removed`, which stack `web` does not have | use a handle instead of a name, or declare it",
        "web/Dotted: `Fn::GetAtt` refers to `Removed`, which stack `web` does not have | use a handle instead of a name, or declare it",
        "web/Sub: `Fn::Sub` refers to `Gone`, which stack `web` does not have | use a handle instead of a name, or declare it",
        "web/Subs: `Fn::Sub` refers to `B`, which stack `web` does not have",
    ];
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
    for (finding, expected) in findings.iter().zip(expected) {
        assert!(finding.starts_with(expected), "{finding}\n{expected}");
    }
}

#[test]
fn names_in_raw_json_are_left_to_macros() {
    let app = testing::app();
    let stack = app.stack("web");
    stack.transform("AWS::Serverless-2016-10-31");
    stack.add("Thing", user(json!({ "Ref": "MadeByTheMacro" })));
    assert_eq!(findings(&app), [""; 0]);
}

#[test]
fn a_value_of_another_stack_is_refused_where_it_cannot_be_looked_up() {
    type Within = fn(Value<String>) -> Value<String>;
    let table: [(&str, Within); 5] = [
        ("`Fn::Base64`", |value| dsl::base64(sub!("echo {}", value))),
        ("`Fn::Cidr`", |value| dsl::cidr(value, 4, 8).get(0)),
        ("`Fn::GetAZs`", |value| {
            dsl::availability_zones(value).get(0)
        }),
        ("`Fn::ImportValue`", |value| dsl::import_value(value)),
        ("`Fn::GetStackOutput`", |value| {
            StackOutput::new(value, "X").value()
        }),
    ];
    for (place, expression) in table {
        let app = testing::app();
        let users = app.stack("identity").add("Users", thing());
        let stack = app.stack("web");
        stack.add("User", user(expression(users.id())));
        assert_finding(
            &app,
            &[
                "web/User: `identity/Users` of another stack stands in",
                place,
            ],
        );

        let app = testing::app();
        let users = app.stack("identity").add("Users", thing());
        let stack = app.stack("web");
        stack.add("User", user(expression(users.strong().id())));
        let firm_helps = ["`Fn::Base64`", "`Fn::Cidr`", "`Fn::GetStackOutput`"].contains(&place);
        assert_eq!(findings(&app).is_empty(), firm_helps, "{place}");
    }
}

#[test]
fn conditions_look_at_parameters_alone() {
    let app = testing::app();
    let other = app.stack("identity");
    let users = other.add("Users", thing());
    let region = other.condition("Region", aws::region().equals("us-east-1"));
    let stack = app.stack("web");
    let mine = stack.add("Mine", thing());
    stack.condition("ByResource", mine.id().equals("x"));
    stack.condition("ByOther", users.id().equals("x"));
    stack.condition("ByLookUp", dsl::import_value::<String>("x").equals("x"));
    stack.condition("ByList", aws::region().is_one_of(["x"]));
    stack
        .add("Borrowed", user(region.choose::<i64>(1, 2)))
        .condition(&region);
    let errors = findings(&app);
    let errors: Vec<&String> = errors
        .iter()
        .filter(|text| !text.contains("nothing uses"))
        .collect();
    for (error, part) in errors.iter().zip([
        "web/ByResource: `web/Mine` stands in a condition, which is decided before any resource is there",
        "web/ByOther: `identity/Users` stands in a condition",
        "web/ByLookUp: `Fn::ImportValue` cannot stand in a condition",
        "web/ByList: `ByList` tests a list, which rules alone can do",
        "web/Borrowed: condition `identity/Region` belongs to another stack",
    ]) {
        assert!(error.contains(part), "`{part}` is not in `{error}`: {errors:#?}");
    }
    assert_eq!(errors.len(), 5, "{errors:#?}");
}

#[test]
fn limits_are_kept() {
    let app = testing::app();
    let many = app.stack("many");
    for number in 0..501 {
        many.add(&format!("Thing{number}"), thing());
    }
    let outputs = app.stack("outputs");
    let source = outputs.add("Thing", thing());
    let consumer = app.stack("consumer");
    for number in 0..201 {
        consumer.add(
            &format!("User{number}"),
            user(source.attribute::<String>(format!("A{number}"))),
        );
    }
    let texts = app.stack("texts");
    texts.description(&"ü".repeat(513));
    let long = texts.parameter("Long", Parameter::text().default("x".repeat(4097)));
    texts.add("Thing", user(&long));
    let findings = findings(&app);
    for (finding, part) in findings.iter().zip([
        "many: stack `many` has 501 resources, CloudFormation allows 500",
        "outputs: stack `outputs` has 201 outputs, CloudFormation allows 200",
        "texts: the description has 1026 bytes, CloudFormation allows 1024",
        "texts/Long: a value of parameter `Long` has 4097 bytes, CloudFormation allows 4096",
    ]) {
        assert!(finding.contains(part), "`{part}` is not in `{finding}`");
    }
    assert_eq!(findings.len(), 4, "{findings:#?}");
}

#[test]
fn a_body_is_compacted_before_it_is_refused() {
    let app = testing::app();
    let stack = app.stack("big");
    let overhead = {
        let app = testing::app();
        app.stack("big").add("Thing", user(""));
        let text = testing::assembly(&app).templates.remove(0).1;
        let compact: Json = serde_json::from_str(&text).expect("it is JSON");
        compact.to_string().len() + "\n".len()
    };
    let thing = stack.add("Thing", user("x".repeat(1_000_000 - overhead)));
    let text = testing::assembly(&app).templates.remove(0).1;
    assert_eq!(text.len(), 1_000_000);
    thing.override_property("Value", "x".repeat(1_000_000 - overhead + 1));
    assert_finding(
        &app,
        &["big: the template of stack `big` has 1000001 bytes, CloudFormation allows 1000000"],
    );
}

#[test]
fn a_secret_is_refused_where_it_would_be_shown() {
    let app = testing::app();
    let stack = app.stack("api");
    let secret = Secret::ssm("/api/token");
    stack.add("Thing", user(secret.clone()));
    stack.output("Token", secret.clone());
    assert_finding(&app, &["api/Token: a secret stands in an output"]);
    assert_eq!(format!("{secret:?}"), "Secret(..)");

    let app = testing::app();
    let stack = app.stack("api");
    for number in 0..61 {
        let secret = Secret::secrets_manager(format!("secret-{number}"));
        stack.add(&format!("Thing{number}"), user(secret));
    }
    assert_finding(&app, &["api: stack `api` looks up 61 secrets"]);
}

#[test]
fn options_that_cannot_be_are_refused() {
    let app = testing::app();
    app.tag("aws:mine", "x");
    app.moved("web", "web/Thing");
    app.moved("web/Tagged", "web/Gone");
    let stack = app.stack("web");
    stack.add("Untaggable", thing()).tag("a", "b");
    let expression = stack.parameter("Tags", Parameter::list().default("x"));
    let tagged = thing()
        .tag_property("Tags", TagStyle::List)
        .property("Tags", &expression);
    stack.add("Tagged", tagged).tag("a", "b");
    stack.add("Kept", thing()).allow_loss("soon", " ");
    stack.allow_loss("Gone", "2026-13-01", "it is empty");
    let overridden = stack.add("Overridden", user(document!({ "List": [1], "Text": "x" })));
    overridden.override_property("Value.List.3", 1);
    overridden.override_property("Value.Text.Deeper", 1);
    overridden.override_property("Value..Deeper", 1);
    stack.add("Number", user(f64::NAN));
    stack.add(
        "Text",
        user(sub!("{}", dsl::cidr("10.0.0.0/16", 1, 8)).split("x")),
    );
    stack.add("List", user(sub!("x{}", dsl::cidr("10.0.0.0/16", 1, 8))));
    stack.output("Zones", dsl::availability_zones("us-east-1"));
    stack.add("Length", user(dsl::length::<String>(["a"])));
    stack.rule("Empty", dsl::Rule::new());
    stack.diagnose(Diagnostic::error("something of my own"));
    let hidden = stack.parameter("Hidden", Parameter::text().hidden().value("secret"));
    let choice = stack.parameter(
        "Choice",
        Parameter::text().default("c").allowed_values(["a", "b"]),
    );
    let nothing = stack.parameter("Nothing", Parameter::text());
    stack.add("Rest", user([hidden, choice, nothing]));
    let findings = findings(&app);
    let expected = [
        "web/Thing: `web` to `web/Thing` is not a move",
        "web/Gone: a move ends at `web/Gone`, which is not declared",
        "web/Gone: a move starts at `web/Tagged`, which is still declared",
        "web: tag `aws:mine` of stack `web` is not allowed",
        "web/Untaggable: `AWS::New::Thing` has no tags",
        "web/Tagged: `Tags` is an expression, to which no tag can be added",
        "web/Kept: `soon` is not a day",
        "web: `2026-13-01` is not a day",
        "web/Kept: a loss is allowed without a reason",
        "web/Overridden: `Value..Deeper` is not the path of a property",
        "web/Overridden: `Value.List.3` cannot be set: there is no place `3`",
        "web/Overridden: `Value.Text.Deeper` cannot be set: there is no place `Deeper`",
        "web/Number: `NaN` is not a number",
        "web/List: a list or an object stands in a text",
        "web/Zones: output `Zones` is a list",
        "web/Length: `Fn::Length` needs the transform `AWS::LanguageExtensions`",
        "web/Empty: rule `Empty` asserts nothing",
        "web: something of my own",
        "web/Hidden: parameter `Hidden` is hidden, but its value is written into the program",
        "web/Choice: `c` is not an allowed value of parameter `Choice` | allowed are `a`, `b`",
        "web/Nothing: parameter `Nothing` has neither a default nor a value",
    ];
    for part in expected {
        assert!(
            findings.iter().any(|finding| finding.contains(part)),
            "{part}: {findings:#?}"
        );
    }
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
}
