//! Who may do what: principals that do not exist, and access that is wider than anyone means.

use serde_json::Value;

use super::{
    statements::{self, Purpose, Statement},
    subject::{Found, Subject},
};
use crate::{finding::shown, rules};

/// Actions that let an identity give itself more than it has, where they may be done on everything.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
const ESCALATING: &[&str] = &[
    "iam:*",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createpolicyversion",
    "iam:passrole",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "sts:assumerole",
];

pub(super) fn check(subject: &mut Subject<'_, '_>) {
    for statement in statements::of(subject) {
        principals(&statement, subject);
        if statement.allows() {
            allowed(&statement, subject);
        }
    }
    match subject.type_name {
        "AWS::Lambda::Permission" => invoked(subject),
        "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" | "AWS::SSO::PermissionSet" => {
            everything(subject);
        }
        _ => {}
    }
}

/// Principals that IAM would refuse, or that mean nobody.
fn principals(statement: &Statement<'_>, subject: &mut Subject<'_, '_>) {
    for (way, principal) in statement.principals("AWS") {
        if let Some(problem) = principal.as_str().and_then(wrong_principal) {
            tell(&rules::PRINCIPAL, statement, &way, problem, subject);
        }
        // An account id without quotes loses its leading zeros.
        if let Value::Number(number) = principal {
            let problem = format!("`{number}` is a number; write an account id in quotes");
            tell(&rules::PRINCIPAL, statement, &way, problem, subject);
        }
    }
    for (way, service) in statement.principals("Service") {
        if let Some(problem) = service.as_str().and_then(wrong_service) {
            tell(&rules::PRINCIPAL, statement, &way, problem, subject);
        }
    }
    if let Found::Known(Value::Object(kinds)) = statement.get("Principal") {
        for kind in kinds.keys() {
            const KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];
            if !KINDS.contains(&kind.as_str()) && !kind.starts_with("Fn::") {
                let problem = format!(
                    "there is no kind of principal `{kind}`{}",
                    subject.suggestion(kind, KINDS)
                );
                tell(
                    &rules::PRINCIPAL,
                    statement,
                    &["Principal".to_owned()],
                    problem,
                    subject,
                );
            }
        }
    }
}

/// What is wrong with a principal of AWS; nothing where a function or variable may still complete it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn wrong_principal(text: &str) -> Option<String> {
    if text == "*" || text.contains("${") || text.contains("{{resolve:") || is_account(text) {
        return None;
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!(
            "`{text}` is not an account id, which has 12 digits"
        ));
    }
    // A unique id stands for a user or role that was deleted and made anew.
    let is_unique_id = text.len() >= 16 && (text.starts_with("AIDA") || text.starts_with("AROA"));
    if is_unique_id {
        return None;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts[..] else {
        return Some(format!(
            "`{}` is neither an account id nor an ARN nor `*`",
            shown(&Value::from(text))
        ));
    };
    let known_partition = partition.starts_with("aws");
    let right_service = match service {
        "iam" => {
            ["root", "user/", "role/"]
                .iter()
                .any(|kind| resource.starts_with(kind))
                || resource == "*"
        }
        "sts" => resource.starts_with("assumed-role/") || resource.starts_with("federated-user/"),
        // CloudFront's origin access identities are users of IAM.
        _ => false,
    };
    let right_account = is_account(account) || (service == "iam" && account == "cloudfront");
    if known_partition && right_service && right_account && region.is_empty() {
        if resource.contains('*') && resource != "*" {
            return Some(format!(
                "`{text}` has a wildcard, which principals cannot have; use the condition `aws:PrincipalArn`"
            ));
        }
        return None;
    }
    Some(format!(
        "`{text}` is not the ARN of an account, user, role or session, such as `arn:aws:iam::111122223333:role/deploy`"
    ))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What is wrong with the principal of a service.
fn wrong_service(text: &str) -> Option<String> {
    if text.contains("${") || text == "*" {
        return None;
    }
    let endings = [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".amazon.com",
        ".aws.internal",
        ".c2s.ic.gov",
        ".sc2s.sgov.gov",
    ];
    let looks_right = endings.iter().any(|ending| text.ends_with(ending))
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
        });
    (!looks_right).then(|| {
        format!(
            "`{}` is not the principal of a service, such as `lambda.amazonaws.com`",
            shown(&Value::from(text))
        )
    })
}

