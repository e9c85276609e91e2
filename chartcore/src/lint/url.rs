//! What Helm's linter accepts as a URL or an e-mail address.
//!
//! Go: net/url, `Parse` and `ParseRequestURI`; asaskevich/govalidator, `IsURL`, `IsEmail`, `IsRequestURL`.

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex_automata::meta::Regex;

/// The parts of a URL the rules look at.
struct Url<'a> {
    scheme: &'a str,
    host: &'a str,
    path: &'a str,
}

/// Whether `text` is an absolute URL, as a request may carry it.
pub(super) fn is_request_url(text: &str) -> bool {
    parse(text, true).is_some_and(|url| !url.scheme.is_empty())
}

/// Whether `text` looks like a URL; the scheme may be missing.
pub(super) fn is_url(text: &str) -> bool {
    const MOST_LETTERS: usize = 2083;
    const MOST_BYTES_TOO_SHORT: usize = 3;
    if text.chars().count() >= MOST_LETTERS || text.len() <= MOST_BYTES_TOO_SHORT || text.starts_with('.') {
        return false;
    }
    let with_scheme;
    let mut whole = text;
    if text.contains(':') && !text.contains("://") {
        with_scheme = format!("http://{text}");
        whole = &with_scheme;
    }
    let Some(url) = parse(whole, false) else { return false };
    if let Some(address) = url.host.strip_prefix('[')
        && address.split(['%', ']']).next().is_none_or(|address| address.parse::<Ipv6Addr>().is_err())
    {
        return false;
    }
    if url.host.starts_with('.') || (url.host.is_empty() && !url.path.is_empty() && !url.path.contains('.')) {
        return false;
    }
    URL.as_ref().is_none_or(|regex| regex.is_match(text))
}

/// Whether `text` looks like an e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    EMAIL.as_ref().is_none_or(|regex| regex.is_match(text))
}

/// Go's `url.Parse`, or `url.ParseRequestURI`: the parts, or nothing when Go refuses the text.
fn parse(text: &str, request: bool) -> Option<Url<'_>> {
    if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) || (request && text.is_empty()) {
        return None;
    }
    let mut rest = text;
    if !request && let Some((before, fragment)) = text.split_once('#') {
        if !is_escaped_well(fragment) {
            return None;
        }
        rest = before;
    }
    if rest == "*" {
        return Some(Url { scheme: "", host: "", path: "*" });
    }
    let (scheme, after) = split_scheme(rest)?;
    rest = after.split_once('?').map_or(after, |(path, _)| path);
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            return Some(Url { scheme, host: "", path: "" });
        }
        if request || rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return None;
        }
    }
    let mut host = "";
    if (!scheme.is_empty() || (!request && !rest.starts_with("///")))
        && let Some(authority) = rest.strip_prefix("//")
    {
        let end = authority.find('/').unwrap_or(authority.len());
        host = parse_authority(&authority[..end])?;
        rest = &authority[end..];
    }
    is_escaped_well(rest).then_some(Url { scheme, host, path: rest })
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return None,
            b':' => return Some((&text[..index], &text[index + 1..])),
            _ => break,
        }
    }
    Some(("", text))
}

/// Go's `parseAuthority`: the host with its port.
fn parse_authority(authority: &str) -> Option<&str> {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if let Some(user) = user {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
        if !user.bytes().all(allowed) || !is_escaped_well(user) {
            return None;
        }
    }
    let port = if host.starts_with('[') {
        &host[host.rfind(']')? + 1..]
    } else {
        &host[host.rfind(':').unwrap_or(host.len())..]
    };
    let port_is_fine = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    let host_byte =
        |byte: u8| byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte);
    // In a host only bytes beyond ASCII, and the percent sign of a zone, may be escaped.
    let escapes_are_fine = host.match_indices('%').all(|(at, _)| {
        let code = host.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        code.is_some_and(|code| code >= 0x80 || code == 0x25)
    });
    (port_is_fine && escapes_are_fine && host.bytes().all(host_byte)).then_some(host)
}

/// Whether every `%` has two hexadecimal digits behind it.
fn is_escaped_well(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Letters beyond ASCII that an e-mail address may have.
const BEYOND: &str = r"\x{00A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}";

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let atom = format!(r"[a-zA-Z0-9!#$%&'*+\-/=?^_`{{|}}~{BEYOND}]+");
    let blanks = r"(([\x20\x09]*\x0d\x0a)?[\x20\x09]+)?";
    let quoted_letter = format!(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x21\x23-\x5b\x5d-\x7e{BEYOND}]");
    let quoted_pair = format!(r"\([\x01-\x09\x0b\x0c\x0d-\x7f{BEYOND}]");
    // The pattern has always had a parenthesis in the wrong place: it wants a quote before every letter.
    let quoted = format!(r"(\x22{blanks}({quoted_letter}|{quoted_pair}))*{blanks}\x22");
    let edge = format!(r"[a-zA-Z0-9{BEYOND}]");
    let label = format!(r"({edge}|{edge}[a-zA-Z0-9\-._~{BEYOND}]*{edge})");
    let top_edge = format!(r"[a-zA-Z{BEYOND}]");
    let top = format!(r"({top_edge}|{top_edge}[a-zA-Z0-9\-_~{BEYOND}]*{top_edge})");
    Regex::new(&format!(r"^({atom}(\.{atom})*|{quoted})@({label}\.)+{top}\.?$")).ok()
});

static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let digit = "[0-9]";
    let address4 = format!(
        r"([1-9]{digit}?|1{digit}{digit}|2[01]{digit}|22[0-3]|24{digit}|25[0-5])(\.({digit}{{1,2}}|1{digit}{digit}|2[0-4]{digit}|25[0-5])){{2}}(\.([0-9]{digit}?|1{digit}{digit}|2[0-4]{digit}|25[0-5]))"
    );
    // What stands in the brackets is read by the standard library instead of a pattern of 1,300 letters.
    let address6 = r"[^\]]*";
    let letters = r"a-zA-Z\x{00a1}-\x{ffff}";
    let subdomain = r"((www\.)|([a-zA-Z0-9]+([-_.]?[a-zA-Z0-9])*[a-zA-Z0-9]\.[a-zA-Z0-9]+))";
    let name = format!(
        r"(([a-zA-Z0-9]([a-zA-Z0-9_\-]+)?[a-zA-Z0-9]([-.][a-zA-Z0-9]+)*)|({subdomain}?))?(([{letters}0-9]+-?-?)*[{letters}0-9]+)(\.([{letters}]+))?"
    );
    Regex::new(&format!(
        r"^((ftp|tcp|udp|wss?|https?)://)?([^\t\n\f\r ]+(:[^\t\n\f\r ]*)?@)?(({address4}|(\[{address6}\])|({name}))\.?(:({digit}{{1,5}}))?([/?#][^\t\n\f\r ]*)?)$"
    ))
    .ok()
});
