//! Serves an embedded CloudFormation endpoint on the loopback interface for development and tests.
