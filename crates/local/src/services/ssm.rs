//! SSM: the parameter store.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::json::seconds;
use crate::{
    endpoint::Context,
    state::{Record, State, StoredParameter},
    wire::Refusal,
};

/// The answer to a call; none where there is no such operation.
pub(super) fn perform(
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Option<Value>, Refusal> {
    let answer = match operation {
        "GetParameter" => get(context, input),
        "GetParameters" => get_many(context, input),
        "DescribeParameters" => describe(context, input),
        "GetParametersByPath" => get_by_path(context, input),
        "PutParameter" => put(context, input),
        "DeleteParameter" => delete(context, input),
        _ => return Ok(None),
    };
    answer.map(Some)
}

/// A parameter of a region, stored by a call or made by a stack; both `/a/b` and an ARN name it, and `:3` behind the name
/// asks for a version.
pub(crate) fn find<'a>(
    state: &'a State,
    region: &str,
    name: &str,
) -> Result<Cow<'a, StoredParameter>, Refusal> {
    let missing = |code| Refusal::new(code, String::new());
    let name = match name.split_once(":parameter") {
        Some((arn, rest)) if arn.starts_with("arn:") => rest,
        _ => name,
    };
    let (name, version) = match name.split_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => (name, None),
    };
    let parameter = exact(state, region, name)
        // The ARN of a name without slashes has one in front of it all the same.
        .or_else(|| exact(state, region, name.strip_prefix('/')?))
        .ok_or_else(|| missing("ParameterNotFound"))?;
    match version {
        Some(version) if version.parse() != Ok(parameter.version) => Err(Refusal::new(
            "ParameterVersionNotFound",
            format!(
                "Systems Manager could not find version {version} of {name}. Verify the version and try again."
            ),
        )),
        _ => Ok(parameter),
    }
}

fn exact<'a>(state: &'a State, region: &str, name: &str) -> Option<Cow<'a, StoredParameter>> {
    let stored = state.parameters.get(&(region.to_owned(), name.to_owned()));
    stored.map(Cow::Borrowed).or_else(|| {
        made_by_stacks(state, region)
            .find(|parameter| parameter.name == name)
            .map(Cow::Owned)
    })
}

/// The parameters that stacks of a region declare as resources.
fn made_by_stacks<'a>(
    state: &'a State,
    region: &'a str,
) -> impl Iterator<Item = StoredParameter> + 'a {
    let entries = state.stacks.values();
    entries
        .filter(move |entry| entry.stack.region == region)
        .flat_map(|entry| entry.resources.values().map(move |one| (entry, one)))
        .filter(|(_, resource)| resource.resource_type == "AWS::SSM::Parameter")
        .filter_map(|(entry, resource)| {
            let live = resource.live.as_ref()?;
            let text = |property: &str| live.properties[property].as_str().map(str::to_owned);
            let updates = entry.events.iter().filter(|event| {
                event.logical_id == resource.logical_id
                    && event.physical_id == live.physical_id
                    && event.status == "UPDATE_COMPLETE"
            });
            Some(StoredParameter {
                region: entry.stack.region.clone(),
                name: live.physical_id.clone(),
                kind: text("Type")?,
                value: text("Value")?,
                version: 1 + updates.count() as u64,
                modified: resource.timestamp,
                data_type: text("DataType").unwrap_or_else(|| "text".to_owned()),
            })
        })
}

fn get(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let core = context.endpoint.core();
    let parameter = find(&core.state, &context.region, text(input, "Name")?)?;
    let plain = input["WithDecryption"].as_bool().unwrap_or_default();
    Ok(json!({"Parameter": shown(context, &parameter, plain)?}))
}

/// The parameters of these names that there are, and the names of those that there are not.
fn get_many(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let plain = input["WithDecryption"].as_bool().unwrap_or_default();
    let core = context.endpoint.core();
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for name in input["Names"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        match find(&core.state, &context.region, name) {
            Ok(parameter) => found.push(shown(context, &parameter, plain)?),
            Err(_) => invalid.push(name),
        }
    }
    Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
}

