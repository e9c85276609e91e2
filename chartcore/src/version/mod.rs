//! Versions and constraints by Masterminds/semver's rules, which are Helm's.
//!
//! They differ from Cargo's and npm's: `1.2` and `v1` are versions, a bare `1.2.3` means exactly that one,
//! pre-releases count only for those who ask for them.
//!
//! ```
//! use chartcore::version::{Constraint, Version};
//!
//! let constraint = Constraint::parse(">=1.25-0 <2 || ~3.1")?;
//! assert!(constraint.check(&Version::parse("v1.33.4-gke.1")?));
//! assert!(!constraint.check(&Version::parse("2.0")?));
//! # Ok::<(), chartcore::Error>(())
//! ```

mod constraint;

pub use constraint::Constraint;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// How many bytes of text are looked at as a version. Masterminds: `MaxVersionLen`.
const LENGTH_LIMIT: usize = 256;

const INVALID: &str = "invalid semantic version";
const STARTS_WITH_ZERO: &str = "version segment starts with 0";

#[cold]
fn failure(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Version, text)
}

/// A version: three numbers, perhaps a pre-release, perhaps build metadata.
///
/// Equality, order and hash follow precedence and so ignore the metadata: `1.2.3+a` equals `1.2.3+b`.
/// `Display` prints the canonical text (`1.2.0` for `v1.2`); [`Version::original`] is what was read.
#[derive(Debug, Clone)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    prerelease: String,
    metadata: String,
    original: String,
}

impl Version {
    /// Makes a version from its parts, which are not checked.
    pub fn new(
        major: u64,
        minor: u64,
        patch: u64,
        prerelease: impl Into<String>,
        metadata: impl Into<String>,
    ) -> Self {
        let version = Self {
            major,
            minor,
            patch,
            prerelease: prerelease.into(),
            metadata: metadata.into(),
            original: String::new(),
        };
        version.with_prefix(false)
    }

