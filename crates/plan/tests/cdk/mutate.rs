//! Mutants of a template: each has one thing done to it, of the many that people do to templates.

use schema::{Kind, Shape};
use serde_json::{Map, Value, json};

/// Does one thing to a template, at a place picked at random; whether there was anything to do it to.
type Mutation = fn(&mut Value, &mut Random) -> bool;

const RETAINED: &str = "retained resource removed";
const RETAINED_EXCEPT_ON_CREATE: &str = "resource removed that is retained except on create";

/// The mutations by name. Those that often come to something else elsewhere are there more than once.
const MUTATIONS: [(&str, Mutation); 44] = [
    ("property edit", property_edit),
    ("property edit, again", property_edit),
    ("property edit, a third time", property_edit),
    ("create-only property edit", create_only_edit),
    ("create-only property edit, again", create_only_edit),
    ("two property edits", two_edits),
    ("property added", property_added),
    ("property added, again", property_added),
    ("property added, a third time", property_added),
    ("property removed", property_removed),
    ("nested member removed", member_removed),
    ("list element removed", element_removed),
    ("list element repeated", element_repeated),
    ("list in another order", list_reversed),
    ("list in another order, again", list_reversed),
    ("keys in another order", keys_reversed),
    ("number as text", number_as_text),
    ("flag as text", flag_as_text),
    ("text as number", text_as_number),
    ("number with a fraction as text", fraction_as_text),
    ("policy statements in another order", statements_reversed),
    ("policy actions in another order", actions_reversed),
    ("lone policy value as list", lone_as_list),
    ("policy action in another case", action_in_upper_case),
    ("policy action added", action_added),
    ("resource removed", resource_removed),
    (RETAINED, |template, random| {
        resource_removed_under("Retain", template, random)
    }),
    (RETAINED_EXCEPT_ON_CREATE, |template, random| {
        resource_removed_under("RetainExceptOnCreate", template, random)
    }),
    ("resource added", resource_added),
    ("resource renamed", resource_renamed),
    ("resource of another type", type_changed),
    ("deletion policy", |template, random| {
        attribute(template, random, "DeletionPolicy", &json!("Retain"))
    }),
    ("update-replace policy", |template, random| {
        attribute(template, random, "UpdateReplacePolicy", &json!("Snapshot"))
    }),
    ("metadata", |template, random| {
        attribute(template, random, "Metadata", &json!({"Reviewed": "yes"}))
    }),
    ("dependency added", dependency_added),
    ("dependency as list", dependency_as_list),
    ("condition added", condition_added),
    ("parameter default", parameter_default),
    ("mapping value", mapping_value),
    ("condition negated", condition_negated),
    ("output edit", output_edit),
    ("output removed", output_removed),
    ("reference as substitution", reference_as_substitution),
    ("attribute in its short form", attribute_as_text),
];

/// A template before and after one thing was done to it.
pub(super) struct Mutant {
    pub(super) mutation: &'static str,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// What each mutation makes of a template, where it can do anything. The seed decides about the places.
pub(super) fn mutants(template: &Value, seed: u64) -> Vec<Mutant> {
    let mut random = Random(seed);
    let mut mutants = Vec::new();
    for (mutation, mutate) in MUTATIONS {
        let mut before = template.clone();
        prepare(mutation, &mut before, &mut random);
        let mut after = before.clone();
        if mutate(&mut after, &mut random) {
            mutants.push(Mutant {
                mutation,
                before,
                after,
            });
        }
    }
    mutants
}

/// Gives a resource the deletion policy that a mutation is about.
fn prepare(mutation: &str, before: &mut Value, random: &mut Random) {
    let policy = match mutation {
        RETAINED => "Retain",
        RETAINED_EXCEPT_ON_CREATE => "RetainExceptOnCreate",
        _ => return,
    };
    attribute(before, random, "DeletionPolicy", &json!(policy));
}

/// The names of all mutations.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    MUTATIONS.iter().map(|(name, _)| *name)
}

