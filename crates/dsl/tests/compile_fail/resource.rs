// A resource as the generator writes it: what is required is an argument of `new`.

use dsl::{Object, RawRef, Resource, TagProperty, Value, testing};

struct Policy {
    document: Value<String>,
    size: Option<Value<i64>>,
}

impl Policy {
    fn new(document: impl Into<Value<String>>) -> Self {
        Self {
            document: document.into(),
            size: None,
        }
    }

    fn size(mut self, size: impl Into<Value<i64>>) -> Self {
        self.size = Some(size.into());
        self
    }
}

impl Resource for Policy {
    const TYPE: &'static str = "AWS::Test::Policy";
    const TAGS: Option<TagProperty> = None;
    type Handle = RawRef;

    fn into_properties(self) -> Object {
        let mut properties = Object::new();
        properties.set("Document", Some(self.document));
        properties.set("Size", self.size);
        properties
    }
}

fn main() {
    let stack = testing::app().stack("policies");
    // A required property is missing.
    stack.add("Missing", Policy::new());
    // There is no such property.
    stack.add("Misspelt", Policy::new("{}").sise(3));
    // It is of another type.
    stack.add("Mistyped", Policy::new("{}").size("three"));
    // It is not a resource at all.
    stack.add("Text", "AWS::Test::Policy");
}
