//! What the page shows, in the words that all views share; the template only places it.

use plan::{
    Action, AttributeChange, Change, DepartedStack, EntryChange, ExternalChange, Impact, Plan,
    PropertyChange, RemovalPlan, StackAction, StackPlan,
};
use serde::Serialize;

use crate::views::{
    access, checks,
    graph::svg,
    plan as human,
    text::printable,
    values::{DiffLine, Values},
    words,
};

/// The most changes that are all open at first.
const OPEN: usize = 12;

/// A plan.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    environment: String,
    account: String,
    region: String,
    commit: Option<String>,
    against: Option<String>,
    no_changes: &'static str,
    digest: String,
    has_changes: bool,
    totals: String,
    counts: Vec<Count>,
    perils: Vec<Peril>,
    /// Stacks of which not everything could be verified.
    unverified: Vec<String>,
    /// How many changes of access widen it.
    widening: usize,
    /// How many findings stop a deployment.
    errors: usize,
    moves: Vec<Move>,
    /// What a move does not do.
    moves_what: &'static str,
    stacks: Vec<Stack>,
    lasts: Vec<Last>,
    /// Why outputs go last.
    lasts_why: &'static str,
    unchanged: Vec<String>,
    departed: Vec<DepartedStack>,
    departed_heading: &'static str,
    external: Vec<Resource>,
    access: Vec<Access>,
    /// Errors and warnings.
    findings: Vec<Finding>,
    /// What is only worth knowing, and what was accepted with a reason.
    notes: Vec<Finding>,
}

/// An output that goes after everything else.
#[derive(Debug, Serialize)]
struct Last {
    stack: String,
    output: String,
    readers: String,
}

/// A resource that moves before everything else.
#[derive(Debug, Serialize)]
struct Move {
    from: String,
    to: String,
    type_name: String,
    source: Option<String>,
}

/// How many resources an action concerns.
#[derive(Debug, Serialize)]
struct Count {
    sign: &'static str,
    class: &'static str,
    count: usize,
    what: &'static str,
}

/// Data that are lost or may be.
#[derive(Debug, Serialize)]
struct Peril {
    label: &'static str,
    place: String,
    anchor: String,
    type_name: String,
    what: &'static str,
}

