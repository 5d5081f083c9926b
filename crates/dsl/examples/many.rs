//! Many resources in many stacks, for measuring: a stacks program that takes `--stacks N` and `--resources M` (of each stack) beside
//! the `--request FILE` of every stacks program. With `--strong` the stacks hold each other firmly.
//!
//!     many --stacks 100 --resources 400 --request request.json

use std::process::ExitCode;

use dsl::{
    App, Environment, Handle, Object, Reference, Resource, ResourceOptions, TagProperty, TagStyle,
    Value, document, sub,
};

/// A queue, as a generated resource would be.
#[derive(Default)]
struct Queue {
    name: Option<Value<String>>,
    delay_seconds: Option<Value<i64>>,
    redrive_policy: Option<Value<dsl::Json>>,
}

#[derive(Clone)]
struct QueueHandle(Reference);

impl Resource for Queue {
    const TYPE: &'static str = "AWS::SQS::Queue";
    const TAGS: Option<TagProperty> = Some(TagProperty {
        name: "Tags",
        style: TagStyle::List,
    });
    type Handle = QueueHandle;

    fn into_properties(self) -> Object {
        let mut properties = Object::new();
        properties.set("QueueName", self.name);
        properties.set("DelaySeconds", self.delay_seconds);
        properties.set("RedrivePolicy", self.redrive_policy);
        properties
    }
}

impl Handle for QueueHandle {
    fn from_reference(reference: Reference) -> Self {
        Self(reference)
    }

    fn reference(&self) -> &Reference {
        &self.0
    }
}

fn main() -> ExitCode {
    let (stacks, resources) = (count("--stacks", 100), count("--resources", 400));
    let strong = std::env::args().any(|argument| argument == "--strong");
    dsl::run("many", |app: &mut App, _: &Environment| {
        app.tag("project", "many");
        // Each stack's queues hand what they cannot handle to one of the stack before.
        let mut dead: Option<QueueHandle> = None;
        for stack_number in 0..stacks {
            let stack = app.stack(&format!("stack-{stack_number}"));
            let mut first = None;
            for number in 0..resources {
                let target = first.as_ref().or(dead.as_ref());
                let redrive = target.map(|target: &QueueHandle| {
                    let arn: Value<dsl::Arn> = target.reference().attribute("Arn");
                    document!({ "deadLetterTargetArn": arn, "maxReceiveCount": 5 })
                });
                let queue = Queue {
                    name: Some(sub!("queue-{stack_number}-{number}-{}", dsl::aws::region())),
                    delay_seconds: Some(5.into()),
                    redrive_policy: redrive,
                };
                let queue = stack
                    .add(&format!("Queue{number}"), queue)
                    .tag("kind", "work");
                first.get_or_insert(queue);
            }
            dead = first.map(|queue| if strong { queue.strong() } else { queue });
        }
    })
}

/// The number after a flag.
fn count(flag: &str, default: u32) -> u32 {
    let mut arguments = std::env::args().skip_while(|argument| argument != flag);
    let number = arguments.nth(1).and_then(|text| text.parse().ok());
    number.unwrap_or(default)
}
