//! Holds every CloudFormation resource type as a typed Rust struct, generated at build from the committed facts.