#[derive(Debug, Serialize)]
struct Stack {
    name: String,
    stack_name: String,
    sign: &'static str,
    class: &'static str,
    phrase: String,
    /// What to know of the plan of the stack as a whole.
    notes: Vec<String>,
    depends_on: Vec<String>,
    resources: Vec<Resource>,
    entries: Vec<Property>,
    equivalent: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Resource {
    anchor: String,
    name: String,
    type_name: String,
    sign: &'static str,
    class: &'static str,
    action: String,
    open: bool,
    /// Label and words of what happens to its data.
    peril: Option<(&'static str, &'static str)>,
    /// Why it changes, as a sentence.
    why: String,
    hint: Option<String>,
    source: Option<String>,
    path: Option<String>,
    physical_id: Option<String>,
    properties: Vec<Property>,
}

/// A value before and after, in one of three forms: both short, a line diff, or a note alone.
#[derive(Debug, Serialize)]
struct Property {
    name: String,
    before: Option<String>,
    after: Option<String>,
    lines: Vec<DiffRow>,
    note: Option<String>,
    is_grave: bool,
}

#[derive(Debug, Serialize)]
struct DiffRow {
    class: &'static str,
    sign: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct Access {
    sign: &'static str,
    text: String,
    place: String,
    verdict: Option<String>,
    widens: bool,
}

#[derive(Debug, Serialize)]
struct Finding {
    severity: &'static str,
    rule: String,
    message: String,
    place: String,
    source: Option<String>,
    accepted: Option<String>,
}

impl Page {
    pub(super) fn of(plan: &Plan) -> Self {
        let (unchanged, changed): (Vec<&StackPlan>, Vec<&StackPlan>) =
            plan.stacks.iter().partition(|stack| human::is_quiet(stack));
        let all_open = plan.summary.total() <= OPEN;
        let (notes, findings) = plan
            .stacks
            .iter()
            .flat_map(|stack| {
                let findings = stack.diff.findings.iter();
                findings.map(|found| finding(&stack.name, found))
            })
            .partition(|finding| matches!(finding.severity, "info" | "accepted"));
        Self {
            environment: printable(&plan.environment),
            account: printable(&words::account(&plan.account)),
            region: printable(&plan.region),
            commit: plan.commit.as_deref().map(printable),
            against: plan.against.as_deref().map(printable),
            no_changes: words::no_changes(plan),
            digest: plan.digest.clone(),
            has_changes: human::has_changes(plan),
            totals: words::totals(&plan.summary),
            counts: counts(plan),
            perils: words::perils(plan)
                .into_iter()
                .map(|peril| Peril {
                    label: peril.label,
                    place: printable(&format!("{}/{}", peril.stack, peril.logical_id)),
                    anchor: svg::anchor(peril.stack, peril.logical_id),
                    type_name: printable(peril.type_name),
                    what: peril.what,
                })
                .collect(),
            unverified: words::unverified(plan).into_iter().map(printable).collect(),
            widening: words::widening(plan),
            errors: plan
                .stacks
                .iter()
                .flat_map(|stack| &stack.diff.findings)
                .filter(|finding| finding.is_error())
                .count(),
            moves: plan
                .refactors
                .iter()
                .flat_map(|refactor| &refactor.moves)
                .map(|one| Move {
                    from: printable(&one.from),
                    to: printable(&one.to),
                    type_name: printable(&one.type_name),
                    source: one.source.as_deref().map(printable),
                })
                .collect(),
            moves_what: words::MOVES,
            stacks: changed
                .into_iter()
                .map(|one| stack(one, all_open))
                .collect(),
            lasts: plan.removals.iter().flat_map(lasts).collect(),
            lasts_why: words::LASTS,
            unchanged: unchanged
                .iter()
                .map(|stack| printable(&stack.name))
                .collect(),
            departed: plan.departed.iter().map(departed).collect(),
            departed_heading: words::DEPARTED,
            external: plan
                .external
                .iter()
                .map(|change| external(change, all_open))
                .collect(),
            access: plan.stacks.iter().flat_map(accesses).collect(),
            notes,
            findings,
        }
    }
}

fn lasts(removal: &RemovalPlan) -> impl Iterator<Item = Last> {
    removal.outputs.iter().map(|output| Last {
        stack: printable(&removal.stack),
        output: printable(output),
        readers: printable(&removal.readers.join(", ")),
    })
}

fn departed(stack: &DepartedStack) -> DepartedStack {
    DepartedStack {
        name: printable(&stack.name),
        stack_name: printable(&stack.stack_name),
        status: printable(&stack.status),
    }
}

/// The four usual actions always, the others where they occur.
fn counts(plan: &Plan) -> Vec<Count> {
    let summary = &plan.summary;
    [
        (Action::Create, summary.create, "create", true),
        (Action::Update, summary.update, "update", true),
        (Action::Replace, summary.replace, "replace", true),
        (
            Action::MayReplace,
            summary.may_replace,
            "may replace",
            false,
        ),
        (Action::Delete, summary.delete, "delete", true),
        (Action::Orphan, summary.orphan, "leave behind", false),
        (Action::Import, summary.import, "import", false),
        (Action::Move, summary.moved, "move", false),
    ]
    .into_iter()
    .filter(|(_, count, _, is_usual)| *is_usual || *count > 0)
    .map(|(action, count, what, _)| Count {
        sign: words::sign(action),
        class: class(action),
        count,
        what,
    })
    .collect()
}

fn stack(stack: &StackPlan, all_open: bool) -> Stack {
    let diff = &stack.diff;
    let (sign, _) = words::stack_sign(stack.action, diff);
    let class = match stack.action {
        StackAction::None => "same",
        StackAction::Create => "create",
        StackAction::Delete => "delete",
        StackAction::Update => {
            words::by_danger(diff)
                .first()
                .map_or("update", |change| match change.action {
                    Action::Create => "update",
                    other => self::class(other),
                })
        }
    };
    let mut entries = Vec::new();
    for (what, list) in [
        ("parameter ", &diff.parameters),
        ("mapping ", &diff.mappings),
        ("condition ", &diff.conditions),
        ("output ", &diff.outputs),
        ("", &diff.other),
    ] {
        entries.extend(list.iter().map(|change| entry(what, change)));
    }
    Stack {
        name: printable(&stack.name),
        stack_name: printable(&stack.stack_name),
        sign,
        class,
        phrase: words::stack_phrase(stack),
        notes: words::stack_notes(stack)
            .iter()
            .map(|note| printable(note))
            .collect(),
        depends_on: stack
            .depends_on
            .iter()
            .map(|name| printable(name))
            .collect(),
        resources: words::by_danger(diff)
            .into_iter()
            .map(|change| resource(&stack.name, change, all_open))
            .collect(),
        entries,
        equivalent: diff.equivalent.iter().map(|id| printable(id)).collect(),
    }
}

fn resource(stack: &str, change: &Change, all_open: bool) -> Resource {
    let mut properties = properties(&change.properties);
    properties.extend(change.attributes.iter().map(attribute));
    let is_grave =
        words::peril(change).is_some() || matches!(class(change.action), "replace" | "delete");
    Resource {
        anchor: svg::anchor(stack, &change.logical_id),
        name: printable(&change.logical_id),
        type_name: printable(&change.type_name),
        sign: words::sign(change.action),
        class: class(change.action),
        action: change.action.to_string(),
        open: is_grave || (all_open && change.action != Action::Create),
        peril: words::peril(change),
        why: why(change),
        hint: change.likely_moved_from.as_ref().map(|from| {
            let from = printable(from);
            format!("looks like `{from}` under another name: `app.moved` keeps the resource")
        }),
        source: change.source.as_deref().map(printable),
        path: change.path.as_deref().map(printable),
        physical_id: change.physical_id.as_deref().map(printable),
        properties,
    }
}

/// Why a resource changes, and what becomes of the old one.
fn why(change: &Change) -> String {
    let because = words::because(change.reason);
    let from = change
        .moved_from
        .as_ref()
        .map(|from| format!("; it was {}", printable(from)))
        .or_else(|| {
            Some(format!(
                "; it goes to {}",
                printable(change.moved_to.as_ref()?)
            ))
        })
        .unwrap_or_default();
    let old = match change.old_copy {
        Some(copy) if words::peril(change).is_none() => format!("; {copy}"),
        Some(_) | None => String::new(),
    };
    format!("{}, as {because}{from}{old}", change.action)
}

fn external(change: &ExternalChange, all_open: bool) -> Resource {
    let name = format!("{}/{}/{}", change.provider, change.kind, change.key);
    Resource {
        anchor: svg::anchor("external", &name),
        name: printable(&name),
        type_name: "outside AWS".to_owned(),
        sign: words::sign(change.action),
        class: class(change.action),
        action: change.action.to_string(),
        open: all_open && change.action != Action::Create,
        peril: None,
        why: change.action.to_string(),
        hint: None,
        source: change.source.as_deref().map(printable),
        path: change.path.as_deref().map(printable),
        physical_id: None,
        properties: properties(&change.properties),
    }
}

/// Properties with their own changes first, then what only follows something else.
fn properties(changes: &[PropertyChange]) -> Vec<Property> {
    let (following, changed) = words::shown(changes);
    let mut properties: Vec<Property> = changed
        .iter()
        .map(|shown| property(&shown.values(), shown.impact > Impact::InPlace))
        .collect();
    properties.extend(following.iter().map(|follower| {
        let is_grave = follower.impact > Impact::InPlace;
        let impact = if is_grave {
            format!("; {}", follower.impact)
        } else {
            String::new()
        };
        Property {
            name: printable(&follower.path.join(".")),
            before: None,
            after: None,
            lines: Vec::new(),
            note: Some(printable(&format!(
                "↳ {}{impact}",
                words::causes(&follower.causes)
            ))),
            is_grave,
        }
    }));
    properties
}

fn attribute(change: &AttributeChange) -> Property {
    property(&words::attribute(change), false)
}

fn entry(what: &str, change: &EntryChange) -> Property {
    let name = format!("{}{}", what, change.name);
    let follows = change.before == change.after && change.before_value == change.after_value;
    let note = if follows {
        format!("↳ {}", words::causes(&change.causes))
    } else {
        String::new()
    };
    let values = Values {
        name: &name,
        before: change
            .before_value
            .as_ref()
            .or(change.before.as_ref())
            .filter(|_| !follows),
        after: change
            .after_value
            .as_ref()
            .or(change.after.as_ref())
            .filter(|_| !follows),
        note: &note,
    };
    property(&values, false)
}

fn property(values: &Values<'_>, is_grave: bool) -> Property {
    let (before, after, lines) = match values.short() {
        Some((before, after)) => (before, after, Vec::new()),
        None => (None, None, values.lines().into_iter().map(row).collect()),
    };
    Property {
        name: printable(values.name),
        before: before.as_deref().map(printable),
        after: after.as_deref().map(printable),
        lines,
        note: Some(printable(values.note)).filter(|note| !note.is_empty()),
        is_grave,
    }
}

fn row(line: DiffLine) -> DiffRow {
    let (class, sign, text) = match line {
        DiffLine::Gap => ("gap", "…", String::new()),
        DiffLine::Same(text) => ("same", " ", text),
        DiffLine::Old(text) => ("old", "-", text),
        DiffLine::New(text) => ("new", "+", text),
    };
    DiffRow {
        class,
        sign,
        text: printable(&text),
    }
}

fn accesses(stack: &StackPlan) -> Vec<Access> {
    access::lines(&stack.diff.security)
        .into_iter()
        .map(|line| Access {
            sign: line.sign,
            text: printable(&line.text),
            place: printable(&format!("{}/{}", stack.name, line.logical_id)),
            verdict: line.verdict().map(|verdict| printable(&verdict)),
            widens: line.widens,
        })
        .collect()
}

fn finding(stack: &str, found: &plan::Finding) -> Finding {
    let (severity, _) = checks::word(found);
    Finding {
        severity,
        rule: printable(&found.rule),
        message: printable(&found.message),
        place: printable(&checks::place(stack, found)),
        source: found.source.as_deref().map(printable),
        accepted: found.suppressed.as_deref().map(printable),
    }
}

fn class(action: Action) -> &'static str {
    match action {
        Action::Create | Action::Import => "create",
        Action::Update | Action::Move => "update",
        Action::Replace | Action::MayReplace => "replace",
        Action::Delete | Action::Orphan => "delete",
    }
}
