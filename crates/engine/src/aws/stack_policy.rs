//! The calls about stack policies.

use super::{ApiOperation, Aws, calls::absent_is_none};
use crate::{port::Answer, stack_policy::StackPolicies};

impl StackPolicies for Aws {
    fn stack_policy<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::GetStackPolicy, stack);
            let request = self.cloudformation.get_stack_policy().stack_name(stack);
            let answer = request.send().await.map_err(|error| call.failed(error));
            Ok(absent_is_none(answer)?.and_then(|answer| answer.stack_policy_body))
        })
    }

    fn set_stack_policy<'a>(&'a self, stack: &'a str, policy: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = self.call(ApiOperation::SetStackPolicy, stack);
            let request = self.cloudformation.set_stack_policy().stack_name(stack);
            let answer = request.stack_policy_body(policy).send().await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        })
    }
}
