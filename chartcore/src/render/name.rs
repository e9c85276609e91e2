//! Texts made by a small template: a release's name, a version line.

use std::any::Any as Downcast;

use super::go_struct::print_struct;
use crate::Compat;
use crate::error::{Error, ErrorKind, Result};
use crate::template::{self, Any, Host, Limits, Object, Templates};

/// Runs `source`, a template of the name `name`, over `fields`; with no fields its dot is nil.
///
/// Helm: `helm version --template`, pkg/cmd/version.go; `--name-template`, pkg/action/install.go, `TemplateName`.
///
/// # Errors
/// The template does not parse or fails, with Go's text.
///
/// ```
/// use chartcore::{Compat, render, template::SealedHost};
///
/// let host = SealedHost::new("seed");
/// let text = render::text("version", "{{ .Version | upper }}", &[("Version", "v1")], Compat::Helm4, &host)?;
/// assert_eq!(text, "V1");
/// # Ok::<(), chartcore::Error>(())
/// ```
pub fn text(
    name: &str,
    source: &str,
    fields: &[(&str, &str)],
    compat: Compat,
    host: &dyn Host,
) -> Result<String> {
    let failure = |text: String| Error::new(ErrorKind::Template, text);
    let parsed = template::parse(source.as_bytes(), compat).map_err(|error| failure(error.go_text(name)))?;
    let mut templates = Templates::new(compat);
    templates.add(name, parsed);
    let data = if fields.is_empty() {
        Any::Nil
    } else {
        let fields = fields.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned()));
        Any::object(BuildInfo(fields.collect()))
    };
    let mut out = Vec::new();
    let mut executor = templates.executor(host, Limits::default());
    executor.execute(name, &data, &mut out).map_err(|error| failure(error.go_text()))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// The struct `helm version --template` is about: an unknown field is an error.
#[derive(Debug)]
struct BuildInfo(Vec<(String, String)>);

impl Object for BuildInfo {
    fn type_name(&self) -> &str {
        "version.BuildInfo"
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        self.0.iter().find(|field| field.0.as_bytes() == name).map(|field| Any::str(&field.1))
    }

    fn print(&self, out: &mut Vec<u8>) {
        print_struct(out, self.0.iter().map(|field| Any::str(&field.1)));
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}
