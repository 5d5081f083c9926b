//! Reads what the AWS CDK synthesizes, a [cloud assembly], as an assembly of our own, so that an app of the CDK can be
//! planned and deployed as it is.
//!
//! [cloud assembly]: https://docs.aws.amazon.com/cdk/v2/guide/deploy.html

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use assembly::{Diagnostic, FORMAT_VERSION, FolderError, Manifest, ResourceOrigin, StackManifest};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    desired::{Assembly, Template},
    error::Error,
};

/// Which environment the stacks are wanted for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The environment's name.
    pub environment: &'a str,
    /// Its account: twelve digits.
    pub account: &'a str,
    /// Its region.
    pub region: &'a str,
    /// The folder from which source files are named, when they lie in it.
    pub project: &'a Path,
}

/// The manifest of a cloud assembly: of its fields, those that are read.
#[derive(Debug, Deserialize)]
struct CloudManifest {
    artifacts: IndexMap<String, Artifact>,
    /// Values that synthesis looked for and did not have; what it wrote is then not what is meant.
    #[serde(default)]
    missing: Vec<MissingValue>,
}

#[derive(Debug, Deserialize)]
struct MissingValue {
    key: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    #[serde(rename = "type")]
    kind: String,
    /// `aws://ACCOUNT/REGION`; either may be unknown.
    environment: Option<String>,
    #[serde(default)]
    properties: Properties,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    metadata: Metadata,
    /// Where the metadata is, since version 48 of the form.
    additional_metadata_file: Option<String>,
}

/// The properties of all kinds of artifacts that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    template_file: Option<String>,
    stack_name: Option<String>,
    parameters: IndexMap<String, Value>,
    tags: IndexMap<String, String>,
    termination_protection: bool,
    cloud_formation_execution_role_arn: Option<String>,
    notification_arns: Option<Vec<String>>,
    /// Of an asset manifest.
    file: Option<String>,
    /// Of an assembly within this one, a stage of the app.
    directory_name: Option<String>,
}

/// What is known of each construct, by its path.
type Metadata = IndexMap<String, Vec<MetadataEntry>>;

#[derive(Clone, Debug, Deserialize)]
struct MetadataEntry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Value,
}

/// The asset manifest of a stack: of its fields, those that are read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssetManifest {
    #[serde(default)]
    files: IndexMap<String, FileAsset>,
    #[serde(default)]
    docker_images: IndexMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct FileAsset {
    #[serde(default)]
    source: FileSource,
}

#[derive(Debug, Default, Deserialize)]
struct FileSource {
    path: Option<String>,
}

/// A stack on its way to being one of ours.
struct Found {
    stack: StackManifest,
    template: Template,
    /// The artifacts it stands after, in its own folder and, for a stage, in the folder around.
    after: BTreeSet<Id>,
}

/// An artifact: the folder of its manifest, and its id there.
type Id = (PathBuf, String);

impl Assembly {
    /// Whether a folder holds a cloud assembly.
    pub fn is_of_cdk(folder: &Path) -> bool {
        fs::read(folder.join(assembly::MANIFEST))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<IndexMap<String, Value>>(&bytes).ok())
            .is_some_and(|manifest| manifest.contains_key("artifacts"))
    }

    /// Reads the stacks of a cloud assembly that are for a target, those of its stages included. A stack has its artifact id
    /// for a short name; one of a stage, whose id is made up, its CloudFormation name.
    ///
    /// Stacks for another account or region are left out; the diagnostics of the manifest name them, and what else a
    /// person should know.
    ///
    /// # Errors
    /// A file is missing or malformed, values were missing when it was synthesized, or no stack is for the target.
    pub fn of_cdk(folder: &Path, target: Target<'_>) -> Result<Self, Error> {
        let mut reader = Reader {
            root: folder,
            target,
            found: IndexMap::new(),
            stages: BTreeMap::new(),
            elsewhere: Vec::new(),
            with_assets: Vec::new(),
            diagnostics: Vec::new(),
        };
        reader.read(folder, &BTreeSet::new())?;
        reader.finish()
    }
}

