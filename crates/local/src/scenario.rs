//! A scenario of faults as a file: `{"fail": [{"resource": "Users", "step": "create", "reason": "…"}],
//! "delay": [{"resource": "Users", "milliseconds": 500}], "deny": ["CreateChangeSet"]}`.

use std::time::Duration;

use serde::Deserialize;

use crate::options::{Faults, Step};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(default)]
    fail: Vec<Failure>,
    #[serde(default)]
    delay: Vec<Delay>,
    #[serde(default)]
    deny: Vec<String>,
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
struct Delay {
    resource: String,
    milliseconds: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepName {
    Create,
    Update,
    Delete,
    Restore,
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
            };
            faults = faults.fail(&failure.resource, step, &failure.reason);
        }
        for delay in scenario.delay {
            faults = faults.delay(&delay.resource, Duration::from_millis(delay.milliseconds));
        }
        for operation in scenario.deny {
            faults = faults.deny(&operation);
        }
        Ok(faults)
    }
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
    fn an_unknown_key_is_refused() {
        assert!(Faults::parse(r#"{"fails": []}"#).is_err());
    }
}
