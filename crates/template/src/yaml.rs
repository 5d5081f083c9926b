//! YAML: events of `saphyr_parser` built into JSON values, with CloudFormation's short forms written out.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Value};

use crate::{
    json::repeated_key,
    position::{Places, Position},
    scalar,
    template::{
        GET_ATT, MAXIMUM_DEPTH, MAXIMUM_EXPANSION, MOST_ERRORS, ParseError, Remark, RemarkKind,
        end_of, split_get_att, too_deep,
    },
};

/// Functions that have a short form: `!Sub` for `Fn::Sub`. `!Ref` and `!Condition` keep their names.
const SHORT_FORMS: [&str; 26] = [
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAZs",
    "GetAtt",
    "GetStackOutput",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "RefAll",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
    "ValueOf",
    "ValueOfAll",
];

/// What a YAML text holds.
pub(crate) struct Document {
    pub(crate) body: Value,
    pub(crate) places: Places,
    pub(crate) remarks: Vec<Remark>,
}

/// Templates of templates have such keys, `{{ name }}`.
const KEY_IS_NO_TEXT: &str =
    "a key must be a text; quote one that begins with a brace or a bracket";

/// What an error of the parser itself begins with.
const NOT_YAML: &str = "the text is not YAML: ";

/// What most likely has to be done about an error of the parser, which begins with these words.
const ADVICE: [(&str, &str); 17] = [
    (
        "block sequence entries are not allowed",
        "a list begins on a line of its own",
    ),
    (
        "did not find expected <document start>",
        "let the keys of one mapping begin in the same column",
    ),
    (
        "illegal placement of ':'",
        "is a bracket or a brace before it never closed?",
    ),
    (
        "invalid indentation",
        "let what belongs to a key begin further right than the key",
    ),
    (
        "mapping values are not allowed",
        "quote a text with a colon in it, and let the keys of one mapping begin in the same column",
    ),
    ("misplaced bracket", "no bracket is open here"),
    ("simple key expect", "a key ends with a colon and a space"),
    ("tab", "indent with spaces"),
    ("unexpected character", "quote a text that begins with it"),
    (
        "while parsing a block mapping, did not find expected key",
        "let the keys of one mapping begin in the same column",
    ),
    (
        "while parsing a block collection",
        "let the elements of one list begin in the same column",
    ),
    (
        "while parsing a flow mapping",
        "is the brace `{` never closed?",
    ),
    (
        "while parsing a flow sequence",
        "is the bracket `[` never closed?",
    ),
    (
        "while parsing a quoted scalar, found unknown escape",
        "write a backslash twice, or the text in single quotes",
    ),
    (
        "while parsing node, found unknown anchor",
        "what an alias stands for is marked before it, with `&` and the same name",
    ),
    (
        "while scanning a plain scalar, found a tab",
        "write a space instead",
    ),
    (
        "while scanning a quoted scalar, found unexpected end",
        "the quotation mark here is never closed",
    ),
];

/// How far a line is moved to the right for the parser's sake.
const MOVED: usize = 80;

/// How many bytes are parsed again, all attempts together and with what aliases stand for, while lines are moved.
const MOST_REPARSED: usize = 8_000_000;

/// Reads the one document of a YAML text.
///
/// CloudFormation's parser reads YAML 1.1, where the lines of a flow collection may begin left of what they belong to;
/// the parser here does not allow that. Such lines are moved to the right, where they mean the same, and places within
/// them are told as they were written.
pub(crate) fn parse(text: &str) -> Result<Document, Vec<ParseError>> {
    if let Some(error) = unprintable(text) {
        return Err(vec![error]);
    }
    let mut moved = BTreeSet::new();
    let mut adjusted = Cow::Borrowed(text);
    let mut reparsed = 0;
    loop {
        let (outcome, expansion) = parse_strictly(&adjusted);
        let line = match &outcome {
            Err(errors) => errors
                .last()
                .filter(|error| is_left_in_flow(error))
                .map(|error| error.position.line),
            Ok(_) => None,
        };
        reparsed += text.len() + expansion;
        match line.filter(|line| reparsed < MOST_REPARSED && !moved.contains(line)) {
            Some(line) => {
                moved.insert(line);
                adjusted = Cow::Owned(move_lines(text, &moved));
            }
            None if moved.is_empty() => return outcome,
            None => return move_back(outcome, &moved),
        }
    }
}

