//! URLs as Go's net/url reads, resolves and writes them.

use crate::quote::quote;

/// A URL in parts, still encoded where encoding matters.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Url {
    pub(super) scheme: String,
    opaque: String,
    user: Option<String>,
    pub(super) host: String,
    omit_host: bool,
    path: String,
    force_query: bool,
    query: String,
}

impl Url {
    /// Parses a URL; what follows `#` is only checked.
    ///
    /// # Errors
    /// Go's text, for instance `parse "a b:c": first path segment in URL cannot contain colon`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
        let parsed = Self::parse_parts(url).map_err(|reason| format!("parse {}: {reason}", quote(url)))?;
        check_escapes(fragment).map_err(|reason| format!("parse {}: {reason}", quote(text)))?;
        Ok(parsed)
    }

    fn parse_parts(text: &str) -> Result<Self, String> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_string());
        }
        let mut url = Self::default();
        if text == "*" {
            url.path = "*".to_string();
            return Ok(url);
        }
        let (scheme, mut rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        if rest.ends_with('?') && rest.matches('?').count() == 1 {
            url.force_query = true;
            rest = &rest[..rest.len() - 1];
        } else if let Some((before, query)) = rest.split_once('?') {
            url.query = query.to_string();
            rest = before;
        }
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_string();
                return Ok(url);
            }
            if rest.split('/').next().unwrap_or_default().contains(':') {
                return Err("first path segment in URL cannot contain colon".to_string());
            }
        }
        if rest.starts_with("//") && (!url.scheme.is_empty() || !rest.starts_with("///")) {
            let authority = &rest[2..];
            let (authority, path) = match authority.find('/') {
                Some(at) => authority.split_at(at),
                None => (authority, ""),
            };
            url.set_authority(authority)?;
            rest = path;
        } else if !url.scheme.is_empty() && rest.starts_with('/') {
            url.omit_host = true;
        }
        check_escapes(rest)?;
        url.path = rest.to_string();
        Ok(url)
    }

    fn set_authority(&mut self, authority: &str) -> Result<(), String> {
        let host = match authority.rsplit_once('@') {
            None => authority,
            Some((user, host)) => {
                let allowed =
                    |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
                if !user.bytes().all(allowed) {
                    return Err("net/url: invalid userinfo".to_string());
                }
                check_escapes(user)?;
                self.user = Some(user.to_string());
                host
            }
        };
        let port = match host.rfind('[') {
            Some(0) => {
                let Some(close) = host.rfind(']') else {
                    return Err("missing ']' in host".to_string());
                };
                let name = host.get(1..close).unwrap_or_default();
                let address = name.replacen("%25", "%", 1);
                super::format::parse_ip(&address).map_err(|reason| format!("invalid host: {reason}"))?;
                if !name.contains(':') {
                    return Err("invalid IP-literal".to_string());
                }
                &host[close + 1..]
            }
            Some(_) => return Err("invalid IP-literal".to_string()),
            None => {
                let first = host.find(':');
                let strict = self.scheme == "http" || self.scheme == "https";
                let at = if strict { first } else { host.rfind(':') };
                let bad = host
                    .bytes()
                    .find(|&byte| byte < 0x80 && byte != b'%' && !is_host_byte(byte))
                    .map(char::from);
                if let (None, Some(letter)) = (at.filter(|&at| !is_port(&host[at..])), bad) {
                    let letter = quote(&letter.to_string());
                    return Err(format!("invalid character {letter} in host name"));
                }
                at.map_or("", |at| &host[at..])
            }
        };
        if !port.is_empty() && !is_port(port) {
            return Err(format!("invalid port {} after host", quote(port)));
        }
        check_escapes(host)?;
        self.host = host.to_string();
        Ok(())
    }

    /// Whether it has a scheme.
    pub(super) fn is_absolute(&self) -> bool {
        !self.scheme.is_empty()
    }

    /// The host without its port; brackets of an IPv6 address are taken off.
    pub(super) fn host_name(&self) -> &str {
        if let Some(rest) = self.host.strip_prefix('[') {
            return rest.split(']').next().unwrap_or_default();
        }
        match self.host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &self.host,
        }
    }

    /// Resolves a reference against this URL.
    pub(super) fn join(&self, reference: &Self) -> Self {
        let mut url = reference.clone();
        if url.scheme.is_empty() {
            url.scheme.clone_from(&self.scheme);
        }
        if reference.is_absolute() || !reference.host.is_empty() || reference.user.is_some() {
            url.path = resolve_path(&reference.encoded_path(), "");
            return url;
        }
        if reference.path.is_empty() {
            if !reference.force_query && reference.query.is_empty() {
                url.query.clone_from(&self.query);
            }
            if !self.opaque.is_empty() {
                url.opaque.clone_from(&self.opaque);
                return url;
            }
        }
        url.host.clone_from(&self.host);
        url.user.clone_from(&self.user);
        url.path = resolve_path(&self.encoded_path(), &reference.encoded_path());
        // A reference never replaces what has no path (a URN).
        url.opaque.clone_from(&self.opaque);
        url
    }

    /// The path as written, if Go would not have written it so; else nothing.
    pub(super) fn raw_path(&self) -> &str {
        let usual = unescape(&self.path).map(|path| escape(&path, is_path_byte));
        if usual.is_ok_and(|usual| usual == self.path) { "" } else { &self.path }
    }

    fn encoded_path(&self) -> String {
        let is_valid = |byte: u8| is_path_byte(byte) || b"!'()*[]%".contains(&byte);
        if self.path == "*" || self.path.bytes().all(is_valid) {
            return self.path.clone();
        }
        escape(&unescape(&self.path).unwrap_or_default(), is_path_byte)
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_absolute() {
            write!(f, "{}:", self.scheme)?;
        }
        if self.opaque.is_empty() {
            let omit = self.omit_host && self.host.is_empty() && self.user.is_none();
            let has_host = !self.host.is_empty() || self.user.is_some();
            if (self.is_absolute() || has_host) && !omit && (has_host || !self.path.is_empty()) {
                f.write_str("//")?;
                if let Some(user) = &self.user {
                    write!(f, "{user}@")?;
                }
                f.write_str(&self.host)?;
            }
            let path = self.encoded_path();
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                f.write_str("/")?;
            }
            f.write_str(&path)?;
        } else {
            f.write_str(&self.opaque)?;
        }
        if self.force_query || !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        Ok(())
    }
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_string()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte)
}

