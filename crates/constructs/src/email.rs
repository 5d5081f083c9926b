//! E-mails that a service sends in the product's name, made of Tera templates.

use std::borrow::Cow;

use tera::{Context, Tera};

/// The templates of a project's e-mails and the values they share.
///
/// ```
/// use constructs::email::Templates;
///
/// let templates = Templates::new([
///     ("layout.html", "<h1>{{ product }}</h1>{% block content %}{% endblock content %}"),
///     ("code.html", "{% extends 'layout.html' %}{% block content %}{{ code }}{% endblock content %}"),
/// ])
/// .with("product", "Chitchatter Pro");
/// let email = templates.email("code.html", "Your code");
/// ```
///
/// Each text is best taken in by `include_str!`, so that an edit of the file builds the program anew.
#[derive(Clone, Debug)]
pub struct Templates {
    tera: Result<Tera, String>,
    values: Context,
}

/// An e-mail: its subject, and its text still to be filled in by the service that sends it.
#[derive(Clone, Debug)]
pub struct Email {
    pub(crate) subject: Cow<'static, str>,
    template: &'static str,
    templates: Templates,
}

impl Templates {
    /// Takes templates by name; a name that ends in `.html` has its values escaped.
    pub fn new<const N: usize>(templates: [(&'static str, &'static str); N]) -> Self {
        let mut tera = Tera::default();
        let added = tera.add_raw_templates(templates);
        Self {
            tera: added.map(|()| tera).map_err(|error| causes(&error)),
            values: Context::new(),
        }
    }

    /// Sets a value for all of them.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.values.insert(name, value.as_ref());
        self
    }

    /// One e-mail of them.
    pub fn email(&self, template: &'static str, subject: impl Into<Cow<'static, str>>) -> Email {
        Email {
            subject: subject.into(),
            template,
            templates: self.clone(),
        }
    }
}

impl Email {
    /// The text, with the service's own placeholders as the values of the given names.
    pub(crate) fn render(&self, placeholders: &[(&'static str, &str)]) -> Result<String, String> {
        let tera = self.templates.tera.as_ref().map_err(Clone::clone)?;
        let mut values = self.templates.values.clone();
        for (name, placeholder) in placeholders {
            values.insert(*name, placeholder);
        }
        tera.render(self.template, &values)
            .map_err(|error| causes(&error))
    }
}

/// An error with what lies beneath it: Tera says what is wrong in the causes.
fn causes(error: &tera::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    // Tera draws a picture of the place over several lines; the message of a diagnostic is one line.
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: (&str, &str) = (
        "layout.html",
        "<h1>{{ product }}</h1>{% block content %}{% endblock content %}",
    );

    #[test]
    fn values_are_escaped_and_placeholders_stand() {
        let templates = Templates::new([
            LAYOUT,
            (
                "code.html",
                "{% extends \"layout.html\" %}{% block content %}{{ code }}{% endblock content %}",
            ),
        ])
        .with("product", "Tom & Jerry");
        let text = templates
            .email("code.html", "Your code")
            .render(&[("code", "{####}")]);
        assert_eq!(text.as_deref(), Ok("<h1>Tom &amp; Jerry</h1>{####}"));
    }

    #[test]
    fn a_mistake_in_a_template_is_told_in_one_line() {
        let broken = Templates::new([("code.html", "{{ code ")]);
        let error = broken.email("code.html", "").render(&[]);
        let error = error.expect_err("it is not a template");
        assert!(error.contains("code.html"), "{error}");
        assert!(!error.contains('\n'), "{error}");

        let misspelt = Templates::new([("code.html", "{{ coed }}")]);
        let error = misspelt.email("code.html", "").render(&[("code", "1")]);
        let error = error.expect_err("there is no such value");
        assert!(error.contains("coed"), "{error}");

        let absent = Templates::new([LAYOUT]);
        assert!(absent.email("code.html", "").render(&[]).is_err());
    }
}
