//! `format`: dates, addresses, names.
//!
//! Texts and rules are those of github.com/santhosh-tekuri/jsonschema/v6, format.go.

use super::url::{self, Url};
use crate::data::number::atoi;
use crate::quote::{quote, quoted_char as letter};
use crate::regex::Regex;

/// Checks a text against a format; whether the format is known.
pub(super) fn is_known(name: &str) -> bool {
    name == "regex" || checker(name).is_some()
}

type Check = fn(&str) -> Result<(), String>;

fn checker(name: &str) -> Option<Check> {
    Some(match name {
        "json-pointer" => json_pointer,
        "relative-json-pointer" => relative_json_pointer,
        "uuid" => uuid,
        "duration" => duration,
        "period" => period,
        "ipv4" => ipv4,
        "ipv6" => ipv6,
        "hostname" => hostname,
        "email" => email,
        "date" => date,
        "time" => time,
        "date-time" => date_time,
        "uri" | "iri" => uri,
        "uri-reference" | "iri-reference" => uri_reference,
        "uri-template" => uri_template,
        "semver" => semver,
        "regex" => regex,
        _ => return None,
    })
}

/// Checks `text`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(name: &str, text: &str) -> Result<(), String> {
    checker(name).map_or(Ok(()), |check| check(text))
}

fn fail(reason: impl Into<String>) -> Result<(), String> {
    Err(reason.into())
}

fn ensure(holds: bool, reason: &str) -> Result<(), String> {
    if holds { Ok(()) } else { fail(reason) }
}

fn regex(text: &str) -> Result<(), String> {
    Regex::new(text).map(drop).map_err(|error| error.to_string())
}

fn json_pointer(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    ensure(text.starts_with('/'), "not starting with /")?;
    for token in text[1..].split('/') {
        let mut rest = token.split('~');
        rest.next();
        if !rest.all(|after| after.starts_with(['0', '1'])) {
            return fail("~ must be followed by 0 or 1");
        }
    }
    Ok(())
}

fn relative_json_pointer(text: &str) -> Result<(), String> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = text.len() - rest.len();
    ensure(digits > 0, "must start with non-negative integer")?;
    ensure(digits == 1 || !text.starts_with('0'), "starts with zero")?;
    if rest == "#" { Ok(()) } else { json_pointer(rest) }
}

fn uuid(text: &str) -> Result<(), String> {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    if groups.len() != lengths.len() {
        return fail("must have 5 elements");
    }
    for (index, (group, length)) in groups.iter().zip(lengths).enumerate() {
        if group.len() != length {
            return fail(format!("element {} must be {length} characters long", index + 1));
        }
        if let Some(wrong) = group.chars().find(|letter| !letter.is_ascii_hexdigit()) {
            return fail(format!("non-hex character {}", letter(wrong)));
        }
    }
    Ok(())
}

fn duration(text: &str) -> Result<(), String> {
    let Some(text) = text.strip_prefix('P') else { return fail("must start with P") };
    ensure(!text.is_empty(), "nothing after P")?;
    if let Some(weeks) = text.strip_suffix('W') {
        ensure(!weeks.is_empty(), "no number in week")?;
        return ensure(weeks.bytes().all(|byte| byte.is_ascii_digit()), "invalid week");
    }
    let all_units = ["YMD", "HMS"];
    for (index, part) in text.split('T').enumerate() {
        ensure(index == 0 || !part.is_empty(), "no time elements")?;
        let Some(all) = all_units.get(index).copied() else { return fail("more than one T") };
        let mut units = all;
        let mut part = part;
        while !part.is_empty() {
            let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
            ensure(rest.len() < part.len(), "missing number")?;
            let Some(&unit) = rest.as_bytes().first() else { return fail("missing unit") };
            let unit = char::from(unit);
            match units.find(unit) {
                Some(at) => units = &units[at + 1..],
                None if all.contains(unit) => return fail(format!("unit {} out of order", letter(unit))),
                None => return fail(format!("invalid unit {}", letter(unit))),
            }
            part = rest.get(1..).unwrap_or_default();
        }
    }
    Ok(())
}

fn ipv4(text: &str) -> Result<(), String> {
    let groups: Vec<&str> = text.split('.').collect();
    ensure(groups.len() == 4, "expected four decimals")?;
    for group in groups {
        ensure(group.len() <= 1 || !group.starts_with('0'), "leading zeros")?;
        let number = atoi(group)?;
        ensure((0..=255).contains(&number), "decimal must be between 0 and 255")?;
    }
    Ok(())
}

