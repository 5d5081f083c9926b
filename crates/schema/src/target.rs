//! What IAM actions are done to.

use std::{collections::HashMap, sync::OnceLock};

/// One line per service prefix: `s3⇥s3:::${BucketName} …⇥CreateBucket=0 …`, lines, forms and actions sorted.
static TARGETS: &str = include_str!("../facts/targets.txt");

/// The forms of the ARNs that a policy can name for an action (`s3:CreateBucket`, in any case), without the partition:
/// `s3:::${BucketName}`. None where a policy can name nothing but `*`, and for actions that no handler needs.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
pub fn iam_targets(action: &str) -> &'static [&'static str] {
    let Some((prefix, name)) = action.split_once(':') else {
        return &[];
    };
    let prefix = prefix.to_ascii_lowercase();
    let Ok(at) = index().binary_search_by_key(&prefix.as_str(), |service| service.prefix) else {
        return &[];
    };
    let service = &index()[at];
    let targets = service.targets.get_or_init(|| service.read());
    targets
        .get(&name.to_ascii_lowercase())
        .map_or(&[], Vec::as_slice)
}

/// A service's line.
struct Service {
    prefix: &'static str,
    forms: &'static str,
    actions: &'static str,
    /// Forms by the names of actions in lower case, once somebody asks.
    targets: OnceLock<HashMap<String, Vec<&'static str>>>,
}

impl Service {
    fn read(&self) -> HashMap<String, Vec<&'static str>> {
        let forms: Vec<&str> = self.forms.split(' ').collect();
        let actions = self.actions.split(' ').filter_map(|action| {
            let (name, numbers) = action.split_once('=')?;
            let numbers = numbers.split(',');
            let forms =
                numbers.filter_map(|number| forms.get(number.parse::<usize>().ok()?).copied());
            Some((name.to_ascii_lowercase(), forms.collect()))
        });
        actions.collect()
    }
}

fn index() -> &'static [Service] {
    static INDEX: OnceLock<Vec<Service>> = OnceLock::new();
    INDEX.get_or_init(|| TARGETS.lines().filter_map(parse).collect())
}

fn parse(line: &'static str) -> Option<Service> {
    let mut parts = line.split('\t');
    Some(Service {
        prefix: parts.next()?,
        forms: parts.next()?,
        actions: parts.next()?,
        targets: OnceLock::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_to_a_form() {
        assert_eq!(index().len(), TARGETS.lines().count());
        assert!(index().is_sorted_by_key(|service| service.prefix));
        for service in index() {
            for action in service.actions.split(' ') {
                let (name, numbers) = action.split_once('=').expect("an action has numbers");
                let targets = iam_targets(&format!("{}:{name}", service.prefix));
                assert_eq!(targets.len(), numbers.split(',').count(), "{action}");
                assert!(
                    targets.iter().all(|form| form.matches(':').count() >= 3),
                    "{targets:?}"
                );
            }
        }
    }

    #[test]
    fn what_actions_are_done_to() {
        assert_eq!(iam_targets("S3:createbucket"), ["s3:::${BucketName}"]);
        assert_eq!(
            iam_targets("iam:PassRole"),
            ["iam::${Account}:role/${RoleNameWithPath}"]
        );
        for nothing in [
            "s3:ListAllMyBuckets",
            "iam:ListRoles",
            "s4:GetObject",
            "s3",
            "",
        ] {
            assert!(iam_targets(nothing).is_empty(), "{nothing}");
        }
    }
}
