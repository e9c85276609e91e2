//! How a registry says who it wants to hear from: `WWW-Authenticate`. RFC 7235, section 2.1.

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token that `realm` gives out.
    Bearer {
        /// Where tokens are.
        realm: String,
        /// For which service.
        service: String,
        /// What for, parted by spaces.
        scope: String,
    },
    /// Something that is not spoken here.
    Unknown,
}

impl Challenge {
    /// Reads the header's value.
    pub(super) fn parse(header: &str) -> Self {
        let (scheme, mut rest) = token(header.trim_start());
        if scheme.eq_ignore_ascii_case("basic") {
            return Self::Basic;
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Self::Unknown;
        }
        let (mut realm, mut service, mut scope) = (String::new(), String::new(), String::new());
        while let Some((key, value, more)) = parameter(rest) {
            match key.to_ascii_lowercase().as_str() {
                "realm" => realm = value,
                "service" => service = value,
                "scope" => scope = value,
                _ => {}
            }
            rest = more;
        }
        Self::Bearer { realm, service, scope }
    }
}

/// One `key=value` or `key="value"` with the comma behind it.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (key, rest) = token(text.trim_start());
    let rest = rest.trim_start().strip_prefix('=').filter(|_| !key.is_empty())?.trim_start();
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted_text(quoted)?,
        None => {
            let (value, rest) = token(rest);
            (value.to_owned(), rest)
        }
    };
    let rest = rest.trim_start();
    Some((key, value, rest.strip_prefix(',').unwrap_or("")))
}

fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

fn token(text: &str) -> (&str, &str) {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    text.split_at(text.find(|letter| !is_part(letter)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: &str, scope: &str) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.to_owned(), scope: scope.to_owned() }
    }

    #[test]
    fn challenges_are_read() {
        for (header, expected) in [
            ("Basic realm=\"basic-realm\"", Challenge::Basic),
            ("bAsIc", Challenge::Basic),
            (
                "Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\",scope=\"repository:a/b:pull,push\"",
                bearer("https://ghcr.io/token", "ghcr.io", "repository:a/b:pull,push"),
            ),
            ("Bearer realm = https , SERVICE=s", bearer("https", "s", "")),
            ("Bearer realm=\"a\\\"b\", x=y", bearer("a\"b", "", "")),
            ("Bearer realm=\"unfinished", bearer("", "", "")),
            ("Bearer", bearer("", "", "")),
            ("Negotiate", Challenge::Unknown),
            ("", Challenge::Unknown),
        ] {
            assert_eq!(Challenge::parse(header), expected, "{header}");
        }
    }
}
