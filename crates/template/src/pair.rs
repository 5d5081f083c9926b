//! Two templates that are read together.

use std::{
    collections::{HashMap, HashSet},
    fmt, iter,
    ops::Deref,
    panic,
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    thread,
};

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

    /// Puts together what was read by an outline.
    fn of(outline: &Outline<'_>, read: &mut [Option<Arc<LazyResource<'t, G>>>]) -> Option<Self> {
        let sections = outline.sections.iter();
        let sections = sections.map(|section| {
            let read = Arc::into_inner(read.get_mut(section.index)?.take()?)?;
            Some((section.name.to_owned(), read.value.into_inner()?))
        });
        let sections = sections.collect::<Option<_>>()?;
        let resources = outline.resources.iter();
        let resources = resources.map(|resource| {
            let read = read.get(resource.index)?.as_ref()?;
            Some((resource.name.to_owned(), Arc::clone(read)))
        });
        Some(Self {
            sections,
            resources: resources.collect::<Option<_>>()?,
        })
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

/// How deep resources stand in a template.
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
    let (new, old) = at_once(|| read(new), || read(old));
    [old, new]
}

/// Reads two texts as one; `None` where anything is not as it mostly is: only who reads a text alone can say what.
fn together<'t, G: Default + Send + Sync>(
    old: &'t str,
    new: &str,
    note: &(impl Fn(&mut G, Token<'_>) -> bool + Sync),
) -> Option<[Body<'t, G>; 2]> {
    let (sender, parts) = mpsc::channel::<Part<'t, '_>>();
    let parts = Mutex::new(parts);
    let read = || {
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let parts = iter::from_fn(|| next().ok());
        let document = Document::default();
        let read = parts.map(|part| Some((part.index, part.read(&document, note)?)));
        read.collect::<Option<Vec<_>>>()
    };
    // One reads while the other is still looking for what there is to read.
    let (theirs, ours) = at_once(read, || {
        let outlines = outlines(old, new, sender)?;
        Some((outlines, read()?))
    });
    let ((old, new), ours) = ours?;
    let mut read: Vec<Option<Arc<LazyResource<'_, G>>>> = Vec::new();
    for (index, resource) in ours.into_iter().chain(theirs?) {
        read.resize_with(read.len().max(index + 1), || None);
        // What was first gone over may have been read since.
        if read[index].is_none() || resource.gone_over.is_none() {
            read[index] = Some(Arc::new(resource));
        }
    }
    Some([Body::of(&old, &mut read)?, Body::of(&new, &mut read)?])
}

/// What is to be read.
struct Part<'t, 'p> {
    /// Which it is of all that the outlines name.
    index: usize,
    text: &'p str,
    /// How deep it stands.
    depth: usize,
    /// The same text, where it may be left unread.
    lazy: Option<&'t str>,
}

impl<'t> Part<'t, '_> {
    /// Reads it, or goes over it; `None` where there is an error in it.
    fn read<G: Default>(
        &self,
        document: &Document,
        note: &impl Fn(&mut G, Token<'_>) -> bool,
    ) -> Option<LazyResource<'t, G>> {
        let mut gist = G::default();
        if let Some(text) = self.lazy
            && go_over(text, self.depth, &mut |token| note(&mut gist, token))
        {
            return Some(LazyResource {
                value: OnceLock::new(),
                gone_over: Some((gist, text)),
            });
        }
        let value = document.part(self.text, self.depth);
        value.map(LazyResource::from)
    }
}

/// The outlines of both texts; what is to be read of them is sent on as soon as it is found.
fn outlines<'t, 'n>(
    old: &'t str,
    new: &'n str,
    sender: mpsc::Sender<Part<'t, 'n>>,
) -> Option<(Outline<'t>, Outline<'n>)>
where
    't: 'n,
{
    let mut count = 0;
    let mut send = |text, depth, lazy| {
        let index = count;
        count += 1;
        let part = Part {
            index,
            text,
            depth,
            lazy,
        };
        sender.send(part).ok()?;
        Some(index)
    };
    let old = Outline::of(old, &HashMap::new(), &mut |text: &'t str, depth| {
        let lazy = (depth == RESOURCE_DEPTH).then_some(text);
        send(text, depth, lazy)
    })?;
    let known = old.resources.iter();
    let known: HashMap<&str, Member<'_>> =
        known.map(|resource| (resource.name, *resource)).collect();
    let new = Outline::of(new, &known, &mut |text, depth| send(text, depth, None))?;
    // What is not as it was is compared, whatever is in it.
    let kept = new.resources.iter();
    let kept: HashSet<usize> = kept.map(|resource| resource.index).collect();
    let changed = old.resources.iter();
    for resource in changed.filter(|resource| !kept.contains(&resource.index)) {
        let part = Part {
            index: resource.index,
            text: resource.value,
            depth: RESOURCE_DEPTH,
            lazy: None,
        };
        sender.send(part).ok()?;
    }
    Some((old, new))
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
