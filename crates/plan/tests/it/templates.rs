//! Templates made at random: every section, every expression, small, so that pairs share much.

use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

pub(crate) const IDS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
const PARAMETERS: [&str; 4] = ["Name0", "Size0", "List0", "Looked"];
const CONDITIONS: [&str; 3] = ["Known", "Unknown", "Both"];

/// A value of a property: scalars, lists, objects, expressions, policies.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        (0..3_u8).prop_map(|number| json!(number)),
        (0..3_u8).prop_map(|number| json!(number.to_string())),
        any::<bool>().prop_map(|flag| json!(flag)),
        "[ab]{0,2}".prop_map(|text| json!(text)),
        expression(),
        prop::collection::vec(select(&["a:B", "a:*", "c:D"][..]), 1..3).prop_map(
            |actions| json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
        ),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            2 => object(inner.clone()),
            1 => (select(&CONDITIONS[..]), inner.clone(), inner)
                .prop_map(|(condition, yes, no)| json!({"Fn::If": [condition, yes, no]})),
        ]
    })
}

/// An expression of each kind.
fn expression() -> impl Strategy<Value = Value> {
    let id = || select(&IDS[..]);
    let parameter = || select(&PARAMETERS[..]);
    let literal = || select(&["a", "b", "0", "1"][..]);
    let text = prop_oneof![
        id().prop_map(|id| json!({"Ref": id})),
        parameter().prop_map(|name| json!({"Ref": name})),
        literal().prop_map(|text| json!(text)),
    ]
    .boxed();
    let texts = prop::collection::vec(text.clone(), 0..3);
    let pseudo = select(&["AWS::Region", "AWS::NoValue", "AWS::StackName"][..]);
    let references = prop_oneof![
        3 => id().prop_map(|id| json!({"Ref": id})),
        2 => parameter().prop_map(|name| json!({"Ref": name})),
        1 => pseudo.prop_map(|name| json!({"Ref": name})),
        2 => id().prop_map(|id| json!({"Fn::GetAtt": [id, "Other"]})),
        1 => id().prop_map(|id| json!({"Fn::GetAtt": format!("{id}.Arn")})),
        2 => id().prop_map(|id| json!({"Fn::Sub": format!("a${{{id}.Arn}}")})),
        1 => (id(), text.clone())
            .prop_map(|(id, value)| json!({"Fn::Sub": [format!("${{{id}}}-${{V}}"), {"V": value}]})),
        1 => parameter().prop_map(|name| json!({"Fn::Sub": format!("${{!a}}${{{name}}}")})),
    ];
    let functions = prop_oneof![
        (literal(), texts.clone())
            .prop_map(|(separator, texts)| json!({"Fn::Join": [separator, texts]})),
        (0..3_u8, texts.clone()).prop_map(|(index, texts)| json!({"Fn::Select": [index, texts]})),
        text.clone()
            .prop_map(|text| json!({"Fn::Split": ["a", text]})),
        (text.clone(), literal())
            .prop_map(|(first, second)| json!({"Fn::FindInMap": ["Map", first, second]})),
        text.clone().prop_map(
            |default| json!({"Fn::FindInMap": ["Map", "none", "a", {"DefaultValue": default}]})
        ),
        text.clone().prop_map(|text| json!({"Fn::Base64": text})),
        text.clone()
            .prop_map(|text| json!({"Fn::Cidr": [text, 2, 8]})),
        Just(json!({"Fn::GetAZs": {"Ref": "AWS::Region"}})),
        text.clone()
            .prop_map(|text| json!({"Fn::ImportValue": text})),
        literal().prop_map(
            |output| json!({"Fn::GetStackOutput": {"StackName": "other", "OutputName": output}})
        ),
        texts.clone().prop_map(|texts| json!({"Fn::Length": texts})),
        texts.prop_map(|texts| json!({"Fn::ToJsonString": {"a": texts}})),
        text.prop_map(
            |text| json!({"Fn::Transform": {"Name": "Macro", "Parameters": {"a": text}}})
        ),
    ];
    prop_oneof![2 => references, 1 => functions]
}

pub(crate) fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    const NAMES: [&str; 8] = [
        "Name", "Size", "Tags", "Net", "Subnets", "Document", "Key", "X",
    ];
    let value = prop_oneof![19 => value, 1 => Just(Value::Null)];
    prop::collection::vec((select(&NAMES[..]), value), 0..4).prop_map(entries)
}

fn entries<K: ToString>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
    let entries = entries.into_iter();
    Value::Object(
        entries
            .map(|(key, value)| (key.to_string(), value))
            .collect(),
    )
}

