//! Who is at work on a stack: told from the events of the operation under way.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    aws::rfc3339,
    engine::{Engine, TOKEN_PREFIX},
    error::Error,
    follow::begins_operation,
    port::{Stack, StackEvent},
    status::StackStatus,
};

/// The operation that holds a stack. Displays as who that is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its client token, when it was begun with one: whoever began it finds it in their own records.
    pub token: Option<String>,
    /// When it was begun, in RFC 3339; nothing when no event tells yet.
    pub since: Option<String>,
}

impl Engine<'_> {
    /// Who is at work on a stack that is busy.
    pub(crate) async fn holder(&self, found: &Stack) -> Result<Holder, Error> {
        let mut page: Option<String> = None;
        loop {
            let answer = self.cloud.events(&found.id, page.as_deref()).await?;
            for event in &answer.events {
                if begins_operation(event, &found.id) {
                    return Ok(Holder {
                        token: event.token.clone(),
                        since: rfc3339(event.at),
                    });
                }
                if ends_operation(event, &found.id) {
                    // That was the operation before: of this one there is no event yet.
                    return Ok(Holder::default());
                }
            }
            page = answer.next;
            if page.is_none() {
                return Ok(Holder::default());
            }
        }
    }
}

impl Holder {
    /// Whether it is a run of this program.
    pub(crate) fn is_ours(&self) -> bool {
        let token = self.token.as_deref();
        token.is_some_and(|token| token.starts_with(TOKEN_PREFIX))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_ours() {
            "another run of chitinfra"
        } else {
            "someone else"
        })?;
        if let Some(since) = &self.since {
            write!(formatter, " since {since}")?;
        }
        if let Some(token) = &self.token {
            write!(formatter, " (client token `{token}`)")?;
        }
        Ok(())
    }
}

fn ends_operation(event: &StackEvent, stack_id: &str) -> bool {
    event.is_of_stack(stack_id)
        && StackStatus::from(event.status.0.as_str())
            .ending()
            .is_some()
}
