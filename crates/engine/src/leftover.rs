//! What a failed first create left behind goes without asking; nothing else may be taken for it.

use assembly::StackManifest;

use crate::{
    engine::Engine,
    error::Error,
    port::{Stack, StackEvent},
    status::StackStatus,
};

impl Engine<'_> {
    /// Makes sure of a stack in `ROLLBACK_COMPLETE` that nothing was ever deployed in it. AWS has no other; what stands in
    /// for it may leave a stack so whose update failed, with everything still in it.
    pub(crate) async fn was_never_deployed(
        &self,
        stack: &StackManifest,
        found: &Stack,
    ) -> Result<(), Error> {
        let mut page = None;
        loop {
            let answer = self.cloud.events(&found.id, page.as_deref()).await?;
            if answer
                .events
                .iter()
                .any(|event| tells_of_success(event, &found.id))
            {
                return Err(Error::HalfDone {
                    stack: stack.name.clone(),
                    status: found.status.clone(),
                    cause: None,
                });
            }
            page = answer.next;
            if page.is_none() {
                return Ok(());
            }
        }
    }
}

/// Whether an event says that the stack was deployed.
fn tells_of_success(event: &StackEvent, stack_id: &str) -> bool {
    event.is_of_stack(stack_id)
        && matches!(
            StackStatus::from(event.status.0.as_str()),
            StackStatus::CreateComplete
                | StackStatus::UpdateComplete
                | StackStatus::UpdateCompleteCleanupInProgress
                | StackStatus::ImportComplete
        )
}

/// Whether these events are those of an update.
pub(crate) fn are_of_an_update(events: &[StackEvent], stack_id: &str) -> bool {
    events.iter().any(|event| {
        event.is_of_stack(stack_id)
            && StackStatus::from(event.status.0.as_str()) == StackStatus::UpdateInProgress
    })
}
