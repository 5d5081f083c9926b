//! What a call asks for, in IAM's terms.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html>

use std::borrow::Cow;

use serde_json::Value;

use super::Asked;
use crate::{
    endpoint::Context,
    router::{Call, Wanted, service},
    services::{deployed, iam, json::JsonService, s3, settings::SETTINGS},
    state::State,
    wire::Form,
};

/// Who acts in the role that a call hands over.
const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";

/// Operations of which a policy cannot say on what.
const ON_NOTHING: [&str; 5] = [
    "DescribeAccountLimits",
    "DescribeStackDriftDetectionStatus",
    "ListExports",
    "ListImports",
    "ListStacks",
];

/// All that a call needs to be allowed.
pub(super) fn of(
    context: &Context<'_>,
    state: &State,
    call: &Call,
    wanted: &Wanted,
) -> Vec<Asked<'static>> {
    match wanted {
        Wanted::Json(service, operation) => {
            let input = serde_json::from_slice(&call.body).unwrap_or_default();
            described(context, *service, operation, &input)
        }
        Wanted::S3(operation) => objects(state, operation, call),
        Wanted::Query(form) => {
            let action = form.get("Action").unwrap_or_default();
            match (service(form), action) {
                // It tells the caller only what the caller is.
                ("sts", "GetCallerIdentity" | "AssumeRoleWithWebIdentity") => Vec::new(),
                ("sts", _) => vec![asked("sts", action, or_all(form.get("RoleArn")))],
                ("iam", _) => vec![asked("iam", action, identity(context, state, form))],
                _ => stacks(context, state, action, form),
            }
        }
    }
}