/// The first character that YAML does not allow anywhere. The parser would take a NUL for the end of the text.
///
/// <https://yaml.org/spec/1.1/#c-printable>
fn unprintable(text: &str) -> Option<ParseError> {
    let is_printable = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    let index = text.find(|character| !is_printable(character))?;
    let character = text[index..].chars().next()?;
    let message = format!(
        "{NOT_YAML}the character U+{:04X} cannot stand in it; remove it, or write it as an escape in double quotes",
        u32::from(character)
    );
    Some(ParseError::new(end_of(&text[..index]), message))
}

/// Whether an error is that a line of a flow collection begins too far left; in blocks the parser never says this.
fn is_left_in_flow(error: &ParseError) -> bool {
    let reason = error.message.strip_prefix(NOT_YAML).unwrap_or_default();
    let (reason, _) = reason.split_once("; ").unwrap_or((reason, ""));
    matches!(
        reason,
        "invalid indentation" | "invalid indentation in flow construct"
    )
}

fn move_lines(text: &str, moved: &BTreeSet<u32>) -> String {
    let mut adjusted = String::with_capacity(text.len() + moved.len() * MOVED);
    for (line, content) in (1..).zip(text.split_inclusive('\n')) {
        if moved.contains(&line) {
            adjusted.extend(std::iter::repeat_n(' ', MOVED));
        }
        adjusted.push_str(content);
    }
    adjusted
}

/// Gives every place the column it had before lines were moved.
fn move_back(
    outcome: Result<Document, Vec<ParseError>>,
    moved: &BTreeSet<u32>,
) -> Result<Document, Vec<ParseError>> {
    let shift = |place: &mut Position| {
        if moved.contains(&place.line) {
            *place = Position::new(
                place.line as usize,
                (place.column as usize).saturating_sub(MOVED).max(1),
            );
        }
    };
    fn shift_all(places: &mut Places, shift: &impl Fn(&mut Position)) {
        shift(&mut places.place);
        for child in &mut places.children {
            shift_all(child, shift);
        }
    }
    match outcome {
        Ok(mut document) => {
            shift_all(&mut document.places, &shift);
            for remark in &mut document.remarks {
                shift(&mut remark.position);
            }
            Ok(document)
        }
        Err(mut errors) => {
            for error in &mut errors {
                shift(&mut error.position);
            }
            Err(errors)
        }
    }
}

/// The end of a text whose last line is not ended.
struct OpenEnd {
    /// How many characters the text has.
    index: usize,
    /// Whether there are only blanks on its last line.
    is_blank: bool,
}

impl OpenEnd {
    fn of(text: &str) -> Option<Self> {
        let last_line = text.rsplit(['\n', '\r']).next().unwrap_or_default();
        (!last_line.is_empty()).then(|| Self {
            index: text.chars().count(),
            is_blank: last_line.trim().is_empty(),
        })
    }

    /// What stands in a block that ends with the text: the parser ends its last line although the text does not. Blanks
    /// are a line of it only where they are as many as it is indented by.
    fn without<'t>(&self, block: &'t str) -> &'t str {
        match block.strip_suffix('\n') {
            Some(open) if !self.is_blank || open.ends_with([' ', '\t', '\n']) => open,
            _ => block,
        }
    }
}

/// What a text holds, and how many bytes its aliases stood for.
fn parse_strictly(text: &str) -> (Result<Document, Vec<ParseError>>, usize) {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        open_end: OpenEnd::of(text),
        anchors: HashMap::new(),
        expansion: 0,
        remarks: Vec::new(),
        errors: Vec::new(),
    };
    let outcome = match reader.document() {
        Ok(node) if reader.errors.is_empty() => Ok(Document {
            body: node.value,
            places: node.places,
            remarks: reader.remarks,
        }),
        Ok(_) => Err(reader.errors),
        Err(error) => {
            reader.errors.push(error);
            Err(reader.errors)
        }
    };
    (outcome, reader.expansion)
}

