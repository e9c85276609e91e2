//! Absolute URLs, as far as fetching needs them.

use std::fmt;
use std::str::FromStr;

use super::{Credentials, Secret};
use crate::error::{Error, ErrorKind, Result};
use crate::quote::quoted;

/// An absolute URL: scheme, host, port, path and query.
///
/// `Display` and `Debug` leave out the user and the values of the query, which may be secrets;
/// [`Url::for_request`] has the query.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    scheme: String,
    userinfo: Option<String>,
    host: String,
    port: Option<u16>,
    path: String,
    query: Option<String>,
}

/// The longest URL that is read.
const LENGTH_LIMIT: usize = 64 << 10;

impl Url {
    /// The scheme in small letters: `https`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The host in small letters, without port; an IPv6 address keeps its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port that is written or follows from the scheme.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.scheme.as_str() {
            "https" | "oci" => 443,
            _ => 80,
        })
    }

    /// Host and, where it is written, port.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The path as it is sent, percent-encoded; empty or with a leading slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The last segment of the path: the name of a file.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// User and password written into the URL, if any.
    pub fn credentials(&self) -> Option<Credentials> {
        let userinfo = self.userinfo.as_deref()?;
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        Some(Credentials::basic(percent_decoded(user), Secret::new(percent_decoded(password))))
    }

    /// Whether scheme, host and port are the same: where credentials may go.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.host == other.host && self.port() == other.port()
    }

    /// The URL with its query and without a user, as a request line needs it.
    pub fn for_request(&self) -> String {
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        let path = if self.path.is_empty() { "/" } else { &self.path };
        format!("{}://{}{path}{query}", self.scheme, self.authority())
    }

    /// The same URL without user, query and fragment.
    #[must_use]
    pub fn without_query(&self) -> Self {
        Self { userinfo: None, query: None, ..self.clone() }
    }

    /// The same URL with another path (percent-encoded where it must be) and no query.
    #[must_use]
    pub fn with_path(&self, path: &str) -> Self {
        Self { path: encoded(path, is_path_byte), query: None, ..self.clone() }
    }

    /// The same URL with another query.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Self {
        Self { query: Some(encoded(query, is_query_byte)), ..self.clone() }
    }

    /// What `reference` means on a page at this URL (RFC 3986, section 5.2); the user stays only where
    /// scheme, host and port do.
    ///
    /// # Errors
    /// `reference` is absolute and malformed.
    pub fn join(&self, reference: &str) -> Result<Self> {
        let reference = reference.split('#').next().unwrap_or_default();
        if has_scheme(reference) {
            return reference.parse();
        }
        if reference.starts_with("//") {
            return format!("{}:{reference}", self.scheme).parse();
        }
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(encoded(query, is_query_byte))),
            None => (reference, None),
        };
        let mut joined = self.clone();
        if path.is_empty() {
            if query.is_some() {
                joined.query = query;
            }
            return Ok(joined);
        }
        joined.query = query;
        let path = encoded(path, is_path_byte);
        joined.path = if path.starts_with('/') {
            without_dots(&path)
        } else {
            let folder = self.path.rfind('/').map_or("/", |slash| &self.path[..=slash]);
            without_dots(&format!("{folder}{path}"))
        };
        Ok(joined)
    }
}

impl FromStr for Url {
    type Err = Error;

    /// Reads an absolute URL; Go's words for what is wrong. A fragment is dropped.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            let shown = quoted(redacted(text).as_bytes());
            Error::new(ErrorKind::Usage, format!("parse {shown}: {what}"))
        };
        if text.len() > LENGTH_LIMIT {
            return Err(wrong("URL is too long"));
        }
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err(wrong("net/url: invalid control character in URL"));
        }
        let text_without_fragment = text.split('#').next().unwrap_or_default();
        if !has_scheme(text_without_fragment) {
            return Err(wrong("missing protocol scheme"));
        }
        let (scheme, rest) = text_without_fragment.split_once(':').unwrap_or_default();
        let Some(rest) = rest.strip_prefix("//") else {
            return Err(wrong("no Host in request URL"));
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (userinfo, address) = match authority.rsplit_once('@') {
            Some((userinfo, address)) => (Some(userinfo.to_owned()), address),
            None => (None, authority),
        };
        let (host, port) = split_port(address).ok_or_else(|| wrong("invalid port after host"))?;
        if host.is_empty() {
            return Err(wrong("no Host in request URL"));
        }
        if !is_host(host) {
            return Err(wrong("invalid character in host name"));
        }
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(encoded(query, is_query_byte))),
            None => (tail, None),
        };
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            userinfo,
            host: host.to_ascii_lowercase(),
            port,
            path: encoded(path, is_path_byte),
            query,
        })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority(), self.path)?;
        self.query.as_ref().map_or(Ok(()), |query| write!(f, "?{}", redacted_query(query)))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

