//! Reads CloudFormation templates in JSON and YAML, knows where everything stands, and checks them against the facts and limits.