/// What is known of parameters but for their values.
fn describe(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let core = context.endpoint.core();
    let all = all(&core.state, &context.region);
    let mut matching = Vec::new();
    for parameter in &all {
        if filters_match(input, parameter)? {
            matching.push(parameter);
        }
    }
    let most = input["MaxResults"].as_u64().unwrap_or(10).clamp(1, 50) as usize;
    let after = input["NextToken"].as_str().unwrap_or_default();
    let mut rest = matching
        .into_iter()
        .filter(|parameter| parameter.name.as_str() > after)
        .peekable();
    let account = context.account();
    let page: Vec<&StoredParameter> = rest.by_ref().take(most).map(|one| &**one).collect();
    let parameters: Vec<Value> = page
        .iter()
        .map(|parameter| {
            json!({
                "Name": parameter.name,
                "ARN": arn(context, parameter),
                "Type": parameter.kind,
                "Version": parameter.version,
                "LastModifiedDate": seconds(parameter.modified),
                "LastModifiedUser": format!("arn:aws:iam::{account}:root"),
                "Tier": "Standard",
                "DataType": parameter.data_type,
            })
        })
        .collect();
    let mut answer = json!({"Parameters": parameters});
    if rest.peek().is_some() {
        answer["NextToken"] = json!(page.last().map(|parameter| &parameter.name));
    }
    Ok(answer)
}

