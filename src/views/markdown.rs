//! The plan as Markdown, for a comment on a pull request.
//!
//! Nothing that stands in a plan can end a fence, a table or an element, or call somebody: lines stand in fences that are
//! longer than any run of backticks within, everything else in `<code>` with its punctuation written by number.

use std::fmt::Write as _;

use plan::{Plan, Severity, StackPlan};

use super::{
    access, change,
    change::{Block, Danger},
    checks, plan as human,
    text::{Look, Text, printable},
    words,
};

/// The most that a comment on GitHub may have: characters, taken as bytes to be on the safe side.
const LIMIT: usize = 65_536;
/// What is kept for saying what was left out.
const RESERVE: usize = 4_096;
/// The most losses of data that are named at the top; all are told in their stacks.
const PERILS: usize = 10;
/// The head of the table of what changes in access.
const ACCESS_COLUMNS: &str = "| | What | Where | Verdict |\n|---|---|---|---|\n";

/// Draws a plan. The first line is a hidden marker by which a later run finds and updates its own comment.
pub(crate) fn draw(plan: &Plan) -> String {
    let mut sections = vec![fenced("Moves first", human::moves(plan))];
    let stacks = plan.stacks.iter();
    sections.extend(stacks.filter(|stack| !human::is_quiet(stack)).map(stack));
    sections.extend([
        fenced("Goes last", human::lasts(plan)),
        outside(plan),
        accesses(plan),
        findings(plan),
        fenced(words::DEPARTED, human::departed(plan)),
    ]);
    assemble(head(plan), sections)
}

/// Draws what a plan says of access alone, for a comment of its own.
pub(crate) fn draw_access(plan: &Plan) -> String {
    let mut head = title("access", "Access in", plan);
    let _ = write!(head, "**{}**\n\n", words::access_verdict(plan));
    head.push_str(&unverified(plan));
    let mut changes = accesses(plan);
    changes.opening = ACCESS_COLUMNS.to_owned();
    assemble(head, vec![changes])
}

/// What stands above everything, and as much of the rest as there is room for.
fn assemble(head: String, mut sections: Vec<Section>) -> String {
    sections.retain(|section| !section.pieces.is_empty());
    shrink(&mut sections, (LIMIT - RESERVE).saturating_sub(head.len()));
    let mut text = head;
    let left_out: usize = sections.iter().map(Section::left_out).sum();
    if left_out > 0 {
        let _ = writeln!(
            text,
            "> [!NOTE]\n> This plan is too long for a comment: {left_out} of its parts are shortened or left out below, the least \
             dangerous first. `chitinfra plan` shows all of it.\n"
        );
    }
    for section in sections.iter().filter(|section| section.is_shown) {
        section.draw(&mut text);
    }
    text
}

/// A part of the comment with a heading of its own.
struct Section {
    opening: String,
    closing: String,
    /// Whether the pieces stand in a fence.
    is_fenced: bool,
    /// Whether it is told at all.
    is_shown: bool,
    pieces: Vec<Piece>,
}

/// Something that is told whole, in short or not at all.
struct Piece {
    danger: Danger,
    whole: String,
    short: String,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Whole,
    Short,
    Gone,
}

impl Piece {
    fn new(danger: Danger, text: String) -> Self {
        Self {
            danger,
            short: text.clone(),
            whole: text,
            form: Form::Whole,
        }
    }

    fn text(&self) -> &str {
        match self.form {
            Form::Whole => &self.whole,
            Form::Short => &self.short,
            Form::Gone => "",
        }
    }

    fn is_left_out(&self) -> bool {
        match self.form {
            Form::Whole => false,
            Form::Short => self.short != self.whole,
            Form::Gone => true,
        }
    }
}

impl Section {
    fn length(&self) -> usize {
        let pieces: usize = self.pieces.iter().map(|piece| piece.text().len()).sum();
        let fences = if self.is_fenced {
            2 * self.fence().len() + 6
        } else {
            0
        };
        // What is said of what was left out takes up to a hundred letters.
        self.opening.len() + pieces + fences + self.closing.len() + 100
    }

    fn left_out(&self) -> usize {
        self.pieces
            .iter()
            .filter(|piece| piece.is_left_out())
            .count()
    }

    /// More backticks than stand together anywhere within.
    fn fence(&self) -> String {
        let runs = self
            .pieces
            .iter()
            .flat_map(|piece| piece.whole.split(|character| character != '`'))
            .map(str::len);
        "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
    }

