//! The next version, written into Chart.yaml without touching another byte.

use super::metadata::Metadata;
use crate::Compat;
use crate::error::{Error, ErrorKind, Result};
use crate::version::Version;

/// Which number of a version goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `1.2.3` becomes `2.0.0`.
    Major,
    /// `1.2.3` becomes `1.3.0`.
    Minor,
    /// `1.2.3` becomes `1.2.4`, and `1.2.3-rc.1` becomes `1.2.3`.
    Patch,
}

/// A Chart.yaml with its next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bumped {
    /// The version it had.
    pub from: String,
    /// The version it has now.
    pub to: String,
    /// The file's text: only the version differs, comments and layout stay.
    pub text: Vec<u8>,
}

/// Raises the version in the text of a Chart.yaml. A pre-release and build metadata are dropped.
///
/// ```
/// use chartcore::chart::{Part, bump};
///
/// let bumped = bump(b"apiVersion: v2\nname: web\nversion: 0.1.0 # of the chart\n", Part::Minor)?;
/// assert_eq!(bumped.text, b"apiVersion: v2\nname: web\nversion: 0.2.0 # of the chart\n");
/// # Ok::<(), chartcore::Error>(())
/// ```
///
/// # Errors
/// The text is no Chart.yaml, its version is none, or stands where it cannot be replaced alone (a flow map, an
/// anchor, a value on the next line).
pub fn bump(chart_yaml: &[u8], part: Part) -> Result<Bumped> {
    let before = Metadata::from_yaml(chart_yaml, Compat::Helm4)?;
    if before.version.is_empty() {
        return Err(refused("chart.metadata.version is required".to_owned()));
    }
    let version = Version::parse(&before.version)
        .map_err(|_| refused(format!("chart.metadata.version {:?} is invalid", before.version)))?;
    let next = match part {
        Part::Major => version.next_major()?,
        Part::Minor => version.next_minor()?,
        Part::Patch => version.next_patch()?,
    };
    let to = next.original().to_owned();
    let elsewhere =
        || refused("the version does not stand on a line of its own, `version: 1.2.3`".to_owned());
    let (start, end) = place(chart_yaml).ok_or_else(elsewhere)?;
    let mut text = Vec::with_capacity(chart_yaml.len() + to.len());
    text.extend_from_slice(chart_yaml.get(..start).unwrap_or_default());
    text.extend_from_slice(to.as_bytes());
    text.extend_from_slice(chart_yaml.get(end..).unwrap_or_default());
    let expected = Metadata { version: to.clone(), ..before.clone() };
    if Metadata::from_yaml(&text, Compat::Helm4)? != expected {
        return Err(elsewhere());
    }
    Ok(Bumped { from: before.version, to, text })
}

fn refused(reason: String) -> Error {
    Error::new(ErrorKind::Chart, format!("cannot raise the version in Chart.yaml: {reason}"))
}

/// Where the text of the last top-level `version` stands: the last one counts.
fn place(text: &[u8]) -> Option<(usize, usize)> {
    const KEYS: [&[u8]; 3] = [b"version:", b"\"version\":", b"'version':"];
    let mut found = None;
    let mut start = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let line_start = start;
        start += line.len();
        let after_key = KEYS.iter().find_map(|key| line.strip_prefix(*key));
        let Some(rest) = after_key else { continue };
        let mut at = line_start + (line.len() - rest.len());
        let value = rest.trim_ascii_start();
        at += rest.len() - value.len();
        let length = match value.first() {
            Some(&quote @ (b'"' | b'\'')) => {
                at += 1;
                value.get(1..)?.iter().position(|&byte| byte == quote)?
            }
            _ => value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len()),
        };
        found = Some((at, at + length));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_changes() {
        for (text, part, expected) in [
            ("name: a\nversion: 0.1.0\n", Part::Major, "name: a\nversion: 1.0.0\n"),
            ("name: a\nversion: 0.1.0\n", Part::Minor, "name: a\nversion: 0.2.0\n"),
            ("name: a\nversion: 0.1.0\n", Part::Patch, "name: a\nversion: 0.1.1\n"),
            ("version:   '1.2.3' # kept\nname: a", Part::Minor, "version:   '1.3.0' # kept\nname: a"),
            ("\"version\": \"v1.2.3\"\r\nname: a\r\n", Part::Patch, "\"version\": \"v1.2.4\"\r\nname: a\r\n"),
            ("# version: 9.9.9\nversion: 1.2.3-rc.1+b", Part::Patch, "# version: 9.9.9\nversion: 1.2.3"),
            (
                "dependencies:\n- name: b\n  version: 1.0.0\nversion: 1.0.0\nappVersion: 1.0.0\n",
                Part::Major,
                "dependencies:\n- name: b\n  version: 1.0.0\nversion: 2.0.0\nappVersion: 1.0.0\n",
            ),
            ("version: 1.0.0\nversion: 2.0.0\n", Part::Minor, "version: 1.0.0\nversion: 2.1.0\n"),
        ] {
            let bumped = bump(text.as_bytes(), part).unwrap();
            assert_eq!(String::from_utf8(bumped.text).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_replaced_alone_is_refused() {
        for text in [
            "{name: a, version: 0.1.0}",
            "version:\n  0.1.0\n",
            "version: &v 0.1.0\n",
            "version: \"0.1.\\\n  0\"\n",
            "name: a\n",
            "version: one\n",
            "version: [\n",
            "description: \"\nversion: 3.0.0\n\"\n",
        ] {
            assert!(bump(text.as_bytes(), Part::Patch).is_err(), "{text}");
        }
    }
}