/// Statements that allow too much.
fn allowed(statement: &Statement<'_>, subject: &mut Subject<'_, '_>) {
    let all_resources = statement.has("Resource", "*");
    match statement.purpose {
        Purpose::Identity => {
            if all_resources && statement.has("Action", "*") {
                tell(
                    &rules::ALL_ACCESS,
                    statement,
                    &[],
                    "allows every action on every resource; name what is needed",
                    subject,
                );
            } else if all_resources && !statement.is_conditional() {
                let services: Vec<&str> = statement
                    .texts("Action")
                    .into_iter()
                    .filter(|action| action.ends_with(":*"))
                    .collect();
                if !services.is_empty() {
                    let message = format!(
                        "allows `{}` on every resource; name actions or resources",
                        services.join("`, `")
                    );
                    tell(&rules::SERVICE_ACCESS, statement, &[], message, subject);
                }
            }
            escalating(statement, all_resources, subject);
            if !statement.get("NotAction").is_absent() {
                let message = "allows with `NotAction` everything but what it names, future actions too; name what is allowed";
                tell(&rules::SERVICE_ACCESS, statement, &[], message, subject);
            }
        }
        Purpose::Resource | Purpose::Key | Purpose::Trust => {
            if statement.is_for_everyone() && !statement.is_conditional() {
                let message = match statement.purpose {
                    Purpose::Trust => {
                        "lets anyone take on the role; name who may, or add a condition"
                    }
                    _ => "allows everyone, of any account; name who may, or add a condition",
                };
                tell(
                    &rules::EVERYONE,
                    statement,
                    &["Principal".to_owned()],
                    message,
                    subject,
                );
            }
            if !statement.get("NotPrincipal").is_absent() {
                let message =
                    "allows with `NotPrincipal` everyone but those it names, of any account";
                tell(&rules::EVERYONE, statement, &[], message, subject);
            }
        }
    }
    match statement.purpose {
        Purpose::Trust => web_identity(statement, subject),
        Purpose::Resource => confused_deputy(statement, subject),
        Purpose::Identity | Purpose::Key => {}
    }
}

fn escalating(statement: &Statement<'_>, all_resources: bool, subject: &mut Subject<'_, '_>) {
    if !all_resources || statement.is_conditional() {
        return;
    }
    let actions = statement.texts("Action").into_iter();
    let found: Vec<&str> = actions
        .filter(|action| ESCALATING.contains(&action.to_ascii_lowercase().as_str()))
        .collect();
    if !found.is_empty() {
        let message = format!(
            "`{}` on every resource is as good as every permission in the account; name the roles or users",
            found.join("`, `")
        );
        tell(&rules::ESCALATION, statement, &[], message, subject);
    }
}

/// Providers that everyone has an account with: only the subject says whose token it is.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_secure-by-default.html>
const SHARED_PROVIDERS: [&str; 6] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "oidc.vercel.com",
    "oidc.circleci.com",
    "agent.buildkite.com",
];

/// Tokens of a provider that serves everyone, taken from anyone.
fn web_identity(statement: &Statement<'_>, subject: &mut Subject<'_, '_>) {
    if !statement.has("Action", "sts:AssumeRoleWithWebIdentity") {
        return;
    }
    for (way, provider) in statement.principals("Federated") {
        // The text of a `Fn::Sub` names the provider as well as a plain one.
        let text = provider
            .as_str()
            .or_else(|| provider.get("Fn::Sub")?.as_str())
            .unwrap_or_default();
        let Some(shared) = SHARED_PROVIDERS
            .iter()
            .find(|shared| text.contains(*shared))
        else {
            continue;
        };
        let names_subject = |key: &str| {
            key.ends_with(":sub")
                || key.ends_with(":job_workflow_ref")
                || key.ends_with(":repository")
                || key.ends_with(":repository_id")
        };
        if !statement.may_test(names_subject) {
            let message = format!(
                "takes any token of `{shared}`, which everyone can have; add a condition on `{shared}:sub`"
            );
            tell(
                &rules::TRUST_WITHOUT_SUBJECT,
                statement,
                &way,
                message,
                subject,
            );
        }
        for (operator, key, value) in wide_subjects(statement) {
            let message = format!(
                "`{value}` matches anyone's token of `{shared}`; name the owner and repository"
            );
            let way = ["Condition".to_owned(), operator, key];
            tell(
                &rules::TRUST_WITHOUT_SUBJECT,
                statement,
                &way,
                message,
                subject,
            );
        }
    }
}

