//! URLs as Go's net/url reads and writes them.

use super::address;
use crate::quote::quoted;

/// The parts of a URL, decoded where Go decodes them.
#[derive(Debug, Default)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<UserInfo>,
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// `name` or `name:password`, decoded.
#[derive(Debug)]
pub(super) struct UserInfo {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl UserInfo {
    /// Encoded, as it stands in a URL.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = escaped(&self.name, Part::User);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(escaped(password, Part::User));
        }
        out
    }
}

/// The part of a URL a text stands in, which decides what must be escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

/// Whether a byte stands for itself there. Go: net/url/encoding_table.go.
fn is_plain(byte: u8, part: Part) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => true,
        b'$' | b'&' | b'+' | b',' | b';' | b'=' => true,
        b':' => part != Part::User,
        b'!' | b'(' | b')' | b'*' => !matches!(part, Part::Path | Part::User),
        b'"' | b'\'' | b'<' | b'>' | b'[' | b']' => matches!(part, Part::Host | Part::Zone),
        b'/' | b'@' => matches!(part, Part::Path | Part::Fragment),
        b'?' => part == Part::Fragment,
        _ => false,
    }
}

fn escaped(bytes: &[u8], part: Part) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        if is_plain(byte, part) {
            out.push(byte);
        } else {
            out.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
    out
}

fn unescaped(bytes: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && !is_plain(byte, part) {
                return Err(format!("invalid character {} in host name", quoted(&[byte])));
            }
            out.push(byte);
            rest = after;
            continue;
        }
        let invalid = || format!("invalid URL escape {}", quoted(&rest[..rest.len().min(3)]));
        let digit = |index: usize| after.get(index).and_then(|&byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            return Err(invalid());
        };
        let value = (high << 4 | low) as u8;
        // A host may escape only what is not ASCII, and `%25` before the zone of an address.
        let is_percent = rest.starts_with(b"%25");
        match part {
            Part::Host if high < 8 && !is_percent => return Err(invalid()),
            Part::Zone if !is_percent && value != b' ' && !is_plain(value, Part::Host) => {
                return Err(invalid());
            }
            _ => {}
        }
        out.push(value);
        rest = &after[2..];
    }
    Ok(out)
}

/// The bytes before and after the first `separator`.
fn cut(bytes: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match bytes.iter().position(|&byte| byte == separator) {
        Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
        None => (bytes, None),
    }
}

/// The scheme and what follows its colon; no scheme when the first letters are none.
fn cut_scheme(bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((&bytes[..at], &bytes[at + 1..])),
            _ => break,
        }
    }
    Ok((b"", bytes))
}

impl Url {
    /// Go's `url.Parse`.
    ///
    /// # Errors
    /// Go's text, `parse "…": …`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (front, fragment) = cut(bytes, b'#');
        let mut url = Self::parse_front(front).map_err(|text| format!("parse {}: {text}", quoted(front)))?;
        if let Some(fragment) = fragment {
            url.fragment = unescaped(fragment, Part::Fragment)
                .map_err(|text| format!("parse {}: {text}", quoted(bytes)))?;
        }
        Ok(url)
    }

    fn parse_front(bytes: &[u8]) -> Result<Self, String> {
        if bytes.iter().any(u8::is_ascii_control) {
            return Err("net/url: invalid control character in URL".into());
        }
        let mut url = Self::default();
        if bytes == b"*" {
            url.path = b"*".to_vec();
            return Ok(url);
        }
        let (scheme, rest) = cut_scheme(bytes)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        if let Some(after) = rest.strip_prefix(b"//")
            && (!url.scheme.is_empty() || !after.starts_with(b"/"))
        {
            let end = after.iter().position(|&byte| byte == b'/').unwrap_or(after.len());
            (url.user, url.host) = parse_authority(&url.scheme, &after[..end])?;
            rest = &after[end..];
        }
        url.path = unescaped(rest, Part::Path)?;
        Ok(url)
    }

    /// Go's `URL.String`.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_place(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escaped(&self.fragment, Part::Fragment));
        }
        out
    }

    /// Authority and path.
    fn write_place(&self, out: &mut Vec<u8>) {
        let has_authority = !self.host.is_empty() || self.user.is_some();
        if has_authority || !self.scheme.is_empty() && !self.path.is_empty() {
            out.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            out.extend(user.to_bytes());
            out.push(b'@');
        }
        out.extend(escaped(&self.host, Part::Host));
        let path = if self.path == b"*" { b"*".to_vec() } else { escaped(&self.path, Part::Path) };
        if !path.is_empty() && path[0] != b'/' && !self.host.is_empty() {
            out.push(b'/');
        }
        // A colon in the first segment would be taken for a scheme's.
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}

fn parse_authority(scheme: &[u8], authority: &[u8]) -> Result<(Option<UserInfo>, Vec<u8>), String> {
    let Some(at) = authority.iter().rposition(|&byte| byte == b'@') else {
        return Ok((None, parse_host(scheme, authority)?));
    };
    let host = parse_host(scheme, &authority[at + 1..])?;
    let user = &authority[..at];
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !user.iter().all(is_allowed) {
        return Err("net/url: invalid userinfo".into());
    }
    let (name, password) = cut(user, b':');
    let name = unescaped(name, Part::User)?;
    let password = password.map(|password| unescaped(password, Part::User)).transpose()?;
    Ok((Some(UserInfo { name, password }), host))
}

/// Nothing, or a colon and digits.
fn is_port(bytes: &[u8]) -> bool {
    bytes.is_empty() || bytes[0] == b':' && bytes[1..].iter().all(u8::is_ascii_digit)
}

fn check_port(bytes: &[u8]) -> Result<(), String> {
    if is_port(bytes) { Ok(()) } else { Err(format!("invalid port {} after host", quoted(bytes))) }
}

fn parse_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, String> {
    match host.iter().rposition(|&byte| byte == b'[') {
        Some(0) => return parse_literal(host),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    if let Some(first) = host.iter().position(|&byte| byte == b':') {
        // Only http and https are strict about colons within the host.
        let strict = scheme == b"http" || scheme == b"https";
        let last = host.iter().rposition(|&byte| byte == b':').unwrap_or(first);
        check_port(&host[if strict { first } else { last }..])?;
    }
    unescaped(host, Part::Host)
}

/// `[fe80::1%25en0]:80`.
fn parse_literal(host: &[u8]) -> Result<Vec<u8>, String> {
    let Some(close) = host.iter().rposition(|&byte| byte == b']') else {
        return Err("missing ']' in host".into());
    };
    let (name, port) = (&host[1..close], &host[close + 1..]);
    check_port(port)?;
    let port = unescaped(port, Part::Host)?;
    let zone = memchr::memmem::find(name, b"%25").unwrap_or(name.len());
    let mut address = unescaped(&name[..zone], Part::Host)?;
    address.extend(unescaped(&name[zone..], Part::Zone)?);
    match address::parse(&address) {
        Err(text) => Err(format!("invalid host: {text}")),
        Ok(address::Family::V4) => Err("invalid IP-literal".into()),
        Ok(address::Family::V6) => Ok([b"[", &address[..], b"]", &port[..]].concat()),
    }
}

/// The host without port and brackets. Go: `URL.Hostname`.
pub(super) fn host_name(host: &[u8]) -> &[u8] {
    let colon = host.iter().rposition(|&byte| byte == b':').filter(|&colon| is_port(&host[colon..]));
    let name = &host[..colon.unwrap_or(host.len())];
    match name {
        [b'[', inner @ .., b']'] => inner,
        _ => name,
    }
}
