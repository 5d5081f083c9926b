//! The parts that are used of [Hrana 3 over HTTP](https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md), which
//! sqld and Turso speak.

use libsql::Value;
use serde::{Deserialize, Serialize};

use super::{Row, Statement};

/// What is sent to `/v3/pipeline`: requests of one stream, which goes on where the baton was given.
#[derive(Serialize)]
pub(super) struct Pipeline<'a> {
    pub(super) baton: Option<&'a str>,
    pub(super) requests: Vec<StreamRequest<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum StreamRequest<'a> {
    Execute { stmt: Sql<'a> },
    Batch { batch: Batch<'a> },
    Sequence { sql: &'a str },
    Close,
}

#[derive(Serialize)]
pub(super) struct Batch<'a> {
    pub(super) steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
pub(super) struct Step<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<Condition>,
    pub(super) stmt: Sql<'a>,
}

/// When a step is taken.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Condition {
    Ok { step: usize },
    Not { cond: Box<Self> },
}

#[derive(Serialize)]
pub(super) struct Sql<'a> {
    sql: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<WireValue>,
}

/// A value; integers are texts, as not every JSON reader can tell large ones apart.
#[derive(Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum WireValue {
    Null,
    Integer { value: String },
    Float { value: f64 },
    Text { value: String },
    Blob { base64: String },
}

#[derive(Deserialize)]
pub(super) struct PipelineAnswer {
    pub(super) baton: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) results: Vec<Outcome>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Outcome {
    Ok { response: Response },
    Error { error: Failure },
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Response {
    Execute { result: Rows },
    Batch { result: BatchRows },
    Sequence,
    Close,
}

#[derive(Deserialize)]
pub(super) struct Rows {
    rows: Vec<Vec<WireValue>>,
}

#[derive(Deserialize)]
pub(super) struct BatchRows {
    pub(super) step_results: Vec<Option<Rows>>,
    pub(super) step_errors: Vec<Option<Failure>>,
}

#[derive(Deserialize)]
pub(super) struct Failure {
    pub(super) message: String,
    #[serde(default)]
    pub(super) code: Option<String>,
}

impl<'a> Sql<'a> {
    pub(super) fn plain(sql: &'a str) -> Self {
        Self {
            sql,
            args: Vec::new(),
        }
    }
}

impl<'a> From<&'a Statement> for Sql<'a> {
    fn from(statement: &'a Statement) -> Self {
        Self {
            sql: statement.text,
            args: statement.parameters.iter().map(WireValue::from).collect(),
        }
    }
}

impl From<&Value> for WireValue {
    fn from(value: &Value) -> Self {
        match value {
            // No statement here has a blob.
            Value::Null | Value::Blob(_) => Self::Null,
            Value::Integer(value) => Self::Integer {
                value: value.to_string(),
            },
            Value::Real(value) => Self::Float { value: *value },
            Value::Text(value) => Self::Text {
                value: value.clone(),
            },
        }
    }
}

impl Rows {
    /// The rows; `None` when an integer is none.
    pub(super) fn read(self) -> Option<Vec<Row>> {
        let value = |value| {
            Some(match value {
                WireValue::Null => Value::Null,
                WireValue::Integer { value } => Value::Integer(value.parse().ok()?),
                WireValue::Float { value } => Value::Real(value),
                WireValue::Text { value } => Value::Text(value),
                WireValue::Blob { base64 } => Value::Text(base64),
            })
        };
        let row =
            |row: Vec<WireValue>| Some(Row(row.into_iter().map(value).collect::<Option<_>>()?));
        self.rows.into_iter().map(row).collect()
    }
}
