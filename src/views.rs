//! How answers look: each view draws data that was computed elsewhere, and decides nothing.

pub(crate) mod access;
pub(crate) mod change;
pub(crate) mod checks;
pub(crate) mod drift;
pub(crate) mod findings;
pub(crate) mod fold;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod html;
pub(crate) mod markdown;
pub(crate) mod migrations;
pub(crate) mod plan;
pub(crate) mod recovery;
pub(crate) mod remaining;
pub(crate) mod secrets;
pub(crate) mod security;
pub(crate) mod text;
pub(crate) mod values;
pub(crate) mod words;

#[cfg(test)]
mod tests;
