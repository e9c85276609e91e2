//! Names of artifacts in OCI registries: `oci://HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::files::quote;

/// What stands before a reference where other kinds of chart names are possible too.
pub const SCHEME: &str = "oci://";

/// The longest reference that is looked at.
const LENGTH_LIMIT: usize = 4_096;

/// The longest tag. OCI distribution specification, "Pulling manifests".
const TAG_LIMIT: usize = 128;

/// An artifact in a registry: host, repository, and perhaps a tag, a digest or both.
///
/// A `+` of a version is kept as `_` in a tag, because tags have no `+`: [`Reference::version`] turns it back.
/// `Display` prints the reference as Helm does: with the tag if there is one, else with the digest.
///
/// ```
/// use chartcore::registry::Reference;
///
/// let reference = Reference::parse("oci://ghcr.io/llm-d/charts/web:0.1.0+b1")?;
/// assert_eq!(reference.to_string(), "ghcr.io/llm-d/charts/web:0.1.0_b1");
/// assert_eq!(reference.version().as_deref(), Some("0.1.0+b1"));
/// # Ok::<(), chartcore::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// Reads a reference with or without `oci://`. Helm: `newReference` in pkg/registry/reference.go.
    ///
    /// # Errors
    /// `invalid reference: ` and what is wrong with it: no repository, upper case, a tag or digest that is none.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.strip_prefix(SCHEME).unwrap_or(text);
        if text.len() > LENGTH_LIMIT {
            return Err(invalid(format_args!("longer than {LENGTH_LIMIT} bytes")));
        }
        let (text, digest) = match text.rsplit_once('@') {
            Some((text, digest)) => (text, Some(digest)),
            None => (text, None),
        };
        let Some((registry, path)) = text.split_once('/') else {
            return Err(invalid("missing registry or repository"));
        };
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag.replace('+', "_"))),
            None => (path, None),
        };
        check_registry(registry)?;
        check_repository(repository)?;
        let tag = tag.filter(|tag| !tag.is_empty());
        if let Some(tag) = &tag {
            check_tag(tag)?;
        }
        if let Some(digest) = digest {
            check_digest(digest)?;
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag,
            digest: digest.map(str::to_owned),
        })
    }

    /// Whether a chart's name is to be looked for in a registry: it starts with `oci://`.
    pub fn is_oci(name: &str) -> bool {
        name.starts_with(SCHEME)
    }

    /// Host and port, as written.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The host that answers: `registry-1.docker.io` for `docker.io`.
    pub fn host(&self) -> &str {
        if self.registry == "docker.io" { "registry-1.docker.io" } else { &self.registry }
    }

    /// The repository's path, without host.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The last part of the repository's path: a chart's name.
    pub fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The tag as a version: `_` stands for `+`.
    pub fn version(&self) -> Option<String> {
        self.tag.as_ref().map(|tag| tag.replace('_', "+"))
    }

    /// The digest, `sha256:` and 64 hexadecimal digits.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// What a registry is asked for: the digest if there is one, else the tag.
    pub fn target(&self) -> Option<&str> {
        self.digest().or(self.tag())
    }

    /// The same repository with the tag of a version, and no digest.
    ///
    /// # Errors
    /// The version is no tag even with `+` as `_`.
    pub fn with_version(&self, version: &str) -> Result<Self> {
        let tag = version.replace('+', "_");
        check_tag(&tag)?;
        Ok(Self { tag: Some(tag), digest: None, ..self.clone() })
    }

    /// The same repository with a digest, and no tag.
    ///
    /// # Errors
    /// It is no sha256 digest.
    pub fn with_digest(&self, digest: &str) -> Result<Self> {
        check_digest(digest)?;
        Ok(Self { tag: None, digest: Some(digest.to_owned()), ..self.clone() })
    }

    /// The repository `name` below this one: what `push` makes of `oci://HOST/PATH` and a chart's name.
    ///
    /// # Errors
    /// The name cannot be part of a repository's path.
    pub fn below(&self, name: &str) -> Result<Self> {
        let repository = format!("{}/{name}", self.repository);
        check_repository(&repository)?;
        Ok(Self { repository, tag: None, digest: None, ..self.clone() })
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match (&self.tag, &self.digest) {
            (Some(tag), _) => write!(f, ":{tag}"),
            (None, Some(digest)) => write!(f, "@{digest}"),
            (None, None) => Ok(()),
        }
    }
}

fn invalid(reason: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Usage, format!("invalid reference: {reason}"))
}

/// A host name or address with an optional port. Helm leaves this to Go's URL parser; nothing that a registry
/// could be called is refused.
fn check_registry(registry: &str) -> Result<()> {
    let (host, port) = match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let is_address = address.parse::<std::net::Ipv6Addr>().is_ok();
            (
                if is_address { "ipv6" } else { "" },
                rest.strip_prefix(':').or((!rest.is_empty()).then_some("x")),
            )
        }
        None => match registry.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (registry, None),
        },
    };
    let is_host = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    let is_port = port.is_none_or(|port| port.is_empty() || port.parse::<u16>().is_ok());
    if is_host && is_port {
        return Ok(());
    }
    Err(invalid(format_args!("invalid registry {}", quote(registry))))
}

/// Parts of lower-case letters and digits, within a part single `.` or `_`, `__`, or any number of `-` between.
/// ORAS: `repositoryRegexp`.
pub(crate) fn check_repository(repository: &str) -> Result<()> {
    if repository.split('/').all(is_repository_part) {
        return Ok(());
    }
    let mut error = invalid(format_args!("invalid repository {}", quote(repository)));
    if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let hint = format!("repositories are lower case: `{}`", repository.to_ascii_lowercase());
        let wrong =
            crate::diag::Diagnostic::error("upper-case-repository", "the repository has capital letters");
        error = error.with_diagnostic(wrong.hint(hint));
    }
    Err(error)
}