/// Collects the stacks of a cloud assembly.
struct Reader<'a> {
    root: &'a Path,
    target: Target<'a>,
    found: IndexMap<Id, Found>,
    /// The stacks of each stage.
    stages: BTreeMap<Id, Vec<Id>>,
    /// Stacks for other accounts or regions.
    elsewhere: Vec<String>,
    /// Stacks that need more than their template to be published.
    with_assets: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Reads a folder; `around` is what the stage that it is stands after.
    fn read(&mut self, folder: &Path, around: &BTreeSet<Id>) -> Result<(), Error> {
        let manifest: CloudManifest = read_json(&folder.join(assembly::MANIFEST))?;
        if !manifest.missing.is_empty() {
            let keys = manifest.missing.into_iter().map(|value| value.key);
            return Err(Error::MissingContext {
                folder: folder.to_owned(),
                keys: keys.collect(),
            });
        }
        let here = |id: &String| (folder.to_owned(), id.clone());
        for (id, artifact) in &manifest.artifacts {
            let mut after: BTreeSet<Id> = artifact.dependencies.iter().map(here).collect();
            after.extend(around.iter().cloned());
            match artifact.kind.as_str() {
                "aws:cloudformation:stack" => {
                    if let Some(found) = self.stack(folder, id, artifact, after)? {
                        if self.needs_assets(folder, &manifest, artifact)? {
                            self.with_assets.push(format!("`{}`", found.stack.name));
                        }
                        self.found.insert(here(id), found);
                    }
                }
                "cdk:cloud-assembly" => {
                    if let Some(directory) = &artifact.properties.directory_name {
                        let before = self.found.len();
                        self.read(&folder.join(directory), &after)?;
                        let stacks = self.found.keys().skip(before).cloned().collect();
                        self.stages.insert(here(id), stacks);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// One stack, if it is for the target.
    fn stack(
        &mut self,
        folder: &Path,
        id: &str,
        artifact: &Artifact,
        after: BTreeSet<Id>,
    ) -> Result<Option<Found>, Error> {
        let properties = &artifact.properties;
        let stack_name = properties.stack_name.as_deref().unwrap_or(id);
        let place = artifact.environment.as_deref().unwrap_or_default();
        if !is_for(place, self.target) {
            self.elsewhere.push(format!(
                "`{stack_name}` ({})",
                place.trim_start_matches("aws://")
            ));
            return Ok(None);
        }
        let Some(file) = &properties.template_file else {
            return Err(Error::CloudAssembly {
                file: folder.join(assembly::MANIFEST),
                reason: format!("stack `{id}` names no template"),
            });
        };
        let text = assembly::read_template(folder, file)?;
        let relative = folder.strip_prefix(self.root).unwrap_or(folder).join(file);
        let shown = relative.to_string_lossy().into_owned();
        let template = Template::parse(text).map_err(|errors| Error::Template {
            file: shown.clone(),
            errors,
        })?;
        let mut metadata: Metadata = match &artifact.additional_metadata_file {
            Some(file) => read_json(&folder.join(file))?,
            None => Metadata::new(),
        };
        metadata.extend(artifact.metadata.clone());
        self.diagnostics
            .extend(remarks(&metadata, self.target.project));
        let name = if folder == self.root { id } else { stack_name };
        let stack = StackManifest {
            name: name.to_owned(),
            stack_name: stack_name.to_owned(),
            template: shown,
            depends_on: Vec::new(),
            tags: tags(properties, &metadata),
            parameters: parameters(&properties.parameters),
            termination_protection: properties.termination_protection,
            // The CDK leaves the list out where it is empty.
            notification_arns: properties.notification_arns.clone(),
            stack_policy: None,
            role_arn: properties
                .cloud_formation_execution_role_arn
                .as_deref()
                .map(|arn| concrete(arn, self.target)),
            resources: origins(&template, &metadata, name, self.target.project),
            allowed_losses: Vec::new(),
            suppressions: Vec::new(),
        };
        Ok(Some(Found {
            stack,
            template,
            after,
        }))
    }

    /// Whether a stack needs more than its template to be published. Publishing stays with the CDK.
    fn needs_assets(
        &self,
        folder: &Path,
        manifest: &CloudManifest,
        artifact: &Artifact,
    ) -> Result<bool, Error> {
        let dependencies = artifact.dependencies.iter();
        let lists = dependencies
            .filter_map(|id| manifest.artifacts.get(id))
            .filter(|artifact| artifact.kind == "cdk:asset-manifest")
            .filter_map(|artifact| artifact.properties.file.as_ref());
        for list in lists {
            let assets: AssetManifest = read_json(&folder.join(list))?;
            let template = &artifact.properties.template_file;
            let mut files = assets.files.values();
            if files.any(|asset| asset.source.path != *template) || !assets.docker_images.is_empty()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts the stacks in the order they deploy.
    fn finish(mut self) -> Result<Assembly, Error> {
        if self.found.is_empty() {
            return Err(Error::NoStackForTarget {
                folder: self.root.to_owned(),
                target: format!("{}/{}", self.target.account, self.target.region),
                elsewhere: self.elsewhere,
            });
        }
        if !self.elsewhere.is_empty() {
            self.diagnostics.push(Diagnostic::warning(format!(
                "left out, as they are for another account or region: {}",
                self.elsewhere.join(", ")
            )));
        }
        if !self.with_assets.is_empty() {
            self.diagnostics.push(
                Diagnostic::warning(format!(
                    "before they are deployed, the CDK must have published the assets of {}",
                    self.with_assets.join(", ")
                ))
                .hinted(format!(
                    "cdk publish-assets --unstable=publish-assets --all --app {}",
                    self.root.display()
                )),
            );
        }
        let names: BTreeMap<Id, Vec<String>> = self.names();
        let mut waiting: Vec<Found> = Vec::new();
        for (_, mut found) in std::mem::take(&mut self.found) {
            let needs: BTreeSet<&String> = found
                .after
                .iter()
                .filter_map(|id| names.get(id))
                .flatten()
                .filter(|name| **name != found.stack.name)
                .collect();
            found.stack.depends_on = needs.into_iter().cloned().collect();
            waiting.push(found);
        }
        let mut stacks: Vec<StackManifest> = Vec::new();
        let mut templates = IndexMap::new();
        while !waiting.is_empty() {
            let placed = |name: &String| stacks.iter().any(|stack| stack.name == *name);
            let ready = |found: &Found| found.stack.depends_on.iter().all(placed);
            let Some(next) = waiting.iter().position(ready) else {
                let names = waiting.iter().map(|found| found.stack.name.as_str());
                return Err(Error::CloudAssembly {
                    file: self.root.join(assembly::MANIFEST),
                    reason: format!(
                        "these stacks depend on each other in a circle: {}",
                        names.collect::<Vec<_>>().join(", ")
                    ),
                });
            };
            let found = waiting.remove(next);
            templates.insert(found.stack.name.clone(), found.template);
            stacks.push(found.stack);
        }
        Ok(Assembly {
            manifest: Manifest {
                format_version: FORMAT_VERSION.to_owned(),
                project: "cdk".to_owned(),
                environment: self.target.environment.to_owned(),
                account: self.target.account.to_owned(),
                region: self.target.region.to_owned(),
                stacks,
                external: Vec::new(),
                moves: Vec::new(),
                diagnostics: self.diagnostics,
            },
            templates,
        })
    }

    /// The short names behind an artifact id: of a stack its own, of a stage those of its stacks.
    fn names(&self) -> BTreeMap<Id, Vec<String>> {
        let name = |id: &Id| self.found.get(id).map(|found| found.stack.name.clone());
        let stacks = self.found.keys().map(|id| (id, vec![id]));
        let stages = self
            .stages
            .iter()
            .map(|(id, stacks)| (id, stacks.iter().collect()));
        stacks
            .chain(stages)
            .map(|(id, stacks)| (id.clone(), stacks.into_iter().filter_map(name).collect()))
            .collect()
    }
}

/// Whether `aws://ACCOUNT/REGION` is the target or leaves open what it is.
fn is_for(place: &str, target: Target<'_>) -> bool {
    let Some((account, region)) = place
        .strip_prefix("aws://")
        .and_then(|place| place.split_once('/'))
    else {
        return true;
    };
    (account == target.account || account == "unknown-account")
        && (region == target.region || region == "unknown-region")
}

/// What the app itself has to say of its constructs.
fn remarks(metadata: &Metadata, project: &Path) -> Vec<Diagnostic> {
    let mut remarks = Vec::new();
    for (path, entries) in metadata {
        for entry in entries {
            let message = entry.data.as_str().unwrap_or_default();
            let remark = match entry.kind.as_str() {
                "aws:cdk:error" => Diagnostic::error(message),
                "aws:cdk:warning" => Diagnostic::warning(message),
                _ => continue,
            };
            let remark = remark.at_path(path.trim_start_matches('/'));
            remarks.push(match declared_at(entries, project) {
                Some(source) => remark.at_source(source),
                None => remark,
            });
        }
    }
    remarks
}

/// The tags of a stack: a property since version 7 of the form, metadata before.
fn tags(properties: &Properties, metadata: &Metadata) -> IndexMap<String, String> {
    let mut tags = properties.tags.clone();
    let entries = metadata.values().flatten();
    for entry in entries.filter(|entry| entry.kind == "aws:cdk:stack-tags") {
        for tag in entry.data.as_array().into_iter().flatten() {
            let text = |lower: &str, upper: &str| {
                let value = tag.get(lower).or_else(|| tag.get(upper))?;
                value.as_str().map(str::to_owned)
            };
            if let (Some(key), Some(value)) = (text("key", "Key"), text("value", "Value")) {
                tags.entry(key).or_insert(value);
            }
        }
    }
    tags
}

/// The values of parameters; a list is written with commas, as CloudFormation takes it.
fn parameters(given: &IndexMap<String, Value>) -> IndexMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    given
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
                other => text(other),
            };
            (name.clone(), value)
        })
        .collect()
}

/// An ARN without the pseudo parameters that the CDK leaves in it.
fn concrete(arn: &str, target: Target<'_>) -> String {
    let partition = if target.region.starts_with("cn-") {
        "aws-cn"
    } else if target.region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    };
    arn.replace("${AWS::Partition}", partition)
        .replace("${AWS::AccountId}", target.account)
        .replace("${AWS::Region}", target.region)
}

/// Where each resource was declared, in template order: by the stack trace that the CDK took down, or else by its construct
/// path.
fn origins(
    template: &Template,
    metadata: &Metadata,
    stack: &str,
    project: &Path,
) -> IndexMap<String, ResourceOrigin> {
    let mut declared: IndexMap<&str, ResourceOrigin> = IndexMap::new();
    for (path, entries) in metadata {
        let id = entries
            .iter()
            .find(|entry| entry.kind == "aws:cdk:logicalId");
        let Some(id) = id.and_then(|entry| entry.data.as_str()) else {
            continue;
        };
        let path = path.trim_start_matches('/').to_owned();
        let source = declared_at(entries, project).unwrap_or_else(|| path.clone());
        declared.insert(id, ResourceOrigin { path, source });
    }
    let resources = template.body().get("Resources").and_then(Value::as_object);
    resources
        .into_iter()
        .flat_map(|resources| resources.keys())
        .map(|id| {
            let origin = declared.get(id.as_str()).cloned();
            let origin = origin.unwrap_or_else(|| ResourceOrigin {
                path: format!("{stack}/{id}"),
                source: format!("{stack}/{id}"),
            });
            (id.clone(), origin)
        })
        .collect()
}

/// The author's own line that made a construct, by the stack trace that the CDK took down.
fn declared_at(entries: &[MetadataEntry], project: &Path) -> Option<String> {
    let trace = entries
        .iter()
        .find(|entry| entry.kind == "aws:cdk:creationStack")?;
    let mut frames = trace.data.as_array()?.iter().filter_map(Value::as_str);
    frames.find_map(|frame| line_of_frame(frame, project))
}

/// The place in a line of a JavaScript stack trace, `new Users (/app/lib/users.ts:12:5)`, without its column; none for what
/// is not the author's own code.
fn line_of_frame(frame: &str, project: &Path) -> Option<String> {
    let place = match frame.rsplit_once('(') {
        Some((_, place)) => place.trim_end_matches(')'),
        None => frame.trim().trim_start_matches("at "),
    };
    let (place, column) = place.rsplit_once(':')?;
    let (file, line) = place.rsplit_once(':')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_own = !file.contains("node_modules") && !file.starts_with("node:");
    (is_number(column) && is_number(line) && is_own).then(|| {
        let file = Path::new(file);
        let file = file.strip_prefix(project).unwrap_or(file);
        format!("{}:{line}", file.display())
    })
}

fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, Error> {
    let bytes = fs::read(file).map_err(|error| FolderError::Read(file.to_owned(), error))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| FolderError::Invalid(file.to_owned(), error).into())
}
