//! URLs as Go takes them apart and joins them, relative ones and bare paths included. Go: net/url; Helm:
//! internal/urlutil and `ResolveReferenceURL`.
//!
//! What is fetched goes through [`crate::transport::Url`]; this is for the texts in indexes and in Chart.yaml.

use super::index::failure;
use crate::error::Result;
use crate::files::{clean, quote};

/// The parts of a URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Parts {
    scheme: String,
    opaque: String,
    /// As written.
    user: Option<String>,
    host: String,
    /// Without escapes.
    path: Vec<u8>,
    /// With its escapes, where they are not the usual ones.
    raw_path: String,
    query: Option<String>,
    fragment: Option<String>,
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Without escapes, or `None` where a `%` has no two digits behind it.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            out.push(hex(*bytes.get(at + 1)?)? << 4 | hex(*bytes.get(at + 2)?)?);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    Some(out)
}

fn escaped(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Parts {
    fn parse(text: &str) -> Option<Self> {
        if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return None;
        }
        let mut parts = Self::default();
        let mut rest = text;
        if let Some((before, fragment)) = rest.split_once('#') {
            unescaped(fragment)?;
            parts.fragment = Some(fragment.to_owned()).filter(|fragment| !fragment.is_empty());
            rest = before;
        }
        if let Some(end) = rest
            .bytes()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))
            && rest.as_bytes()[end] == b':'
        {
            if end == 0 {
                return None;
            }
            if rest.as_bytes()[0].is_ascii_alphabetic() {
                parts.scheme = rest[..end].to_ascii_lowercase();
                rest = &rest[end + 1..];
            }
        }
        if let Some((before, query)) = rest.split_once('?') {
            parts.query = Some(query.to_owned());
            rest = before;
        }
        if !rest.starts_with('/') {
            if !parts.scheme.is_empty() {
                parts.opaque = rest.to_owned();
                return Some(parts);
            }
            if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
                return None;
            }
        }
        if (!parts.scheme.is_empty() || !rest.starts_with("///"))
            && let Some(authority) = rest.strip_prefix("//")
        {
            let end = authority.find('/').unwrap_or(authority.len());
            let (authority, path) = authority.split_at(end);
            let host = match authority.rsplit_once('@') {
                Some((user, host)) => {
                    unescaped(user)?;
                    parts.user = Some(user.to_owned());
                    host
                }
                None => authority,
            };
            let port = host.rfind(']').map_or(host, |bracket| &host[bracket + 1..]);
            let port = port.rfind(':').map_or("", |colon| &port[colon + 1..]);
            if host.starts_with('[') && !host.contains(']') {
                return None;
            }
            let is_host = |byte: u8| {
                byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte)
            };
            if !port.bytes().all(|byte| byte.is_ascii_digit()) || !host.bytes().all(is_host) {
                return None;
            }
            parts.host = host.to_owned();
            rest = path;
        }
        parts.set_path(rest)?;
        Some(parts)
    }

    fn set_path(&mut self, raw: &str) -> Option<()> {
        self.path = unescaped(raw)?;
        self.raw_path = if escaped(&self.path) == raw { String::new() } else { raw.to_owned() };
        Some(())
    }

    fn replace_path(&mut self, path: Vec<u8>) {
        self.path = path;
        self.raw_path.clear();
    }

    /// Go: `URL.EscapedPath`: the path as it was written, if it could stand so.
    fn path_text(&self) -> String {
        if self.raw_path.is_empty() || !is_encoded(&self.raw_path) {
            escaped(&self.path)
        } else {
            self.raw_path.clone()
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque.is_empty() {
            if !self.scheme.is_empty() || !self.host.is_empty() || self.user.is_some() {
                if !self.host.is_empty() || !self.path.is_empty() || self.user.is_some() {
                    out.push_str("//");
                }
                if let Some(user) = &self.user {
                    out.push_str(user);
                    out.push('@');
                }
                out.push_str(&self.host);
            }
            let path = self.path_text();
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            if out.is_empty() && path.split('/').next().is_some_and(|segment| segment.contains(':')) {
                out.push_str("./");
            }
            out.push_str(&path);
        } else {
            out.push_str(&self.opaque);
        }
        if let Some(query) = &self.query {
            out.push('?');
            out.push_str(query);
        }
        if let Some(fragment) = &self.fragment {
            out.push('#');
            out.push_str(fragment);
        }
        out
    }
}

