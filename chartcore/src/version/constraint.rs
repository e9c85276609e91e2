//! Ranges of versions.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{Shape, Version, failure};
use crate::error::{Error, Result};
use crate::quote::quoted;

/// How many bytes a constraint may have. Masterminds: `MaxConstraintLen`.
const LENGTH_LIMIT: usize = 512;

/// How many alternatives it may have. Masterminds: `MaxConstraintGroups`.
const GROUP_LIMIT: usize = 32;

/// A range of versions: groups joined by `||`, each of conditions joined by spaces or commas.
///
/// | written | means |
/// |---|---|
/// | `1.2.3`, `=1.2.3` | exactly that one; `1.2`, `1.x` mean `~` |
/// | `!=1.2.3` `>1.2` `>=1.2` `=>1.2` `<1.2` `<=1.2` `=<1.2` | what they say |
/// | `~1.2.3`, `~>1.2.3` | from there on below 1.3 |
/// | `^1.2.3` | from there on below 2; `^0.2.3` below 0.3; `^0.0.3` only 0.0.3 |
/// | `1.2 - 2.3` | `>=1.2 <=2.3` |
/// | `*`, `x` | every release |
///
/// A version with a pre-release meets only a group in which some condition names one (`>=1.2-0`), unless
/// [`Constraint::include_prereleases`] says otherwise.
///
/// ```
/// # use chartcore::version::{Constraint, Version};
/// let constraint = Constraint::parse("^1.2, !=1.4.2")?;
/// assert!(constraint.check(&Version::parse("1.9")?));
/// assert!(!constraint.check(&Version::parse("1.9.0-rc.1")?));
/// assert!(constraint.include_prereleases(true).check(&Version::parse("1.9.0-rc.1")?));
/// # Ok::<(), chartcore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Constraint {
    groups: Vec<Group>,
    include_prereleases: bool,
}

/// Conditions that must all hold.
#[derive(Debug, Clone)]
struct Group {
    conditions: Vec<Condition>,
    /// Whether one of the conditions names a pre-release.
    names_prerelease: bool,
}

/// One operator with one version.
#[derive(Debug, Clone)]
struct Condition {
    operator: &'static str,
    /// The version as written: `4.x`.
    written: String,
    /// The version meant: 4.0.0.
    version: Version,
    /// Which number was left out or `x`.
    open: Open,
}

/// From which number on a condition's version is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    No,
    Patch,
    Minor,
    Major,
}

/// The operators; where one begins another, the longer one stands first.
const OPERATORS: [&str; 12] = ["!=", ">=", "=>", "<=", "=<", "~>", "=", ">", "<", "~", "^", ""];

