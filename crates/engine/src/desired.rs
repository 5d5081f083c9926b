//! What is wanted: an assembly read from its folder.

use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::Arc};

use assembly::{Manifest, StackManifest};
use indexmap::IndexMap;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// What is wanted: the manifest and every template it names.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// The manifest.
    pub manifest: Manifest,
    /// Templates by the short name of their stack.
    pub templates: IndexMap<String, Template>,
}

/// A template of an assembly.
#[derive(Clone, Debug)]
pub struct Template {
    /// What is in it, and where.
    pub parsed: Arc<template::Template>,
    /// SHA-256 of its text, in hexadecimal.
    pub digest: String,
}

impl Template {
    /// Reads a template from its text.
    ///
    /// # Errors
    /// The text is not a template; each error names its place.
    pub fn parse(text: String) -> Result<Self, Vec<template::ParseError>> {
        let parsed = template::Template::parse_bytes(text.into_bytes())?;
        Ok(Self {
            digest: sha256(parsed.text().as_bytes()),
            parsed: Arc::new(parsed),
        })
    }

    /// Its text.
    pub fn text(&self) -> &str {
        self.parsed.text()
    }

    /// Its body, with expressions in their long form.
    pub fn body(&self) -> &Value {
        self.parsed.body()
    }
}

impl Assembly {
    /// Reads an assembly from its folder.
    ///
    /// # Errors
    /// The manifest or a template is missing, unreadable or malformed.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let manifest = assembly::read_manifest(folder)?;
        let templates = manifest.stacks.par_iter();
        let templates: Vec<Result<_, Error>> = templates
            .map(|stack| {
                let text = assembly::read_template(folder, &stack.template)?;
                let template = Template::parse(text).map_err(|errors| Error::Template {
                    file: stack.template.clone(),
                    errors,
                })?;
                Ok((stack.name.clone(), template))
            })
            .collect();
        Ok(Self {
            templates: templates.into_iter().collect::<Result<_, Error>>()?,
            manifest,
        })
    }

    /// The stack of a short name.
    ///
    /// # Errors
    /// There is none; the nearest name is suggested.
    pub fn stack(&self, name: &str) -> Result<&StackManifest, Error> {
        let stacks = &self.manifest.stacks;
        stacks
            .iter()
            .find(|stack| stack.name == name)
            .ok_or_else(|| Error::UnknownStack {
                name: name.to_owned(),
                suggestion: assembly::nearest(name, stacks.iter().map(|stack| stack.name.as_str()))
                    .map(str::to_owned),
            })
    }

    /// The named stacks and all they depend on, in the order they deploy; every stack when none is named.
    ///
    /// # Errors
    /// A name is not that of a stack.
    pub fn select(&self, names: &[String]) -> Result<Vec<&StackManifest>, Error> {
        let mut wanted = BTreeSet::new();
        let mut open: Vec<&str> = Vec::new();
        for name in names {
            open.push(&self.stack(name)?.name);
        }
        while let Some(name) = open.pop() {
            if wanted.insert(name) {
                open.extend(self.stack(name)?.depends_on.iter().map(String::as_str));
            }
        }
        let all = names.is_empty();
        let stacks = self.manifest.stacks.iter();
        Ok(stacks
            .filter(|stack| all || wanted.contains(stack.name.as_str()))
            .collect())
    }

    /// The template of a stack of this assembly.
    pub(crate) fn template(&self, stack: &StackManifest) -> &Template {
        &self.templates[stack.name.as_str()]
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a string takes any text");
    }
    text
}
