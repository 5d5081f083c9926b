//! The database behind a ledger: statements go in, rows come out, the same for a file and for a server.
//!
//! There is nothing between the statements of a transaction: what one depends on, it reads itself. So a transaction is one request
//! to a server, and never waits for its client while it holds the lock.

mod embedded;
mod hrana;
mod remote;

use jiff::Timestamp;
use libsql::Value;

pub(crate) use self::{embedded::Embedded, remote::Remote};
use crate::{Error, Location, location::Place};

/// A statement and the values of its parameters, `?1` first.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) text: &'static str,
    pub(crate) parameters: Vec<Value>,
}

/// Something that a parameter can be.
pub(crate) trait Parameter {
    fn value(self) -> Value;
}

/// A statement with its parameters.
macro_rules! statement {
    ($text:expr $(, $parameter:expr)* $(,)?) => {
        $crate::database::Statement {
            text: $text,
            parameters: vec![$($crate::database::Parameter::value($parameter)),*],
        }
    };
}
pub(crate) use statement;

#[derive(Debug)]
pub(crate) enum Database {
    Embedded(Embedded),
    Remote(Box<Remote>),
}

impl Database {
    pub(crate) async fn open(location: &Location) -> Result<Self, Error> {
        match &location.0 {
            Place::File(path) => Embedded::open(path).await.map(Self::Embedded),
            Place::Server { base, token } => {
                Remote::new(base, token.as_deref()).map(|remote| Self::Remote(remote.into()))
            }
        }
    }

    /// Runs one statement, and gives its rows.
    pub(crate) async fn run(&self, statement: Statement) -> Result<Vec<Row>, Error> {
        match self {
            Self::Embedded(database) => database.run(&statement).await,
            Self::Remote(database) => database.run(&statement).await,
        }
    }

    /// Runs statements in a transaction that others cannot write in between, all or none, and gives the rows of each.
    pub(crate) async fn transaction<const COUNT: usize>(
        &self,
        statements: [Statement; COUNT],
    ) -> Result<[Vec<Row>; COUNT], Error> {
        let rows = self.transaction_of(&statements).await?;
        rows.try_into()
            .map_err(|_| Error::Answer("the number of results is another".to_owned()))
    }

    /// The same for a number of statements that is not known beforehand.
    pub(crate) async fn transaction_of(
        &self,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, Error> {
        match self {
            Self::Embedded(database) => database.transaction(statements).await,
            Self::Remote(database) => database.transaction(statements).await,
        }
    }

    /// Runs a text of many statements in one transaction, behind a statement that makes it fail when it must not be run.
    pub(crate) async fn script(&self, guard: Statement, text: &'static str) -> Result<(), Error> {
        match self {
            Self::Embedded(database) => database.script(&guard, text).await,
            Self::Remote(database) => database.script(&guard, text).await,
        }
    }
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    /// An integer, `what` being what it is for whoever reads the error.
    pub(crate) fn integer(&self, column: usize, what: &'static str) -> Result<i64, Error> {
        self.optional_integer(column, what)?
            .ok_or(Error::Unreadable(what))
    }

    pub(crate) fn optional_integer(
        &self,
        column: usize,
        what: &'static str,
    ) -> Result<Option<i64>, Error> {
        match self.0.get(column) {
            Some(Value::Integer(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(Error::Unreadable(what)),
        }
    }

    /// A number of things.
    pub(crate) fn count(&self, column: usize, what: &'static str) -> Result<u64, Error> {
        u64::try_from(self.integer(column, what)?).map_err(|_| Error::Unreadable(what))
    }

    pub(crate) fn text(&self, column: usize, what: &'static str) -> Result<&str, Error> {
        self.optional_text(column, what)?
            .ok_or(Error::Unreadable(what))
    }

    pub(crate) fn optional_text(
        &self,
        column: usize,
        what: &'static str,
    ) -> Result<Option<&str>, Error> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(Error::Unreadable(what)),
        }
    }

    pub(crate) fn time(&self, column: usize, what: &'static str) -> Result<Timestamp, Error> {
        self.optional_time(column, what)?
            .ok_or(Error::Unreadable(what))
    }

    pub(crate) fn optional_time(
        &self,
        column: usize,
        what: &'static str,
    ) -> Result<Option<Timestamp>, Error> {
        self.optional_integer(column, what)?
            .map(|seconds| Timestamp::from_second(seconds).map_err(|_| Error::Unreadable(what)))
            .transpose()
    }
}

impl Parameter for &str {
    fn value(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl Parameter for String {
    fn value(self) -> Value {
        Value::Text(self)
    }
}

impl Parameter for i64 {
    fn value(self) -> Value {
        Value::Integer(self)
    }
}

impl Parameter for u32 {
    fn value(self) -> Value {
        Value::Integer(self.into())
    }
}

/// What is beyond every number of SQLite's is its largest: limits and sizes alone are as large as that.
impl Parameter for u64 {
    fn value(self) -> Value {
        Value::Integer(self.try_into().unwrap_or(i64::MAX))
    }
}

/// Whole seconds; the fraction is dropped.
impl Parameter for Timestamp {
    fn value(self) -> Value {
        Value::Integer(self.as_second())
    }
}

impl<T: Parameter> Parameter for Option<T> {
    fn value(self) -> Value {
        self.map_or(Value::Null, Parameter::value)
    }
}
