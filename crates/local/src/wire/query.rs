//! The Query protocol's request: form fields with dotted names, `Parameters.member.1.ParameterKey=Vpc`.

use std::collections::BTreeMap;

use super::Refusal;

/// The fields of a request, or of one structure within it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: BTreeMap<String, String>,
}

impl Form {
    /// Reads a form-encoded body or query string.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self {
            fields: form_urlencoded::parse(text).into_owned().collect(),
        }
    }

    /// Fields by name.
    pub(crate) fn of(fields: &[(&str, &str)]) -> Self {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            fields: fields.iter().map(owned).collect(),
        }
    }

    /// The names of all fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// A field, when it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// A field that is there and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A field the operation cannot do without.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| {
            let mut path = name.to_owned();
            if let Some(first) = path.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            Refusal::validation(format!(
                "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
            ))
        })
    }

    /// A boolean field.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.filled(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Refusal::new(
                "MalformedInput",
                format!("Invalid boolean value for {name}"),
            )),
        }
    }

    /// A list of strings; `None` when the caller did not send it at all, which often means "keep what there is".
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        let items: Vec<String> = self
            .indices(name)
            .filter_map(|index| self.get(&format!("{name}.member.{index}")))
            .map(str::to_owned)
            .collect();
        (!items.is_empty() || self.fields.contains_key(name)).then_some(items)
    }

    /// A list of structures; `None` when the caller did not send it at all.
    pub(crate) fn structures(&self, name: &str) -> Option<Vec<Self>> {
        let items: Vec<Self> = self
            .indices(name)
            .map(|index| self.within(&format!("{name}.member.{index}.")))
            .collect();
        (!items.is_empty() || self.fields.contains_key(name)).then_some(items)
    }

    /// A map, `ResourceIdentifier.entry.1.key=…&ResourceIdentifier.entry.1.value=…`.
    pub(crate) fn map(&self, name: &str) -> BTreeMap<String, String> {
        (1..)
            .map_while(|index| {
                let key = self.get(&format!("{name}.entry.{index}.key"))?;
                let value = self.get(&format!("{name}.entry.{index}.value"))?;
                Some((key.to_owned(), value.to_owned()))
            })
            .collect()
    }

    /// The fields below a prefix.
    pub(crate) fn within(&self, prefix: &str) -> Self {
        let fields = self
            .fields
            .iter()
            .filter_map(|(name, value)| {
                let rest = name.strip_prefix(prefix)?;
                Some((rest.to_owned(), value.clone()))
            })
            .collect();
        Self { fields }
    }

    fn indices(&self, name: &str) -> impl Iterator<Item = usize> {
        let prefix = format!("{name}.member.");
        let mut indices: Vec<usize> = self
            .fields
            .keys()
            .filter_map(|key| {
                let rest = key.strip_prefix(&prefix)?;
                rest.split('.').next()?.parse().ok()
            })
            .collect();
        indices.sort_unstable();
        indices.dedup();
        indices.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_numeric_order() {
        let text: String = (1..=11)
            .rev()
            .map(|n| format!("L.member.{n}=v{n}&"))
            .collect();
        let list = Form::parse(text.as_bytes()).list("L").expect("it was sent");
        assert_eq!(list.len(), 11);
        assert_eq!(list[1], "v2");
        assert_eq!(list[10], "v11");
    }

    #[test]
    fn an_empty_list_is_not_an_absent_one() {
        assert_eq!(Form::parse(b"Tags=").structures("Tags"), Some(vec![]));
        assert_eq!(Form::parse(b"").structures("Tags"), None);
    }

    #[test]
    fn structures_and_escapes_are_read() {
        let form = Form::parse(b"P.member.1.K=a%26b&P.member.1.V=x+y&P.member.2.K=%C3%A9");
        let items = form.structures("P").expect("it was sent");
        assert_eq!(items[0].get("K"), Some("a&b"));
        assert_eq!(items[0].get("V"), Some("x y"));
        assert_eq!(items[1].get("K"), Some("é"));
    }

    #[test]
    fn a_missing_field_is_refused_as_aws_does() {
        let refusal = Form::default()
            .required("StackName")
            .expect_err("it is missing");
        assert!(
            refusal.message.contains("Value null at 'stackName'"),
            "{refusal:?}"
        );
    }
}
