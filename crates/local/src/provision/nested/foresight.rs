//! What an update of the stack above would do to a nested one.

use serde_json::{Value, json};

use super::{Above, changes, wanted};
use crate::{
    provision::Question,
    state::{Change, ChangeDetail, Deployed},
};

/// What is foreseen of a nested stack.
pub(in crate::provision) struct Foresight {
    pub(in crate::provision) change: Change,
    /// Whether something happens in it.
    pub(in crate::provision) updates: bool,
    /// Whether nothing happens at all, and it is only looked at.
    pub(in crate::provision) is_idle: bool,
}

/// A nested stack is always looked at, as its template may be another under the same address.
pub(in crate::provision) fn look_at(
    question: &Question<'_>,
    logical_id: &str,
    live: &Deployed,
    properties: &Value,
    change: Option<Change>,
) -> Foresight {
    let above = Above {
        state: question.state,
        account: question.account,
        stack: question.stack,
        definition: question.definition,
    };
    let wanted = wanted(&above, properties, None);
    // What cannot be read now may well be another.
    let updates = wanted
        .and_then(|wanted| changes(&above, live, &wanted))
        .unwrap_or(true);
    Foresight {
        is_idle: !updates && change.is_none(),
        updates,
        change: change.unwrap_or_else(|| automatic(logical_id, live, properties)),
    }
}

fn automatic(logical_id: &str, live: &Deployed, properties: &Value) -> Change {
    let shown = |properties: &Value| Some(json!({ "Properties": properties }));
    Change {
        action: "Modify".to_owned(),
        logical_id: logical_id.to_owned(),
        physical_id: Some(live.physical_id.clone()),
        resource_type: live.resource_type.clone(),
        replacement: Some("False".to_owned()),
        policy_action: None,
        scope: vec!["Properties".to_owned()],
        details: vec![ChangeDetail {
            attribute: "Properties".to_owned(),
            name: None,
            path: "/Properties".to_owned(),
            requires_recreation: "Never".to_owned(),
            before: None,
            after: None,
            change_type: "Modify".to_owned(),
            evaluation: "Dynamic".to_owned(),
            source: Some("Automatic".to_owned()),
            causing_entity: None,
            drift: None,
        }],
        before: shown(&live.properties),
        after: shown(properties),
        drift: None,
        change_set: None,
    }
}
