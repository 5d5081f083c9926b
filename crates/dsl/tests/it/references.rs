//! Values that cross from stack to stack, and the order stacks deploy in.

use dsl::{
    App, Arn, Parameter, RawRef, RawResource, ResourceOptions, Stack, Value, sub,
    testing::{self, Template},
};
use serde_json::json;

fn thing() -> RawResource {
    RawResource::new("AWS::New::Thing")
}

fn user(value: impl Into<dsl::Expression>) -> RawResource {
    thing().property("Value", value)
}

fn two_stacks() -> (App, Stack, RawRef, Stack) {
    let app = testing::app();
    let producer = app.stack("identity");
    let users = producer.add("Users", thing());
    let consumer = app.stack("web");
    (app, producer, users, consumer)
}

fn look_up(output: &str) -> serde_json::Value {
    json!({ "Fn::GetStackOutput": { "StackName": "test-test-identity", "OutputName": output } })
}

fn order(app: &App) -> Vec<(String, Vec<String>)> {
    let stacks = testing::assembly(app).manifest.stacks.into_iter();
    stacks.map(|stack| (stack.name, stack.depends_on)).collect()
}

#[test]
fn a_handle_of_another_stack_becomes_an_output_and_a_look_up() {
    let (app, producer, users, consumer) = two_stacks();
    consumer.add("Id", user(users.id()));
    consumer.add("Arn", user(users.attribute::<Arn>("Arn")));
    consumer.add("ArnAgain", user(users.attribute::<Arn>("Arn")));
    consumer.add(
        "Nested",
        user(users.attribute::<String>("Endpoint.Address")),
    );

    let template = Template::of(&producer);
    assert_eq!(
        template.json()["Outputs"],
        json!({
            "Users": { "Value": { "Ref": "Users" } },
            "UsersArn": { "Value": { "Fn::GetAtt": ["Users", "Arn"] } },
            "UsersEndpointAddress": { "Value": { "Fn::GetAtt": ["Users", "Endpoint.Address"] } },
        })
    );
    let template = Template::of(&consumer);
    assert_eq!(template.properties("Id")["Value"], look_up("Users"));
    assert_eq!(template.properties("Arn")["Value"], look_up("UsersArn"));
    assert_eq!(
        template.properties("Nested")["Value"],
        look_up("UsersEndpointAddress")
    );
    assert_eq!(
        order(&app),
        [
            ("identity".into(), vec![]),
            ("web".into(), vec!["identity".into()])
        ]
    );
}

#[test]
fn an_output_that_gives_the_value_already_is_used() {
    let (_, producer, users, consumer) = two_stacks();
    producer.output("PoolId", users.id());
    consumer.add("Id", user(users.id()));
    assert_eq!(
        Template::of(&producer).json()["Outputs"],
        json!({ "PoolId": { "Value": { "Ref": "Users" } } })
    );
    assert_eq!(
        Template::of(&consumer).properties("Id")["Value"],
        look_up("PoolId")
    );
}

#[test]
fn names_of_outputs_do_not_collide() {
    let (_, producer, users, consumer) = two_stacks();
    let other = producer.add("UsersArn", thing());
    producer.output("Users", "taken");
    consumer.add("One", user(users.id()));
    consumer.add("Two", user(other.id()));
    consumer.add("Three", user(users.attribute::<Arn>("Arn")));
    let template = Template::of(&producer);
    assert_eq!(template.output("Users"), "taken");
    assert_eq!(
        template.output("UsersReference"),
        &json!({ "Ref": "Users" })
    );
    assert_eq!(template.output("UsersArn"), &json!({ "Ref": "UsersArn" }));
    assert_eq!(
        template.output("UsersArnAttribute"),
        &json!({ "Fn::GetAtt": ["Users", "Arn"] })
    );
}

#[test]
fn a_firm_reference_is_an_export_and_an_import() {
    let (_, producer, users, consumer) = two_stacks();
    consumer.add("Firm", user(users.strong().attribute::<Arn>("Arn")));
    consumer.add("Loose", user(users.attribute::<Arn>("Arn")));
    assert_eq!(
        Template::of(&producer).json()["Outputs"]["UsersArn"],
        json!({
            "Value": { "Fn::GetAtt": ["Users", "Arn"] },
            "Export": { "Name": "test-test-identity-UsersArn" },
        })
    );
    let template = Template::of(&consumer);
    assert_eq!(
        template.properties("Firm")["Value"],
        json!({ "Fn::ImportValue": "test-test-identity-UsersArn" })
    );
    assert_eq!(template.properties("Loose")["Value"], look_up("UsersArn"));
}

