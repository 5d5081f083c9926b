//! Carries out the operations of the command line on CloudFormation: read, plan, deploy, destroy.
