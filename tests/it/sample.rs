//! Small templates that several tests deploy.

use serde_json::{Value, json};

/// A queue and a topic, which nothing is lost with.
pub(crate) fn messaging() -> Value {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Jobs": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"VisibilityTimeout": 30, "MessageRetentionPeriod": 86400}
            },
            "Alarms": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"DisplayName": "Alarms"}
            }
        },
        "Outputs": {
            "JobsUrl": {"Value": {"Ref": "Jobs"}},
            "AlarmsArn": {"Value": {"Ref": "Alarms"}}
        }
    })
}

/// A bucket, and what refers to it in each of the three ways.
pub(crate) fn storage() -> Value {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Files": {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Delete",
                "UpdateReplacePolicy": "Delete",
                "Properties": {"BucketName": "sample-files"}
            },
            "Access": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "Files"},
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [{"Fn::GetAtt": ["Files", "Arn"]}, {"Fn::Sub": "${Files.Arn}/*"}],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}}
                        }]
                    }
                }
            },
            "Name": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Type": "String", "Value": {"Fn::Sub": "s3://${Files}"}}
            }
        },
        "Outputs": {"FilesName": {"Value": {"Ref": "Files"}}}
    })
}
