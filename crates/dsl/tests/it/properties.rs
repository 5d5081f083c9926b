//! Properties that hold for any app.

use dsl::{App, Expression, Object, RawResource, ResourceOptions, sub, testing};
use proptest::{collection::vec, prelude::*};

/// Any text, with a liking for what JSON and `Fn::Sub` treat specially.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\"\\\\${}!\n\t\u{1}a]{0,9}"]
        .prop_map(|text| text.replace('\0', ""))
        .prop_filter("a secret counts as one", |text| {
            !text.contains("{{resolve:")
        })
}

/// Any expression of literals, as the value it stands for.
fn literal() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        text().prop_map(Expression::from),
        any::<i64>().prop_map(Expression::from),
        any::<bool>().prop_map(Expression::from),
        // Quarters, which a reader of JSON does not round.
        any::<i32>().prop_map(|number| Expression::from(f64::from(number) / 4.0)),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Expression::from),
            vec((text(), inner), 0..4).prop_map(|entries| {
                let mut object = Object::new();
                entries
                    .into_iter()
                    .for_each(|(key, value)| object.insert(key, value));
                object.into()
            }),
        ]
    })
}

/// The JSON an expression of literals stands for, made the slow and plain way.
fn plain(expression: &Expression) -> serde_json::Value {
    match expression {
        Expression::Text(text) => text.as_ref().into(),
        Expression::Integer(number) => (*number).into(),
        // A whole number is written without a fraction.
        Expression::Number(number) if number.fract() == 0.0 => (*number as i64).into(),
        Expression::Number(number) => (*number).into(),
        Expression::Boolean(value) => (*value).into(),
        Expression::List(elements) => elements.iter().map(plain).collect(),
        Expression::Object(object) => object
            .iter()
            .map(|(key, value)| (key.to_owned(), plain(value)))
            .collect(),
        other => panic!("{other:?} is no literal"),
    }
}

/// An app whose shape follows from numbers: stacks, resources in each, and who uses whom.
fn app(stacks: &[Vec<u8>]) -> App {
    let app = testing::app();
    let mut things = Vec::new();
    for (number, resources) in stacks.iter().enumerate() {
        let stack = app.stack(&format!("stack-{number}"));
        stack.add("First", RawResource::new("AWS::New::Thing"));
        for (position, choice) in resources.iter().enumerate() {
            let mut thing = RawResource::new("AWS::New::Thing");
            if !things.is_empty() {
                let other: &dsl::RawRef = &things[usize::from(*choice) % things.len()];
                thing = match choice % 4 {
                    0 => thing.property("Id", other.id()),
                    1 => thing.property("Arn", other.attribute::<String>("Arn")),
                    2 => thing.property("Firm", sub!("{}/x", other.strong().id())),
                    _ => thing,
                };
            }
            let thing = stack.add(&format!("Thing{position}"), thing);
            if choice % 4 == 3
                && let Some(other) = things.last()
            {
                thing.depends_on(other);
            }
            things.push(thing);
        }
    }
    app
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn literals_survive(value in literal(), description in text()) {
        let app = testing::app();
        let stack = app.stack("any");
        stack.add("Thing", RawResource::new("AWS::New::Thing").property("Value", value.clone()));
        stack.output("Text", "x").description(&description);
        let assembly = testing::assembly(&app);
        let template: serde_json::Value = serde_json::from_str(&assembly.templates[0].1).expect("it is JSON");
        prop_assert_eq!(&template["Resources"]["Thing"]["Properties"]["Value"], &plain(&value));
        prop_assert_eq!(&template["Outputs"]["Text"]["Description"], &description);
    }

    #[test]
    fn what_fn_sub_gives_is_the_text_that_was_written(before in text(), after in text()) {
        let app = testing::app();
        let stack = app.stack("any");
        let value = sub!("{before}{}{}", dsl::aws::region(), after.as_str());
        stack.add("Thing", RawResource::new("AWS::New::Thing").property("Value", value));
        let assembly = testing::assembly(&app);
        let template: serde_json::Value = serde_json::from_str(&assembly.templates[0].1).expect("it is JSON");
        let value = &template["Resources"]["Thing"]["Properties"]["Value"];
        let resolved = match value.get("Fn::Sub") {
            Some(text) => text.as_str().expect("it is a text").replacen("${AWS::Region}", "us-east-1", 1).replace("${!", "${"),
            None => {
                prop_assert!(before.is_empty() && after.is_empty());
                prop_assert_eq!(&value["Ref"], "AWS::Region");
                return Ok(());
            }
        };
        prop_assert_eq!(resolved, format!("{before}us-east-1{after}"));
    }

    #[test]
    fn the_same_app_gives_the_same_bytes(stacks in vec(vec(any::<u8>(), 0..6), 1..5)) {
        let one = dsl::synthesize(&app(&stacks));
        let other = dsl::synthesize(&app(&stacks));
        prop_assert_eq!(&one, &other);
        prop_assert!(!one.has_errors(), "{:?}", one.manifest.diagnostics);
    }

    #[test]
    fn every_stack_stands_after_all_it_needs(stacks in vec(vec(any::<u8>(), 0..6), 1..5)) {
        let assembly = dsl::synthesize(&app(&stacks));
        let mut seen = std::collections::HashSet::new();
        for stack in &assembly.manifest.stacks {
            for need in &stack.depends_on {
                prop_assert!(seen.contains(need), "{} before {need}", stack.name);
            }
            seen.insert(stack.name.clone());
        }
        prop_assert_eq!(seen.len(), stacks.len());
    }
}

#[test]
fn a_large_app_is_written_whole() {
    let app = testing::app();
    let mut before: Option<dsl::RawRef> = None;
    for number in 0..10 {
        let stack = app.stack(&format!("stack-{number}"));
        for position in 0..500 {
            let mut thing = RawResource::new("AWS::New::Thing");
            if let Some(before) = &before {
                thing = thing.property("Before", before.attribute::<dsl::Arn>("Arn"));
            }
            before = Some(stack.add(&format!("Thing{position}"), thing));
        }
    }
    let assembly = testing::assembly(&app);
    assert_eq!(assembly.templates.len(), 10);
    let resources = assembly
        .manifest
        .stacks
        .iter()
        .map(|stack| stack.resources.len());
    assert_eq!(resources.sum::<usize>(), 5000);
    assert_eq!(assembly.manifest.stacks[9].depends_on, ["stack-8"]);
}
