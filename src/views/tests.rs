//! What the views for documents make of plans that are hostile or very large.

use plan::{Plan, StackPlan};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use super::{html, markdown, security, text::Look};
use crate::graph::Graph;

/// Whatever ends a fence, a table, an element or a comment, calls somebody, or is run.
const HOSTILE: &str = "``````` ~~~~ | </details></summary></code> <script>alert(1)</script> @everyone #1 https://evil.example www.evil.example \
                       \n# heading\n--> ![x](https://evil.example/x.png) <img src=x onerror=alert(1)> {{ 7 * 7 }} {% raw %} '\"> \u{1b}[31m";

fn plan(stacks: Vec<Value>) -> Plan {
    let mut plan: Plan = serde_json::from_value(json!({
        "format_version": "1.0", "environment": "staging", "account": "000000000000", "region": "us-east-1",
        "digest": "", "stacks": stacks, "summary": summary(0),
    }))
    .expect("it is a plan");
    plan.summary.update = plan
        .stacks
        .iter()
        .map(|stack| stack.diff.changes.len())
        .sum();
    plan
}

fn summary(update: usize) -> Value {
    json!({"create": 0, "update": update, "replace": 0, "may_replace": 0, "delete": 0, "orphan": 0, "import": 0, "move": 0})
}

fn stack(name: &str, changes: &[Value]) -> Value {
    json!({
        "name": name, "stack_name": name, "action": "update", "format_version": "1.0", "summary": summary(changes.len()),
        "changes": changes, "parameters": [], "mappings": [], "conditions": [], "outputs": [], "other": [],
        "equivalent": [], "security": {"widened": false, "iam": [], "network": []},
    })
}

fn change(id: &str, action: &str, before: &Value, after: &Value) -> Value {
    json!({
        "logical_id": id, "type": "AWS::S3::Bucket", "action": action, "reason": "property_changed",
        "stateful": action == "replace", "source": "stacks/src/files.rs:20",
        "properties": [{"path": ["Text"], "before": before, "after": after, "impact": "in_place"}],
    })
}

/// A plan in which every text is hostile.
fn hostile() -> Plan {
    let mut value = stack(
        HOSTILE,
        &[change(
            HOSTILE,
            "replace",
            &json!(HOSTILE),
            &json!([HOSTILE]),
        )],
    );
    value["changes"][0]["type"] = json!(HOSTILE);
    value["changes"][0]["source"] = json!(HOSTILE);
    value["changes"][0]["path"] = json!(HOSTILE);
    value["changes"][0]["properties"][0]["path"] = json!([HOSTILE]);
    value["changes"][0]["attributes"] = json!([{"name": HOSTILE, "before": "a", "after": HOSTILE}]);
    value["outputs"] =
        json!([{"name": HOSTILE, "action": "update", "before": HOSTILE, "after": "b"}]);
    value["equivalent"] = json!([HOSTILE]);
    value["depends_on"] = json!([HOSTILE]);
    value["findings"] = json!([{"severity": "error", "rule": HOSTILE, "message": HOSTILE, "source": HOSTILE, "logical_id": HOSTILE}, {"severity": "info", "rule": HOSTILE, "message": HOSTILE, "suppressed": HOSTILE}]);
    value["security"] = json!({"widened": true, "network": [], "iam": [{
        "change": "added", "effect": "Allow", "principals": [HOSTILE], "actions": [HOSTILE], "resources": [HOSTILE],
        "condition": {HOSTILE: HOSTILE}, "logical_id": HOSTILE, "kind": "identity", "widens": true,
    }]});
    let mut plan = plan(vec![value]);
    plan.environment = HOSTILE.to_owned();
    plan.region = HOSTILE.to_owned();
    plan.commit = Some(HOSTILE.to_owned());
    plan.against = Some(HOSTILE.to_owned());
    plan.external = serde_json::from_value(json!([{
        "provider": HOSTILE, "kind": HOSTILE, "key": HOSTILE, "action": "update",
        "properties": [{"path": [HOSTILE], "before": HOSTILE, "after": null, "impact": "in_place"}],
    }]))
    .expect("it is a change");
    plan
}

/// The names of all elements that raw HTML opens or closes.
fn elements(html: &str) -> Vec<String> {
    html.split('<')
        .skip(1)
        .map(|rest| rest.split([' ', '>']).next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn nothing_in_a_plan_breaks_out_of_the_comment() {
    nothing_breaks_out_of(&markdown::draw(&hostile()), (3, 2));
    nothing_breaks_out_of(&markdown::draw_access(&hostile()), (1, 1));
}

/// Holds that a comment has these headings and tables, and that every text of the plan is nothing but text.
fn nothing_breaks_out_of(text: &str, expected: (usize, usize)) {
    let mut options = Options::empty();
    options.insert(Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_STRIKETHROUGH);
    let (mut in_code, mut headings, mut tables, mut opened) = (false, 0, 0, 0);
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Heading { .. }) => headings += 1,
            Event::Start(Tag::Table(columns)) => {
                tables += 1;
                assert!(matches!(columns.len(), 4 | 5), "{text}");
            }
            Event::Start(Tag::Image { .. } | Tag::Link { .. }) => {
                panic!("a link or an image:\n{text}")
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for element in elements(&html) {
                    match element.as_str() {
                        "code" => in_code = true,
                        "/code" => in_code = false,
                        "details" => opened += 1,
                        "/details" => opened -= 1,
                        "summary" | "/summary" | "b" | "/b" | "!--" => {}
                        other => panic!("an element `{other}`:\n{text}"),
                    }
                }
            }
            Event::Text(words) => {
                let is_plain = !words.contains("everyone") && !words.contains("evil");
                assert!(in_code || is_plain, "outside of code: {words}\n{text}");
            }
            _ => {}
        }
    }
    let mut fenced = false;
    for line in text.lines().skip(1) {
        fenced ^= line.starts_with("```");
        assert!(
            fenced || !(line.contains("www.") || line.contains("://")),
            "{line}"
        );
    }
    assert_eq!(
        (headings, tables, opened),
        (expected.0, expected.1, 0),
        "{text}"
    );
    let marker = text.lines().next().unwrap_or_default();
    assert_eq!(marker.matches("-->").count(), 1, "{marker}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn nothing_in_a_plan_breaks_out_of_the_page() {
    // One script, the page's own; what tells of access alone has none.
    nothing_breaks_out_of_page(&html::draw(&hostile(), Graph::default()), 1);
    nothing_breaks_out_of_page(&html::draw_access(&hostile()), 0);
}