/// A sequence of numbers that is the same each time: [SplitMix64](https://doi.org/10.1145/2714064.2660195).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let end = u64::try_from(end).expect("a length fits");
        usize::try_from(mixed % end).expect("it is below a length")
    }

    fn pick<T>(&mut self, mut items: Vec<T>) -> Option<T> {
        (!items.is_empty()).then(|| items.swap_remove(self.below(items.len())))
    }
}

/// The logical ids of resources.
fn ids(template: &Value) -> Vec<String> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources
        .filter(|(_, resource)| resource["Type"].is_string())
        .map(|(id, _)| id.clone())
        .collect()
}

fn resources(template: &mut Value) -> Option<&mut Map<String, Value>> {
    template["Resources"].as_object_mut()
}

/// JSON pointers to all that is wanted within the properties of resources.
fn within_properties(template: &Value, wanted: impl Fn(&str, &Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for id in ids(template) {
        let place = format!("/Resources/{}/Properties", escaped(&id));
        if let Some(properties) = template.pointer(&place) {
            pointers(properties, &place, "", &wanted, &mut found);
        }
    }
    found
}

fn pointers(
    value: &Value,
    place: &str,
    key: &str,
    wanted: &impl Fn(&str, &Value) -> bool,
    found: &mut Vec<String>,
) {
    if wanted(key, value) {
        found.push(place.to_owned());
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{place}/{index}"), key, wanted, found);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                let within = format!("{place}/{}", escaped(key));
                pointers(value, &within, key, wanted, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Does something to one of the places within properties that are wanted.
fn somewhere(
    template: &mut Value,
    random: &mut Random,
    wanted: impl Fn(&str, &Value) -> bool,
    change: impl FnOnce(&mut Value),
) -> bool {
    let place = random.pick(within_properties(template, wanted));
    let value = place.and_then(|place| template.pointer_mut(&place));
    value.map(change).is_some()
}

fn is_expression(value: &Value) -> bool {
    value.as_object().is_some_and(|entries| {
        let mut names = entries.keys();
        entries.len() == 1 && names.any(|name| name == "Ref" || name.starts_with("Fn::"))
    })
}

/// Another value of the same type.
fn another(value: &mut Value) {
    *value = match &*value {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => json!(number + 1),
            None => json!(7),
        },
        Value::String(text) => json!(format!("{text}x")),
        other => other.clone(),
    };
}

/// The keys that name what an expression refers to, so that what stands there is no value of its own.
fn names_something(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::") || key == "Condition"
}

fn property_edit(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| {
        !names_something(key) && !value.is_array() && !value.is_object() && !value.is_null()
    };
    somewhere(template, random, wanted, another)
}

fn two_edits(template: &mut Value, random: &mut Random) -> bool {
    create_only_edit(template, random) && property_edit(template, random)
}

fn create_only_edit(template: &mut Value, random: &mut Random) -> bool {
    let mut places = Vec::new();
    for id in ids(template) {
        let resource = &template["Resources"][&id];
        let facts = schema::resource_type(resource["Type"].as_str().unwrap_or_default());
        for path in facts.into_iter().flat_map(|facts| &facts.create_only) {
            let pointer = format!("/{}", path.segments().join("/"));
            let value = resource["Properties"].pointer(&pointer);
            if value.is_some_and(|value| !value.is_array() && !value.is_object()) {
                places.push(format!("/Resources/{}/Properties{pointer}", escaped(&id)));
            }
        }
    }
    let place = random.pick(places);
    let value = place.and_then(|place| template.pointer_mut(&place));
    value.map(another).is_some()
}

/// Gives a resource a property that its type has and it has not.
fn property_added(template: &mut Value, random: &mut Random) -> bool {
    let mut places = Vec::new();
    for id in ids(template) {
        let resource = &template["Resources"][&id];
        let Some(facts) = schema::resource_type(resource["Type"].as_str().unwrap_or_default())
        else {
            continue;
        };
        for (name, shape) in &facts.shape.properties {
            if resource["Properties"].get(name).is_none()
                && !facts.is_read_only(&[name.as_str()])
                && let Some(value) = sample(shape)
            {
                places.push((id.clone(), name.clone(), value));
            }
        }
    }
    let Some((id, name, value)) = random.pick(places) else {
        return false;
    };
    let resource = &mut template["Resources"][&id];
    if !resource["Properties"].is_object() {
        resource["Properties"] = json!({});
    }
    resource["Properties"][name] = value;
    true
}

/// A value of a shape, as far as it is one of a single kind.
fn sample(shape: &Shape) -> Option<Value> {
    if let Some(first) = shape.allowed.first() {
        return Some(first.clone());
    }
    let samples = [
        (Kind::String, json!("sample")),
        (Kind::Boolean, json!(true)),
        (Kind::Integer, json!(3)),
        (Kind::Number, json!(3)),
        (Kind::Array, json!(["sample"])),
    ];
    let found = samples
        .into_iter()
        .find(|(kind, _)| shape.kinds.is_only(*kind));
    found.map(|(_, value)| value)
}

fn property_removed(template: &mut Value, random: &mut Random) -> bool {
    let mut places = Vec::new();
    for id in ids(template) {
        let properties = template["Resources"][&id]["Properties"].as_object();
        let properties = properties.into_iter().flat_map(Map::keys);
        places.extend(properties.map(|name| (id.clone(), name.clone())));
    }
    let Some((id, name)) = random.pick(places) else {
        return false;
    };
    let properties = template["Resources"][&id]["Properties"].as_object_mut();
    properties.is_some_and(|properties| properties.shift_remove(&name).is_some())
}

fn member_removed(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| {
        !key.is_empty()
            && !is_expression(value)
            && value.as_object().is_some_and(|all| all.len() > 1)
    };
    somewhere(template, random, wanted, |value| {
        let entries = value.as_object_mut().expect("only objects are wanted");
        let last = entries.keys().next_back().cloned();
        entries.shift_remove(&last.expect("it has two members"));
    })
}

fn a_list(least: usize) -> impl Fn(&str, &Value) -> bool {
    move |key: &str, value: &Value| {
        !names_something(key) && value.as_array().is_some_and(|items| items.len() >= least)
    }
}

fn list(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().expect("only lists are wanted")
}

fn element_removed(template: &mut Value, random: &mut Random) -> bool {
    somewhere(template, random, a_list(2), |value| {
        list(value).remove(0);
    })
}

fn element_repeated(template: &mut Value, random: &mut Random) -> bool {
    somewhere(template, random, a_list(1), |value| {
        let first = list(value)[0].clone();
        list(value).push(first);
    })
}

fn list_reversed(template: &mut Value, random: &mut Random) -> bool {
    let is_list = a_list(2);
    let wanted = |key: &str, value: &Value| {
        is_list(key, value)
            && value
                .as_array()
                .is_some_and(|items| items.first() != items.last())
    };
    somewhere(template, random, wanted, |value| list(value).reverse())
}

fn keys_reversed(template: &mut Value, _: &mut Random) -> bool {
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(reversed).collect(),
            Value::Object(entries) => {
                let entries = entries.iter().rev();
                Value::Object(
                    entries
                        .map(|(key, value)| (key.clone(), reversed(value)))
                        .collect(),
                )
            }
            scalar => scalar.clone(),
        }
    }
    *template = reversed(template);
    true
}

fn number_as_text(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| !names_something(key) && value.is_i64();
    somewhere(template, random, wanted, |value| {
        *value = json!(value.to_string());
    })
}

fn fraction_as_text(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| !names_something(key) && value.is_i64();
    somewhere(template, random, wanted, |value| {
        *value = json!(format!("{value}.0"));
    })
}

fn flag_as_text(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |_: &str, value: &Value| value.is_boolean();
    somewhere(template, random, wanted, |value| {
        *value = json!(value.to_string());
    })
}

fn text_as_number(template: &mut Value, random: &mut Random) -> bool {
    fn number(value: &Value) -> Option<i64> {
        let text = value.as_str()?;
        text.parse()
            .ok()
            .filter(|number: &i64| number.to_string() == text)
    }
    let wanted = |key: &str, value: &Value| !names_something(key) && number(value).is_some();
    somewhere(template, random, wanted, |value| {
        *value = json!(number(value).expect("only numbers are wanted"));
    })
}

fn statements_reversed(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| {
        key == "Statement" && value.as_array().is_some_and(|items| items.len() > 1)
    };
    somewhere(template, random, wanted, |value| list(value).reverse())
}

fn actions_reversed(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| {
        key == "Action" && value.as_array().is_some_and(|items| items.len() > 1)
    };
    somewhere(template, random, wanted, |value| list(value).reverse())
}

fn is_in_policy(key: &str) -> bool {
    matches!(key, "Action" | "Resource" | "Service" | "AWS")
}

fn lone_as_list(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| {
        // What stands in a list has the list's key.
        is_in_policy(key) && value.is_string()
    };
    let places = within_properties(template, wanted).into_iter();
    let lone = places.filter(|place| !place.ends_with(|letter: char| letter.is_ascii_digit()));
    let in_policy = lone.filter(|place| place.contains("/Statement")).collect();
    let place = random.pick(in_policy);
    let value = place.and_then(|place| template.pointer_mut(&place));
    value.map(|value| *value = json!([value.clone()])).is_some()
}

fn action_in_upper_case(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| {
        key == "Action" && value.as_str().is_some_and(|text| text.contains(':'))
    };
    somewhere(template, random, wanted, |value| {
        *value = json!(value.as_str().unwrap_or_default().to_ascii_uppercase());
    })
}

fn action_added(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |key: &str, value: &Value| key == "Action" && value.is_array();
    somewhere(template, random, wanted, |value| {
        list(value).push(json!("sns:Publish"));
    })
}

fn resource_removed(template: &mut Value, random: &mut Random) -> bool {
    let id = random.pick(ids(template));
    let resources = resources(template);
    id.zip(resources)
        .is_some_and(|(id, all)| all.shift_remove(&id).is_some())
}

/// Removes a resource that stands under a policy.
fn resource_removed_under(policy: &str, template: &mut Value, random: &mut Random) -> bool {
    let protected = ids(template)
        .into_iter()
        .filter(|id| template["Resources"][id]["DeletionPolicy"] == policy)
        .collect();
    let id = random.pick(protected);
    let resources = resources(template);
    id.zip(resources)
        .is_some_and(|(id, all)| all.shift_remove(&id).is_some())
}

fn resource_added(template: &mut Value, random: &mut Random) -> bool {
    let Some(id) = random.pick(ids(template)) else {
        return false;
    };
    let copy = template["Resources"][&id].clone();
    template["Resources"][format!("{id}Again")] = copy;
    true
}

fn resource_renamed(template: &mut Value, random: &mut Random) -> bool {
    let Some(id) = random.pick(ids(template)) else {
        return false;
    };
    let renamed = format!("{id}Renamed");
    let Some(all) = resources(template) else {
        return false;
    };
    *all = std::mem::take(all)
        .into_iter()
        .map(|(key, value)| (if key == id { renamed.clone() } else { key }, value))
        .collect();
    true
}

fn type_changed(template: &mut Value, random: &mut Random) -> bool {
    let Some(id) = random.pick(ids(template)) else {
        return false;
    };
    template["Resources"][&id]["Type"] = json!("AWS::SNS::Topic");
    true
}

fn attribute(template: &mut Value, random: &mut Random, name: &str, value: &Value) -> bool {
    let Some(id) = random.pick(ids(template)) else {
        return false;
    };
    template["Resources"][&id][name] = value.clone();
    true
}

fn dependency_added(template: &mut Value, random: &mut Random) -> bool {
    let (one, other) = (random.pick(ids(template)), random.pick(ids(template)));
    match (one, other) {
        (Some(one), Some(other)) if one != other => {
            template["Resources"][&one]["DependsOn"] = json!(other);
            true
        }
        _ => false,
    }
}

fn dependency_as_list(template: &mut Value, random: &mut Random) -> bool {
    let lone = ids(template)
        .into_iter()
        .filter(|id| template["Resources"][id]["DependsOn"].is_string())
        .collect();
    let Some(id) = random.pick(lone) else {
        return false;
    };
    let value = &mut template["Resources"][&id]["DependsOn"];
    *value = json!([value.clone()]);
    true
}

fn condition_added(template: &mut Value, random: &mut Random) -> bool {
    let conditions = template["Conditions"].as_object().into_iter();
    let names = conditions.flat_map(Map::keys).cloned().collect();
    let (Some(name), Some(id)) = (random.pick(names), random.pick(ids(template))) else {
        return false;
    };
    template["Resources"][&id]["Condition"] = json!(name);
    true
}

fn parameter_default(template: &mut Value, random: &mut Random) -> bool {
    let parameters = template["Parameters"].as_object().into_iter().flatten();
    let with_default = parameters
        .filter(|(_, declaration)| declaration.get("Default").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    let Some(name) = random.pick(with_default) else {
        return false;
    };
    another(&mut template["Parameters"][name]["Default"]);
    true
}

/// Does something to a scalar somewhere in a section.
fn in_section(template: &mut Value, random: &mut Random, section: &str, wanted: &str) -> bool {
    let mut found = Vec::new();
    let place = format!("/{section}");
    let is_wanted = |key: &str, value: &Value| {
        (wanted.is_empty() || key == wanted) && (value.is_string() || value.is_number())
    };
    if let Some(value) = template.get(section) {
        pointers(value, &place, "", &is_wanted, &mut found);
    }
    let place = random.pick(found);
    let value = place.and_then(|place| template.pointer_mut(&place));
    value.map(another).is_some()
}

fn mapping_value(template: &mut Value, random: &mut Random) -> bool {
    in_section(template, random, "Mappings", "")
}

fn condition_negated(template: &mut Value, random: &mut Random) -> bool {
    let conditions = template["Conditions"].as_object().into_iter();
    let names = conditions.flat_map(Map::keys).cloned().collect();
    let Some(name) = random.pick(names) else {
        return false;
    };
    let condition = &mut template["Conditions"][name];
    *condition = json!({"Fn::Not": [condition.clone()]});
    true
}

fn output_edit(template: &mut Value, random: &mut Random) -> bool {
    in_section(template, random, "Outputs", "Value")
        || in_section(template, random, "Outputs", "Description")
}

fn output_removed(template: &mut Value, random: &mut Random) -> bool {
    let outputs = template["Outputs"].as_object().into_iter();
    let names: Vec<String> = outputs.flat_map(Map::keys).cloned().collect();
    let (Some(name), Some(outputs)) = (random.pick(names), template["Outputs"].as_object_mut())
    else {
        return false;
    };
    outputs.shift_remove(&name).is_some()
}

fn reference_as_substitution(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |_: &str, value: &Value| {
        is_expression(value)
            && value["Ref"]
                .as_str()
                .is_some_and(|name| name != "AWS::NoValue")
    };
    somewhere(template, random, wanted, |value| {
        let name = value["Ref"].as_str().unwrap_or_default();
        *value = json!({"Fn::Sub": format!("${{{name}}}")});
    })
}

fn attribute_as_text(template: &mut Value, random: &mut Random) -> bool {
    let wanted = |_: &str, value: &Value| {
        let argument = value.get("Fn::GetAtt").and_then(Value::as_array);
        argument.is_some_and(|items| items.iter().all(Value::is_string))
    };
    somewhere(template, random, wanted, |value| {
        let items = value["Fn::GetAtt"].as_array().into_iter().flatten();
        let names: Vec<&str> = items.filter_map(Value::as_str).collect();
        *value = json!({"Fn::GetAtt": names.join(".")});
    })
}