    fn draw(&self, text: &mut String) {
        text.push_str(&self.opening);
        let shown: String = self.pieces.iter().map(Piece::text).collect();
        if self.is_fenced && !shown.is_empty() {
            let fence = self.fence();
            let _ = write!(text, "{fence}diff\n{shown}{fence}\n");
        } else {
            text.push_str(&shown);
        }
        let count = |form: Form| {
            let pieces = self.pieces.iter().filter(|piece| piece.form == form);
            pieces.filter(|piece| piece.is_left_out()).count()
        };
        let said: Vec<String> = [(Form::Short, "shortened"), (Form::Gone, "left out")]
            .into_iter()
            .filter(|(form, _)| count(*form) > 0)
            .map(|(form, what)| format!("{} {what}", count(form)))
            .collect();
        if !said.is_empty() {
            let _ = writeln!(text, "\n_Here: {}._", said.join(", "));
        }
        text.push_str(&self.closing);
    }
}

/// Shortens pieces, the least dangerous first, until all fits: first what they say, then whether they are told at all.
fn shrink(sections: &mut [Section], room: usize) {
    let mut length: usize = sections.iter().map(Section::length).sum();
    let harmless = [Danger::Harmless, Danger::Change];
    let grave = [Danger::Grave, Danger::Data];
    let steps = harmless
        .iter()
        .map(|danger| (*danger, Form::Short))
        .chain(harmless.iter().map(|danger| (*danger, Form::Gone)))
        .chain(grave.iter().map(|danger| (*danger, Form::Short)))
        .chain(grave.iter().map(|danger| (*danger, Form::Gone)));
    for (danger, form) in steps {
        for piece in sections
            .iter_mut()
            .rev()
            .flat_map(|section| section.pieces.iter_mut().rev())
        {
            if length <= room {
                return;
            }
            if piece.danger == danger {
                length -= piece.text().len();
                piece.form = form;
                length += piece.text().len();
            }
        }
    }
    // So many stacks that their headings alone are too long: the first ones stand for all.
    while length > room
        && let Some(section) = sections.iter_mut().rev().find(|section| section.is_shown)
    {
        length -= section.length();
        section.is_shown = false;
    }
}

/// The hidden marker of a kind of comment, and which environment it is about, where, from which commit.
fn title(kind: &str, lead: &str, plan: &Plan) -> String {
    let name: String = plan
        .environment
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "._-".contains(letter) {
                letter
            } else {
                '_'
            }
        })
        .collect();
    let mut text = format!(
        "<!-- chitinfra:{kind}:{name} -->\n### {lead} {} · account {} · {}",
        code(&plan.environment),
        code(&words::account(&plan.account)),
        code(&plan.region)
    );
    if let Some(commit) = &plan.commit {
        let _ = write!(
            text,
            " · commit {}",
            code(commit.get(..7).unwrap_or(commit))
        );
    }
    if let Some(assembly) = &plan.against {
        let _ = write!(text, " · against {}", code(assembly));
    }
    text.push_str("\n\n");
    text
}

/// What everybody must see, whatever else fits.
fn head(plan: &Plan) -> String {
    let mut text = title("plan", "Plan for", plan);
    if !human::has_changes(plan) {
        let _ = write!(text, "{}\n\n", words::no_changes(plan));
        return text;
    }
    let perils = words::perils(plan);
    let _ = write!(text, "**{}.**", words::totals(&plan.summary));
    text.push_str(
        match (perils.is_empty(), words::unverified(plan).is_empty()) {
            (true, true) => " Nothing stateful is lost.\n\n",
            (true, false) => "\n\n",
            (false, _) => "\n\n> [!CAUTION]\n",
        },
    );
    for peril in perils.iter().take(PERILS) {
        let place = format!("{}/{}", peril.stack, peril.logical_id);
        let _ = writeln!(
            text,
            "> - **{}** {} ({}): {}",
            peril.label,
            code(&place),
            code(peril.type_name),
            peril.what
        );
    }
    if perils.len() > PERILS {
        let _ = writeln!(text, "> - and {} more", perils.len() - PERILS);
    }
    if !perils.is_empty() {
        text.push('\n');
    }
    text.push_str(&unverified(plan));
    let widening = words::widening(plan);
    if widening > 0 {
        let noun = if widening == 1 { "change" } else { "changes" };
        let _ = write!(
            text,
            "> [!WARNING]\n> Access widens by {widening} {noun}, marked below.\n\n"
        );
    }
    text
}

/// Which stacks could not be verified, if any.
fn unverified(plan: &Plan) -> String {
    let names: Vec<String> = words::unverified(plan).into_iter().map(code).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "> [!WARNING]\n> Not verified: {}; more may change than is shown.\n\n",
        names.join(", ")
    )
}

