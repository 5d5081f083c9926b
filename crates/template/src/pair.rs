//! Two templates that are read together.

use std::{
    collections::HashSet,
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde_json::Value;

use crate::{
    json::Document,
    model::{Members, Section},
    outline::{Member, Outline},
    template::{MAXIMUM_LENGTH, ParseError, Template},
    unread::{Token, go_over},
};

/// The body of a template that was read beside another one, whose resources may be those of both.
///
/// `G`, the gist, is what was noted of resources that stand in both and were only gone over.
#[derive(Clone, Debug)]
pub struct Body<'t, G> {
    sections: Members,
    resources: Vec<(String, Arc<LazyResource<'t, G>>)>,
}

/// A resource that is read when its value is first asked for, or was already.
pub struct LazyResource<'t, G> {
    value: OnceLock<Value>,
    /// What was noted of it and its text, where it was gone over.
    gone_over: Option<(G, &'t str)>,
}

impl<'t, G> Body<'t, G> {
    /// The sections. Resources are not among them, unless they are no mapping.
    pub fn sections(&self) -> &Members {
        &self.sections
    }

    /// The resources, in the order of the text. One that stands letter for letter in both templates is the same, in the
    /// same place.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &LazyResource<'t, G>)> {
        self.resources
            .iter()
            .map(|(logical_id, resource)| (logical_id.as_str(), &**resource))
    }
}

impl<G> LazyResource<'_, G> {
    /// What was noted of it, where it was only gone over.
    pub fn gist(&self) -> Option<&G> {
        self.gone_over.as_ref().map(|(gist, _)| gist)
    }
}

impl<G> Deref for LazyResource<'_, G> {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.value.get_or_init(|| {
            let (_, text) = self.gone_over.as_ref().expect("it was gone over or read");
            let value = Document::default().part(text, RESOURCE_DEPTH);
            value.expect("going over it has met no error")
        })
    }
}

impl<G> From<Value> for LazyResource<'_, G> {
    fn from(value: Value) -> Self {
        Self {
            value: value.into(),
            gone_over: None,
        }
    }
}

impl<G> PartialEq for Body<'_, G> {
    fn eq(&self, other: &Self) -> bool {
        self.sections == other.sections && self.resources == other.resources
    }
}

impl<G> PartialEq for LazyResource<'_, G> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<G> fmt::Debug for LazyResource<'_, G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

impl<G> From<Template> for Body<'_, G> {
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
                .map(|(logical_id, resource)| (logical_id, Arc::new(resource.into())))
                .collect(),
        }
    }
}

/// How deep sections and resources stand in a template.
const SECTION_DEPTH: usize = 1;
const RESOURCE_DEPTH: usize = 2;

/// Reads two templates, as [`Template::parse_bytes`] reads each, at the same time and what stands in both once.
///
/// What stands in both is gone over and left unread where `note`, which is told what it is made of, always says that it
/// is to go on. Only of the old text anything is read later.
pub fn parse_pair<'t, G: Default + Send + Sync>(
    old: &'t [u8],
    new: &[u8],
    note: impl Fn(&mut G, Token<'_>) -> bool + Sync,
) -> [Result<Body<'t, G>, Vec<ParseError>>; 2] {
    let texts = (str::from_utf8(old), str::from_utf8(new));
    if let (Ok(old), Ok(new)) = texts
        && old.len().max(new.len()) <= MAXIMUM_LENGTH
        && let Some(bodies) = together(old, new, &note)
    {
        return bodies.map(Ok);
    }
    let read = |bytes: &[u8]| Template::parse_bytes(bytes).map(Body::from);
    let (old, new) = rayon::join(|| read(old), || read(new));
    [old, new]
}

/// Reads two texts as one; `None` where anything is not as it mostly is: only who reads a text alone can say what.
fn together<'t, G: Default + Send + Sync>(
    old: &'t str,
    new: &str,
    note: &(impl Fn(&mut G, Token<'_>) -> bool + Sync),
) -> Option<[Body<'t, G>; 2]> {
    let old = Outline::of(old, &[])?;
    let new = Outline::of(new, &old.resources)?;
    let kept: HashSet<usize> = new.resources.iter().filter_map(|one| one.same).collect();
    let mut parts: Vec<Part<'_, '_>> = old.sections.iter().map(Part::section).collect();
    let resources = old.resources.iter().enumerate();
    parts.extend(resources.map(|(place, resource)| {
        if kept.contains(&place) {
            Part::GoneOver(resource.value)
        } else {
            Part::resource(resource)
        }
    }));
    parts.extend(new.sections.iter().map(Part::section));
    let own = new.resources.iter().filter(|one| one.same.is_none());
    parts.extend(own.map(Part::resource));
    let read = parts.into_par_iter();
    let read = read.map_init(Document::default, |document, part| {
        part.read(document, note)
    });
    let read: Option<Vec<LazyResource<'_, G>>> = read.collect();
    let mut read = read?.into_iter();
    let old = Body::of(&old, &[], &mut read)?;
    let new = Body::of(&new, &old.resources, &mut read)?;
    Some([old, new])
}

/// Something to read.
enum Part<'t, 'p> {
    /// A text, and how deep it stands.
    Read(&'p str, usize),
    /// A resource that need not be read.
    GoneOver(&'t str),
}

impl<'t, 'p> Part<'t, 'p> {
    fn section(section: &Member<'p>) -> Self {
        Self::Read(section.value, SECTION_DEPTH)
    }

    fn resource(resource: &Member<'p>) -> Self {
        Self::Read(resource.value, RESOURCE_DEPTH)
    }

    /// Reads it, or goes over it; `None` where there is an error in it.
    fn read<G: Default>(
        self,
        document: &Document,
        note: &impl Fn(&mut G, Token<'_>) -> bool,
    ) -> Option<LazyResource<'t, G>> {
        let value = match self {
            Self::GoneOver(text) => {
                let mut gist = G::default();
                if go_over(text, RESOURCE_DEPTH, &mut |token| note(&mut gist, token)) {
                    return Some(LazyResource {
                        value: OnceLock::new(),
                        gone_over: Some((gist, text)),
                    });
                }
                document.part(text, RESOURCE_DEPTH)
            }
            Self::Read(text, depth) => document.part(text, depth),
        };
        value.map(LazyResource::from)
    }
}

impl<'t, G> Body<'t, G> {
    /// Takes what an outline names from what was read of it; what it has as `others` stand in another body, from there.
    fn of(
        outline: &Outline<'_>,
        others: &[(String, Arc<LazyResource<'t, G>>)],
        read: &mut impl Iterator<Item = LazyResource<'t, G>>,
    ) -> Option<Self> {
        let sections = outline.sections.iter().map(|section| {
            let value = read.next()?.value.into_inner()?;
            Some((section.name.to_owned(), value))
        });
        let sections = sections.collect::<Option<_>>()?;
        let resources = outline.resources.iter().map(|resource| {
            let value = match resource.same {
                Some(place) => Arc::clone(&others.get(place)?.1),
                None => Arc::new(read.next()?),
            };
            Some((resource.name.to_owned(), value))
        });
        Some(Self {
            sections,
            resources: resources.collect::<Option<_>>()?,
        })
    }
}