/// Patterns for subjects that match whoever there is: `*`, `repo:*`.
fn wide_subjects(statement: &Statement<'_>) -> Vec<(String, String, String)> {
    let mut wide = Vec::new();
    let Found::Known(Value::Object(operators)) = statement.get("Condition") else {
        return wide;
    };
    for (operator, tests) in operators {
        let Some(tests) = tests
            .as_object()
            .filter(|_| operator.contains("StringLike"))
        else {
            continue;
        };
        for (key, values) in tests.iter().filter(|(key, _)| key.ends_with(":sub")) {
            for value in super::subject::known(values)
                .elements()
                .iter()
                .filter_map(Value::as_str)
            {
                let owner = value.strip_prefix("repo:").unwrap_or(value);
                if owner.starts_with('*') {
                    wide.push((operator.clone(), key.clone(), value.to_owned()));
                }
            }
        }
    }
    wide
}

/// A service that acts for anyone's resources, unless a condition names whose.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
fn confused_deputy(statement: &Statement<'_>, subject: &mut Subject<'_, '_>) {
    const ACTING_FOR_OTHERS: [&str; 7] = [
        "s3.amazonaws.com",
        "sns.amazonaws.com",
        "events.amazonaws.com",
        "ses.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "budgets.amazonaws.com",
        "costalerts.amazonaws.com",
    ];
    let names_source = |key: &str| {
        matches!(
            key,
            "aws:sourcearn"
                | "aws:sourceaccount"
                | "aws:sourceorgid"
                | "aws:sourceorgpaths"
                | "aws:sourceowner"
        )
    };
    for (way, service) in statement.principals("Service") {
        if let Some(service) = service
            .as_str()
            .filter(|service| ACTING_FOR_OTHERS.contains(service))
            && !statement.may_test(names_source)
        {
            let message = format!(
                "`{service}` comes on behalf of any account; add a condition on `aws:SourceArn` or `aws:SourceAccount`"
            );
            tell(&rules::ANY_SOURCE, statement, &way, message, subject);
        }
    }
}

/// Who may call a function.
fn invoked(subject: &mut Subject<'_, '_>) {
    let Some(principal) = subject.find(&["Principal"]).text() else {
        return;
    };
    let any_source = [
        "SourceArn",
        "SourceAccount",
        "PrincipalOrgID",
        "EventSourceToken",
    ]
    .iter()
    .all(|key| subject.find(&[key]).is_absent());
    if principal == "*" {
        // A function URL that is open is told where it is declared.
        if any_source
            && subject.find(&["FunctionUrlAuthType"]).is_absent()
            && !subject.find(&["InvokedViaFunctionUrl"]).is_true()
        {
            subject.add(
                &rules::EVERYONE,
                &["Principal"],
                "lets everyone call the function, of any account; name who may",
            );
        }
    } else if principal.contains(".amazonaws.com") {
        if any_source {
            subject.add(&rules::ANY_SOURCE, &[], format!("`{principal}` comes on behalf of any account; add a `SourceArn` or `SourceAccount`"));
        }
        if let Some(problem) = wrong_service(&principal) {
            subject.add(&rules::PRINCIPAL, &["Principal"], problem);
        }
    } else if let Some(problem) = wrong_principal(&principal) {
        subject.add(&rules::PRINCIPAL, &["Principal"], problem);
    }
}

/// The managed policy that allows everything.
fn everything(subject: &mut Subject<'_, '_>) {
    let key = if subject.type_name == "AWS::SSO::PermissionSet" {
        "ManagedPolicies"
    } else {
        "ManagedPolicyArns"
    };
    for (index, policy) in subject.find(&[key]).elements().iter().enumerate() {
        let text = policy.as_str().or_else(|| policy.get("Fn::Sub")?.as_str());
        if text.is_some_and(|text| text.ends_with(":iam::aws:policy/AdministratorAccess")) {
            subject.add(
                &rules::ALL_ACCESS,
                &[key, &index.to_string()],
                "allows every action on every resource; use a policy of what is needed",
            );
        }
    }
}

/// Adds a finding at a place within a statement.
fn tell(
    rule: &'static rules::Rule,
    statement: &Statement<'_>,
    way: &[String],
    message: impl Into<String>,
    subject: &mut Subject<'_, '_>,
) {
    let way: Vec<&str> = statement
        .way
        .iter()
        .chain(way)
        .map(String::as_str)
        .collect();
    subject.add(rule, &way, message);
}
