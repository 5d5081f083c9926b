//! Regular expressions of resource schemas and parameters, which are written for Java and JavaScript.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// Larger than any pattern of the facts needs.
const LARGEST_PROGRAM: usize = 8 << 20;

/// Repetitions of large character classes beyond this are taken as unbounded: lengths are checked on their own, and
/// such a program would be slow to build.
const MOST_REPETITIONS: u32 = 20;

/// Letters that, escaped, stand for many characters.
const CLASSES: &str = "dDwWsSpP";

/// What became of a pattern: none when it cannot be read.
type Compiled = Option<Arc<Pattern>>;

/// A pattern that is ready to be matched.
enum Pattern {
    /// Most are used once in a run and on short texts, where it is compiling that costs: this crate is a hundred times
    /// quicker there.
    Simple(regex_lite::Regex),
    /// Those that need the tables of Unicode, or are for long texts.
    Full(regex::Regex),
}

/// Which texts a compiled pattern is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Texts {
    /// Within ASCII, classes of Unicode are small, and quick to compile.
    ShortAscii,
    /// Here it is matching that takes long.
    LongAscii,
    Any,
}

/// From how many bytes on a text is long.
const LONG: usize = 500;

/// A pattern of the facts by the address of its text, which lives as long as the program.
type Key = (usize, usize, Texts);

/// Compiled patterns of the facts.
static CACHE: LazyLock<Mutex<HashMap<Key, Compiled>>> = LazyLock::new(Mutex::default);

/// Whether a text matches a pattern of the facts; `None` when the pattern is beyond what can be read here.
pub(crate) fn matches(pattern: &'static str, text: &str) -> Option<bool> {
    let texts = Texts::of(text);
    let key = (pattern.as_ptr().addr(), pattern.len(), texts);
    let cache = || CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let known = cache().get(&key).cloned();
    // Compiling takes long: others go on meanwhile, and two who compile the same come to the same.
    let compiled = known.unwrap_or_else(|| {
        let compiled = compile(pattern, texts).map(Arc::new);
        cache().insert(key, compiled.clone());
        compiled
    });
    compiled.map(|pattern| pattern.is_match(text))
}

/// Whether the whole of a text matches a pattern, as CloudFormation wants it of parameters.
pub(crate) fn matches_whole(pattern: &str, text: &str) -> Option<bool> {
    compile(&format!("^(?:{pattern})$"), Texts::of(text)).map(|pattern| pattern.is_match(text))
}

/// Reads a pattern; `None` when it uses what the `regex` crate does not have, such as looking around.
fn compile(pattern: &str, texts: Texts) -> Option<Pattern> {
    let pattern = translate(pattern, texts);
    let simple = || {
        let compiled = regex_lite::RegexBuilder::new(&pattern)
            .size_limit(LARGEST_PROGRAM)
            .build();
        compiled.map(Pattern::Simple).ok()
    };
    let full = || {
        let compiled = regex::RegexBuilder::new(&pattern)
            .size_limit(LARGEST_PROGRAM)
            .build();
        compiled.map(Pattern::Full).ok()
    };
    match texts {
        Texts::ShortAscii | Texts::Any => simple().or_else(full),
        Texts::LongAscii => full(),
    }
}

impl Texts {
    fn of(text: &str) -> Self {
        match text.is_ascii() {
            true if text.len() < LONG => Self::ShortAscii,
            true => Self::LongAscii,
            false => Self::Any,
        }
    }
}

impl Pattern {
    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Simple(pattern) => pattern.is_match(text),
            Self::Full(pattern) => pattern.is_match(text),
        }
    }
}

/// Writes a pattern in the words of the `regex` crate, with the meaning it has for these texts.
fn translate(pattern: &str, texts: Texts) -> String {
    // All pairs of surrogates, as JavaScript has to write them, and a slip that is copied around.
    let pattern = [
        "\\uD800\\uDC00-\\uDBFF\\uDFFF",
        "\\uD800\\uDBFF-\\uDC00\\uDFFF",
    ]
    .into_iter()
    .fold(pattern.to_owned(), |pattern, pairs| {
        pattern.replace(pairs, "\\u{10000}-\\u{10FFFF}")
    });
    let mut translation = Translation {
        characters: pattern.chars().collect(),
        is_ascii: texts != Texts::Any,
        index: 0,
        written: String::with_capacity(pattern.len() * 2),
        large: false,
    };
    translation.run();
    translation.written
}