/// Whether a parameter is one that the filters of a call ask for.
fn filters_match(input: &Value, parameter: &StoredParameter) -> Result<bool, Refusal> {
    for filter in input["ParameterFilters"].as_array().into_iter().flatten() {
        let values = filter["Values"].as_array().into_iter().flatten();
        let mut values = values.filter_map(Value::as_str);
        let option = filter["Option"].as_str();
        let matches = match (filter["Key"].as_str().unwrap_or_default(), option) {
            ("Name", None | Some("Equals")) => values.any(|value| parameter.name == value),
            ("Name", Some("BeginsWith")) => values.any(|value| parameter.name.starts_with(value)),
            ("Type", None | Some("Equals")) => values.any(|value| parameter.kind == value),
            ("Path", Some("Recursive")) => values.any(|path| below(path, parameter, true)),
            ("Path", None | Some("OneLevel")) => values.any(|path| below(path, parameter, false)),
            (key, _) => {
                return Err(Refusal::new(
                    "InvalidFilterKey",
                    format!("the local endpoint has no filter by {key} in this way"),
                ));
            }
        };
        if !matches {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a parameter's name is below a path.
fn below(path: &str, parameter: &StoredParameter, recursive: bool) -> bool {
    let prefix = format!("{}/", path.trim_end_matches('/'));
    let rest = parameter.name.strip_prefix(&prefix);
    rest.is_some_and(|rest| recursive || !rest.contains('/'))
}

/// Every parameter of a region, sorted by name.
fn all<'a>(state: &'a State, region: &'a str) -> Vec<Cow<'a, StoredParameter>> {
    let stored = state.parameters.values();
    let mut all: Vec<Cow<'_, StoredParameter>> = stored
        .filter(|parameter| parameter.region == region)
        .map(Cow::Borrowed)
        .chain(made_by_stacks(state, region).map(Cow::Owned))
        .collect();
    // One that was overwritten by a call stands before the one of its stack.
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all.dedup_by(|one, other| one.name == other.name);
    all
}

fn get_by_path(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let path = text(input, "Path")?;
    let recursive = input["Recursive"].as_bool().unwrap_or_default();
    let plain = input["WithDecryption"].as_bool().unwrap_or_default();
    let most = input["MaxResults"].as_u64().unwrap_or(10).clamp(1, 10) as usize;
    let after = input["NextToken"].as_str().unwrap_or_default();
    let core = context.endpoint.core();
    let all = all(&core.state, &context.region);
    let mut found = all
        .iter()
        .filter(|parameter| below(path, parameter, recursive))
        .filter(|parameter| parameter.name.as_str() > after)
        .peekable();
    let mut page = Vec::new();
    let mut last = None;
    while page.len() < most
        && let Some(parameter) = found.next()
    {
        page.push(shown(context, parameter, plain)?);
        last = Some(parameter.name.clone());
    }
    let mut answer = json!({"Parameters": page});
    if found.peek().is_some() {
        answer["NextToken"] = json!(last);
    }
    Ok(answer)
}

fn put(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let name = text(input, "Name")?;
    let value = text(input, "Value")?;
    let mut core = context.endpoint.core();
    let existing = exact(&core.state, &context.region, name);
    if existing.is_some() && !input["Overwrite"].as_bool().unwrap_or_default() {
        return Err(Refusal::new(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ));
    }
    let kind = match (input["Type"].as_str(), &existing) {
        (Some(kind @ ("String" | "StringList" | "SecureString")), _) => kind.to_owned(),
        (Some(kind), _) => {
            return Err(Refusal::new(
                "ValidationException",
                format!(
                    "1 validation error detected: Value '{kind}' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]"
                ),
            ));
        }
        (None, Some(existing)) => existing.kind.clone(),
        (None, None) => {
            return Err(Refusal::new(
                "ValidationException",
                "A parameter type is required when you create a parameter.",
            ));
        }
    };
    let tier = input["Tier"].as_str().unwrap_or("Standard");
    if value.len() > 4096 && tier == "Standard" {
        return Err(Refusal::new(
            "ValidationException",
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
        ));
    }
    let version = existing.as_ref().map_or(1, |existing| existing.version + 1);
    // What is secret enters the state encrypted.
    let value = if kind == "SecureString" {
        let sealed = context.endpoint.vault.seal(name, value);
        sealed.map_err(|error| unusable(&error))?
    } else {
        value.to_owned()
    };
    let parameter = StoredParameter {
        region: context.region.clone(),
        name: name.to_owned(),
        kind,
        value,
        version,
        modified: context.now,
        data_type: input["DataType"].as_str().unwrap_or("text").to_owned(),
    };
    core.commit(vec![Record::Parameter(Box::new(parameter))])?;
    core.sync(context.now)?;
    Ok(json!({"Version": version, "Tier": tier}))
}

fn delete(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let mut core = context.endpoint.core();
    let name = find(&core.state, &context.region, text(input, "Name")?)?
        .name
        .clone();
    let key = (context.region.clone(), name.clone());
    if !core.state.parameters.contains_key(&key) {
        return Err(Refusal::new(
            "InternalServerError",
            format!("the local endpoint deletes {name} only with the stack that declares it"),
        ));
    }
    core.commit(vec![Record::ParameterGone(context.region.clone(), name)])?;
    core.sync(context.now)?;
    Ok(json!({}))
}

fn shown(
    context: &Context<'_>,
    parameter: &StoredParameter,
    plain: bool,
) -> Result<Value, Refusal> {
    let value = if parameter.kind == "SecureString" && plain {
        let opened = context
            .endpoint
            .vault
            .open(&parameter.name, &parameter.value);
        opened.map_err(|error| unusable(&error))?
    } else {
        // Without decryption AWS gives the ciphertext too.
        parameter.value.clone()
    };
    Ok(json!({
        "Name": parameter.name,
        "Type": parameter.kind,
        "Value": value,
        "Version": parameter.version,
        "LastModifiedDate": seconds(parameter.modified),
        "ARN": arn(context, parameter),
        "DataType": parameter.data_type,
    }))
}

fn arn(context: &Context<'_>, parameter: &StoredParameter) -> String {
    let slash = if parameter.name.starts_with('/') {
        ""
    } else {
        "/"
    };
    format!(
        "arn:aws:ssm:{}:{}:parameter{slash}{}",
        parameter.region,
        context.account(),
        parameter.name
    )
}

/// Why a secret cannot be kept or read.
fn unusable(error: &std::io::Error) -> Refusal {
    Refusal::internal(format!("The local endpoint's key cannot be used: {error}"))
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    input[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
        Refusal::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                name.to_lowercase()
            ),
        )
    })
}