    /// Reads a version leniently: a leading `v`, one or two numbers, and leading zeros are welcome.
    ///
    /// Masterminds: `NewVersion`.
    ///
    /// ```
    /// # use chartcore::version::Version;
    /// let version = Version::parse("v1.2-beta.1+build")?;
    /// assert_eq!(version.to_string(), "1.2.0-beta.1+build");
    /// assert_eq!(version.original(), "v1.2-beta.1+build");
    /// assert!(Version::parse("latest").is_err());
    /// # Ok::<(), chartcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// Text that does not look like a version, is longer than 256 bytes, has numbers beyond 64 bits, or a
    /// pre-release with an empty part or a number that starts with 0.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self> {
        let text = text.as_ref();
        if text.len() > LENGTH_LIMIT {
            return Err(too_long());
        }
        let text = std::str::from_utf8(text).map_err(|_| failure(INVALID))?;
        let shape = Shape::read(text, |byte| byte.is_ascii_digit()).ok_or_else(|| failure(INVALID))?;
        if !shape.rest.is_empty() {
            return Err(failure(INVALID));
        }
        let segment = |digits: &str| match digits {
            "" => Ok(0),
            digits => number(digits).map_err(|error| error.prefixed("error parsing version segment: ")),
        };
        let version = Self {
            major: segment(shape.segments[0])?,
            minor: segment(shape.segments[1])?,
            patch: segment(shape.segments[2])?,
            prerelease: shape.prerelease.to_string(),
            metadata: shape.metadata.to_string(),
            original: text.to_string(),
        };
        if !version.prerelease.is_empty() {
            check_prerelease(&version.prerelease)?;
        }
        Ok(version)
    }

    /// Reads a version by the letter of SemVer 2: three numbers, no `v`, no leading zeros.
    ///
    /// Masterminds: `StrictNewVersion`.
    ///
    /// ```
    /// # use chartcore::version::Version;
    /// assert!(Version::parse_strict("1.2.3-rc.1").is_ok());
    /// assert_eq!(Version::parse_strict("1.2").unwrap_err().to_string(), "invalid semantic version");
    /// assert_eq!(Version::parse_strict("v1.2.3").unwrap_err().to_string(), "invalid characters in version");
    /// ```
    ///
    /// # Errors
    /// Everything else, saying which rule it breaks.
    pub fn parse_strict(text: impl AsRef<[u8]>) -> Result<Self> {
        let text = text.as_ref();
        if text.is_empty() {
            return Err(failure("version string empty"));
        }
        if text.len() > LENGTH_LIMIT {
            return Err(too_long());
        }
        let lossy = String::from_utf8_lossy(text);
        let mut parts = lossy.splitn(3, '.');
        let (Some(major), Some(minor), Some(patch)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(failure(INVALID));
        };
        let (patch, metadata) = patch.split_once('+').map_or((patch, None), |(a, b)| (a, Some(b)));
        if let Some(metadata) = metadata {
            check_metadata(metadata)?;
        }
        let (patch, prerelease) = patch.split_once('-').map_or((patch, None), |(a, b)| (a, Some(b)));
        if let Some(prerelease) = prerelease {
            check_prerelease(prerelease)?;
        }
        for part in [major, minor, patch] {
            if !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(failure("invalid characters in version"));
            }
            if part.len() > 1 && part.starts_with('0') {
                return Err(failure(STARTS_WITH_ZERO));
            }
        }
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
            patch: number(patch)?,
            prerelease: prerelease.unwrap_or_default().to_string(),
            metadata: metadata.unwrap_or_default().to_string(),
            original: lossy.into_owned(),
        })
    }

    /// The first number.
    pub fn major(&self) -> u64 {
        self.major
    }

    /// The second number.
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The third number.
    pub fn patch(&self) -> u64 {
        self.patch
    }

    /// What follows the `-`, empty for a release.
    pub fn prerelease(&self) -> &str {
        &self.prerelease
    }

    /// What follows the `+`, empty without build metadata.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// The text as it was read, with its `v` and without the zeros that reading added.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The next major version: `2.0.0` after `1.2.3-rc.1`.
    ///
    /// # Errors
    /// A number that would pass 64 bits.
    pub fn next_major(&self) -> Result<Self> {
        let major = increment(self.major, "major")?;
        Ok(Self::new(major, 0, 0, "", "").with_prefix(self.has_prefix()))
    }

    /// The next minor version: `1.3.0` after `1.2.3-rc.1`.
    ///
    /// # Errors
    /// A number that would pass 64 bits.
    pub fn next_minor(&self) -> Result<Self> {
        let minor = increment(self.minor, "minor")?;
        Ok(Self::new(self.major, minor, 0, "", "").with_prefix(self.has_prefix()))
    }

    /// The next patch version: `1.2.4` after `1.2.3`, but `1.2.3` after `1.2.3-rc.1`.
    ///
    /// # Errors
    /// A number that would pass 64 bits.
    pub fn next_patch(&self) -> Result<Self> {
        let patch = if self.prerelease.is_empty() { increment(self.patch, "patch")? } else { self.patch };
        Ok(Self::new(self.major, self.minor, patch, "", "").with_prefix(self.has_prefix()))
    }

    /// The same version with another pre-release, written without its `-`; the empty text removes it.
    ///
    /// # Errors
    /// A malformed pre-release.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Self> {
        if !prerelease.is_empty() {
            check_prerelease(prerelease)?;
        }
        Ok(Self { prerelease: prerelease.to_string(), ..self.clone() }.with_prefix(self.has_prefix()))
    }

    /// The same version with other build metadata, written without its `+`; the empty text removes it.
    ///
    /// # Errors
    /// Malformed metadata.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self> {
        if !metadata.is_empty() {
            check_metadata(metadata)?;
        }
        Ok(Self { metadata: metadata.to_string(), ..self.clone() }.with_prefix(self.has_prefix()))
    }

    fn has_prefix(&self) -> bool {
        self.original.starts_with('v')
    }

    fn with_prefix(mut self, prefix: bool) -> Self {
        self.original = format!("{}{self}", if prefix { "v" } else { "" });
        self
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch)).then_with(
            || match (self.prerelease.as_str(), other.prerelease.as_str()) {
                ("", "") => Ordering::Equal,
                ("", _) => Ordering::Greater,
                (_, "") => Ordering::Less,
                (left, right) => compare_prereleases(left, right),
            },
        )
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.major, self.minor, self.patch, &self.prerelease).hash(state);
    }
}

