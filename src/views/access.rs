//! What changes in access, one line each; what goes and what comes in its stead share a line.

use plan::{
    Direction, Edit, Effect, RuleChange, Security, SettingChange, StatementChange, StatementKind,
    Widening,
};
use serde_json::Value;

use super::text::{self, Text};
use crate::printer::Tone;

/// Draws what changes in access, what widens it first, each line indented by two spaces.
pub(crate) fn draw(security: &Security) -> Text {
    let mut text = Text::default();
    for line in lines(security) {
        text.push(line.draw());
    }
    text
}

/// One change of access.
pub(crate) struct Line<'a> {
    pub(crate) sign: &'static str,
    pub(crate) text: String,
    pub(crate) logical_id: &'a str,
    pub(crate) widens: bool,
    narrows: bool,
    reasons: Vec<&'a Widening>,
}

/// What changes in access, what widens it first.
pub(crate) fn lines(security: &Security) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for change in &security.iam {
        let other = change.pairs_with.and_then(|index| security.iam.get(index));
        match (change.change, other) {
            // It is told where the other half stands.
            (Edit::Removed, Some(_)) => {}
            (Edit::Added, Some(before)) => lines.push(Line {
                sign: "~",
                text: statement(before, change),
                logical_id: &change.logical_id,
                widens: change.widens || before.widens,
                narrows: change.narrows || before.narrows,
                // What comes stands beside what goes: nothing is left to explain but what is not known.
                reasons: change
                    .reasons
                    .iter()
                    .chain(&before.reasons)
                    .filter(|reason| matches!(reason, Widening::Unknown { .. }))
                    .collect(),
            }),
            (edit, None) => lines.push(Line {
                sign: sign(edit),
                text: statement(change, change),
                logical_id: &change.logical_id,
                widens: change.widens,
                narrows: change.narrows,
                reasons: change.reasons.iter().collect(),
            }),
        }
    }
    for change in &security.network {
        let other = change
            .pairs_with
            .and_then(|index| security.network.get(index));
        match (change.change, other) {
            (Edit::Removed, Some(_)) => {}
            (Edit::Added, Some(before)) => lines.push(Line {
                sign: "~",
                text: rule(before, change),
                logical_id: &change.logical_id,
                widens: change.widens || before.widens,
                narrows: change.narrows || before.narrows,
                reasons: Vec::new(),
            }),
            (edit, None) => lines.push(Line {
                sign: sign(edit),
                text: rule(change, change),
                logical_id: &change.logical_id,
                widens: change.widens,
                narrows: change.narrows,
                reasons: change.reasons.iter().collect(),
            }),
        }
    }
    lines.extend(security.settings.iter().map(setting));
    lines.sort_by_key(|line| !line.widens);
    lines
}

impl Line<'_> {
    fn draw(&self) -> text::Line {
        let tone = match self.sign {
            "+" => Tone::Create,
            _ => Tone::Update,
        };
        let line = text::Line::at(2)
            .then(tone, &format!("{} {}", self.sign, self.text))
            .then(Tone::Faint, &format!("  ({})", self.logical_id));
        match self.verdict() {
            Some(verdict) if self.widens => line.plain("  ").then(Tone::Danger, &verdict),
            Some(verdict) => line.plain("  ").then(Tone::Faint, &verdict),
            None => line,
        }
    }

    /// Whether it widens or narrows access, and why.
    pub(crate) fn verdict(&self) -> Option<String> {
        let reasons: Vec<String> = self
            .reasons
            .iter()
            .filter(|reason| !matches!(reason, Widening::New))
            .map(ToString::to_string)
            .collect();
        let why = if reasons.is_empty() {
            String::new()
        } else {
            format!(": {}", reasons.join("; "))
        };
        match (self.widens, self.narrows) {
            (true, true) => Some(format!("widens and narrows{why}")),
            (true, false) => Some(format!("widens{why}")),
            (false, true) => Some("narrows".to_owned()),
            (false, false) => None,
        }
    }
}

