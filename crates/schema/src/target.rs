//! What IAM actions are done to.

use std::sync::OnceLock;

/// One line per service prefix: `s3⇥s3:::${BucketName} …⇥CreateBucket=0 …`, lines, forms and actions sorted.
static TARGETS: &str = include_str!("../facts/targets.txt");

/// The forms of the ARNs that a policy can name for an action (`s3:CreateBucket`, in any case), without the partition:
/// `s3:::${BucketName}`. None where a policy can name nothing but `*`, and for actions that no handler needs.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
pub fn iam_targets(action: &str) -> Vec<&'static str> {
    let Some((prefix, name)) = action.split_once(':') else {
        return Vec::new();
    };
    let prefix = prefix.to_ascii_lowercase();
    let Ok(at) = index().binary_search_by_key(&prefix.as_str(), |service| service.prefix) else {
        return Vec::new();
    };
    let service = &index()[at];
    let mut actions = service.actions.split(' ');
    let numbers = actions.find_map(|action| {
        let (known, numbers) = action.split_once('=')?;
        known.eq_ignore_ascii_case(name).then_some(numbers)
    });
    let forms: Vec<&str> = service.forms.split(' ').collect();
    let numbers = numbers.unwrap_or_default().split(',');
    numbers
        .filter_map(|number| forms.get(number.parse::<usize>().ok()?).copied())
        .collect()
}

struct Service {
    prefix: &'static str,
    forms: &'static str,
    actions: &'static str,
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
                    targets.iter().all(|form| form.matches(':').count() >= 4),
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