/// A value under construction.
#[derive(Clone)]
struct Node {
    value: Value,
    places: Places,
    /// How deep it nests.
    height: usize,
    /// What a copy of it costs, in bytes of text and eight for every value.
    weight: usize,
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    open_end: Option<OpenEnd>,
    anchors: HashMap<usize, Node>,
    /// The weight of all that aliases stand for so far.
    expansion: usize,
    remarks: Vec<Remark>,
    /// Errors that do not keep the rest from being read.
    errors: Vec<ParseError>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, ParseError> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd => {
                    let message = "the template is empty; it needs a section `Resources` at least";
                    return Err(ParseError::new(Position::START, message));
                }
                event => {
                    let node = self.node(event, span, 0)?;
                    self.end()?;
                    return Ok(node);
                }
            }
        }
    }

    /// Nothing may follow the first document.
    fn end(&mut self) -> Result<(), ParseError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), span) => {
                    let message = "a template is one document; a second one begins here, which belongs in a file of its own";
                    return Err(ParseError::new(position(&span.start), message));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), ParseError> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(describe(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The value that begins with `event`.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, ParseError> {
        let place = position(&span.start);
        if depth > MAXIMUM_DEPTH {
            return Err(too_deep(place));
        }
        let (anchor, node) = match event {
            Event::Alias(anchor) => return self.alias(anchor, place, depth),
            Event::Scalar(text, style, anchor, tag) => {
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let open_end = self.open_end.as_ref();
                let text = match open_end.filter(|end| is_block && end.index == span.end.index()) {
                    Some(end) => end.without(&text),
                    None => &text,
                };
                (anchor, self.scalar(text, style, tag, place)?)
            }
            Event::SequenceStart(anchor, tag) => {
                let inner = depth + 1 + usize::from(tag.is_some());
                let node = self.sequence(place, inner)?;
                (anchor, short_form(node, tag, place, "seq")?)
            }
            Event::MappingStart(anchor, tag) => {
                let inner = depth + 1 + usize::from(tag.is_some());
                let node = self.mapping(place, inner)?;
                (anchor, short_form(node, tag, place, "map")?)
            }
            _ => return Err(ParseError::new(place, "a value is missing here")),
        };
        if anchor > 0 {
            // An anchor within an anchored value is kept twice, and so on: copies like those of aliases.
            self.expand(node.weight, place)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, place: Position, depth: usize) -> Result<Node, ParseError> {
        let Some(node) = self.anchors.get(&anchor) else {
            let message = "the alias stands within what it stands for; write out what is meant";
            return Err(ParseError::new(place, message));
        };
        let (weight, height) = (node.weight, node.height);
        self.expand(weight, place)?;
        if depth + height > MAXIMUM_DEPTH {
            return Err(too_deep(place));
        }
        let mut node = self.anchors[&anchor].clone();
        node.places.place = place;
        self.remarks.push(Remark {
            position: place,
            kind: RemarkKind::Alias,
        });
        Ok(node)
    }

    /// Counts what an anchor or an alias copies.
    fn expand(&mut self, weight: usize, place: Position) -> Result<(), ParseError> {
        self.expansion += weight;
        if self.expansion > MAXIMUM_EXPANSION {
            let message = format!(
                "aliases stand for more than {MAXIMUM_EXPANSION} bytes, more than any template may have; remove some"
            );
            return Err(ParseError::new(place, message));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<Cow<'_, Tag>>,
        place: Position,
    ) -> Result<Node, ParseError> {
        let leaf = |value: Value| Node {
            weight: 8 + text.len(),
            value,
            places: Places::leaf(place),
            height: 0,
        };
        let plain = match &tag {
            None => style == ScalarStyle::Plain,
            Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
                "str" => false,
                "null" | "bool" | "int" | "float" => true,
                _ => return Err(unknown_tag(tag, place)),
            },
            Some(_) => {
                return short_form(leaf(Value::String(text.to_owned())), tag, place, "str");
            }
        };
        if !plain {
            return Ok(leaf(Value::String(text.to_owned())));
        }
        let value = scalar::read(text);
        if value.is_number() && scalar::is_misleading(text) {
            self.remarks.push(Remark {
                position: place,
                kind: RemarkKind::Number {
                    written: text.to_owned(),
                    read: value.to_string(),
                },
            });
        }
        Ok(leaf(value))
    }

    fn sequence(&mut self, place: Position, depth: usize) -> Result<Node, ParseError> {
        let mut list = Vec::new();
        let mut whole = Whole::new(place);
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(whole.into_node(Value::Array(list)));
            }
            let node = self.node(event, span, depth)?;
            list.push(whole.take(node, 0));
        }
    }

    fn mapping(&mut self, place: Position, depth: usize) -> Result<Node, ParseError> {
        let mut object = Map::new();
        let mut whole = Whole::new(place);
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let place = position(&span.start);
            let (key, is_merge) = self.key(event, place)?;
            let (event, span) = self.next()?;
            let mut node = self.node(event, span, depth)?;
            if is_merge {
                self.remarks.push(Remark {
                    position: place,
                    kind: RemarkKind::Merge,
                });
                merged.push((node, place));
                continue;
            }
            if key == GET_ATT {
                split_get_att(&mut node.value);
            }
            if object.contains_key(&key) {
                let first = whole.place_of(&object, &key);
                let error = repeated_key(&key, first, place);
                if self.errors.len() + 1 == MOST_ERRORS {
                    return Err(error);
                }
                self.errors.push(error);
                continue;
            }
            node.places.place = place;
            let weight = key.len();
            object.insert(key, whole.take(node, weight));
        }
        for (node, place) in merged {
            merge(&mut object, &mut whole, node, place)?;
        }
        Ok(whole.into_node(Value::Object(object)))
    }

    /// A key, always as it is written, and whether it is the merge key.
    fn key(&mut self, event: Event<'a>, place: Position) -> Result<(String, bool), ParseError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if let Some(tag) = tag.filter(|tag| !says_nothing(tag, "str")) {
                    let message = format!("a key cannot have a tag, `{tag}`");
                    return Err(ParseError::new(place, message));
                }
                let plain = style == ScalarStyle::Plain;
                if plain && scalar::read(&text).is_null() {
                    let message = "a key is missing here; `~`, `null` and nothing are none";
                    return Err(ParseError::new(place, message));
                }
                if anchor > 0 {
                    let node = Node {
                        weight: 8 + text.len(),
                        value: Value::String(text.clone().into_owned()),
                        places: Places::leaf(place),
                        height: 0,
                    };
                    self.anchors.insert(anchor, node);
                }
                let is_merge = plain && text == "<<";
                Ok((text.into_owned(), is_merge))
            }
            Event::Alias(anchor) => match self.alias(anchor, place, 0)?.value {
                Value::String(text) => Ok((text, false)),
                _ => Err(ParseError::new(place, KEY_IS_NO_TEXT)),
            },
            _ => Err(ParseError::new(place, KEY_IS_NO_TEXT)),
        }
    }
}

