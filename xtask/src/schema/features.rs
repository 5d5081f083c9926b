//! Writes the feature list of `crates/resources`: one feature per service, none by default, and one for the IAM actions of
//! every service.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// What comes before the list in the manifest.
const START: &str = "# One feature per service, written by `cargo xtask schema`.\n[features]\ndefault = []\nactions = []\n";

/// The feature for the IAM actions of every service, which no service may be called.
const ACTIONS: &str = "actions";

/// The manifest with its feature list made from the names of all types.
pub(super) fn update(manifest: &str, types: &[String]) -> Result<String> {
    let mut services: BTreeMap<String, &str> = BTreeMap::new();
    for name in types {
        let (service, _) = name
            .rsplit_once("::")
            .with_context(|| format!("`{name}` is no type's name"))?;
        let (_, own_name) = service
            .split_once("::")
            .with_context(|| format!("`{name}` names no service"))?;
        let feature = own_name.to_ascii_lowercase();
        ensure!(
            feature != ACTIONS,
            "the service `{service}` takes the name of the feature `{ACTIONS}`"
        );
        let previous = *services.entry(feature.clone()).or_insert(service);
        ensure!(
            previous == service,
            "`{previous}` and `{service}` would share the feature `{feature}`"
        );
    }
    let (head, tail) = manifest.split_once(START).with_context(|| {
        format!("the manifest of `resources` has no section that starts with:\n\n{START}")
    })?;
    // The list, which may be empty, ends at the first empty line.
    let tail = match tail.strip_prefix('\n') {
        Some(tail) => tail,
        None => {
            tail.split_once("\n\n")
                .context("an empty line must follow the list of features")?
                .1
        }
    };
    let list: String = services
        .keys()
        .map(|feature| format!("{feature} = []\n"))
        .collect();
    Ok(format!("{head}{START}{list}\n{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(list: &str) -> String {
        format!("[package]\nname = \"resources\"\n\n{START}{list}\n[dependencies]\ndsl = \"1\"\n")
    }

    #[test]
    fn a_list_is_replaced_and_what_follows_stays() {
        let types =
            ["AWS::S3::Bucket", "AWS::IAM::Role", "AWS::S3::AccessPoint"].map(str::to_owned);
        for old in ["", "gone = []\n", "gone = []\ns3 = []\n"] {
            assert_eq!(
                update(&manifest(old), &types).unwrap(),
                manifest("iam = []\ns3 = []\n"),
                "{old}"
            );
        }
    }

    #[test]
    fn two_services_cannot_share_a_feature() {
        let types = ["AWS::IoT::Thing", "AWS::IOT::Thing"].map(str::to_owned);
        assert!(update(&manifest(""), &types).is_err());
        assert!(update(&manifest(""), &["AWS::Actions::Thing".to_owned()]).is_err());
        assert!(update("[package]\n", &[]).is_err());
    }
}