fn stack(stack: &StackPlan) -> Section {
    let (sign, _) = words::stack_sign(stack.action, &stack.diff);
    let blocks = change::blocks(stack.action, &stack.diff, Look::PLAIN);
    // What is new or folded needs no open details.
    let open = if blocks.iter().any(|block| block.danger < Danger::Harmless) {
        " open"
    } else {
        ""
    };
    Section {
        opening: format!(
            "<details{open}><summary>{sign} <b>{}</b>: {}</summary>\n\n",
            code(&stack.name),
            words::stack_phrase(stack),
        ),
        closing: "\n</details>\n\n".to_owned(),
        is_fenced: true,
        is_shown: true,
        pieces: words::stack_notes(stack)
            .iter()
            .map(|note| Piece::new(Danger::Grave, format!("  {}\n", printable(note))))
            .chain(blocks.into_iter().map(piece))
            .collect(),
    }
}

fn piece(block: Block) -> Piece {
    let short = block.head.as_diff();
    Piece {
        danger: block.danger,
        whole: format!("{short}{}", block.body.as_diff()),
        short,
        form: Form::Whole,
    }
}

/// A text in a section of its own, if there is one.
fn fenced(heading: &str, text: Text) -> Section {
    let pieces = if text.is_empty() {
        Vec::new()
    } else {
        vec![Piece::new(Danger::Change, text.as_diff())]
    };
    Section {
        opening: format!("<details open><summary><b>{heading}</b></summary>\n\n"),
        closing: "\n</details>\n\n".to_owned(),
        is_fenced: true,
        is_shown: true,
        pieces,
    }
}

fn outside(plan: &Plan) -> Section {
    Section {
        opening: "<details open><summary><b>Outside AWS</b></summary>\n\n".to_owned(),
        closing: "\n</details>\n\n".to_owned(),
        is_fenced: true,
        is_shown: true,
        pieces: plan
            .external
            .iter()
            .map(|change| {
                let text = change::draw_external(change, Look::PLAIN).as_diff();
                let short = text.lines().next().map(|line| format!("{line}\n"));
                Piece {
                    short: short.unwrap_or_default(),
                    ..Piece::new(Danger::Change, text)
                }
            })
            .collect(),
    }
}

fn accesses(plan: &Plan) -> Section {
    let mut pieces = Vec::new();
    for stack in &plan.stacks {
        for line in access::lines(&stack.diff.security) {
            let danger = if line.widens {
                Danger::Grave
            } else {
                Danger::Change
            };
            let verdict = line.verdict().map(|verdict| {
                if line.widens {
                    format!("**{}**", code(&verdict))
                } else {
                    code(&verdict)
                }
            });
            let row = format!(
                "| {} | {} | {} | {} |\n",
                code(line.sign),
                code(&line.text),
                code(&format!("{}/{}", stack.name, line.logical_id)),
                verdict.unwrap_or_default()
            );
            pieces.push(Piece::new(danger, row));
        }
    }
    Section {
        opening: format!("#### Access\n\n{ACCESS_COLUMNS}"),
        closing: "\n".to_owned(),
        is_fenced: false,
        is_shown: true,
        pieces,
    }
}

/// Errors and warnings; notes and what was accepted with a reason are counted, as at a terminal.
fn findings(plan: &Plan) -> Section {
    let mut pieces = Vec::new();
    let mut quiet = 0;
    for stack in &plan.stacks {
        for finding in &stack.diff.findings {
            let (word, _) = checks::word(finding);
            let danger = match (&finding.suppressed, finding.severity) {
                (Some(_), _) | (None, Severity::Info) => {
                    quiet += 1;
                    continue;
                }
                (None, Severity::Warning) => Danger::Grave,
                (None, Severity::Error) => Danger::Data,
            };
            let source = finding.source.as_deref().map(code).unwrap_or_default();
            let row = format!(
                "| {word} | {} | {} | {} | {source} |\n",
                code(&finding.rule),
                code(&finding.message),
                code(&checks::place(&stack.name, finding)),
            );
            pieces.push(Piece::new(danger, row));
        }
    }
    let closing = match quiet {
        0 => "\n".to_owned(),
        1 => "\n_And a note, or a finding that was accepted._\n".to_owned(),
        quiet => format!("\n_And {quiet} notes or findings that were accepted._\n"),
    };
    Section {
        opening: "#### Checks\n\n| | Rule | What | Where | Declared |\n|---|---|---|---|---|\n"
            .to_owned(),
        closing,
        is_fenced: false,
        is_shown: true,
        pieces,
    }
}

/// A text that is nothing but text, wherever it stands. Within `<code>` nobody is mentioned and nothing is linked.
fn code(text: &str) -> String {
    let mut shown = "<code>".to_owned();
    for character in printable(text).chars() {
        if character.is_ascii_punctuation() && !"-./,()".contains(character) {
            let _ = write!(shown, "&#{};", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown.push_str("</code>");
    // GitHub makes an address of this wherever it stands.
    shown.replace("www.", "&#119;ww.")
}
