//! Drift: what differs between what the stacks deployed and what there is.
//!
//! CloudFormation's own detection comes first. What it leaves out (types that it cannot read, values that it never shows) is
//! read from the services themselves where this program knows how. What is left is `unchecked` with the reason, and never
//! counted as clean.

mod compare;
mod detected;
mod expected;
mod live;
mod port;
mod reading;
mod report;

use std::time::Duration;

use assembly::StackManifest;
use futures_util::future::try_join_all;
use serde_json::Value;
use tokio::time::Instant;

pub use live::{Live, LiveReads, LiveResource};
pub use port::{DetectedDifference, DetectedDrift, DetectedStatus, Detection, DriftDetection};
pub use report::{
    DriftReport, DriftStatus, PropertyDrift, ResourceDrift, StackDrift, UncheckedProperty,
};

use crate::{
    desired::Assembly,
    engine::Engine,
    error::{AwsError, AwsErrorKind, Error},
    port::{Stack, StackResource},
    status::Condition,
};

/// How long a detection may take: CloudFormation reads resource by resource, up to several minutes for a large stack.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// How often what was found is read again when the answer tells of an earlier detection.
const LATE_READS: usize = 3;

/// How long a detection may take before a word is said of it.
const SILENCE: Duration = Duration::from_secs(3);