fn is_repository_part(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends_plain = |byte: Option<&u8>| byte.is_some_and(|byte| is_plain(*byte));
    let bytes = part.as_bytes();
    if !ends_plain(bytes.first()) || !ends_plain(bytes.last()) {
        return false;
    }
    let mut separators = bytes.split(|byte| is_plain(*byte)).filter(|run| !run.is_empty());
    separators.all(|run| matches!(run, b"." | b"_" | b"__") || run.iter().all(|byte| *byte == b'-'))
}

/// ORAS: `tagRegexp`.
fn check_tag(tag: &str) -> Result<()> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_tag = tag.len() <= TAG_LIMIT
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'));
    if is_tag {
        return Ok(());
    }
    Err(invalid(format_args!("invalid tag {}", quote(tag))))
}

/// The reasons are those of go-digest.
pub(super) fn check_digest(digest: &str) -> Result<()> {
    let wrong = |reason: &str| invalid(format_args!("invalid digest {}: {reason}", quote(digest)));
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return Err(wrong("invalid checksum digest format"));
    };
    let is_format = !algorithm.is_empty()
        && algorithm.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && !hex.is_empty()
        && hex.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'_' | b'-'));
    if !is_format {
        return Err(wrong("invalid checksum digest format"));
    }
    if algorithm != "sha256" {
        return Err(wrong("unsupported digest algorithm"));
    }
    if hex.len() != 64 {
        return Err(wrong("invalid checksum digest length"));
    }
    if !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(wrong("invalid checksum digest format"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_are_read_as_helm_reads_them() {
        for (text, printed, tag, digest) in [
            ("oci://ghcr.io/a/b/charts/web:0.1.0", "ghcr.io/a/b/charts/web:0.1.0", Some("0.1.0"), false),
            ("ghcr.io/web", "ghcr.io/web", None, false),
            ("localhost:5000/a__b/c--d.e_f", "localhost:5000/a__b/c--d.e_f", None, false),
            ("h:5000/web:1.0.0+b.1", "h:5000/web:1.0.0_b.1", Some("1.0.0_b.1"), false),
            ("h/web:", "h/web", None, false),
            ("[::1]:5000/web:v1", "[::1]:5000/web:v1", Some("v1"), false),
            (&format!("h/web@{DIGEST}"), &format!("h/web@{DIGEST}"), None, true),
            // Helm prints the tag alone and pulls by digest.
            (&format!("h/web:1.0.0@{DIGEST}"), "h/web:1.0.0", Some("1.0.0"), true),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.to_string(), printed);
            assert_eq!((reference.tag(), reference.digest().is_some()), (tag, digest), "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_in_helms_words() {
        for (text, reason) in [
            ("web", "missing registry or repository"),
            ("", "missing registry or repository"),
            ("/web", "invalid registry \"\""),
            ("h/", "invalid repository \"\""),
            ("h/Charts/web", "invalid repository \"Charts/web\""),
            ("h/../web", "invalid repository \"../web\""),
            ("h/a//b", "invalid repository \"a//b\""),
            ("h/a._b", "invalid repository \"a._b\""),
            ("h/a___b", "invalid repository \"a___b\""),
            ("h/-a", "invalid repository \"-a\""),
            ("h/a/b:1.0/x", "invalid tag \"1.0/x\""),
            ("h/a:-1", "invalid tag \"-1\""),
            ("h/a:1:2", "invalid tag \"1:2\""),
            ("h:port/a", "invalid registry \"h:port\""),
            ("h:99999/a", "invalid registry \"h:99999\""),
            ("u:p@h/a", "missing registry or repository"),
            ("h%2f/a", "invalid registry \"h%2f\""),
            ("h/a@sha256:abc", "invalid digest \"sha256:abc\": invalid checksum digest length"),
            ("h/a@md5:abc", "invalid digest \"md5:abc\": unsupported digest algorithm"),
            ("h/a@", "invalid digest \"\": invalid checksum digest format"),
        ] {
            let error = Reference::parse(text).unwrap_err();
            assert_eq!(error.to_string(), format!("invalid reference: {reason}"), "{text}");
        }
        let long = format!("h/a:{}", "x".repeat(129));
        assert!(
            Reference::parse(&long).unwrap_err().to_string().starts_with("invalid reference: invalid tag")
        );
        let longer = format!("h/{}", "a/".repeat(4_000));
        assert_eq!(
            Reference::parse(&longer).unwrap_err().to_string(),
            "invalid reference: longer than 4096 bytes"
        );
    }

    #[test]
    fn parts_are_replaced() {
        let base = Reference::parse("oci://h/a/charts").unwrap();
        assert_eq!(base.below("web").unwrap().to_string(), "h/a/charts/web");
        assert!(base.below("../web").is_err() && base.below("Web").is_err());
        let tagged = base.with_version("1.0.0+x").unwrap();
        assert_eq!(
            (tagged.to_string().as_str(), tagged.version().as_deref()),
            ("h/a/charts:1.0.0_x", Some("1.0.0+x"))
        );
        assert_eq!(tagged.with_digest(DIGEST).unwrap().target(), Some(DIGEST));
        assert_eq!(Reference::parse("docker.io/library/web").unwrap().host(), "registry-1.docker.io");
    }
}