/// What conditions see of every call. There is one account here.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub(super) fn everywhere(context: &Context<'_>) -> Vec<(String, String)> {
    let account = context.account();
    let keys = [
        ("aws:PrincipalAccount", account),
        ("aws:ResourceAccount", account),
        ("aws:RequestedRegion", &context.region),
        ("s3:ResourceAccount", account),
    ];
    keys.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn asked(service: &str, operation: &str, resource: impl Into<Cow<'static, str>>) -> Asked<'static> {
    Asked {
        action: format!("{service}:{operation}"),
        resource: resource.into(),
        keys: Vec::new(),
    }
}

fn or_all(resource: Option<&str>) -> String {
    resource.unwrap_or("*").to_owned()
}

/// What a call of CloudFormation needs: the action on each of its stacks, and to hand over the role it names.
fn stacks(context: &Context<'_>, state: &State, action: &str, form: &Form) -> Vec<Asked<'static>> {
    let arn = |stack: &str| arn_of(context, state, stack);
    let named = |fields: Option<Vec<Form>>| -> Vec<String> {
        let fields = fields.unwrap_or_default();
        fields
            .iter()
            .filter_map(|field| field.get("StackName"))
            .map(arn)
            .collect()
    };
    let of_refactor = || {
        let refactor = state.refactors.get(form.get("StackRefactorId")?)?;
        let stacks = refactor.stacks.iter();
        Some(stacks.map(|stack| arn(&stack.name)).collect::<Vec<_>>())
    };
    let stack = form.filled("StackName");
    let change_set = form.filled("ChangeSetName");
    let resources = match action {
        _ if ON_NOTHING.contains(&action) => vec!["*".to_owned()],
        "CreateStackRefactor" => named(form.structures("StackDefinitions")),
        "ExecuteStackRefactor" => of_refactor().unwrap_or_else(|| vec!["*".to_owned()]),
        _ => match stack.map(arn).or_else(|| of_change_set(state, change_set?)) {
            Some(arn) => vec![arn],
            None => vec!["*".to_owned()],
        },
    };
    let all = resources.into_iter();
    let mut all: Vec<Asked<'static>> = all
        .map(|resource| asked("cloudformation", action, resource))
        .collect();
    if let Some(role) = form.filled("RoleARN") {
        let mut pass = asked("iam", "PassRole", role.to_owned());
        let to = ("iam:PassedToService".to_owned(), CLOUDFORMATION.to_owned());
        pass.keys.push(to);
        all.push(pass);
    }
    if let (Some(tagged), Some(_)) = (all.first(), form.structures("Tags")) {
        let resource = tagged.resource.clone();
        all.push(asked("cloudformation", "TagResource", resource));
    }
    all
}

/// The ARN of a stack by its name or ARN, whether there is one or not.
fn arn_of(context: &Context<'_>, state: &State, stack: &str) -> String {
    if stack.starts_with("arn:") {
        return stack.to_owned();
    }
    match state.named(&context.region, stack) {
        Some(entry) => entry.stack.arn.clone(),
        None => format!(
            "arn:aws:cloudformation:{}:{}:stack/{stack}/new",
            context.region,
            context.account()
        ),
    }
}

/// The ARN of the stack that a change set is of.
fn of_change_set(state: &State, arn: &str) -> Option<String> {
    let mut entries = state.stacks.values();
    let entry = entries.find(|entry| entry.change_sets.iter().any(|one| one.arn == arn))?;
    Some(entry.stack.arn.clone())
}

/// The ARN of the role, policy or provider that a call of IAM is about.
fn identity(context: &Context<'_>, state: &State, form: &Form) -> String {
    let Some(name) = form.get("RoleName") else {
        let arn = form.get("PolicyArn");
        return or_all(arn.or_else(|| form.get("OpenIDConnectProviderArn")));
    };
    let found = deployed::find(state, iam::ROLE, name);
    match found.and_then(|role| role.attribute("Arn")) {
        Some(arn) => arn.to_owned(),
        None => format!("arn:aws:iam::{}:role/{name}", context.account()),
    }
}

/// What a call of a service that speaks JSON needs.
fn described(
    context: &Context<'_>,
    service: JsonService,
    operation: &str,
    input: &Value,
) -> Vec<Asked<'static>> {
    let (region, account) = (context.region.as_str(), context.account());
    let text = |name: &str| input[name].as_str();
    match service {
        JsonService::CloudControl => vec![asked(service.prefix(), operation, "*")],
        JsonService::Ssm => parameters(context, operation, input),
        JsonService::Cognito => {
            let pool = text("UserPoolId");
            let arn =
                pool.map(|id| format!("arn:aws:cognito-idp:{region}:{account}:userpool/{id}"));
            vec![asked(service.prefix(), operation, or_all(arn.as_deref()))]
        }
        JsonService::Budgets => {
            let name = text("BudgetName").unwrap_or("*");
            let arn = format!("arn:aws:budgets::{account}:budget/{name}");
            vec![asked(service.prefix(), "ViewBudget", arn)]
        }
    }
}

/// What a call of the parameter store needs.
fn parameters(context: &Context<'_>, operation: &str, input: &Value) -> Vec<Asked<'static>> {
    let many = input["Names"].as_array().into_iter().flatten();
    let names = [&input["Name"], &input["Path"]].into_iter().chain(many);
    let names: Vec<&str> = names.filter_map(Value::as_str).collect();
    if operation == "DescribeParameters" || names.is_empty() {
        return vec![asked("ssm", operation, "*")];
    }
    let arn = |name: &str| {
        format!(
            "arn:aws:ssm:{}:{}:parameter/{}",
            context.region,
            context.account(),
            name.trim_start_matches('/')
        )
    };
    let names = names.into_iter();
    names
        .map(|name| asked("ssm", operation, arn(name)))
        .collect()
}

/// What a call of S3 needs. Only who may list a bucket is told that an object is not there.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
fn objects(state: &State, operation: &str, call: &Call) -> Vec<Asked<'static>> {
    let s3::Target { bucket, key, query } = s3::Target::of(call);
    if bucket.is_empty() {
        return vec![asked("s3", "ListAllMyBuckets", "*")];
    }
    let arn = format!("arn:aws:s3:::{bucket}");
    let list = || asked("s3", "ListBucket", arn.clone());
    if key.is_empty() {
        let mut one = match operation {
            "ListObjects" | "ListObjectsV2" | "HeadBucket" => list(),
            _ => {
                let mut settings = SETTINGS.iter();
                let setting = settings.find(|setting| setting.operation == operation);
                asked(
                    "s3",
                    setting.map_or(operation, |setting| setting.action),
                    arn,
                )
            }
        };
        if let Some(prefix) = query.get("prefix") {
            one.keys.push(("s3:prefix".to_owned(), prefix.to_owned()));
        }
        return vec![one];
    }
    let object = format!("{arn}/{key}");
    match operation {
        "GetObject" | "HeadObject" => {
            let is_there = state.objects.contains_key(&(bucket, key));
            let mut all = vec![asked("s3", "GetObject", object)];
            if !is_there {
                all.push(list());
            }
            all
        }
        _ => vec![asked("s3", operation, object)],
    }
}