/// Whether Go's `PathEscape` leaves the byte as it is.
fn is_segment_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+:=@".contains(&byte)
}

/// Escapes each segment of a JSON pointer for a URL's fragment.
pub(super) fn encode_pointer(pointer: &str) -> String {
    escape(pointer.as_bytes(), |byte| byte == b'/' || is_segment_byte(byte))
}

fn escape(bytes: &[u8], keeps: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if keeps(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn check_escapes(text: &str) -> Result<(), String> {
    unescape(text).map(drop)
}

/// Decodes `%xx`.
///
/// # Errors
/// Go's text: `invalid URL escape "%zz"`.
pub(super) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'%' {
            out.push(byte);
            at += 1;
            continue;
        }
        let digit = |offset: usize| bytes.get(at + offset).and_then(|&byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(1), digit(2)) else {
            let bad = &bytes[at..bytes.len().min(at + 3)];
            return Err(format!("invalid URL escape {}", quote(&String::from_utf8_lossy(bad))));
        };
        out.push((high * 16 + low) as u8);
        at += 3;
    }
    Ok(out)
}

fn resolve_path(base: &str, reference: &str) -> String {
    let full = if reference.is_empty() {
        base.to_string()
    } else if reference.starts_with('/') {
        reference.to_string()
    } else {
        let folder = base.rfind('/').map_or("", |at| &base[..=at]);
        format!("{folder}{reference}")
    };
    if full.is_empty() {
        return full;
    }
    let mut out = String::from("/");
    let mut first = true;
    let mut last = "";
    for element in full.split('/') {
        last = element;
        match element {
            "." => first = false,
            ".." => {
                let cut = out[1..].rfind('/').map_or(1, |at| at + 1);
                out.truncate(cut);
                first = out.len() == 1;
            }
            _ => {
                if !first {
                    out.push('/');
                }
                out.push_str(element);
                first = false;
            }
        }
    }
    if last == "." || last == ".." {
        out.push('/');
    }
    if out.starts_with("//") { out[1..].to_string() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_as_in_go() {
        for (base, reference, expected) in [
            ("file:///values.schema.json", "other.json", "file:///other.json"),
            ("file:///values.schema.json", "", "file:///values.schema.json"),
            ("file:///values.schema.json", "../a/./b c.json", "file:///a/b%20c.json"),
            ("http://x.org/a/b", "//y.org/c", "http://y.org/c"),
            ("http://x.org/a/b?q", "?r", "http://x.org/a/b?r"),
            ("http://x.org/a/b", "urn:x:y", "urn:x:y"),
            ("urn:x:y", "", "urn:x:y"),
            ("http://x.org", "a", "http://x.org/a"),
        ] {
            let joined = Url::parse(base).unwrap().join(&Url::parse(reference).unwrap());
            assert_eq!(joined.to_string(), expected, "{base} {reference}");
        }
        assert_eq!(Url::parse("a:b:c").unwrap().to_string(), "a:b:c");
        assert_eq!(
            Url::parse("1:b").unwrap_err(),
            "parse \"1:b\": first path segment in URL cannot contain colon"
        );
        assert_eq!(Url::parse("/%zz").unwrap_err(), "parse \"/%zz\": invalid URL escape \"%zz\"");
    }
}
