//! The rules by which AWS's names become Rust's.

#[expect(dead_code, reason = "the build program uses the rest")]
#[path = "../../build/names.rs"]
mod rules;

#[test]
fn snake_case() {
    for (name, expected) in [
        ("BucketName", "bucket_name"),
        ("CallbackURLs", "callback_urls"),
        ("LogoutURLs", "logout_urls"),
        ("WebsiteURL", "website_url"),
        ("DBInstanceIdentifier", "db_instance_identifier"),
        ("ManagedPolicyArns", "managed_policy_arns"),
        ("AllowedOAuthFlows", "allowed_oauth_flows"),
        (
            "AllowedOAuthFlowsUserPoolClient",
            "allowed_oauth_flows_user_pool_client",
        ),
        ("DefaultRedirectURI", "default_redirect_uri"),
        ("KMSMasterKeyID", "kms_master_key_id"),
        ("SSEAlgorithm", "sse_algorithm"),
        ("VPCZoneIdentifier", "vpc_zone_identifier"),
        ("IPSetDescriptors", "ip_set_descriptors"),
        ("Ipv6CidrBlock", "ipv6_cidr_block"),
        ("EnableDnsIPv6", "enable_dns_ipv6"),
        ("S3Bucket", "s3_bucket"),
        ("EC2SecurityGroupIds", "ec2_security_group_ids"),
        ("Type", "type_"),
        ("Match", "match_"),
        ("aws-portal", "aws_portal"),
        ("iso8601UTC", "iso8601_utc"),
        ("24xlarge", "_24xlarge"),
        ("ARNs", "arns"),
        ("TargetGroupARNs", "target_group_arns"),
    ] {
        assert_eq!(rules::snake(name), expected, "{name}");
    }
}

#[test]
fn types() {
    for (name, expected) in [
        ("OIDCProvider", "OIDCProvider"),
        ("iso8601UTC", "Iso8601UTC"),
        ("Option", "Option_"),
        ("String", "String_"),
        ("my-type.v2", "MyTypeV2"),
    ] {
        assert_eq!(rules::pascal(name), expected, "{name}");
    }
}

#[test]
fn variants() {
    for (value, expected) in [
        ("Enabled", "Enabled"),
        ("BUCKET_OWNER", "BucketOwner"),
        ("aws:kms", "AwsKms"),
        ("2012-10-17", "V2012_10_17"),
        ("TLSv1.2_2021", "TLSv1_2_2021"),
        ("AES256", "Aes256"),
        ("nodejs20.x", "Nodejs20X"),
        ("", "Empty"),
        ("*", "Asterisk"),
        (">=", "GreaterEqual"),
        ("Self", "Self_"),
        ("OTHER", "Other_"),
    ] {
        assert_eq!(rules::variant(value), expected, "{value}");
    }
}
