//! What a plan looks like on a terminal.

use crate::{project::Project, sample};

/// What `plan` prints on a terminal of so many columns.
fn on_terminal(project: &Project, columns: usize, variables: &[(&str, &str)]) -> String {
    // What is going on is told on the other stream, in a line that is drawn again and again.
    let outcome = project.on_terminal("plan -e local", "2>/dev/null", columns, variables, "");
    outcome.ended_with(0).stdout
}

/// A text as it stands on the screen, and how many columns its widest line has.
fn screen(text: &str) -> (String, usize) {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        shown.push_str(before);
        rest = match escape.strip_prefix(']') {
            Some(command) => command.split_once("\u{1b}\\").expect("a link ends").1,
            None => escape.split_once('m').expect("a colour ends").1,
        };
    }
    shown.push_str(rest);
    let width = shown
        .lines()
        .map(|line| line.trim_end().chars().count())
        .max();
    (shown, width.unwrap_or(0))
}

fn project() -> Project {
    let project = Project::with_stacks([("storage", sample::storage())]);
    project.run("deploy -e local").ended_with(0);
    project.edit(
        "assembly/storage.template.json",
        "s3://${Files}",
        "s3://${Files}/\\u001b[2Ja-place-for-everything-and-everything-in-its-place",
    );
    project
}

#[test]
fn lines_are_as_wide_as_the_terminal_and_nothing_is_lost() {
    let project = project();
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let piped = project.run("plan -e local").ended_with(0).stdout;
    for columns in [40, 66, 120] {
        let (shown, width) = screen(&on_terminal(&project, columns, &[("NO_COLOR", "1")]));
        assert!(width <= columns, "{width} of {columns} columns:\n{shown}");
        assert_eq!(squeezed(&shown), squeezed(&piped), "{shown}");
    }
    assert!(
        piped.lines().any(|line| line.chars().count() > 66),
        "{piped}"
    );
}

#[test]
fn colour_and_links_are_for_terminals_that_want_them() {
    let project = project();
    let colour = on_terminal(&project, 100, &[]);
    assert!(colour.contains("\u{1b}[33m"), "{colour:?}");
    assert!(
        !colour.contains("\u{1b}]8;"),
        "no link by default: {colour:?}"
    );
    assert!(
        !colour.contains("\u{1b}[2J"),
        "a value gives an order: {colour:?}"
    );
    let plain = on_terminal(&project, 100, &[("NO_COLOR", "1")]);
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert_eq!(
        screen(&colour).0,
        plain,
        "colour says nothing that words do not"
    );
    let linked = on_terminal(&project, 100, &[("FORCE_HYPERLINK", "1")]);
    let link = "\u{1b}]8;;file://[PROJECT]/stacks/src/storage.rs#L12\u{1b}\\";
    assert!(linked.contains(link), "{linked:?}");
    assert_eq!(screen(&linked).0, plain);

    let mut piped = project.command("plan -e local --color always");
    let piped = project.finish(piped.env("FORCE_HYPERLINK", "1")).stdout;
    assert!(
        piped.contains("\u{1b}[33m") && !piped.contains("\u{1b}]8;"),
        "{piped:?}"
    );
}