impl Constraint {
    /// Reads a constraint.
    ///
    /// Masterminds: `NewConstraint`.
    ///
    /// # Errors
    /// `improper constraint: "..."` with the group that cannot be read, `constraint parser error` for a
    /// version that cannot, and more than 512 bytes or 32 groups.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self> {
        let text = text.as_ref();
        if text.len() > LENGTH_LIMIT {
            return Err(failure(format!("constraint string is too long (max {LENGTH_LIMIT} bytes)")));
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return Err(improper(text));
        };
        let text = expand_ranges(text);
        if text.split("||").count() > GROUP_LIMIT {
            return Err(failure(format!("too many constraint groups (max {GROUP_LIMIT})")));
        }
        let groups = text.split("||").map(Group::parse).collect::<Result<_>>()?;
        Ok(Self { groups, include_prereleases: false })
    }

    /// Sets whether versions with a pre-release may meet every group, and not only those that name one.
    #[must_use]
    pub fn include_prereleases(mut self, include: bool) -> Self {
        self.include_prereleases = include;
        self
    }

    /// Whether `version` is in the range.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let admits = self.admits_prereleases(group) || version.prerelease().is_empty();
            admits && group.conditions.iter().all(|condition| condition.check(version).is_none())
        })
    }

    /// Says why `version` is not in the range, one reason for each condition it fails.
    ///
    /// Masterminds: `Constraints.Validate`.
    ///
    /// ```
    /// # use chartcore::version::{Constraint, Version};
    /// let reasons = Constraint::parse(">=1.3")?.validate(&Version::parse("1.2")?).unwrap_err();
    /// assert_eq!(reasons, [r#""1.2.0" is less than "1.3""#]);
    /// # Ok::<(), chartcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// The reasons, in the words of Masterminds/semver.
    pub fn validate(&self, version: &Version) -> std::result::Result<(), Vec<String>> {
        let mut reasons = Vec::new();
        let mut said = false;
        for group in &self.groups {
            let before = reasons.len();
            if !self.admits_prereleases(group) && !version.prerelease().is_empty() {
                if !said {
                    reasons.push(format!(
                        "\"{version}\" is a prerelease version and the constraint is only looking for release \
                         versions"
                    ));
                    said = true;
                }
                continue;
            }
            let failures = group.conditions.iter().filter_map(|condition| {
                let reason = condition.check(version)?;
                Some(reason.explain(version, condition))
            });
            reasons.extend(failures);
            if reasons.len() == before {
                return Ok(());
            }
        }
        Err(reasons)
    }

    fn admits_prereleases(&self, group: &Group) -> bool {
        self.include_prereleases || group.names_prerelease
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.groups.iter().enumerate() {
            if index > 0 {
                f.write_str(" || ")?;
            }
            for (index, condition) in group.conditions.iter().enumerate() {
                let space = if index > 0 { " " } else { "" };
                write!(f, "{space}{}{}", condition.operator, condition.written)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Constraint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Group {
    fn parse(text: &str) -> Result<Self> {
        let mut conditions = Vec::new();
        let mut rest = skip_space(text);
        while let Some((operator, shape)) = next_condition(rest) {
            conditions.push((operator, shape));
            let Some(shape) = conditions.last().map(|(_, shape)| shape) else { break };
            let after = skip_space(shape.rest);
            let comma = after.strip_prefix(',').map(skip_space);
            rest = comma.unwrap_or(after);
            let apart = comma.is_some() || after.len() < shape.rest.len();
            if rest.is_empty() && comma.is_none() {
                break;
            }
            if !apart {
                return Err(improper(text.as_bytes()));
            }
        }
        if conditions.last().is_none_or(|(_, shape)| !skip_space(shape.rest).is_empty()) {
            return Err(improper(text.as_bytes()));
        }
        let conditions: Vec<_> = conditions
            .into_iter()
            .map(|(operator, shape)| Condition::new(operator, shape))
            .collect::<Result<_>>()?;
        let names_prerelease = conditions.iter().any(|condition| !condition.version.prerelease().is_empty());
        Ok(Self { conditions, names_prerelease })
    }
}

/// Why a version fails a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    OtherMajor,
    OtherMajorOrMinor,
    OtherMinor,
    OtherMinorBelowOne,
    OtherPatchBelowOne,
}

impl Reason {
    fn explain(self, version: &Version, condition: &Condition) -> String {
        let written = &condition.written;
        let (middle, end) = match self {
            Self::Equal => ("is equal to", ""),
            Self::NotEqual => ("is not equal to", ""),
            Self::Less => ("is less than", ""),
            Self::LessOrEqual => ("is less than or equal to", ""),
            Self::Greater => ("is greater than", ""),
            Self::GreaterOrEqual => ("is greater than or equal to", ""),
            Self::OtherMajor => ("does not have same major version as", ""),
            Self::OtherMajorOrMinor => ("does not have same major and minor version as", ""),
            Self::OtherMinor => ("does not have same minor version as", ""),
            Self::OtherMinorBelowOne => (
                "does not have same minor version as",
                ". Expected minor versions to match when constraint major version is 0",
            ),
            Self::OtherPatchBelowOne => (
                "does not equal",
                ". Expect version and constraint to equal when major and minor versions are 0",
            ),
        };
        format!("\"{version}\" {middle} \"{written}\"{end}")
    }
}

impl Condition {
    fn new(operator: &'static str, shape: Shape<'_>) -> Result<Self> {
        let [major, minor, patch] = shape.segments;
        let is_open = |segment: &str| matches!(segment, "" | "x" | "X" | "*");
        let (open, numbers) = if is_open(major) {
            (Open::Major, "0.0.0".to_string())
        } else if is_open(minor) {
            (Open::Minor, format!("{major}.0.0"))
        } else if is_open(patch) {
            (Open::Patch, format!("{major}.{minor}.0"))
        } else {
            (Open::No, format!("{major}.{minor}.{patch}"))
        };
        let dash = if shape.prerelease.is_empty() { "" } else { "-" };
        let plus = if open == Open::No && !shape.metadata.is_empty() { "+" } else { "" };
        let metadata = if plus.is_empty() { "" } else { shape.metadata };
        let version = Version::parse(format!("{numbers}{dash}{}{plus}{metadata}", shape.prerelease))
            .map_err(|_| failure("constraint parser error"))?;
        Ok(Self { operator, written: shape.text.to_string(), version, open })
    }

    /// Why `version` fails this condition; `None` when it meets it. Pre-releases have been admitted.
    fn check(&self, version: &Version) -> Option<Reason> {
        match self.operator {
            "!=" => self.check_not_equal(version),
            ">" => self.check_greater(version),
            ">=" | "=>" => (*version < self.version).then_some(Reason::Less),
            "<" => (*version >= self.version).then_some(Reason::GreaterOrEqual),
            "<=" | "=<" => self.check_less_or_equal(version),
            "~" | "~>" => self.check_tilde(version),
            "^" => self.check_caret(version),
            _ if self.open == Open::No => (*version != self.version).then_some(Reason::NotEqual),
            _ => self.check_tilde(version),
        }
    }

    fn same_major(&self, version: &Version) -> bool {
        version.major() == self.version.major()
    }

    fn same_minor(&self, version: &Version) -> bool {
        version.minor() == self.version.minor()
    }

    fn check_not_equal(&self, version: &Version) -> Option<Reason> {
        let equal = match self.open {
            Open::No => *version == self.version,
            // `!=*` looks at the numbers, which read 0.0.0.
            Open::Major => *version == self.version,
            Open::Minor => self.same_major(version),
            Open::Patch => {
                self.same_major(version)
                    && self.same_minor(version)
                    && version.prerelease() == self.version.prerelease()
            }
        };
        equal.then_some(Reason::Equal)
    }

    fn check_greater(&self, version: &Version) -> Option<Reason> {
        let greater = match self.open {
            Open::No | Open::Major => *version > self.version,
            Open::Minor => version.major() > self.version.major(),
            Open::Patch => (version.major(), version.minor()) > (self.version.major(), self.version.minor()),
        };
        (!greater).then_some(Reason::LessOrEqual)
    }

    fn check_less_or_equal(&self, version: &Version) -> Option<Reason> {
        let greater = match self.open {
            Open::No => *version > self.version,
            Open::Minor => version.major() > self.version.major(),
            Open::Patch | Open::Major => {
                (version.major(), version.minor()) > (self.version.major(), self.version.minor())
            }
        };
        greater.then_some(Reason::Greater)
    }

    fn check_tilde(&self, version: &Version) -> Option<Reason> {
        if *version < self.version {
            return Some(Reason::Less);
        }
        let numbers = (self.version.major(), self.version.minor(), self.version.patch());
        if numbers == (0, 0, 0) && matches!(self.open, Open::No | Open::Major) {
            return None;
        }
        if !self.same_major(version) {
            return Some(Reason::OtherMajor);
        }
        (!self.same_minor(version) && self.open != Open::Minor).then_some(Reason::OtherMajorOrMinor)
    }

    fn check_caret(&self, version: &Version) -> Option<Reason> {
        if *version < self.version {
            return Some(Reason::Less);
        }
        if !self.same_major(version) {
            return Some(Reason::OtherMajor);
        }
        if self.version.major() > 0 || self.open == Open::Minor {
            return None;
        }
        if self.version.minor() > 0 || self.open == Open::Patch {
            return (!self.same_minor(version)).then_some(Reason::OtherMinorBelowOne);
        }
        if version.minor() > 0 {
            return Some(Reason::OtherMinor);
        }
        (version.patch() != self.version.patch()).then_some(Reason::OtherPatchBelowOne)
    }
}

fn improper(text: &[u8]) -> Error {
    failure(format!("improper constraint: {}", quoted(text)))
}

/// White space as Go's regular expressions see it.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\x0c' | '\r')
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

/// What a number of a constraint may be made of; the bar is a quirk of Masterminds' character class.
fn is_segment_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'x' | b'X' | b'*' | b'|')
}

