//! Buckets that also answer without TLS, and listeners that serve people without it.

use serde_json::Value;

use super::{
    statements,
    subject::{Found, Subject, find, known},
};
use crate::{finding::Findings, references::references, rules, template::Template};

/// Listeners of load balancers.
pub(super) fn check(subject: &mut Subject<'_, '_>) {
    if subject.type_name != "AWS::ElasticLoadBalancingV2::Listener"
        || subject.find(&["Protocol"]).text().as_deref() != Some("HTTP")
    {
        return;
    }
    let actions = subject.find(&["DefaultActions"]).elements();
    let redirects = |action: &Value| match known(action) {
        Found::Known(action) => match find(action, &["Type"]).text() {
            Some(kind) => {
                // To the same host by TLS; without a protocol, or with `#{protocol}`, it stays as it was.
                kind == "redirect"
                    && !matches!(
                        find(action, &["RedirectConfig", "Protocol"])
                            .text()
                            .as_deref(),
                        Some("HTTP" | "#{protocol}")
                    )
                    || kind == "fixed-response"
            }
            None => true,
        },
        Found::Absent | Found::Unknown => true,
    };
    if !actions.is_empty() && !actions.iter().any(redirects) {
        subject.add(
            &rules::PLAIN_TRAFFIC,
            &["Protocol"],
            "serves people without TLS; listen with `HTTPS`, and let this listener redirect",
        );
    }
}

/// Buckets of the template that no policy of the template closes to requests without TLS.
pub(super) fn check_buckets(template: &Template, findings: &mut Findings) {
    let of_type = |type_name| {
        template
            .resources()
            .filter(move |resource| resource.type_name() == Some(type_name))
    };
    let mut closed: Vec<String> = Vec::new();
    for policy in of_type("AWS::S3::BucketPolicy") {
        let Some(subject) = Subject::new(policy, findings) else {
            continue;
        };
        let closes = matches!(subject.find(&["PolicyDocument"]), Found::Unknown)
            || statements::of(&subject).iter().any(|statement| {
                statement.denies()
                    && statement.is_for_everyone()
                    && statement.may_test(|key| key == "aws:securetransport")
            });
        let bucket = policy
            .properties()
            .and_then(|properties| properties.get("Bucket"));
        let names = bucket.map(references).unwrap_or_default();
        if names.is_empty() {
            // A bucket that is named otherwise may be any of these.
            return;
        }
        if closes {
            closed.extend(names.into_iter().map(|reference| reference.target));
        }
    }
    for bucket in of_type("AWS::S3::Bucket") {
        let is_closed = closed.iter().any(|name| name == bucket.logical_id());
        if let Some(mut subject) = Subject::new(bucket, findings).filter(|_| !is_closed) {
            let message = "no policy denies requests without TLS; deny everything where `aws:SecureTransport` is false";
            subject.add(&rules::TLS_ONLY, &[], message);
        }
    }
}
