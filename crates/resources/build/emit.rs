//! Writes the Rust of a lowered type.
//!
//! The text is kept small, for all of it is compiled: no derive beyond `Clone` and, where nothing is required, `Default`
//! (a derived `Debug` alone would take a third of the time); no documentation of single properties. Functions that are not generic are `#[inline]`, which leaves
//! compiling them to the crate that calls them.

use std::fmt::{Result, Write as _};

use crate::lower::{Attribute, Field, Kind, Own, Resource, TagStyle};
use crate::names;

/// Writes a resource type, its handle, and the module of its own types.
pub(crate) fn resource(out: &mut String, resource: &Resource<'_>) -> Result {
    let facts = resource.facts;
    let name = facts
        .name
        .rsplit("::")
        .next()
        .map(names::pascal)
        .unwrap_or_default();
    let module = names::snake(&name);
    let path = format!("{module}::");

    writeln!(out, "/// [`{}`]({})", facts.name, facts.documentation())?;
    structure(out, &name, &resource.fields, &path)?;
    writeln!(out, "impl dsl::Resource for {name} {{")?;
    writeln!(out, "const TYPE: &'static str = {:?};", facts.name)?;
    match resource.tags {
        None => writeln!(out, "const TAGS: Option<dsl::TagProperty> = None;")?,
        Some((property, style)) => {
            let style = match style {
                TagStyle::List => "List",
                TagStyle::Map => "Map",
                TagStyle::ListWithPropagation => "ListWithPropagation",
            };
            writeln!(
                out,
                "const TAGS: Option<dsl::TagProperty> = Some(dsl::TagProperty {{ name: {property:?}, style: dsl::TagStyle::{style} }});"
            )?;
        }
    }
    writeln!(
        out,
        "type Handle = {name}Ref;\n#[inline]\nfn into_properties(self) -> dsl::Object {{"
    )?;
    object(out, &resource.fields)?;
    writeln!(out, "object\n}}\n}}")?;
    debug(out, &name, "debug_resource")?;

    writeln!(
        out,
        "/// The handle of a [`{name}`].\n#[derive(Clone, Debug)]\npub struct {name}Ref(dsl::Reference);"
    )?;
    writeln!(out, "impl dsl::Handle for {name}Ref {{")?;
    writeln!(
        out,
        "#[inline]\nfn from_reference(reference: dsl::Reference) -> Self {{ Self(reference) }}"
    )?;
    writeln!(
        out,
        "#[inline]\nfn reference(&self) -> &dsl::Reference {{ &self.0 }}\n}}"
    )?;
    writeln!(out, "impl {name}Ref {{\n/// `Ref`")?;
    let identifier = rust(&resource.identifier, "");
    writeln!(
        out,
        "#[inline]\npub fn id(&self) -> dsl::Value<{identifier}> {{ self.0.identifier() }}"
    )?;
    for own in &resource.attributes {
        attribute(out, own)?;
    }
    writeln!(out, "}}")?;

    if !resource.owns.is_empty() {
        writeln!(
            out,
            "/// What a [`{name}`] is made of.\npub mod {module} {{"
        )?;
        for (name, own) in &resource.owns {
            match own {
                Own::Structure(fields) => {
                    structure(out, name, fields, "")?;
                    part(out, name, fields)?;
                }
                Own::Enumeration(variants) => enumeration(out, name, variants)?,
            }
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}

/// A structure with its constructor and setters. `path` leads to the module of the types it names.
fn structure(out: &mut String, name: &str, fields: &[Field], path: &str) -> Result {
    let required: Vec<&Field> = fields.iter().filter(|field| field.required).collect();
    let default = if required.is_empty() { ", Default" } else { "" };
    writeln!(out, "#[derive(Clone{default})]\npub struct {name} {{")?;
    for field in fields {
        let kind = rust(&field.kind, path);
        if field.required {
            writeln!(out, "pub {}: dsl::Value<{kind}>,", field.name)?;
        } else {
            writeln!(out, "pub {}: Option<dsl::Value<{kind}>>,", field.name)?;
        }
    }
    writeln!(out, "}}\nimpl {name} {{")?;
    if required.is_empty() {
        writeln!(
            out,
            "#[inline]\npub fn new() -> Self {{ ::core::default::Default::default() }}"
        )?;
    } else {
        write!(out, "pub fn new(")?;
        for field in &required {
            write!(
                out,
                "{}: impl Into<dsl::Value<{}>>, ",
                field.name,
                rust(&field.kind, path)
            )?;
        }
        write!(out, ") -> Self {{ Self {{ ")?;
        for field in fields {
            match field.required {
                true => write!(out, "{0}: {0}.into(), ", field.name)?,
                false => write!(out, "{}: None, ", field.name)?,
            }
        }
        writeln!(out, "}} }}")?;
    }
    for field in fields {
        let value = if field.required {
            "value.into()"
        } else {
            "Some(value.into())"
        };
        writeln!(
            out,
            "pub fn {0}(mut self, value: impl Into<dsl::Value<{1}>>) -> Self {{ self.{0} = {value}; self }}",
            field.name,
            rust(&field.kind, path),
        )?;
    }
    writeln!(out, "}}")
}

/// What makes a value of a structure.
fn part(out: &mut String, name: &str, fields: &[Field]) -> Result {
    writeln!(
        out,
        "impl dsl::Part for {name} {{\n#[inline]\nfn into_expression(self) -> dsl::Expression {{"
    )?;
    object(out, fields)?;
    writeln!(out, "dsl::Expression::Object(object)\n}}\n}}")?;
    debug(out, name, "debug_part")
}

/// `Debug` by the function of that name, which takes a copy.
fn debug(out: &mut String, name: &str, function: &str) -> Result {
    writeln!(out, "impl ::core::fmt::Debug for {name} {{")?;
    writeln!(
        out,
        "#[inline]\nfn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{ crate::generated::{function}(self.clone(), out) }}\n}}"
    )
}

/// Statements that make `object` of the fields of `self`.
fn object(out: &mut String, fields: &[Field]) -> Result {
    let mutable = if fields.is_empty() { "" } else { "mut " };
    writeln!(out, "let {mutable}object = dsl::Object::new();")?;
    for Field {
        name,
        key,
        required,
        ..
    } in fields
    {
        match required {
            true => writeln!(out, "object.set({key:?}, Some(self.{name}));")?,
            false => writeln!(out, "object.set({key:?}, self.{name});")?,
        }
    }
    Ok(())
}

fn enumeration(out: &mut String, name: &str, variants: &[(String, String)]) -> Result {
    writeln!(out, "#[derive(Clone)]\npub enum {name} {{")?;
    for (variant, _) in variants {
        writeln!(out, "{variant},")?;
    }
    writeln!(
        out,
        "/// A value that is newer than the facts.\nOther(String),\n}}"
    )?;
    writeln!(
        out,
        "impl dsl::Part for {name} {{\n#[inline]\nfn into_expression(self) -> dsl::Expression {{"
    )?;
    writeln!(out, "crate::generated::text(match self {{")?;
    for (variant, value) in variants {
        writeln!(out, "Self::{variant} => {value:?},")?;
    }
    writeln!(
        out,
        "Self::Other(value) => return crate::generated::text(value),\n}})\n}}\n}}"
    )?;
    debug(out, name, "debug_part")
}

fn attribute(out: &mut String, attribute: &Attribute) -> Result {
    let Attribute {
        name,
        key,
        kind,
        open,
    } = attribute;
    let kind = rust(kind, "");
    writeln!(out, "/// `{key}`\n#[inline]")?;
    if *open {
        return writeln!(
            out,
            "pub fn {name}(&self, name: &str) -> dsl::Value<{kind}> {{ self.0.attribute(format!(\"{key}.{{name}}\")) }}"
        );
    }
    writeln!(
        out,
        "pub fn {name}(&self) -> dsl::Value<{kind}> {{ self.0.attribute({key:?}) }}"
    )
}

/// The parameter of `Value`.
fn rust(kind: &Kind, path: &str) -> String {
    match kind {
        Kind::Text => "String".to_owned(),
        Kind::Arn => "dsl::Arn".to_owned(),
        Kind::Integer => "i64".to_owned(),
        Kind::Number => "f64".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Json => "dsl::Json".to_owned(),
        Kind::List(item) => format!("Vec<{}>", rust(item, path)),
        Kind::Map(value) => format!("dsl::Map<{}>", rust(value, path)),
        Kind::Own(name) => format!("{path}{name}"),
    }
}