/// Sums up the parts of a list or an object while they are read.
struct Whole {
    places: Places,
    height: usize,
    weight: usize,
}

impl Whole {
    fn new(place: Position) -> Self {
        Self {
            places: Places::leaf(place),
            height: 1,
            weight: 8,
        }
    }

    /// Counts a part and gives its value back.
    fn take(&mut self, node: Node, key_weight: usize) -> Value {
        self.height = self.height.max(node.height + 1);
        self.weight += node.weight + key_weight;
        self.places.children.push(node.places);
        node.value
    }

    fn place_of(&self, object: &Map<String, Value>, key: &str) -> Position {
        object
            .keys()
            .position(|other| other == key)
            .and_then(|index| self.places.children.get(index))
            .map_or(self.places.place, |places| places.place)
    }

    fn into_node(self, value: Value) -> Node {
        Node {
            value,
            places: self.places,
            height: self.height,
            weight: self.weight,
        }
    }
}

/// Adds the members of a merge key's value, one mapping or a list of them, that the object does not have itself.
fn merge(
    object: &mut Map<String, Value>,
    whole: &mut Whole,
    node: Node,
    place: Position,
) -> Result<(), ParseError> {
    let sources = match node.value {
        Value::Object(members) => vec![members],
        Value::Array(elements) => elements
            .into_iter()
            .map(|element| match element {
                Value::Object(members) => Some(members),
                _ => None,
            })
            .collect::<Option<_>>()
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    if sources.is_empty() {
        let message = "`<<` merges a mapping or a list of mappings";
        return Err(ParseError::new(place, message));
    }
    whole.height = whole.height.max(node.height + 1);
    whole.weight += node.weight;
    for (key, value) in sources.into_iter().flatten() {
        if !object.contains_key(&key) {
            object.insert(key, value);
            whole.places.children.push(Places::leaf(place));
        }
    }
    Ok(())
}

/// Writes out what a tag on a value says; `kind` is the core tag that says nothing new about it.
fn short_form(
    node: Node,
    tag: Option<Cow<'_, Tag>>,
    place: Position,
    kind: &str,
) -> Result<Node, ParseError> {
    let Some(tag) = tag else {
        return Ok(node);
    };
    let name = if says_nothing(&tag, kind) {
        return Ok(node);
    } else if tag.handle != "!" {
        return Err(unknown_tag(&tag, place));
    } else if matches!(tag.suffix.as_str(), "Ref" | "Condition") {
        tag.suffix.clone()
    } else if SHORT_FORMS.contains(&tag.suffix.as_str()) {
        format!("Fn::{}", tag.suffix)
    } else {
        return Err(unknown_tag(&tag, place));
    };
    let mut node = node;
    if name == GET_ATT {
        split_get_att(&mut node.value);
    }
    let mut whole = Whole::new(place);
    let weight = name.len();
    let value = whole.take(node, weight);
    Ok(whole.into_node(Value::Object(Map::from_iter([(name, value)]))))
}

/// Whether a tag is the one a value of this kind has anyway, or the bare `!`.
fn says_nothing(tag: &Tag, kind: &str) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == kind || tag.handle.is_empty() && tag.suffix == "!"
}