/// A resource with some of its attributes.
fn resource() -> impl Strategy<Value = Value> {
    let policy = || select(&["Retain", "Delete", "Snapshot", "RetainExceptOnCreate"][..]);
    let attributes = (
        prop::option::of(policy().prop_map(Value::from)),
        prop::option::weighted(0.2, policy().prop_map(Value::from)),
        prop::option::weighted(0.2, value()),
        prop::option::weighted(0.3, select(&CONDITIONS[..]).prop_map(Value::from)),
        prop::option::weighted(
            0.3,
            prop_oneof![
                select(&IDS[..]).prop_map(Value::from),
                prop::collection::vec(select(&IDS[..]), 1..3).prop_map(Value::from),
            ],
        ),
        prop::option::weighted(
            0.1,
            (0..3_u8).prop_map(|size| json!({"Rolling": {"Size": size}})),
        ),
        prop::option::weighted(
            0.1,
            (0..3_u8).prop_map(|count| json!({"Signal": {"Count": count}})),
        ),
    );
    let type_name = select(&["Test::Thing", "Test::Store", "Custom::X"][..]);
    (type_name, object(value()), attributes).prop_map(|(type_name, properties, attributes)| {
        let (deletion, replacement, metadata, condition, depends_on, update, creation) = attributes;
        let attributes = [
            ("DeletionPolicy", deletion),
            ("UpdateReplacePolicy", replacement),
            ("Metadata", metadata.filter(Value::is_object)),
            ("Condition", condition),
            ("DependsOn", depends_on),
            ("UpdatePolicy", update),
            ("CreationPolicy", creation),
        ];
        let mut resource = json!({"Type": type_name, "Properties": properties});
        for (name, value) in attributes {
            if let Some(value) = value {
                resource[name] = value;
            }
        }
        resource
    })
}

/// A template. The parameters, conditions and the mapping that values may name are always there; what they are differs.
pub(crate) fn template() -> impl Strategy<Value = Value> {
    let resources = prop::collection::btree_map(select(&IDS[..]), resource(), 1..6);
    (inputs(), resources.prop_map(entries), rest()).prop_map(|(inputs, resources, rest)| {
        let mut template = inputs;
        template.insert("Resources".to_owned(), resources);
        template.extend(rest);
        Value::Object(template)
    })
}

/// Parameters, mappings and conditions.
fn inputs() -> impl Strategy<Value = Map<String, Value>> {
    let literal = || select(&["a", "b", "0", "1"][..]);
    let further = prop::option::weighted(0.3, literal());
    let equal = (select(&PARAMETERS[..]), literal())
        .prop_map(|(name, text)| json!({"Fn::Equals": [{"Ref": name}, text]}))
        .boxed();
    let region = literal().prop_map(|text| json!({"Fn::Equals": [{"Ref": "AWS::Region"}, text]}));
    let both = (any::<bool>(), equal.clone()).prop_map(|(all, equal)| {
        let function = if all { "Fn::And" } else { "Fn::Or" };
        json!({function: [{"Condition": "Known"}, {"Fn::Not": [equal]}]})
    });
    let values = (literal(), literal(), literal(), further);
    (values, equal, region, both).prop_map(|(values, known, unknown, both)| {
        let (name, list, mapped, further) = values;
        let inputs = json!({
            "Parameters": {
                "Name0": {"Type": "String", "Default": name},
                "Size0": {"Type": "Number", "Default": 1},
                "List0": {"Type": "CommaDelimitedList", "Default": format!("a,{list}")},
                "Looked": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": list},
            },
            "Mappings": {"Map": {
                "a": {"a": mapped, "b": 1, "0": "x", "1": ["y", "z"]},
                "b": {"a": "c", "b": mapped, "0": 0, "1": true}
            }},
            "Conditions": {"Known": known, "Unknown": unknown, "Both": both},
        });
        let Value::Object(mut inputs) = inputs else {
            unreachable!("it is written as an object");
        };
        if let Some(text) = further {
            inputs["Parameters"]["Further"] = json!({"Type": "String", "Default": text});
            inputs["Mappings"]["Further"] = json!({"a": {"a": text}});
            inputs["Conditions"]["Further"] = json!({"Fn::Equals": [text, "a"]});
        }
        inputs
    })
}

/// Outputs, rules, metadata, the description and transforms.
fn rest() -> impl Strategy<Value = Map<String, Value>> {
    let literal = || select(&["a", "b", "0", "1"][..]);
    let output = (
        value(),
        prop::option::of(literal()),
        prop::option::weighted(0.3, select(&CONDITIONS[..])),
    );
    let output = output.prop_map(|(value, export, condition)| {
        let mut output = json!({"Value": value});
        if let Some(name) = export {
            output["Export"] = json!({"Name": name});
        }
        if let Some(condition) = condition {
            output["Condition"] = json!(condition);
        }
        output
    });
    let named = || prop::collection::btree_map(literal(), literal().prop_map(Value::from), 0..3);
    let transform = prop_oneof![
        literal().prop_map(Value::from),
        prop::collection::vec(literal(), 1..3).prop_map(Value::from),
    ];
    let sections = (
        prop::option::of(prop::collection::btree_map(literal(), output, 0..3).prop_map(entries)),
        prop::option::weighted(0.3, named().prop_map(entries)),
        prop::option::weighted(0.3, named().prop_map(entries)),
        prop::option::weighted(0.3, literal().prop_map(Value::from)),
        prop::option::weighted(0.2, transform),
    );
    sections.prop_map(|(outputs, rules, metadata, description, transform)| {
        let sections = [
            ("Outputs", outputs),
            ("Rules", rules),
            ("Metadata", metadata),
            ("Description", description),
            ("Transform", transform),
        ];
        let present = sections
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        present.collect()
    })
}