/// A text that should have been a URL, without what may be secret in it.
pub(super) fn redacted(text: &str) -> String {
    let (head, query) = match text.split_once('?') {
        Some((head, query)) => (head, format!("?{}", redacted_query(query))),
        None => (text, String::new()),
    };
    let (scheme, rest) = match head.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), head),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let address = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}{address}{path}{query}")
}

/// Names stay, values go; except those that paging uses.
fn redacted_query(query: &str) -> String {
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name @ ("n" | "last" | "digest" | "service" | "scope"), value)) => format!("{name}={value}"),
        Some((name, _)) => format!("{name}=***"),
        None if pair.is_empty() => String::new(),
        None => "***".to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// Host and port of `host`, `host:`, `host:80`, `[::1]:80`; `None` for a port that is none.
fn split_port(address: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = address.rfind(']').map_or(0, |bracket| bracket + 1);
    match address[after_bracket..].find(':') {
        None => Some((address, None)),
        Some(colon) => {
            let (host, port) = address.split_at(after_bracket + colon);
            match &port[1..] {
                "" => Some((host, None)),
                digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Some((host, Some(digits.parse().ok()?)))
                }
                _ => None,
            }
        }
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => {
            rest.strip_suffix(']').is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
        }
        None => {
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
        }
    }
}

/// What a path may hold as it is. Go: `shouldEscape` in net/url.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte)
}

fn is_query_byte(byte: u8) -> bool {
    is_path_byte(byte) || matches!(byte, b'?' | b'[' | b']' | b'|')
}

/// `text` with every byte that is not `allowed` percent-encoded; escapes that are there stay.
fn encoded(text: &str, allowed: fn(u8) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        let escape = *byte == b'%'
            && bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if escape || (*byte != b'%' && allowed(*byte)) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if *byte == b'%' => {
                out.push(decoded);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A path with `.` and `..` resolved. RFC 3986, section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let last = segments.len().saturating_sub(1);
    for (index, segment) in segments.iter().enumerate() {
        match *segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if index == last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn references_are_joined_as_rfc_3986_says() {
        // Section 5.4 of the RFC, base first.
        let base = url("http://a/b/c/d;p?q");
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("g#s", "http://a/b/c/g"),
            (";x", "http://a/b/c/;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g..", "http://a/b/c/g.."),
            ("./g/.", "http://a/b/c/g/"),
            ("g/../h", "http://a/b/c/h"),
            ("http://x:8080/y?z=1", "http://x:8080/y?z=1"),
        ] {
            assert_eq!(base.join(reference).unwrap().for_request(), expected, "{reference}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        for (text, shown) in [
            ("https://user:pa:ss@Host:8443/a/b?X-Sig=abc&n=5#f", "https://host:8443/a/b?X-Sig=***&n=5"),
            ("https://u@h", "https://h"),
            ("https://h/a?token", "https://h/a?***"),
            ("http://[::1]:5000/v2/", "http://[::1]:5000/v2/"),
        ] {
            assert_eq!(url(text).to_string(), shown);
            assert_eq!(format!("{:?}", url(text)), format!("Url({shown})"));
        }
        let error = "https://me:secret@ho st/x?key=abc".parse::<Url>().unwrap_err();
        assert!(!error.to_string().contains("secret") && !error.to_string().contains("abc"), "{error}");
    }

    #[test]
    fn users_are_decoded() {
        let Some(Credentials::Basic { user, password }) = url("http://a%40b:c%3Ad@h/").credentials() else {
            panic!("no credentials");
        };
        assert_eq!((user.as_str(), password.expose()), ("a@b", "c:d"));
    }

    #[test]
    fn paths_are_encoded_once() {
        let url = url("http://h/a b/%7Ec/ü/100%?q=a b&c=%20");
        assert_eq!(url.for_request(), "http://h/a%20b/%7Ec/%C3%BC/100%25?q=a%20b&c=%20");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for (text, error) in [
            ("", "parse \"\": missing protocol scheme"),
            ("charts/index.yaml", "parse \"charts/index.yaml\": missing protocol scheme"),
            ("http:///x", "parse \"http:///x\": no Host in request URL"),
            ("http://h:x/", "parse \"http://h:x/\": invalid port after host"),
            ("http://h:99999/", "parse \"http://h:99999/\": invalid port after host"),
            ("http://h\n/", "parse \"http://h\\n/\": net/url: invalid control character in URL"),
            ("http://[::1/", "parse \"http://[::1/\": invalid port after host"),
            ("mailto:a@b", "parse \"b\": no Host in request URL"),
        ] {
            assert_eq!(text.parse::<Url>().unwrap_err().message(), error);
        }
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        for (left, right, same) in [
            ("http://h/a", "http://H:80/b", true),
            ("https://h/a", "https://h:443/", true),
            ("http://h/", "https://h/", false),
            ("http://h/", "http://h:81/", false),
            ("http://h/", "http://www.h/", false),
        ] {
            assert_eq!(url(left).same_origin(&url(right)), same, "{left} {right}");
        }
    }
}