fn ipv6(text: &str) -> Result<(), String> {
    ensure(text.contains(':'), "missing colon")?;
    let has_zone = parse_ip(text)?;
    ensure(!has_zone, "zone id is not a part of ipv6 address")
}

/// Go's `netip.ParseAddr`: whether the address has a zone.
///
/// # Errors
/// netip's text.
pub(super) fn parse_ip(text: &str) -> Result<bool, String> {
    let problem = |reason: &str, at: &str| {
        let quoted = quote(text);
        if at.is_empty() {
            format!("ParseAddr({quoted}): {reason}")
        } else {
            format!("ParseAddr({quoted}): {reason} (at {})", quote(at))
        }
    };
    match text.find(['.', ':', '%']) {
        Some(at) if text[at..].starts_with('.') => {
            return parse_ip4(text).map(|()| false).map_err(|(reason, at)| problem(&reason, at));
        }
        Some(at) if text[at..].starts_with(':') => {}
        Some(_) => return Err(problem("missing IPv6 address", "")),
        None => return Err(problem("unable to parse IP", "")),
    }
    let (mut rest, zone) = match text.split_once('%') {
        Some((_, "")) => return Err(problem("zone must be a non-empty string", "")),
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let mut ellipsis = None;
    if let Some(after) = rest.strip_prefix("::") {
        ellipsis = Some(0);
        rest = after;
        if rest.is_empty() {
            return Ok(zone.is_some());
        }
    }
    let mut bytes = 0;
    while bytes < 16 {
        let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_hexdigit()).len();
        if digits > 4 {
            return Err(problem("each group must have 4 or less digits", rest));
        }
        if digits == 0 {
            return Err(problem("each colon-separated field must have at least one digit", rest));
        }
        if rest[digits..].starts_with('.') {
            if ellipsis.is_none() && bytes != 12 {
                return Err(problem(
                    "embedded IPv4 address must replace the final 2 fields of the address",
                    rest,
                ));
            }
            if bytes + 4 > 16 {
                return Err(problem(
                    "too many hex fields to fit an embedded IPv4 at the end of the address",
                    rest,
                ));
            }
            parse_ip4(rest).map_err(|(reason, at)| problem(&reason, at))?;
            rest = "";
            bytes += 4;
            break;
        }
        bytes += 2;
        rest = &rest[digits..];
        if rest.is_empty() {
            break;
        }
        let Some(after) = rest.strip_prefix(':') else {
            return Err(problem("unexpected character, want colon", rest));
        };
        if after.is_empty() {
            return Err(problem("colon must be followed by more characters", rest));
        }
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            if ellipsis.is_some() {
                return Err(problem("multiple :: in address", rest));
            }
            ellipsis = Some(bytes);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return Err(problem("trailing garbage after address", rest));
    }
    if bytes < 16 && ellipsis.is_none() {
        return Err(problem("address string too short", ""));
    }
    if bytes == 16 && ellipsis.is_some() {
        return Err(problem("the :: must expand to at least one field of zeros", ""));
    }
    Ok(zone.is_some())
}

fn parse_ip4(text: &str) -> Result<(), (String, &str)> {
    let (mut fields, mut value, mut digits) = (0, 0_u32, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(("IPv4 field has octet with leading zero".to_string(), ""));
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return Err(("IPv4 field has value >255".to_string(), ""));
                }
            }
            b'.' => {
                if at == 0 || at == text.len() - 1 || text.as_bytes().get(at - 1) == Some(&b'.') {
                    return Err((
                        "IPv4 field must have at least one digit".to_string(),
                        text.get(at..).unwrap_or_default(),
                    ));
                }
                if fields == 3 {
                    return Err(("IPv4 address too long".to_string(), ""));
                }
                fields += 1;
                value = 0;
                digits = 0;
            }
            _ => return Err(("unexpected character".to_string(), text.get(at..).unwrap_or_default())),
        }
    }
    if fields < 3 {
        return Err(("IPv4 address too short".to_string(), ""));
    }
    Ok(())
}

fn hostname(text: &str) -> Result<(), String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    ensure(text.len() <= 253, "more than 253 characters long")?;
    for label in text.split('.') {
        ensure((1..=63).contains(&label.len()), "label must be 1 to 63 characters long")?;
        ensure(!label.starts_with('-'), "label starts with hyphen")?;
        ensure(!label.ends_with('-'), "label ends with hyphen")?;
        if let Some(wrong) = label.chars().find(|letter| !letter.is_ascii_alphanumeric() && *letter != '-') {
            return fail(format!("invalid character {}", letter(wrong)));
        }
    }
    Ok(())
}