struct Translation {
    characters: Vec<char>,
    /// Whether it is for texts of ASCII alone.
    is_ascii: bool,
    index: usize,
    written: String,
    /// Whether what was written last stands for very many characters.
    large: bool,
}

impl Translation {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.index + ahead).copied()
    }

    fn run(&mut self) {
        while let Some(character) = self.peek(0) {
            match character {
                '\\' => {
                    self.large = false;
                    self.escape(false);
                }
                '[' => self.class(),
                '{' => self.repetition(),
                _ => {
                    self.large = character == '.' || (character == ')' && self.large);
                    self.written.push(character);
                    self.index += 1;
                }
            }
        }
    }

    /// An escape, within a class or outside.
    fn escape(&mut self, within: bool) {
        let Some(next) = self.peek(1) else {
            self.written.push_str("\\\\");
            self.index += 1;
            return;
        };
        self.index += 2;
        let class = match next {
            'd' => r"0-9",
            'D' => r"\x00-/:-\x{10FFFF}",
            'w' => r"0-9A-Za-z_",
            'W' => r"\x00-/:-@\[-\^`\{-\x{10FFFF}",
            's' => r"\t-\r ",
            'S' => r"\x00-\x08\x0E-\x1F!-\x{10FFFF}",
            'p' | 'P' => {
                self.property(next, within);
                return;
            }
            'Z' | 'z' if !within => {
                self.written.push_str("\\z");
                return;
            }
            _ => {
                if next.is_ascii_alphanumeric() || !next.is_ascii() {
                    self.written.push('\\');
                    self.written.push(next);
                } else {
                    let _ = write!(self.written, "\\x{{{:X}}}", u32::from(next));
                }
                return;
            }
        };
        self.large |= next.is_ascii_uppercase();
        self.members(class, within);
    }

    /// The members of a class, which stand within another one or are one of their own.
    fn members(&mut self, members: &str, within: bool) {
        let _ = if within {
            write!(self.written, "{members}")
        } else {
            write!(self.written, "[{members}]")
        };
        self.hyphen_after_class(within);
    }

    /// `\p{Name}`: Java's names of ASCII classes mean nothing to the `regex` crate.
    fn property(&mut self, letter: char, within: bool) {
        let rest: String = self.characters[self.index..].iter().collect();
        let name = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .map(|(name, _)| name.to_owned());
        let Some(name) = name else {
            self.written.push('\\');
            self.written.push(letter);
            return;
        };
        self.index += name.chars().count() + 2;
        let posix = match name.as_str() {
            "Alnum" => Some("alnum"),
            "Alpha" => Some("alpha"),
            "ASCII" => Some("ascii"),
            "Blank" => Some("blank"),
            "Cntrl" => Some("cntrl"),
            "Digit" => Some("digit"),
            "Graph" => Some("graph"),
            "Lower" => Some("lower"),
            "Print" => Some("print"),
            "Punct" => Some("punct"),
            "Space" => Some("space"),
            "Upper" => Some("upper"),
            "XDigit" => Some("xdigit"),
            _ => None,
        };
        if let Some(posix) = posix {
            let not = if letter == 'P' { "^" } else { "" };
            self.members(&format!("[:{not}{posix}:]"), within);
        } else if let Some(is_member) = ascii_category(&name).filter(|_| self.is_ascii) {
            self.large = true;
            // One character outside ASCII, which no text here has, so that a class is never empty.
            let members: String = (0..=0x7F_u8)
                .filter(|byte| is_member(*byte) != (letter == 'P'))
                .map(|byte| format!("\\x{byte:02X}"))
                .chain(["\\x{80}".to_owned()])
                .collect();
            self.members(&members, within);
        } else {
            self.large = true;
            let _ = write!(self.written, "\\{letter}{{{name}}}");
            self.hyphen_after_class(within);
        }
    }

    /// A hyphen after a class within a class is itself: there is no range from a class.
    fn hyphen_after_class(&mut self, within: bool) {
        if within && self.peek(0) == Some('-') {
            self.written.push_str("\\-");
            self.index += 1;
        }
    }

    fn class(&mut self) {
        self.large = false;
        self.written.push('[');
        self.index += 1;
        if self.peek(0) == Some('^') {
            self.written.push('^');
            self.index += 1;
            self.large = true;
        }
        let start = self.index;
        // Whether a hyphen here makes a range with the character before it.
        let mut begins_range = false;
        while let Some(character) = self.peek(0) {
            match character {
                ']' if self.index > start => break,
                '\\' => {
                    let letter = self.peek(1).unwrap_or_default();
                    self.escape(true);
                    begins_range = !CLASSES.contains(letter);
                    continue;
                }
                '-' if begins_range && !self.is_before_class() && self.peek(1) != Some(']') => {
                    self.written.push('-');
                    begins_range = false;
                    if self.peek(1) == Some('-') {
                        self.written.push_str("\\-");
                        self.index += 1;
                    }
                }
                '[' | ']' | '-' | '&' | '~' => {
                    self.written.push('\\');
                    self.written.push(character);
                    begins_range = character != '-';
                }
                _ => {
                    self.large |= !character.is_ascii();
                    self.written.push(character);
                    begins_range = true;
                }
            }
            self.index += 1;
        }
        let text: String = self.characters[start..self.index].iter().collect();
        self.large |= text.contains("\\u");
        self.written.push(']');
        self.index += 1;
    }

    /// Whether a class such as `\w` follows the hyphen here.
    fn is_before_class(&self) -> bool {
        self.peek(1) == Some('\\') && self.peek(2).is_some_and(|letter| CLASSES.contains(letter))
    }

    /// `{2,5}`, or a brace that means itself.
    fn repetition(&mut self) {
        let rest: String = self.characters[self.index + 1..].iter().collect();
        let counts = rest.split_once('}').map(|(counts, _)| counts.to_owned());
        let counts = counts.filter(|counts| {
            counts.starts_with(|first: char| first.is_ascii_digit())
                && counts
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b',')
        });
        let Some(counts) = counts else {
            self.written.push_str("\\{");
            self.index += 1;
            return;
        };
        self.index += counts.len() + 2;
        let (least, most) = counts
            .split_once(',')
            .unwrap_or((counts.as_str(), counts.as_str()));
        let many = most
            .parse::<u32>()
            .is_ok_and(|most| most > MOST_REPETITIONS);
        if self.large && many {
            self.written.push(if least == "0" { '*' } else { '+' });
        } else {
            let _ = write!(self.written, "{{{counts}}}");
        }
    }
}

