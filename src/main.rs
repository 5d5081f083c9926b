//! Plans and deploys typed Rust infrastructure through CloudFormation.

fn main() {}