fn email(text: &str) -> Result<(), String> {
    ensure(text.len() <= 254, "more than 255 characters long")?;
    let Some((local, domain)) = text.rsplit_once('@') else { return fail("missing @") };
    ensure(local.len() <= 64, "local part more than 64 characters long")?;
    if local.len() > 1 && local.starts_with('"') && local.ends_with('"') {
        let inner = &local[1..local.len() - 1];
        ensure(!inner.contains(['\\', '"']), "backslash and quote are not allowed within quoted local part")?;
    } else {
        ensure(!local.starts_with('.'), "starts with dot")?;
        ensure(!local.ends_with('.'), "ends with dot")?;
        ensure(!local.contains(".."), "consecutive dots")?;
        let allowed =
            |letter: &char| letter.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(*letter);
        if let Some(wrong) = local.chars().find(|letter| !allowed(letter)) {
            return fail(format!("invalid character {}", letter(wrong)));
        }
    }
    if let Some(address) = domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']')) {
        return match address.strip_prefix("IPv6:") {
            Some(address) => ipv6(address).map_err(|reason| format!("invalid ipv6 address: {reason}")),
            None => ipv4(address).map_err(|reason| format!("invalid ipv4 address: {reason}")),
        };
    }
    hostname(domain).map_err(|reason| format!("invalid domain: {reason}"))
}

/// The text as Go's `time` quotes it: bytes beyond ASCII one by one.
fn quote_time(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=0x7f => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

fn date(text: &str) -> Result<(), String> {
    let quoted = quote_time(text);
    let bad = |rest: &str, element: &str| {
        Err(format!(
            "parsing time {quoted} as \"2006-01-02\": cannot parse {} as {}",
            quote_time(rest),
            quote_time(element)
        ))
    };
    let number =
        |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>());
    let (Some(Some(Ok(year))), Some(rest)) = (text.get(..4).map(number), text.get(4..)) else {
        return bad(text, "2006");
    };
    let Some(rest) = rest.strip_prefix('-') else { return bad(rest, "-") };
    let (Some(Some(Ok(month))), Some(after)) = (rest.get(..2).map(number), rest.get(2..)) else {
        return bad(rest, "01");
    };
    if !(1..=12).contains(&month) {
        return fail(format!("parsing time {quoted}: month out of range"));
    }
    let Some(rest) = after.strip_prefix('-') else { return bad(after, "-") };
    let (Some(Some(Ok(day))), Some(after)) = (rest.get(..2).map(number), rest.get(2..)) else {
        return bad(rest, "02");
    };
    if !after.is_empty() {
        return fail(format!("parsing time {quoted}: extra text: {}", quote_time(after)));
    }
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=days).contains(&day) {
        return fail(format!("parsing time {quoted}: day out of range"));
    }
    Ok(())
}

fn time(text: &str) -> Result<(), String> {
    ensure(text.len() >= 9, "less than 9 characters long")?;
    let bytes = text.as_bytes();
    ensure(bytes.get(2) == Some(&b':') && bytes.get(5) == Some(&b':'), "missing colon in correct place")?;
    let part = |from: usize, to: usize, reason: &str, below: &str| {
        let number: i64 =
            text.get(from..to).and_then(|digits| digits.parse().ok()).ok_or_else(|| reason.to_string())?;
        if number < 0 { Err(below.to_string()) } else { Ok(number) }
    };
    let clock = |from, to| part(from, to, "invalid hour/min/sec", "non-positive hour/min/sec");
    let (mut hour, mut minute, second) = (clock(0, 2)?, clock(3, 5)?, clock(6, 8)?);
    ensure(hour <= 23 && minute <= 59 && second <= 60, "hour/min/sec out of range")?;
    let mut at = 8;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let digits = bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
        ensure(digits > 0, "no digits in second fraction")?;
        at += digits;
    }
    let zone = bytes.get(at..).unwrap_or_default();
    if zone != b"z" && zone != b"Z" {
        ensure(zone.len() == 6, "offset must be 6 characters long")?;
        let sign = match zone.first() {
            Some(b'+') => -1,
            Some(b'-') => 1,
            _ => return fail("offset must begin with plus/minus"),
        };
        ensure(zone.get(3) == Some(&b':'), "missing colon in offset in correct place")?;
        let offset =
            |from, to| part(from, to, "invalid hour/min in offset", "non-positive hour/min in offset");
        let (hours, minutes) = (offset(at + 1, at + 3)?, offset(at + 4, at + 6)?);
        ensure(hours <= 23 && minutes <= 59, "hour/min in offset out of range")?;
        let mut total = hour * 60 + minute + sign * (hours * 60 + minutes);
        if total < 0 {
            total += 24 * 60;
        }
        (hour, minute) = (total / 60, total % 60);
    }
    ensure(second < 60 || (hour == 23 && minute == 59), "invalid leap second")
}

