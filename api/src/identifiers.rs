//! Identifiers: those that callers choose, and random ones.

/// Whether a text is 1 to `longest` of letters, digits, `_` and `-`.
pub(crate) fn is_plain(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// 128 random bits, as 32 hexadecimal digits.
pub(crate) fn random() -> String {
    let mut bytes = [0; 16];
    // The system's source does not fail once the machine is up; guessable bytes would be worse than none.
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_identifiers_have_their_form() {
        let text = random();
        assert_eq!(text.len(), 32);
        assert!(is_plain(&text, 32), "{text}");
        assert_ne!(random(), random());
    }

    #[test]
    fn plain_texts_are_short_and_harmless() {
        assert!(is_plain("aZ09_-", 6));
        for text in ["", "1234567", "a b", "ä", "a\n"] {
            assert!(!is_plain(text, 6), "{text:?}");
        }
    }
}