#[test]
fn a_look_up_stands_only_where_it_may() {
    let (_, _, users, consumer) = two_stacks();
    consumer.add("Text", user(sub!("{}/x", users.id())));
    consumer.add("Split", user(users.id().split("-").get(0)));
    consumer.output("Again", users.id());
    let stage = consumer.parameter("Stage", Parameter::text().default("a"));
    let first = consumer.condition("First", stage.equals("a"));
    consumer.output("Perhaps", first.choose::<String>(users.id(), "none"));

    let template = Template::of(&consumer);
    let joined = json!({ "Fn::Join": ["", [look_up("Users")]] });
    assert_eq!(
        template.properties("Text")["Value"],
        json!({ "Fn::Join": ["", [look_up("Users"), "/x"]] })
    );
    assert_eq!(
        template.properties("Split")["Value"],
        json!({ "Fn::Select": [0, { "Fn::Split": ["-", joined] }] })
    );
    assert_eq!(template.output("Again"), &joined);
    assert_eq!(
        template.output("Perhaps"),
        &json!({ "Fn::If": ["First", joined, "none"] })
    );
}

#[test]
fn a_list_travels_joined() {
    let (_, producer, users, consumer) = two_stacks();
    let servers: Value<Vec<String>> = users.attribute("NameServers");
    consumer.add("Weak", user(&servers));
    consumer.add("First", user(servers.get(0)));
    consumer.add(
        "Strong",
        user(users.strong().attribute::<Vec<String>>("NameServers")),
    );
    assert_eq!(
        Template::of(&producer).output("UsersNameServers"),
        &json!({ "Fn::Join": ["||", { "Fn::GetAtt": ["Users", "NameServers"] }] })
    );
    let template = Template::of(&consumer);
    let weak = json!({ "Fn::Split": ["||", { "Fn::Join": ["", [look_up("UsersNameServers")]] }] });
    assert_eq!(template.properties("Weak")["Value"], weak);
    assert_eq!(
        template.properties("First")["Value"],
        json!({ "Fn::Select": [0, weak] })
    );
    assert_eq!(
        template.properties("Strong")["Value"],
        json!({ "Fn::Split": ["||", { "Fn::ImportValue": "test-test-identity-UsersNameServers" }] })
    );
}

#[test]
fn what_may_be_absent_is_given_only_when_it_is_there() {
    let (_, producer, users, consumer) = two_stacks();
    let stage = producer.parameter("Stage", Parameter::text().default("a"));
    let first = producer.condition("First", stage.equals("a"));
    users.condition(&first);
    consumer.add("Id", user(users.id()));
    consumer.add("Stage", user(&stage));
    assert_eq!(
        Template::of(&producer).json()["Outputs"],
        json!({
            "Users": { "Value": { "Ref": "Users" }, "Condition": "First" },
            "Stage": { "Value": { "Ref": "Stage" } },
        })
    );
}

#[test]
fn stacks_deploy_after_what_they_need_and_else_as_declared() {
    let app = testing::app();
    let names = ["a", "b", "c", "d", "e"];
    let stacks = names.map(|name| app.stack(name));
    let things = stacks.clone().map(|stack| stack.add("Thing", thing()));
    stacks[0].add("User", user(things[3].id()));
    things[3].depends_on(&things[4]);
    stacks[1].depends_on(&stacks[2]);
    let output = dsl::StackOutput::new("test-test-e", "Thing").value::<String>();
    stacks[2].add("User", user(output));
    let order = order(&app);
    let names: Vec<&str> = order.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["e", "c", "b", "d", "a"]);
    assert_eq!(order[4].1, ["d"]);
    assert_eq!(order[3].1, ["e"]);
}

#[test]
fn references_within_a_stack_stay_within_it() {
    let stack = testing::app().stack("identity");
    let users = stack.add("Users", thing());
    stack
        .add("Friend", user(users.strong().id()))
        .depends_on(&users);
    let template = Template::of(&stack);
    assert_eq!(
        template.resource("Friend"),
        &json!({
            "Type": "AWS::New::Thing", "DependsOn": ["Users"],
            "Properties": { "Value": { "Ref": "Users" } },
        })
    );
    assert!(template.json().get("Outputs").is_none());
}

#[test]
fn a_parameter_that_only_another_stack_uses_is_used() {
    let (app, producer, _, consumer) = two_stacks();
    let stage = producer.parameter("Stage", Parameter::text().default("a"));
    consumer.add("Stage", user(&stage));
    assert_eq!(testing::diagnostics(&app), "");
}
