//! What a release consists of: its plan, and its assembly whole, so that going back to it needs no source. Values of secret
//! parameters are left out of it.

use assembly::Manifest;
use indexmap::IndexMap;
use plan::secret_parameters;
use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, Home, RecordError, Release};
use crate::{
    desired::{Assembly, Template, sha256},
    error::Error,
    store::ObjectStore,
};

/// The object that holds the plan, as `plan --json` prints it.
pub(super) const PLAN: &str = "plan.json";
/// The object that holds the assembly.
pub(super) const ASSEMBLY: &str = "assembly.json";

/// The assembly of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The version of this form.
    pub format_version: String,
    /// The manifest.
    pub manifest: Manifest,
    /// Texts of the templates by the short name of their stack.
    pub templates: IndexMap<String, String>,
    /// Parameters whose values were left out, each as `stack/Parameter`.
    #[serde(default)]
    pub withheld: Vec<String>,
}

impl Recorded {
    /// Takes an assembly down, without secrets.
    pub(super) fn of(assembly: &Assembly) -> Self {
        let mut manifest = assembly.manifest.clone();
        let mut withheld = Vec::new();
        for stack in &mut manifest.stacks {
            for name in secret_parameters(assembly.templates[&stack.name].body()) {
                if stack.parameters.shift_remove(name).is_some() {
                    withheld.push(format!("{}/{name}", stack.name));
                }
            }
        }
        let templates = assembly.templates.iter();
        Self {
            format_version: FORMAT_VERSION.to_owned(),
            manifest,
            templates: templates
                .map(|(stack, template)| (stack.clone(), template.text().to_owned()))
                .collect(),
            withheld,
        }
    }

    /// Reads the assembly of a release, and makes sure that it is what was recorded.
    ///
    /// # Errors
    /// The release has none; the object is missing, damaged or of another version; or secrets are missing in it.
    pub async fn fetch(
        store: &dyn ObjectStore,
        home: &Home,
        release: &Release,
    ) -> Result<Self, Error> {
        let Some(digest) = release.contents.get(ASSEMBLY) else {
            return Err(RecordError::NothingToDeploy {
                release: release.id.clone(),
                verb: release.kind.as_str(),
            }
            .into());
        };
        let key = home.of_release(&release.id, ASSEMBLY);
        let damaged = |reason: String| RecordError::Damaged {
            release: release.id.clone(),
            key: key.clone(),
            reason,
        };
        let found = store.object(&key).await?;
        let found = found.ok_or_else(|| damaged("is missing".to_owned()))?;
        if sha256(&found.body) != *digest {
            return Err(damaged("is not what was recorded: its digest differs".to_owned()).into());
        }
        let recorded: Self = serde_json::from_slice(&found.body)
            .map_err(|error| damaged(format!("cannot be read: {error}")))?;
        if !super::history::is_known(&recorded.format_version) {
            let version = &recorded.format_version;
            return Err(damaged(format!("has format version `{version}`")).into());
        }
        if recorded.withheld.is_empty() {
            Ok(recorded)
        } else {
            Err(RecordError::Withheld {
                release: release.id.clone(),
                parameters: recorded.withheld,
                commit: release.commit.clone(),
            }
            .into())
        }
    }

    /// The assembly, ready to be planned.
    ///
    /// # Errors
    /// A template is missing or malformed.
    pub fn assembly(self) -> Result<Assembly, Error> {
        let mut texts = self.templates;
        let mut templates = IndexMap::new();
        for stack in &self.manifest.stacks {
            let malformed = |errors| Error::Template {
                file: stack.template.clone(),
                errors,
            };
            let text = texts.shift_remove(&stack.name).unwrap_or_default();
            let template = Template::parse(text).map_err(malformed)?;
            templates.insert(stack.name.clone(), template);
        }
        Ok(Assembly {
            manifest: self.manifest,
            templates,
        })
    }
}