fn date_time(text: &str) -> Result<(), String> {
    ensure(text.len() >= 20, "less than 20 characters long")?;
    ensure(matches!(text.as_bytes().get(10), Some(b't' | b'T')), "11th character must be t or T")?;
    let (Some(day), Some(clock)) = (text.get(..10), text.get(11..)) else {
        return fail("invalid date element: not ASCII");
    };
    date(day).map_err(|reason| format!("invalid date element: {reason}"))?;
    time(clock).map_err(|reason| format!("invalid time element: {reason}"))
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)?;
    let host = url.host_name();
    if host.contains(':') {
        ensure(url.host.contains('[') && url.host.contains(']'), "ipv6 address not enclosed in brackets")?;
        ipv6(host).map_err(|reason| format!("invalid ipv6 address: {reason}"))?;
    }
    Ok(url)
}

fn uri(text: &str) -> Result<(), String> {
    ensure(parse_url(text)?.is_absolute(), "relative url")
}

fn uri_reference(text: &str) -> Result<(), String> {
    ensure(!text.contains('\\'), "contains \\")?;
    parse_url(text).map(drop)
}

fn uri_template(text: &str) -> Result<(), String> {
    let url = parse_url(text)?;
    for token in url.raw_path().split('/') {
        let token = url::unescape(token).map_err(|reason| format!("percent decode failed: {reason}"))?;
        let mut is_open = false;
        for byte in token {
            if byte == b'{' || byte == b'}' {
                ensure(is_open == (byte == b'}'), "nested curly braces")?;
                is_open = !is_open;
            }
        }
        ensure(!is_open, "no matching closing brace")?;
    }
    Ok(())
}

fn period(text: &str) -> Result<(), String> {
    let Some((start, end)) = text.split_once('/') else { return fail("missing slash") };
    let part = |name: &'static str, what: &'static str| {
        move |reason: String| format!("invalid {name} {what}: {reason}")
    };
    if start.starts_with('P') {
        duration(start).map_err(part("start", "duration"))?;
        return date_time(end).map_err(part("end", "date-time"));
    }
    date_time(start).map_err(part("start", "date-time"))?;
    if end.starts_with('P') {
        duration(end).map_err(part("end", "duration"))
    } else {
        date_time(end).map_err(part("end", "date-time"))
    }
}

fn semver(text: &str) -> Result<(), String> {
    let identifier = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    if let Some(build) = build {
        ensure(!build.is_empty(), "build is empty")?;
        for part in build.split('.') {
            ensure(!part.is_empty(), "build identifier is empty")?;
            if let Some(wrong) = part.chars().find(|letter| !identifier(letter)) {
                return fail(format!("invalid character {} in build identifier", letter(wrong)));
            }
        }
    }
    let (core, prerelease) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    for part in prerelease.into_iter().flat_map(|prerelease| prerelease.split('.')) {
        ensure(!part.is_empty(), "pre-release identifier is empty")?;
        if let Some(wrong) = part.chars().find(|letter| !identifier(letter)) {
            return fail(format!("invalid character {} in pre-release identifier", letter(wrong)));
        }
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        ensure(
            !(is_number && part.len() > 1 && part.starts_with('0')),
            "pre-release numeric identifier starts with zero",
        )?;
    }
    let numbers: Vec<&str> = core.split('.').collect();
    ensure(numbers.len() == 3, "versionCore must have 3 numbers separated by dot")?;
    for (number, name) in numbers.iter().zip(["major", "minor", "patch"]) {
        ensure(!number.is_empty(), &format!("{name} is empty"))?;
        ensure(number.len() == 1 || !number.starts_with('0'), &format!("{name} starts with zero"))?;
        ensure(number.bytes().all(|byte| byte.is_ascii_digit()), &format!("{name} contains non-digit"))?;
    }
    Ok(())
}
