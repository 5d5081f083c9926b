// Values of one meaning do not pass for another.

use dsl::{Arn, Parameter, RawResource, ResourceOptions, Value, testing};

fn name(_: impl Into<Value<String>>) {}

fn arns(_: impl Into<Value<Vec<Arn>>>) {}

fn main() {
    let stack = testing::app().stack("types");
    let bucket = stack.add("Bucket", RawResource::new("AWS::S3::Bucket"));
    let arn = bucket.attribute::<Arn>("Arn");
    // An ARN is not a name.
    name(&arn);
    // Nor is a name an ARN.
    arns([bucket.id()]);
    // A number is compared with numbers.
    let size = stack.parameter("Size", Parameter::number().default(1));
    let small = stack.condition("Small", size.equals("small"));
    // A resource depends on a condition, not on its name.
    bucket.condition("Small");
    // Nor is a value a condition.
    bucket.condition(&size);
    // A text is not a test.
    stack.condition("Large", "size > 1");
}
