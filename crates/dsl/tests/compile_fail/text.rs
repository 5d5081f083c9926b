// Texts with values in them have as many values as places.

use dsl::{RawResource, aws, sub, testing};

fn main() {
    let stack = testing::app().stack("texts");
    let bucket = stack.add("Bucket", RawResource::new("AWS::S3::Bucket"));
    // A value is missing.
    sub!("{}/{}", bucket.id());
    // A value is left over.
    sub!("{}", bucket.id(), aws::region());
    // A handle is not a value: its name, or its ARN?
    sub!("{}", bucket);
    // What only CloudFormation knows cannot be formatted in place.
    let region = aws::region();
    sub!("{region}");
}
