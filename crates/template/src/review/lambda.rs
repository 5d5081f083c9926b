//! Functions: handler, package and runtime.

use super::{
    runtimes,
    subject::{Found, Subject},
};
use crate::rules;

/// `today` is a day, `2026-11-23`.
pub(super) fn check(subject: &mut Subject<'_, '_>, today: &str) {
    match subject.type_name {
        "AWS::Lambda::Function" => {
            package(subject);
            runtime(subject, today);
        }
        "AWS::Serverless::Function" => runtime(subject, today),
        _ => {}
    }
}

/// What a zip archive needs and an image must not have.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html>
fn package(subject: &mut Subject<'_, '_>) {
    // The package may also be known only to the deployment, or a function that is an image without saying so.
    let package = subject.find(&["PackageType"]);
    let is_image = match package.text() {
        Some(package) => package == "Image",
        None if package.is_absent() => false,
        None => return,
    };
    let image = subject.find(&["Code", "ImageUri"]);
    if matches!(subject.find(&["Code"]), Found::Unknown) || (!is_image && !image.is_absent()) {
        return;
    }
    for key in ["Handler", "Runtime"] {
        let found = subject.find(&[key]);
        if is_image && matches!(found, Found::Known(_)) {
            subject.add(
                &rules::FUNCTION_PACKAGE,
                &[key],
                format!("a function from an image has no `{key}`; take it away"),
            );
        } else if !is_image && found.is_absent() {
            subject.add(
                &rules::FUNCTION_PACKAGE,
                &[],
                format!("a function from a zip archive needs a `{key}`"),
            );
        }
    }
    if is_image && matches!(subject.find(&["Layers"]), Found::Known(_)) {
        subject.add(
            &rules::FUNCTION_PACKAGE,
            &["Layers"],
            "a function from an image has no layers; put them into the image",
        );
    }
}

/// Runtimes that are out of support, or will soon be.
fn runtime(subject: &mut Subject<'_, '_>, today: &str) {
    let Some(name) = subject.find(&["Runtime"]).text() else {
        return;
    };
    let Some(runtime) = runtimes::named(&name) else {
        return;
    };
    let successor = runtime
        .successor
        .map_or_else(String::new, |successor| format!("; use `{successor}`"));
    let reached = |day: &Option<&str>| day.is_some_and(|day| day <= today);
    if reached(&runtime.closed) {
        let day = runtime.closed.unwrap_or_default();
        let message = format!(
            "since {day} Lambda neither creates nor updates functions with `{name}`{successor}"
        );
        subject.add(&rules::RUNTIME, &["Runtime"], message);
    } else if reached(&runtime.closed_to_new) {
        let day = runtime.closed_to_new.unwrap_or_default();
        let message = format!("since {day} Lambda creates no functions with `{name}`{successor}");
        subject.add(&rules::RUNTIME, &["Runtime"], message);
    } else if runtime.deprecated <= today {
        let until = runtime.closed_to_new.map_or_else(String::new, |day| {
            format!(", and from {day} on no function can be created with it")
        });
        let message = format!(
            "`{name}` has had no security patches since {}{until}{successor}",
            runtime.deprecated
        );
        subject.add(&rules::RUNTIME, &["Runtime"], message);
    }
}
