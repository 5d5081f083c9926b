//! The plan as one HTML page that needs nothing else: it loads nothing, and is whole without its script.

mod page;

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use plan::Plan;
use sha2::{Digest as _, Sha256};
use tera::{Context, Tera};

use super::{
    graph::svg::{self, Use},
    words,
};
use crate::graph::Graph;

/// Opens and closes all changes at once, and finds some by their text.
const SCRIPT: &str = include_str!("../../templates/plan/page.js");

static TEMPLATES: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::default();
    tera.add_raw_templates([
        ("page.html", include_str!("../../templates/plan/page.html")),
        (
            "access-page.html",
            include_str!("../../templates/plan/access-page.html"),
        ),
        (
            "frame.html",
            include_str!("../../templates/plan/frame.html"),
        ),
        (
            "access.html",
            include_str!("../../templates/plan/access.html"),
        ),
        (
            "resource.html",
            include_str!("../../templates/plan/resource.html"),
        ),
        (
            "finding.html",
            include_str!("../../templates/plan/finding.html"),
        ),
        (
            "property.html",
            include_str!("../../templates/plan/property.html"),
        ),
    ])
    .expect("the template is a part of the program, which its tests draw");
    tera
});

/// Draws a plan, and with what it knows of the assembly (`graph`) the picture of what depends on what.
pub(crate) fn draw(plan: &Plan, mut graph: Graph) -> String {
    graph.mark(plan);
    let mut context = Context::new();
    context.insert("picture", &svg::draw(&graph, Use::Page));
    context.insert("script", SCRIPT);
    context.insert("digest_of_script", &STANDARD.encode(Sha256::digest(SCRIPT)));
    render("page.html", plan, context)
}

/// Draws what a plan says of access alone.
pub(crate) fn draw_access(plan: &Plan) -> String {
    let mut context = Context::new();
    context.insert("verdict", &words::access_verdict(plan));
    render("access-page.html", plan, context)
}

fn render(template: &str, plan: &Plan, mut context: Context) -> String {
    context.insert("page", &page::Page::of(plan));
    context.insert("style", include_str!("../../templates/plan/page.css"));
    context.insert("version", env!("CARGO_PKG_VERSION"));
    TEMPLATES
        .render(template, &context)
        .expect("the template reads what a page always has")
}
