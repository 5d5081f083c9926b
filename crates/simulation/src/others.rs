//! What other people do, past every tool: to stacks, and to resources beside their stacks.

use axum::{
    body::Bytes,
    http::{Request, StatusCode},
};
use local::{Answered, Deed, SeenResource};
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Someone else does something to a stack.
    pub(crate) async fn others(&self, stack: &str, deed: Deed) {
        self.tell(format_args!("someone else: {deed:?} {stack}"));
        self.touch(stack);
        let tag = [
            ("Tags.member.1.Key", "someone"),
            ("Tags.member.1.Value", "else"),
            ("UsePreviousTemplate", "true"),
            ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ];
        let (action, more): (_, &[_]) = match deed {
            Deed::Update => ("UpdateStack", &tag),
            Deed::Delete => ("DeleteStack", &[]),
            Deed::ChangeSet => ("CreateChangeSet", &tag),
        };
        let body = {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("Version", "2010-05-15");
            form.append_pair("Action", action);
            form.append_pair("StackName", stack);
            form.extend_pairs(more);
            if deed == Deed::ChangeSet {
                form.append_pair("ChangeSetName", "someone-elses");
            }
            Bytes::from(form.finish())
        };
        let request = Request::post("/").body(body);
        // They may fail too; that is theirs to see.
        let _ = self
            .endpoint()
            .answer(request.expect("its parts are plain"))
            .await;
    }

    /// Something else than its stack changes a resource, or deletes it where `value` is none.
    pub(crate) async fn disturb(&self, resource: &SeenResource, value: Option<usize>) {
        let id = &resource.logical_id;
        let Some(physical_id) = &resource.physical_id else {
            return;
        };
        let mut asked = json!({"TypeName": resource.resource_type, "Identifier": physical_id});
        let operation = match value {
            Some(value) => {
                self.tell(format_args!("something else changes {id} to {value}"));
                let (path, value) = changed(&resource.resource_type, value);
                let patch = json!([{"op": "add", "path": path, "value": value}]);
                asked["PatchDocument"] = patch.to_string().into();
                "UpdateResource"
            }
            None => {
                self.tell(format_args!("something else deletes {id}"));
                "DeleteResource"
            }
        };
        let request = Request::post("/")
            .header("x-amz-target", format!("CloudApiService.{operation}"))
            .body(Bytes::from(asked.to_string()))
            .expect("its parts are plain");
        match self.endpoint().answer_with(request, None).await {
            Answered::Whole(response) if response.status() == StatusCode::OK => {}
            answered => self.accuse(format_args!("{id} cannot be disturbed: {answered:?}")),
        }
    }
}

/// The property that something else changes in a resource of a type, as a JSON pointer, and its value then.
fn changed(resource_type: &str, value: usize) -> (&'static str, Value) {
    let text = format!("disturbed {value}");
    match resource_type {
        "AWS::SQS::Queue" => ("/VisibilityTimeout", json!(1000 + value)),
        "AWS::S3::Bucket" => ("/Tags", json!([{"Key": "value", "Value": text}])),
        "AWS::IAM::Role" => ("/Description", json!(text)),
        _ => ("/DisplayName", json!(text)),
    }
}
