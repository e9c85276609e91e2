//! Texts made by a small template: a release's name, a version line.

use crate::Compat;
use crate::error::{Error, ErrorKind, Result};
use crate::template::{self, Any, Host, Limits, Map, MapType, Templates};

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
        let entries = fields.iter().map(|(field, text)| ((*field).into(), Any::str(*text))).collect();
        Any::Map(Map::typed(MapType::Any, entries))
    };
    let mut out = Vec::new();
    let mut executor = templates.executor(host, Limits::default());
    executor.execute(name, &data, &mut out).map_err(|error| failure(error.go_text()))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}