/// Go's `path.Join`: empty elements are left out, the rest is cleaned.
fn join_path(elements: &[&str]) -> String {
    let joined = elements.iter().filter(|element| !element.is_empty()).copied().collect::<Vec<_>>().join("/");
    if joined.is_empty() { String::new() } else { clean(&joined) }
}

/// A base URL, or a path that stands for one, with more path behind it. Helm: `URLJoin`, and what its callers do when
/// the base is no URL.
pub(super) fn join(base: &str, more: &str) -> String {
    match Parts::parse(base) {
        None => join_path(&[base, more]),
        Some(mut parts) => {
            let path = String::from_utf8_lossy(&parts.path).into_owned();
            parts.replace_path(join_path(&[&path, more]).into_bytes());
            parts.text()
        }
    }
}

/// Whether two repositories are the same place. Helm: `urlutil.Equal`.
pub fn same_place(left: &str, right: &str) -> bool {
    let Some(left_parts) = Parts::parse(left) else { return clean(left) == clean(right) };
    let Some(right_parts) = Parts::parse(right) else { return false };
    let normal = |mut parts: Parts| {
        let path = String::from_utf8_lossy(&parts.path).into_owned();
        parts.replace_path(clean(if path.is_empty() { "/" } else { &path }).into_bytes());
        parts.text()
    };
    normal(left_parts) == normal(right_parts)
}

/// Whether `text` is a URL with a scheme.
pub fn is_absolute(text: &str) -> bool {
    Parts::parse(text).is_some_and(|parts| !parts.scheme.is_empty())
}

/// Whether `text` is a URL that names a host.
pub(super) fn has_host(text: &str) -> bool {
    Parts::parse(text).is_some_and(|parts| !parts.host.is_empty() && !parts.host.starts_with(':'))
}

/// The scheme of a URL; empty for none.
///
/// # Errors
/// It is no URL; Helm's text.
pub(super) fn scheme(text: &str) -> Result<String> {
    match Parts::parse(text) {
        Some(parts) => Ok(parts.scheme),
        None => Err(failure(format!("invalid chart URL format: {text}"))),
    }
}

/// The file name at the end of a URL's path, without escapes; never a path itself.
pub fn file_name(text: &str) -> Option<String> {
    let parts = Parts::parse(text)?;
    let path = String::from_utf8(parts.path).ok()?;
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let fit = !matches!(name, "" | "." | "..") && !name.contains(['\\', '\0']);
    fit.then(|| name.to_owned())
}

/// What a URL in an index means for a repository: absolute ones stay, the others begin at the repository, whose query
/// they get. Helm: `ResolveReferenceURL`.
///
/// # Errors
/// One of them is no URL.
pub fn resolve(repository: &str, reference: &str) -> Result<String> {
    let parse = |text: &str| {
        Parts::parse(text).ok_or_else(|| {
            let shown = quote(text);
            failure(format!("failed to parse {text} as URL: parse {shown}: invalid URL"))
        })
    };
    let parsed = parse(reference)?;
    if !parsed.scheme.is_empty() {
        return Ok(reference.to_owned());
    }
    let mut base = parse(repository)?;
    let folder = base.path_text();
    let folder = format!("{}/", folder.strip_suffix('/').unwrap_or(&folder));
    let query = base.query.take();
    base.fragment = parsed.fragment.clone();
    if parsed.host.is_empty() && parsed.user.is_none() {
        let raw = parsed.path_text();
        let raw = match raw.as_str() {
            "" => folder,
            raw if raw.starts_with('/') => raw.to_owned(),
            raw => format!("{folder}{raw}"),
        };
        let raw = without_dots(&raw);
        base.set_path(&raw);
    } else {
        let raw = parsed.path_text();
        base.host = parsed.host;
        base.user = parsed.user;
        base.set_path(&without_dots(&raw));
    }
    base.query = query;
    Ok(base.text())
}