impl Engine<'_> {
    /// Finds what is no longer as the named stacks deployed it; of every stack when none is named. What CloudFormation does not
    /// look at is read from the services themselves, where `live` reads it.
    ///
    /// # Errors
    /// A name is unknown or a call fails. That CloudFormation cannot detect the drift of a stack is no error: it is said
    /// in [`StackDrift::problem`].
    pub async fn drift(
        &self,
        detection: &dyn DriftDetection,
        live: &dyn LiveReads,
        assembly: &Assembly,
        names: &[String],
    ) -> Result<DriftReport, Error> {
        for name in names {
            assembly.stack(name)?;
        }
        let manifests = assembly.manifest.stacks.iter();
        let wanted = manifests.filter(|stack| names.is_empty() || names.contains(&stack.name));
        let stacks =
            try_join_all(wanted.map(|stack| self.stack_drift(detection, live, assembly, stack)))
                .await?;
        Ok(DriftReport {
            format_version: report::FORMAT_VERSION.to_owned(),
            stacks,
            external: Vec::new(),
        })
    }

    async fn stack_drift(
        &self,
        detection: &dyn DriftDetection,
        live: &dyn LiveReads,
        assembly: &Assembly,
        manifest: &StackManifest,
    ) -> Result<StackDrift, Error> {
        let mut drift = StackDrift {
            name: manifest.name.clone(),
            stack_name: manifest.stack_name.clone(),
            deployed: false,
            problem: None,
            resources: Vec::new(),
        };
        self.pace.permit().await;
        let found = self.cloud.stack(&manifest.stack_name).await?;
        let found = found.filter(|stack| stack.status.condition() != Condition::Absent);
        let Some(stack) = found else {
            return Ok(drift);
        };
        drift.deployed = true;
        let (resources, template, detected) = tokio::join!(
            self.cloud.resources(&stack.id),
            self.cloud.template(&stack.id),
            self.detect(detection, &stack, manifest),
        );
        let body = match template?.map(|text| template::Template::parse(&text)) {
            Some(Ok(template)) => template.into_body(),
            Some(Err(errors)) => {
                return Err(Error::Deployed {
                    stack: manifest.name.clone(),
                    errors,
                });
            }
            None => Value::Null,
        };
        let (found, problem) = detected?;
        drift.problem = problem;
        let unchecked = drift.problem.as_deref();
        for resource in existing(resources?) {
            let found = found
                .iter()
                .find(|found| found.logical_id == resource.logical_id);
            let mut one = self.read_detected(&resource, found, unchecked, &body);
            let origin = manifest.resources.get(&resource.logical_id);
            one.source = origin.map(|origin| origin.source.clone());
            drift.resources.push(one);
        }
        let of = (assembly, manifest);
        self.read_live(live, of, &stack, &body, &mut drift.resources)
            .await?;
        Ok(drift)
    }

    /// Lets CloudFormation detect the drift of a stack: what it found, and why it did not find all.
    async fn detect(
        &self,
        detection: &dyn DriftDetection,
        stack: &Stack,
        manifest: &StackManifest,
    ) -> Result<(Vec<DetectedDrift>, Option<String>), Error> {
        let begun = self.begin_detection(detection, stack).await;
        let id = match begun {
            Ok(id) => id,
            Err(Error::Aws(error)) if leaves_others(&error) => {
                return Ok((Vec::new(), Some(error.to_string())));
            }
            Err(error) => return Err(error),
        };
        let start = Instant::now();
        let mut waits = self.pace.waits();
        let mut told = false;
        let (began, problem) = loop {
            self.go_on()?;
            match detection.drift_detection(&id).await? {
                Detection::Ended { began, problem } => break (began, problem),
                Detection::InProgress => {}
            }
            if !told && start.elapsed() > SILENCE {
                told = true;
                let message = "CloudFormation is reading its resources, which takes a while";
                self.note(&manifest.name, message);
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::Overdue {
                    stack: manifest.name.clone(),
                    what: "the detection of drift",
                    minutes: PATIENCE.as_secs() / 60,
                });
            }
            waits.rest().await;
        };
        let found = self.found_since(detection, &stack.id, began).await?;
        Ok((found, problem))
    }

    /// What a detection that began at a time found. CloudFormation tells what it found last of each resource: what is older was
    /// not found by this detection, or its answer is late.
    async fn found_since(
        &self,
        detection: &dyn DriftDetection,
        stack_id: &str,
        began: Option<i64>,
    ) -> Result<Vec<DetectedDrift>, Error> {
        let is_older =
            |one: &DetectedDrift| one.at.zip(began).is_some_and(|(at, began)| at < began);
        let mut waits = self.pace.waits();
        let mut found = detection.resource_drifts(stack_id).await?;
        for _ in 0..LATE_READS {
            if !found.iter().any(is_older) {
                break;
            }
            self.go_on()?;
            waits.rest().await;
            found = detection.resource_drifts(stack_id).await?;
        }
        for one in found.iter_mut().filter(|one| is_older(one)) {
            one.status = DetectedStatus::Unchecked(String::new());
            one.reason = Some("CloudFormation last looked at it before".to_owned());
            one.differences.clear();
        }
        Ok(found)
    }

    /// Begins a detection. One that is under way already, of someone else, is let end first.
    async fn begin_detection(
        &self,
        detection: &dyn DriftDetection,
        stack: &Stack,
    ) -> Result<String, Error> {
        let start = Instant::now();
        let mut waits = self.pace.waits();
        loop {
            self.go_on()?;
            match detection.detect_drift(&stack.id).await {
                Err(error)
                    if error.message.contains("already in progress")
                        && start.elapsed() < PATIENCE =>
                {
                    waits.rest().await;
                }
                answer => return Ok(answer?),
            }
        }
    }
}

/// Whether a call that failed leaves other ways to look: these credentials may not make it, the stack is in a state that
/// does not allow it, or whoever answers does not know how.
pub(crate) fn leaves_others(error: &AwsError) -> bool {
    matches!(
        error.kind,
        AwsErrorKind::AccessDenied
            | AwsErrorKind::Refused
            | AwsErrorKind::Conflict
            | AwsErrorKind::NotFound
            | AwsErrorKind::Unavailable
    )
}

/// Resources that there are.
fn existing(resources: Vec<StackResource>) -> impl Iterator<Item = StackResource> {
    let gone = |status: &str| status == "DELETE_COMPLETE" || status == "DELETE_SKIPPED";
    resources
        .into_iter()
        .filter(move |resource| resource.physical_id.is_some() && !gone(&resource.status.0))
}