fn nothing_breaks_out_of_page(page: &str, scripts: usize) {
    assert_eq!(page.matches("<script").count(), scripts);
    assert_eq!(page.matches("<img").count(), 0);
    assert!(!page.contains("49"), "a value is no template");
    assert!(!page.contains('\u{1b}'));
    for tag in ["details", "summary", "section", "table", "svg", "main"] {
        assert_eq!(
            page.matches(&format!("<{tag}")).count(),
            page.matches(&format!("</{tag}>")).count(),
            "{tag}"
        );
    }
}

#[test]
fn a_comment_is_never_too_long_and_leaves_out_the_least_dangerous_first() {
    let long = |sign: &str| json!(format!("{sign} line\n").repeat(60));
    for count in [1, 40, 600] {
        let changes: Vec<Value> = (0..count)
            .flat_map(|number| {
                let text = |sign: &str| json!(format!("{sign}{number} {}", long(sign)));
                [
                    change(&format!("New{number}"), "create", &Value::Null, &text("a")),
                    change(
                        &format!("Changed{number}"),
                        "update",
                        &text("a"),
                        &text("b"),
                    ),
                ]
            })
            .chain([change("Precious", "replace", &long("old"), &long("new"))])
            .collect();
        let stacks: Vec<Value> = (0..3)
            .map(|number| stack(&format!("stack{number}"), &changes))
            .collect();
        let text = markdown::draw(&plan(stacks));
        assert!(text.len() < 65_536, "{count}: {}", text.len());
        assert_eq!(text.matches("! ± Precious").count(), 3, "{count}:\n{text}");
        assert_eq!(
            text.matches("+       new line").count(),
            3 * 60,
            "{count}:\n{text}"
        );
        assert_eq!(
            text.contains("too long for a comment"),
            count > 1,
            "{count}:\n{text}"
        );
        assert_eq!(
            text.matches("<details").count(),
            text.matches("</details>").count()
        );
    }
    let stacks = (0..2_000).map(|number| {
        stack(
            &format!("stack{number}"),
            &[change("A", "update", &json!(1), &json!(2))],
        )
    });
    let text = markdown::draw(&plan(stacks.collect()));
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains("too long for a comment"), "{text}");
}

#[test]
fn the_picture_marks_what_changes_and_leads_to_it() {
    let mut changes = vec![change("Files", "replace", &json!(1), &json!(2))];
    changes.push(change("Gone", "delete", &json!(1), &Value::Null));
    let page = html::draw(&plan(vec![stack("files", &changes)]), Graph::default());
    for (id, class, below) in [
        ("Files", "graph-replace", "replace · S3::Bucket"),
        ("Gone", "graph-delete", "delete · S3::Bucket"),
    ] {
        let picture = page.split("<svg").nth(1).unwrap_or_default();
        let cell = picture
            .split("<a href=\"#")
            .find(|part| part.starts_with(&format!("files.{id}\"")));
        let cell = cell.and_then(|part| part.split("</a>").next());
        let cell = cell.unwrap_or_else(|| panic!("no link to {id}"));
        assert!(cell.contains(class) && cell.contains(below), "{cell}");
        assert_eq!(page.matches(&format!("id=\"files.{id}\"")).count(), 1);
    }
}

#[test]
fn a_comment_is_found_again_by_its_first_line() {
    let plan = plan(vec![stack("files", &[])]);
    let text = markdown::draw(&plan);
    assert_eq!(text.lines().next(), Some("<!-- chitinfra:plan:staging -->"));
    let nothing: &[StackPlan] = &[];
    let empty = markdown::draw(&Plan {
        stacks: nothing.to_vec(),
        ..plan
    });
    assert!(empty.contains("No changes"), "{empty}");
}

#[test]
fn what_could_not_be_verified_is_never_told_as_no_change_of_access() {
    let mut plan = plan(vec![stack("files", &[])]);
    assert!(!plan.access().may_change());
    plan.stacks[0].unverified = Some("GetTemplate is not allowed".to_owned());
    assert!(plan.access().may_change());
    let forms = [
        security::draw(&plan, Look::PLAIN),
        markdown::draw_access(&plan),
        html::draw_access(&plan),
    ];
    for form in forms {
        let form = form.to_lowercase();
        assert!(form.contains("no change of access is known"), "{form}");
        assert!(form.contains("not verified"), "{form}");
    }
}