fn next_condition(text: &str) -> Option<(&'static str, Shape<'_>)> {
    OPERATORS.iter().find_map(|operator| {
        let after = text.strip_prefix(operator)?;
        Some((*operator, Shape::read(skip_space(after), is_segment_byte)?))
    })
}

/// Rewrites each `A - B` as `>= A, <= B `.
fn expand_ranges(text: &str) -> Cow<'_, str> {
    let mut expanded = Cow::Borrowed(text);
    let mut at = 0;
    while let Some(from) = text.get(at..).filter(|rest| rest.contains('-')) {
        let Some((lower, upper, rest)) = range_at(from) else {
            at += from.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        let found = &from[..from.len() - rest.len()];
        // Masterminds replaces the first equal text, wherever that stands by now.
        expanded = Cow::Owned(expanded.replacen(found, &format!(">= {lower}, <= {upper} "), 1));
        at = text.len() - rest.len();
    }
    expanded
}

/// The two ends of a hyphen range that begins `text`, as written, and what follows it.
fn range_at(text: &str) -> Option<(&str, &str, &str)> {
    let start = skip_space(text);
    let lower = Shape::read(start, is_segment_byte)?;
    let dash = skip_space(lower.rest);
    let after = dash.strip_prefix('-')?;
    let second = skip_space(after);
    if dash.len() == lower.rest.len() || second.len() == after.len() {
        return None;
    }
    let upper = Shape::read(second, is_segment_byte)?;
    let written = |text: &'_ str, rest: &str| text.len() - rest.len();
    Some((
        &start[..written(start, lower.rest)],
        &second[..written(second, upper.rest)],
        skip_space(upper.rest),
    ))
}
