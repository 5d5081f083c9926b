//! Reads the committed facts about every CloudFormation resource type and IAM action.