/// Which ASCII characters a general category of Unicode has; `None` for what is not a general category.
/// <https://www.unicode.org/Public/UNIDATA/UnicodeData.txt>
fn ascii_category(name: &str) -> Option<fn(u8) -> bool> {
    Some(match name {
        "L" => |byte| byte.is_ascii_alphabetic(),
        "Lu" => |byte| byte.is_ascii_uppercase(),
        "Ll" => |byte| byte.is_ascii_lowercase(),
        "N" | "Nd" => |byte| byte.is_ascii_digit(),
        "P" => |byte| byte.is_ascii_punctuation() && !b"$+<=>^`|~".contains(&byte),
        "S" => |byte| b"$+<=>^`|~".contains(&byte),
        "Z" | "Zs" => |byte| byte == b' ',
        "C" | "Cc" => |byte| byte.is_ascii_control(),
        "M" => |_| false,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::ops::Deref;

    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_java_and_javascript() {
        let table = [
            (r"^\d{3}$", "123", Some(true)),
            (r"^\d{3}$", "١٢٣", Some(false)),
            (r"^[\w-.]+$", "a-b.c", Some(true)),
            (r"^[\w-.]+$", "a b", Some(false)),
            (r"^[a-z-\d]+$", "a-1", Some(true)),
            (r"^[[a]+$", "[a", Some(true)),
            (r"^[a&&b]+$", "a&b", Some(true)),
            (r"^[+--]+$", "+,-", Some(true)),
            (r"^\p{Alnum}+$", "aB3", Some(true)),
            (r"^[\p{Print}]+$", "a b", Some(true)),
            (r"^[\p{L}_]{1,256}$", "é_", Some(true)),
            (r"^[\p{L}_]{1,256}$", "1", Some(false)),
            (r"^\p{M}+$", "a", Some(false)),
            (r"^[^\p{M}]+$", "a", Some(true)),
            (r"^\P{L}+$", "a", Some(false)),
            (r"^\/a\_b\-$", "/a_b-", Some(true)),
            (r"^{a}$", "{a}", Some(true)),
            (
                r"^[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*$",
                "a 😀",
                Some(true),
            ),
            (r"\S+", "  ", Some(false)),
            (r"\S+", " a ", Some(true)),
            (r"^(?!aws)", "aws", None),
            (r"(", "x", None),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(matches(pattern, text), expected, "`{pattern}` on `{text}`");
        }
        assert_eq!(matches_whole("a|b", "ab"), Some(false));
        assert_eq!(matches_whole("a|b", "b"), Some(true));
    }

    /// Every pattern of the facts.
    fn all_patterns() -> std::collections::BTreeSet<&'static str> {
        fn collect(
            shape: &'static schema::Shape,
            found: &mut std::collections::BTreeSet<&'static str>,
        ) {
            found.extend(shape.pattern.as_deref());
            found.extend(shape.pattern_properties.keys().map(String::as_str));
            let boxed = [
                &shape.items,
                &shape.not,
                &shape.condition,
                &shape.then,
                &shape.otherwise,
            ];
            let inner = shape
                .properties
                .values()
                .chain(shape.pattern_properties.values())
                .chain(shape.dependent_schemas.values())
                .map(Deref::deref)
                .chain(&shape.prefix_items)
                .chain(shape.branches())
                .chain(boxed.into_iter().flatten().map(AsRef::as_ref));
            for shape in inner {
                collect(shape, found);
            }
        }
        let mut found = std::collections::BTreeSet::new();
        for facts in schema::type_names().filter_map(schema::resource_type) {
            collect(&facts.shape, &mut found);
            for shape in facts.definitions.values() {
                collect(shape, &mut found);
            }
        }
        found
    }

    #[test]
    fn nearly_all_patterns_are_quick_to_compile_and_mean_the_same() {
        let ascii = (0..=0x7F_u8).map(|byte| char::from(byte).to_string());
        let texts = ["", "Abc-1_2.x", "a\nb", "arn:aws:iam::1:a/b", "é", "😀 b"];
        let long = ["a".repeat(LONG), "a b\n{####} c".repeat(LONG)];
        let texts = ascii.chain(texts.map(str::to_owned)).chain(long);
        let texts: Vec<String> = texts.collect();
        let patterns = all_patterns();
        let mut slow = 0;
        for pattern in &patterns {
            let Some(general) = regex::Regex::new(&translate(pattern, Texts::Any)).ok() else {
                continue;
            };
            slow += usize::from(matches!(
                compile(pattern, Texts::ShortAscii),
                Some(Pattern::Full(_))
            ));
            for text in &texts {
                let found = matches(pattern, text);
                assert_eq!(
                    found,
                    Some(general.is_match(text)),
                    "`{pattern}` on `{text}`"
                );
            }
        }
        assert!(slow * 100 < patterns.len(), "{slow} of {}", patterns.len());
    }

    /// The check on these is left out; the number says how much that is.
    #[test]
    fn few_patterns_are_beyond_reading() {
        let patterns = all_patterns();
        let beyond: Vec<&str> = patterns
            .iter()
            .copied()
            .filter(|pattern| regex_syntax::parse(&translate(pattern, Texts::Any)).is_err())
            .collect();
        let (looking_around, unreadable): (Vec<&str>, Vec<&str>) =
            beyond.iter().partition(|pattern| pattern.contains("(?"));
        assert!(
            looking_around.len() * 20 < patterns.len(),
            "{} of {}",
            looking_around.len(),
            patterns.len()
        );
        assert!(unreadable.len() <= 1, "{unreadable:#?}");
    }
}