/// Whether nothing in a path is left to be escaped. Go: `validEncoded`.
fn is_encoded(path: &str) -> bool {
    path.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"-_.~/!$&'()*+,;=:@[]%".contains(&letter))
}

/// A path with `.` and `..` resolved, never above the root. Go: `resolvePath`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_open = false;
    for segment in path.split('/').skip(usize::from(path.starts_with('/'))) {
        ends_open = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let tail = if ends_open && !kept.is_empty() { "/" } else { "" };
    format!("/{}{tail}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_joined_as_in_helm() {
        for (base, more, expected) in [
            ("", "a-1.tgz", "a-1.tgz"),
            ("", "", ""),
            ("http://x.y/z", "", "http://x.y/z"),
            ("http://x.y/z/", "sub", "http://x.y/z/sub"),
            ("http://x.y", "a-1.tgz", "http://x.y/a-1.tgz"),
            ("http://x.y/z?k=v", "a b-1.0.0+x.tgz", "http://x.y/z/a%20b-1.0.0+x.tgz?k=v"),
            ("charts/", "a.tgz", "charts/a.tgz"),
            ("oci://h:5000/p", "a.tgz", "oci://h:5000/p/a.tgz"),
            ("http://x.y/%zz", "a.tgz", "http:/x.y/%zz/a.tgz"),
        ] {
            assert_eq!(join(base, more), expected, "{base} {more}");
        }
    }

    #[test]
    fn references_begin_at_the_repository() {
        for (base, reference, expected) in [
            ("http://h/charts", "a.tgz", "http://h/charts/a.tgz"),
            ("http://h/charts/", "a.tgz", "http://h/charts/a.tgz"),
            ("http://h/charts?k=v", "a.tgz", "http://h/charts/a.tgz?k=v"),
            ("http://h/charts", "/a.tgz", "http://h/a.tgz"),
            ("http://h/charts", "../a.tgz", "http://h/a.tgz"),
            ("http://h/charts", "../../../a.tgz", "http://h/a.tgz"),
            ("http://h/charts", "http://o/a.tgz?x", "http://o/a.tgz?x"),
            ("http://h/charts", "//o/a.tgz", "http://o/a.tgz"),
            ("http://h/charts%2fmore", "a.tgz", "http://h/charts%2fmore/a.tgz"),
            ("http://u:p@h", "a.tgz", "http://u:p@h/a.tgz"),
            ("http://h", "a b.tgz", "http://h/a%20b.tgz"),
            ("http://h", "a:b", "a:b"),
            ("http://h/a", "./b/./c/../d/", "http://h/a/b/d/"),
            ("http://h/a", "", "http://h/a/"),
            ("http://h/a", "?q", "http://h/a/"),
            ("http://h/a", "#f", "http://h/a/#f"),
            ("foo", "a.tgz", "/foo/a.tgz"),
            ("/srv/charts", "a.tgz", "/srv/charts/a.tgz"),
        ] {
            assert_eq!(resolve(base, reference).unwrap(), expected, "{base} {reference}");
        }
        for (base, reference) in [("http://h", "%"), ("http://h", "\u{1}"), ("http://[::1", "a"), (":", "a")]
        {
            assert!(resolve(base, reference).is_err(), "{base} {reference}");
        }
    }

    #[test]
    fn places_are_compared() {
        for (left, right, same) in [
            ("http://h", "http://h/", true),
            ("http://h/a/", "http://h/a", true),
            ("HTTP://h/a", "http://h/a", true),
            ("http://h/a//b", "http://h/a/b", true),
            ("http://h/a", "https://h/a", false),
            ("http://h:80", "http://h", false),
            ("http://h?x", "http://h", false),
        ] {
            assert_eq!(same_place(left, right), same, "{left} {right}");
        }
    }

    #[test]
    fn file_names_are_no_paths() {
        for (url, name) in [
            ("http://h/a/b-1.tgz?x=/../y", Some("b-1.tgz")),
            ("http://h/a%2f..%2fb.tgz", Some("b.tgz")),
            ("http://h/..", None),
            ("http://h/%2e%2e", None),
            ("http://h/", None),
            ("http://h/a%5Cb", None),
            ("http://h/%00", None),
        ] {
            assert_eq!(file_name(url).as_deref(), name, "{url}");
        }
    }
}
