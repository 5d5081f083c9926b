//! Two templates that are read together.

use std::{
    collections::HashMap,
    iter, mem, panic,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use serde_json::Value;

use crate::{
    json::{self, Part},
    model::{Members, Section},
    outline::{Member, Outline},
    template::{MAXIMUM_LENGTH, ParseError, Template},
};

/// The body of a template that was read beside another one, whose resources may be those of both.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    sections: Members,
    resources: Vec<(String, Arc<Value>)>,
}

impl Body {
    /// The sections. Resources are not among them, unless they are no mapping.
    pub fn sections(&self) -> &Members {
        &self.sections
    }

    /// The resources, in the order of the text. One that stands letter for letter in both templates is the same value,
    /// in the same place.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.resources
            .iter()
            .map(|(logical_id, resource)| (logical_id.as_str(), &**resource))
    }

    /// Puts together what was read by an outline.
    fn of(outline: &Outline<'_>, values: &mut [Arc<Value>]) -> Self {
        let sections = outline.sections.iter();
        let sections = sections.map(|section| {
            let value = mem::take(&mut values[section.index]);
            (section.name.to_owned(), Arc::unwrap_or_clone(value))
        });
        Self {
            sections: sections.collect(),
            resources: outline
                .resources
                .iter()
                .map(|resource| {
                    let value = Arc::clone(&values[resource.index]);
                    (resource.name.to_owned(), value)
                })
                .collect(),
        }
    }
}

impl From<Template> for Body {
    fn from(template: Template) -> Self {
        let mut sections = template.into_members();
        let key = Section::Resources.key();
        let resources = match sections.shift_remove(key) {
            Some(Value::Object(resources)) => resources,
            Some(other) => {
                sections.insert(key.to_owned(), other);
                Members::new()
            }
            None => Members::new(),
        };
        Self {
            sections,
            resources: resources
                .into_iter()
                .map(|(logical_id, resource)| (logical_id, Arc::new(resource)))
                .collect(),
        }
    }
}

/// Reads two templates, as [`Template::parse_bytes`] reads each, at the same time and what stands in both once.
pub fn parse_pair(old: Vec<u8>, new: Vec<u8>) -> [Result<Body, Vec<ParseError>>; 2] {
    let texts = (str::from_utf8(&old), str::from_utf8(&new));
    if let (Ok(old), Ok(new)) = texts
        && old.len().max(new.len()) <= MAXIMUM_LENGTH
        && let Some(bodies) = together(old, new)
    {
        return bodies.map(Ok);
    }
    let read = |bytes: Vec<u8>| Template::parse_bytes(bytes).map(Body::from);
    let (new, old) = at_once(|| read(new), || read(old));
    [old, new]
}

/// Reads two texts as one; `None` where anything is not as it mostly is: only who reads a text alone can say what.
fn together(old: &str, new: &str) -> Option<[Body; 2]> {
    let (sender, parts) = mpsc::channel();
    let parts = Mutex::new(parts);
    let read = || {
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).recv();
        json::parse_parts(iter::from_fn(|| next().ok()))
    };
    // One reads while the other is still looking for what there is to read.
    let (theirs, ours) = at_once(read, || {
        let outlines = outlines(old, new, sender)?;
        Some((outlines, read()?))
    });
    let ([old, new], mut values) = ours?;
    values.extend(theirs?);
    values.sort_unstable_by_key(|(index, _)| *index);
    let values = values.into_iter().map(|(_, value)| Arc::new(value));
    let mut values: Vec<Arc<Value>> = values.collect();
    Some([old, new].map(|outline| Body::of(&outline, &mut values)))
}

/// The outlines of both texts; what is to be read of them is sent on as soon as it is found.
fn outlines<'t>(
    old: &'t str,
    new: &'t str,
    sender: mpsc::Sender<Part<'t>>,
) -> Option<[Outline<'t>; 2]> {
    let mut count = 0;
    let mut found = |text, depth| {
        let index = count;
        count += 1;
        sender.send(Part { index, text, depth }).ok()?;
        Some(index)
    };
    let old = Outline::of(old, &HashMap::new(), &mut found)?;
    let known: HashMap<&str, Member<'_>> = old
        .resources
        .iter()
        .map(|resource| (resource.name, *resource))
        .collect();
    let new = Outline::of(new, &known, &mut found)?;
    Some([old, new])
}

/// Does two things at the same time.
fn at_once<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join();
        (
            one.unwrap_or_else(|panic| panic::resume_unwind(panic)),
            other,
        )
    })
}
