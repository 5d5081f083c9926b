//! The wire: AWS's Query protocol in, XML out.

mod query;
mod xml;

pub(crate) use query::Form;
pub(crate) use xml::Xml;

/// A refusal in AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The error code SDKs decide by.
    pub(crate) code: &'static str,
    /// The sentence for people; tools match on these too.
    pub(crate) message: String,
    /// The HTTP status.
    pub(crate) status: u16,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status: 400,
        }
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The refusal CloudFormation gives most often.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    /// A failure of ours, never of the caller.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message).with_status(500)
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.status >= 500
    }
}