/// A statement, or the way from one to another.
fn statement(before: &StatementChange, after: &StatementChange) -> String {
    let who = change_of(&before.principals, &after.principals, ", ");
    let what = change_of(&before.actions, &after.actions, ", ");
    let on = change_of(&before.resources, &after.resources, ", ");
    let rest = match after.kind {
        // What these say is not in the template; their names are.
        StatementKind::ManagedPolicy => format!("may what {on} says"),
        StatementKind::Boundary => format!("may at most what {on} says"),
        StatementKind::Membership => format!("may what group {on} may"),
        StatementKind::Assignment => format!("may be {what} in {on}"),
        StatementKind::Identity | StatementKind::Trust | StatementKind::Resource => {
            let may = match after.effect {
                Effect::Allow => "may",
                Effect::Deny => "may not",
            };
            // A trust policy says who may become the role, and has no resources.
            let on = if on.is_empty() {
                on
            } else {
                format!(" on {on}")
            };
            format!("{may} {what}{on}")
        }
    };
    let condition = led_by(
        " when ",
        &change_of(
            &constraints(before.condition.as_ref()),
            &constraints(after.condition.as_ref()),
            " and ",
        ),
    );
    let only_if = led_by(
        ", only if ",
        &change_of(&before.only_if, &after.only_if, " and "),
    );
    format!("{who} {rest}{condition}{only_if}")
}

/// A rule, or the way from one to another.
fn rule(before: &RuleChange, after: &RuleChange) -> String {
    let one = |before: &String, after: &String| {
        change_of(
            std::slice::from_ref(before),
            std::slice::from_ref(after),
            ", ",
        )
    };
    let way = match after.direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let deny = match after.effect {
        Effect::Allow => "",
        Effect::Deny => "no ",
    };
    let only_if = led_by(
        ", only if ",
        &change_of(&before.only_if, &after.only_if, " and "),
    );
    format!(
        "{deny}{} {} {way} {}{only_if}",
        one(&before.protocol, &after.protocol),
        one(&before.ports, &after.ports),
        one(&before.peer, &after.peer),
    )
}

fn setting(change: &SettingChange) -> Line<'_> {
    let shown = |value: &Option<Value>| value.as_ref().map(plan::render);
    let (sign, values) = match (shown(&change.before), shown(&change.after)) {
        (Some(before), Some(after)) => ("~", format!("{before} → {after}")),
        (None, Some(after)) => ("+", after),
        (Some(before), None) => ("-", before),
        (None, None) => ("~", String::new()),
    };
    Line {
        sign,
        text: format!("{}  {values}", change.setting),
        logical_id: &change.logical_id,
        widens: change.widens,
        narrows: change.narrows,
        reasons: change
            .reasons
            .iter()
            .filter(|reason| !matches!(reason, Widening::Opens))
            .collect(),
    }
}

/// Two lists as one: what stays as it is, what goes with a `-`, what comes with a `+`; old and new with an arrow where
/// nothing stays.
fn change_of(before: &[String], after: &[String], separator: &str) -> String {
    let join = |texts: &[String]| {
        let texts: Vec<String> = texts.iter().map(|text| tidy(text)).collect();
        texts.join(separator)
    };
    if before == after {
        return join(after);
    }
    let stays = |text: &&String| before.contains(text) && after.contains(text);
    if !after.iter().any(|text| stays(&text)) {
        return match (before.is_empty(), after.is_empty()) {
            (true, _) => format!("nothing → {}", join(after)),
            (_, true) => format!("{} → nothing", join(before)),
            (false, false) => format!("{} → {}", join(before), join(after)),
        };
    }
    let kept = after.iter().filter(stays).map(|text| tidy(text));
    let gone = before.iter().filter(|text| !after.contains(text));
    let new = after.iter().filter(|text| !before.contains(text));
    let words: Vec<String> = kept
        .chain(gone.map(|text| format!("-{}", tidy(text))))
        .chain(new.map(|text| format!("+{}", tidy(text))))
        .collect();
    words.join(separator)
}

/// A condition as one phrase per operator and key: `aws:SourceArn ArnLike arn:…`.
fn constraints(condition: Option<&Value>) -> Vec<String> {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| {
                let values: Vec<String> = match values {
                    Value::Array(values) => values.iter().map(plan::render).collect(),
                    single => vec![plan::render(single)],
                };
                format!("{key} {operator} {}", values.join(", "))
            })
        })
        .collect()
}

/// A reference that stands alone or before a path without its braces: `${Files.Arn}/*` is `Files.Arn/*`.
fn tidy(text: &str) -> String {
    let bare = text.strip_prefix("${").and_then(|rest| {
        let (name, rest) = rest.split_once('}')?;
        let is_name = name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '.');
        (is_name && (rest.is_empty() || rest.starts_with('/'))).then(|| format!("{name}{rest}"))
    });
    bare.unwrap_or_else(|| text.to_owned())
}

fn led_by(lead: &str, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("{lead}{text}")
    }
}

fn sign(edit: Edit) -> &'static str {
    match edit {
        Edit::Added => "+",
        Edit::Removed => "-",
    }
}
