//! CloudFormation's detection of drift.

use aws_sdk_cloudformation::types::{self, StackDriftDetectionStatus, StackResourceDriftStatus};
use serde_json::Value;

use super::{ApiOperation, Aws, convert};
use crate::{
    drift::{DetectedDifference, DetectedDrift, DetectedStatus, Detection, DriftDetection},
    port::Answer,
};

/// What CloudFormation writes in the place of a value that is not there.
const NOTHING: &str = "null";

impl DriftDetection for Aws {
    fn detect_drift<'a>(&'a self, stack: &'a str) -> Answer<'a, String> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DetectStackDrift, stack);
            let request = self.cloudformation.detect_stack_drift().stack_name(stack);
            let answer = request.send().await.map_err(|error| call.failed(error))?;
            Ok(answer.stack_drift_detection_id.unwrap_or_default())
        })
    }

    fn drift_detection<'a>(&'a self, id: &'a str) -> Answer<'a, Detection> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DescribeStackDriftDetectionStatus, id);
            let request = self
                .cloudformation
                .describe_stack_drift_detection_status()
                .stack_drift_detection_id(id);
            let answer = request.send().await.map_err(|error| call.failed(error))?;
            let problem = match answer.detection_status {
                Some(StackDriftDetectionStatus::DetectionComplete) => None,
                Some(StackDriftDetectionStatus::DetectionFailed) => {
                    let reason = answer.detection_status_reason;
                    Some(reason.unwrap_or_else(|| "no reason is given".to_owned()))
                }
                _ => return Ok(Detection::InProgress),
            };
            let began = answer.timestamp.and_then(|time| time.to_millis().ok());
            Ok(Detection::Ended { began, problem })
        })
    }

    fn resource_drifts<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<DetectedDrift>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DescribeStackResourceDrifts, stack);
            let mut drifts = Vec::new();
            let mut next = None;
            loop {
                let request = self
                    .cloudformation
                    .describe_stack_resource_drifts()
                    .stack_name(stack);
                let request = request.set_next_token(next);
                let answer = request.send().await.map_err(|error| call.failed(error))?;
                let found = answer.stack_resource_drifts.unwrap_or_default();
                drifts.extend(found.into_iter().map(drift));
                next = answer.next_token;
                if next.is_none() {
                    return Ok(drifts);
                }
            }
        })
    }
}

fn drift(drift: types::StackResourceDrift) -> DetectedDrift {
    let differences = drift.property_differences.unwrap_or_default();
    DetectedDrift {
        logical_id: drift.logical_resource_id.unwrap_or_default(),
        at: drift.timestamp.and_then(|time| time.to_millis().ok()),
        status: match drift.stack_resource_drift_status {
            Some(StackResourceDriftStatus::InSync) => DetectedStatus::InSync,
            Some(StackResourceDriftStatus::Modified) => DetectedStatus::Modified,
            Some(StackResourceDriftStatus::Deleted) => DetectedStatus::Deleted,
            other => DetectedStatus::Unchecked(
                other.map_or_else(String::new, |word| word.as_str().to_owned()),
            ),
        },
        reason: drift.drift_status_reason,
        expected: drift
            .expected_properties
            .and_then(|text| serde_json::from_str(&text).ok()),
        differences: differences.into_iter().map(difference).collect(),
    }
}

fn difference(difference: types::PropertyDifference) -> DetectedDifference {
    let value = |text: Option<String>| -> Option<Value> {
        text.filter(|text| text != NOTHING).map(convert::value)
    };
    DetectedDifference {
        path: convert::path(difference.property_path.as_deref().unwrap_or_default()),
        expected: value(difference.expected_value),
        actual: value(difference.actual_value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_found_is_read_as_it_is_meant() {
        let added = types::PropertyDifference::builder()
            .property_path("/Tags/2/a~1b")
            .expected_value("null")
            .actual_value("{\"Key\":\"k\"}")
            .difference_type(types::DifferenceType::Add)
            .build();
        let found = drift(
            types::StackResourceDrift::builder()
                .logical_resource_id("Files")
                .stack_resource_drift_status(StackResourceDriftStatus::Modified)
                .property_differences(added)
                .build(),
        );
        assert_eq!(found.status, DetectedStatus::Modified);
        let [difference] = found.differences.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(difference.path, ["Tags", "2", "a/b"]);
        assert_eq!(difference.expected, None);
        assert_eq!(difference.actual, Some(json!({"Key": "k"})));
    }

    #[test]
    fn a_word_that_is_not_known_is_not_clean() {
        for word in ["UNKNOWN", "UNSUPPORTED", "NOT_CHECKED", "SOMETHING_NEW"] {
            let found = drift(
                types::StackResourceDrift::builder()
                    .stack_resource_drift_status(StackResourceDriftStatus::from(word))
                    .build(),
            );
            assert_eq!(found.status, DetectedStatus::Unchecked(word.to_owned()));
        }
        let silent = drift(types::StackResourceDrift::builder().build());
        assert_eq!(silent.status, DetectedStatus::Unchecked(String::new()));
    }
}