/// Compares two pre-releases part by part: numbers by size and below words, words by bytes, a missing part
/// below everything. A number beyond 64 bits counts as a word.
fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let (mut lefts, mut rights) = (left.split('.'), right.split('.'));
    loop {
        let order = match (lefts.next(), rights.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(small), Ok(large)) => small.cmp(&large).then_with(|| left.cmp(right)),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The parts of a text that begins like a version.
struct Shape<'a> {
    /// The three numbers, empty where they are missing; without their dots.
    segments: [&'a str; 3],
    prerelease: &'a str,
    metadata: &'a str,
    /// The version's own text, with its `v`.
    text: &'a str,
    /// What follows the version.
    rest: &'a str,
}

impl<'a> Shape<'a> {
    /// Reads the longest version at the beginning of `text`, its numbers made of what `allowed` says.
    ///
    /// Masterminds: `looseSemVerRegex` for versions, `cvRegex` for constraints.
    fn read(text: &'a str, allowed: fn(u8) -> bool) -> Option<Self> {
        let start = text.strip_prefix('v').unwrap_or(text);
        let run = |text: &'a str, allowed: fn(u8) -> bool| {
            let end = text.bytes().position(|byte| !allowed(byte)).unwrap_or(text.len());
            text.split_at(end)
        };
        let (major, mut rest) = run(start, allowed);
        if major.is_empty() {
            return None;
        }
        let mut segments = [major, "", ""];
        for segment in &mut segments[1..] {
            match rest.strip_prefix('.').map(|after| run(after, allowed)) {
                Some((digits, after)) if !digits.is_empty() => (*segment, rest) = (digits, after),
                _ => break,
            }
        }
        let mut identifiers = |sign: char| {
            let after = rest.strip_prefix(sign)?;
            let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            let (first, mut tail) = run(after, word);
            if first.is_empty() {
                return None;
            }
            while let Some((next, after)) = tail.strip_prefix('.').map(|after| run(after, word)) {
                if next.is_empty() {
                    break;
                }
                tail = after;
            }
            rest = tail;
            Some(&after[..after.len() - tail.len()])
        };
        let prerelease = identifiers('-').unwrap_or_default();
        let metadata = identifiers('+').unwrap_or_default();
        Some(Self { segments, prerelease, metadata, text: &text[..text.len() - rest.len()], rest })
    }
}

fn too_long() -> Error {
    failure(format!("version string is too long (max {LENGTH_LIMIT} bytes)"))
}

fn number(digits: &str) -> Result<u64> {
    digits.parse().map_err(|_| {
        let reason = if digits.is_empty() { "invalid syntax" } else { "value out of range" };
        failure(format!("strconv.ParseUint: parsing \"{digits}\": {reason}"))
    })
}

fn increment(number: u64, which: &str) -> Result<u64> {
    number.checked_add(1).ok_or_else(|| failure(format!("{which} version increment would overflow uint64")))
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn check_prerelease(prerelease: &str) -> Result<()> {
    for part in prerelease.split('.') {
        if part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(failure(STARTS_WITH_ZERO));
        }
        if !is_identifier(part) {
            return Err(failure("invalid prerelease string"));
        }
    }
    Ok(())
}

fn check_metadata(metadata: &str) -> Result<()> {
    if metadata.split('.').all(is_identifier) {
        return Ok(());
    }
    Err(failure("invalid metadata string"))
}
