//! The smallest app: one stack, one bucket, synthesized and printed.
//!
//!     cargo run -p dsl --example minimal

use std::io::{self, Write};

use dsl::{RawResource, ResourceOptions, document, sub, testing};

fn main() -> io::Result<()> {
    let app = testing::app();
    app.tag("project", "minimal");

    let stack = app.stack("files");
    stack.description("Keeps what people upload");
    let uploads = RawResource::new("AWS::S3::Bucket")
        .property("BucketName", sub!("uploads-{}", dsl::aws::account_id()));
    let uploads = stack.add("Uploads", uploads).retain();
    stack.output("UploadsArn", uploads.attribute::<dsl::Arn>("Arn"));

    // A value of one stack used in another: the output, the look-up and the order of deployment follow by themselves.
    let alarms = app.stack("alarms");
    let size = RawResource::new("AWS::CloudWatch::Alarm")
        .property("Namespace", "AWS/S3")
        .property("MetricName", "BucketSizeBytes")
        .property(
            "Dimensions",
            document!([{ "Name": "BucketName", "Value": uploads.id() }]),
        )
        .property("ComparisonOperator", "GreaterThanThreshold")
        .property("EvaluationPeriods", 1)
        .property("Threshold", 1_000_000_000);
    alarms.add("Size", size);

    let assembly = dsl::synthesize(&app);
    for (file, text) in &assembly.templates {
        write!(io::stdout(), "{file}\n{text}")?;
    }
    Ok(())
}
