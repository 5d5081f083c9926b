//! Calls that go wrong on purpose.

use serde::Deserialize;

use crate::{
    operations::Operation,
    refusal::{Exception, Refusal},
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Trouble {
    Throttle,
    Conflict,
    Failure,
    Unavailable,
    /// Nothing is done and nothing answered.
    NoAnswer,
    /// It is done, but not answered.
    LostAnswer,
}

impl Trouble {
    /// The refusal, where the trouble is one.
    pub(crate) fn refusal(self) -> Option<Refusal> {
        let (exception, message) = match self {
            Self::Throttle => (Exception::Throttling, "Rate exceeded"),
            Self::Conflict => (
                Exception::Conflict,
                "The same request is made at the same time",
            ),
            Self::Failure => (
                Exception::ServiceFailure,
                "The service encountered an unexpected error",
            ),
            Self::Unavailable => (
                Exception::ServiceUnavailable,
                "The service is currently unavailable",
            ),
            Self::NoAnswer | Self::LostAnswer => return None,
        };
        Some(Refusal::new(exception, message))
    }
}

/// The next calls of an operation go wrong.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    operation: Operation,
    fault: Trouble,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// All faults that are yet to come, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What becomes of the next call of an operation.
    pub(crate) fn strike(&mut self, operation: Operation) -> Option<Trouble> {
        self.0.retain(|fault| fault.times > 0);
        let fault = self
            .0
            .iter_mut()
            .find(|fault| fault.operation == operation)?;
        fault.times -= 1;
        Some(fault.fault)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn faults_strike_their_operation_as_often_as_wanted() {
        let mut faults = Faults::default();
        for fault in [
            json!({"operation": "CreateMeeting", "fault": "throttle", "times": 2}),
            json!({"operation": "GetMeeting", "fault": "no-answer", "times": 0}),
            json!({"operation": "CreateMeeting", "fault": "unavailable"}),
        ] {
            faults.add(from_value(fault).expect("a fault"));
        }
        assert_eq!(faults.strike(Operation::GetMeeting), None);
        let struck: Vec<_> = (0..4)
            .map(|_| faults.strike(Operation::CreateMeeting))
            .collect();
        assert_eq!(
            struck,
            [
                Some(Trouble::Throttle),
                Some(Trouble::Throttle),
                Some(Trouble::Unavailable),
                None
            ]
        );
    }
}
