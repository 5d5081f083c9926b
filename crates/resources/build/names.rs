//! Turns AWS's names into Rust's.

/// Words whose capitals do not show where they end.
const WORDS: &[(&str, &str)] = &[
    ("DynamoDB", "Dynamodb"),
    ("GraphQL", "Graphql"),
    ("IPv4", "Ipv4"),
    ("IPv6", "Ipv6"),
    ("MacOS", "Macos"),
    ("MySQL", "Mysql"),
    ("NoSQL", "Nosql"),
    ("OAuth", "Oauth"),
    ("OpenID", "Openid"),
    ("PostgreSQL", "Postgresql"),
];

/// Words Rust keeps for itself.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names that generated code uses in their usual meaning.
const TAKEN: &[&str] = &["From", "Into", "Option", "Self", "String", "Vec"];

/// What signs are called where a value is made of nothing else.
const SIGNS: &[(char, &str)] = &[
    ('*', "Asterisk"),
    ('=', "Equal"),
    ('<', "Less"),
    ('>', "Greater"),
    ('!', "Not"),
    ('|', "Bar"),
    ('&', "And"),
    ('%', "Percent"),
    ('+', "Plus"),
    ('-', "Minus"),
    (',', "Comma"),
    (';', "Semicolon"),
    (':', "Colon"),
    ('.', "Dot"),
    ('/', "Slash"),
    ('\t', "Tab"),
    (' ', "Space"),
    ('$', "Dollar"),
    ('#', "Hash"),
    ('~', "Tilde"),
    ('^', "Caret"),
    ('_', "Underscore"),
];

/// A property, method or module: `CallbackURLs` becomes `callback_urls`. A keyword gets an underscore.
pub(crate) fn snake(name: &str) -> String {
    let snake = words(name).join("_").to_ascii_lowercase();
    if KEYWORDS.contains(&snake.as_str()) {
        return format!("{snake}_");
    }
    if snake.starts_with(|first: char| first.is_ascii_digit()) {
        return format!("_{snake}");
    }
    snake
}

/// A type: its letters and digits as they are, with a capital in front. A name that means something else gets an
/// underscore.
pub(crate) fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for part in name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
    {
        let (first, rest) = part.split_at(1);
        pascal.push_str(&first.to_ascii_uppercase());
        pascal.push_str(rest);
    }
    if pascal.starts_with(|first: char| first.is_ascii_digit()) {
        pascal.insert(0, 'V');
    }
    if TAKEN.contains(&pascal.as_str()) {
        pascal.push('_');
    }
    pascal
}

/// A variant: `BUCKET_OWNER` becomes `BucketOwner`, `aws:kms` `AwsKms`, `2012-10-17` `V2012_10_17`.
pub(crate) fn variant(value: &str) -> String {
    let mut variant = String::new();
    for part in value
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
    {
        let (first, rest) = part.split_at(1);
        let joins_digits = variant.ends_with(|last: char| last.is_ascii_digit())
            && first.starts_with(|next: char| next.is_ascii_digit());
        if joins_digits {
            variant.push('_');
        }
        variant.push_str(&first.to_ascii_uppercase());
        let shouted = !rest.contains(|letter: char| letter.is_ascii_lowercase());
        variant.push_str(&if shouted {
            rest.to_ascii_lowercase()
        } else {
            rest.to_owned()
        });
    }
    if variant.is_empty() {
        let signs = value
            .chars()
            .filter_map(|sign| SIGNS.iter().find(|(known, _)| *known == sign));
        variant = signs.map(|(_, name)| *name).collect();
    }
    if variant.is_empty() {
        variant.push_str("Empty");
    }
    if variant.starts_with(|first: char| first.is_ascii_digit()) {
        variant.insert(0, 'V');
    }
    if variant == "Self" || variant == "Other" {
        variant.push('_');
    }
    variant
}

/// The name, or the name with underscores until nobody else has it.
pub(crate) fn unique(name: String, taken: impl Fn(&str) -> bool) -> String {
    let mut name = name;
    while taken(&name) {
        name.push('_');
    }
    name
}

/// The words of a name in which capitals tell them apart. A plural `s` stays with its abbreviation.
fn words(name: &str) -> Vec<String> {
    let mut plain = name.to_owned();
    for (written, read) in WORDS {
        plain = plain.replace(written, read);
    }
    let mut words = Vec::new();
    for part in plain
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
    {
        let letters = part.as_bytes();
        let mut start = 0;
        for at in 1..letters.len() {
            let (before, here) = (letters[at - 1], letters[at]);
            let after_word = !before.is_ascii_uppercase() && here.is_ascii_uppercase();
            let before_word = before.is_ascii_uppercase()
                && here.is_ascii_uppercase()
                && letters.get(at + 1).is_some_and(u8::is_ascii_lowercase)
                && !ends_plural(&letters[at + 1..]);
            if after_word || before_word {
                words.push(part[start..at].to_owned());
                start = at;
            }
        }
        words.push(part[start..].to_owned());
    }
    words
}

/// Whether an abbreviation's plural ends here: the `s` of `URLs`, at the end or before the next word.
fn ends_plural(rest: &[u8]) -> bool {
    rest.first() == Some(&b's')
        && rest
            .get(1)
            .is_none_or(|next| next.is_ascii_uppercase() || next.is_ascii_digit())
}
