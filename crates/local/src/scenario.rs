//! A scenario of faults as a file; `docs/faults.md` says what it may hold.

use std::{num::NonZeroU64, time::Duration};

use serde::Deserialize;

use crate::{
    calls::{CallFault, Deed, Other, Trouble},
    options::{Faults, Hook, HookMode, Step},
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(default)]
    fail: Vec<Failure>,
    #[serde(default)]
    delay: Vec<Delay>,
    #[serde(default)]
    deny: Vec<String>,
    #[serde(default)]
    calls: Vec<Call>,
    #[serde(default)]
    hooks: Vec<HookRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    resource: String,
    step: StepName,
    #[serde(default = "usual_reason")]
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HookRule {
    #[serde(default = "usual_hook")]
    hook: String,
    resource: String,
    #[serde(default)]
    warns: bool,
    #[serde(default = "usual_reason")]
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    resource: String,
    milliseconds: u64,
}

/// A rule for calls; what it does is `trouble`, `milliseconds`, `other` or several of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(default = "every_operation")]
    operation: String,
    #[serde(default = "one")]
    from: NonZeroU64,
    times: Option<u64>,
    #[serde(default = "one")]
    every: NonZeroU64,
    trouble: Option<TroubleName>,
    #[serde(default)]
    milliseconds: u64,
    other: Option<OtherPerson>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherPerson {
    stack: String,
    does: DeedName,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeedName {
    Update,
    Delete,
    ChangeSet,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TroubleName {
    Throttled,
    InternalFailure,
    Unavailable,
    Expired,
    LostBefore,
    LostAfter,
    Cut,
    Absent,
    Stale,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepName {
    Create,
    Update,
    Delete,
    Restore,
    Read,
}

impl Faults {
    /// Reads a scenario from the text of its file.
    ///
    /// # Errors
    /// The text is not JSON, or has a key or a step that is not known; the message names line and column.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let scenario: Scenario = serde_json::from_str(text)?;
        let mut faults = Self::default();
        for failure in scenario.fail {
            let step = match failure.step {
                StepName::Create => Step::Create,
                StepName::Update => Step::Update,
                StepName::Delete => Step::Delete,
                StepName::Restore => Step::Restore,
                StepName::Read => Step::Read,
            };
            faults = faults.fail(&failure.resource, step, &failure.reason);
        }
        for delay in scenario.delay {
            faults = faults.delay(&delay.resource, Duration::from_millis(delay.milliseconds));
        }
        for operation in scenario.deny {
            faults = faults.deny(&operation);
        }
        for call in scenario.calls {
            faults = faults.call(call.into());
        }
        for rule in scenario.hooks {
            faults = faults.hook(Hook {
                hook: rule.hook,
                resource: rule.resource,
                mode: if rule.warns {
                    HookMode::Warn
                } else {
                    HookMode::Fail
                },
                reason: rule.reason,
            });
        }
        Ok(faults)
    }
}

impl From<Call> for CallFault {
    fn from(call: Call) -> Self {
        Self {
            operation: call.operation,
            from: call.from.get(),
            times: call.times,
            every: call.every.get(),
            trouble: call.trouble.map(|trouble| match trouble {
                TroubleName::Throttled => Trouble::Throttled,
                TroubleName::InternalFailure => Trouble::InternalFailure,
                TroubleName::Unavailable => Trouble::Unavailable,
                TroubleName::Expired => Trouble::Expired,
                TroubleName::LostBefore => Trouble::LostBefore,
                TroubleName::LostAfter => Trouble::LostAfter,
                TroubleName::Cut => Trouble::Cut,
                TroubleName::Absent => Trouble::Absent,
                TroubleName::Stale => Trouble::Stale,
            }),
            latency: Duration::from_millis(call.milliseconds),
            other: call.other.map(|other| Other {
                stack: other.stack,
                deed: match other.does {
                    DeedName::Update => Deed::Update,
                    DeedName::Delete => Deed::Delete,
                    DeedName::ChangeSet => Deed::ChangeSet,
                },
            }),
        }
    }
}

fn one() -> NonZeroU64 {
    NonZeroU64::MIN
}

fn every_operation() -> String {
    "*".to_owned()
}

fn usual_hook() -> String {
    "Example::Costs::Hook".to_owned()
}

fn usual_reason() -> String {
    "the scenario says that it fails".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read() {
        let faults = Faults::parse(
            r#"{"fail": [{"resource": "A", "step": "delete", "reason": "no"}], "delay": [{"resource": "B", "milliseconds": 7}],
                "deny": ["GetTemplate"]}"#,
        )
        .expect("it is a scenario");
        let expected = Faults::default()
            .fail("A", Step::Delete, "no")
            .delay("B", Duration::from_millis(7))
            .deny("GetTemplate");
        assert_eq!(faults, expected);
    }

    #[test]
    fn the_example_of_the_documentation_is_a_scenario() {
        let document = include_str!("../../../docs/faults.md");
        let (_, rest) = document.split_once("```json\n").expect("an example");
        let (example, _) = rest.split_once("```").expect("its end");
        let faults = Faults::parse(example).expect("it is a scenario");
        assert_eq!(faults.calls.len(), 6);
        let storm = CallFault::new("*", 10, Some(20)).trouble(Trouble::Throttled);
        assert_eq!(faults.calls[0], storm);
        for name in [
            "throttled",
            "internal_failure",
            "unavailable",
            "expired",
            "lost_before",
            "lost_after",
            "cut",
            "absent",
            "stale",
        ] {
            assert!(
                document.contains(&format!("| `{name}` |")),
                "{name} is not documented"
            );
            let scenario = format!(r#"{{"calls": [{{"trouble": "{name}"}}]}}"#);
            Faults::parse(&scenario).expect(name);
        }
    }

    #[test]
    fn a_refused_key_is_named_with_its_place() {
        let error = Faults::parse("{\"calls\": [\n  {\"trouble\": \"cut\", \"form\": 2}]}")
            .expect_err("`form`");
        let text = error.to_string();
        assert!(
            text.contains("`form`") && text.contains("line 2 column"),
            "{text}"
        );
        assert!(
            Faults::parse(r#"{"calls": [{"from": 0}]}"#).is_err(),
            "calls count from one"
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(Faults::parse(r#"{"fails": []}"#).is_err());
    }
}