fn unknown_tag(tag: &Tag, place: Position) -> ParseError {
    let written = if tag.is_yaml_core_schema() {
        format!("!!{}", tag.suffix)
    } else {
        tag.to_string()
    };
    let near = SHORT_FORMS
        .iter()
        .chain(&["Ref", "Condition"])
        .find(|name| name.eq_ignore_ascii_case(&tag.suffix));
    let message = match near {
        Some(name) => format!("CloudFormation has no tag `{written}`; did you mean `!{name}`?"),
        None if tag.is_yaml_core_schema() => format!("CloudFormation has no tag `{written}`"),
        None => format!(
            "CloudFormation has no tag `{written}`; a text that begins with an exclamation mark must be quoted"
        ),
    };
    ParseError::new(place, message)
}

fn describe(error: &ScanError) -> ParseError {
    let place = position(error.marker());
    // It looks further ahead than what was read so far.
    if error.info() == "recursion limit exceeded" {
        return too_deep(place);
    }
    let reason = error.info();
    let advice = ADVICE.iter().find(|(begin, _)| reason.starts_with(begin));
    let message = match advice {
        Some((_, advice)) => format!("{NOT_YAML}{reason}; {advice}"),
        None => format!("{NOT_YAML}{reason}"),
    };
    ParseError::new(place, message)
}

fn position(marker: &Marker) -> Position {
    Position::new(marker.line(), marker.col() + 1)
}
