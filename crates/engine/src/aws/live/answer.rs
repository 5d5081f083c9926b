//! The answer of a JSON service as it was sent.
//!
//! Cognito and Budgets call things as CloudFormation does, so that their answers need no translation, and a property that
//! is newer than this program is not overlooked.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_cognitoidentityprovider::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::AfterDeserializationInterceptorContextRef,
    },
    error::BoxError,
};
use serde_json::Value;

/// Keeps the answer to one call.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Value>>);

impl Kept {
    /// The answer; null where there was none.
    pub(super) fn take(&self) -> Value {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An answer may hold a secret, which no log is to show.
impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Kept")
    }
}

impl Intercept for Kept {
    fn name(&self) -> &'static str {
        "Kept"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Whole by now: it has been read.
        let body = context.response().body().bytes().unwrap_or_default();
        if let Ok(answer) = serde_json::from_slice(body) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        }
        Ok(())
    }
}
