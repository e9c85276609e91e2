//! The versions a repository's tags stand for, and which of them is meant.

use std::cmp::Ordering;

use crate::Compat;
use crate::error::{Error, ErrorKind, Result};
use crate::version::{Constraint, Version};

/// The versions among tags, newest first: `_` stands for `+`, and what is no version by the letter of SemVer is left
/// out. Helm: `Client.Tags`; what differs in build metadata alone, Helm leaves in any order.
pub fn versions<T: AsRef<str>>(tags: impl IntoIterator<Item = T>) -> Vec<Version> {
    let parsed =
        tags.into_iter().filter_map(|tag| Version::parse_strict(tag.as_ref().replace('_', "+")).ok());
    let mut versions: Vec<Version> = parsed.collect();
    versions.sort_by(newest_first);
    versions.dedup_by(|left, right| left.original() == right.original());
    versions
}

fn newest_first(left: &Version, right: &Version) -> Ordering {
    right.cmp(left).then_with(|| right.metadata().cmp(left.metadata()))
}

/// The version that `wanted` names among `versions` (newest first): the very one, else the newest in range; an empty
/// text means any without a pre-release. Helm: `GetTagMatchingVersionOrConstraint`.
///
/// # Errors
/// `wanted` is neither version nor range, or none is in range; Helm's texts.
pub fn choose<'a>(versions: &'a [Version], wanted: &str, compat: Compat) -> Result<&'a Version> {
    if let Some(same) = versions.iter().find(|version| version.original() == wanted) {
        return Ok(same);
    }
    let constraint = Constraint::parse(if wanted.is_empty() { "*" } else { wanted })?;
    versions.iter().find(|version| constraint.check(version)).ok_or_else(|| {
        let could = match compat {
            Compat::Helm3 => "Could",
            Compat::Helm4 => "could",
        };
        let message = format!("{could} not locate a version matching provided version string {wanted}");
        Error::new(ErrorKind::NotFound, message)
    })
}

/// The pre-releases of `wanted` among `versions`, newest first: the builds of a version that was not released itself.
pub fn builds_of<'a>(versions: &'a [Version], wanted: &str) -> Vec<&'a Version> {
    let Ok(wanted) = Version::parse(wanted) else { return Vec::new() };
    if !wanted.prerelease().is_empty() {
        return Vec::new();
    }
    let numbers = |version: &Version| (version.major(), version.minor(), version.patch());
    let is_build =
        |version: &&Version| numbers(version) == numbers(&wanted) && !version.prerelease().is_empty();
    versions.iter().filter(is_build).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: [&str; 9] = [
        "0.1.0",
        "latest",
        "0.2.0-d1a7c8f",
        "0.1.0_b2",
        "v9.0.0",
        "0.10.0",
        "0.2.0-1234567",
        "1",
        "sha256-ab.sig",
    ];

    fn shown(versions: &[Version]) -> Vec<&str> {
        versions.iter().map(Version::original).collect()
    }

    #[test]
    fn versions_come_newest_first() {
        let versions = versions(TAGS);
        assert_eq!(shown(&versions), ["0.10.0", "0.2.0-d1a7c8f", "0.2.0-1234567", "0.1.0+b2", "0.1.0"]);
    }

    #[test]
    fn a_version_or_a_range_names_one() {
        let versions = versions(TAGS);
        for (wanted, chosen) in [
            ("", "0.10.0"),
            ("0.1.0", "0.1.0"),
            ("0.1.0+b2", "0.1.0+b2"),
            ("~0.1", "0.1.0+b2"),
            ("<0.10", "0.1.0+b2"),
            (">0.0.0-0", "0.10.0"),
            (">0.1.0-0 <0.3", "0.2.0-d1a7c8f"),
            ("0.2.0-1234567", "0.2.0-1234567"),
        ] {
            assert_eq!(choose(&versions, wanted, Compat::Helm4).unwrap().original(), chosen, "{wanted}");
        }
        for (wanted, compat, text) in [
            (">1", Compat::Helm4, "could not locate a version matching provided version string >1"),
            (">1", Compat::Helm3, "Could not locate a version matching provided version string >1"),
            ("latest", Compat::Helm4, "improper constraint: \"latest\""),
        ] {
            assert_eq!(choose(&versions, wanted, compat).unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn builds_of_a_version_are_found() {
        let versions = versions(TAGS);
        let of = |wanted| builds_of(&versions, wanted).into_iter().map(Version::original).collect::<Vec<_>>();
        assert_eq!(of("0.2.0"), ["0.2.0-d1a7c8f", "0.2.0-1234567"]);
        assert_eq!(of("v0.2"), ["0.2.0-d1a7c8f", "0.2.0-1234567"]);
        assert!(of("0.3.0").is_empty() && of("0.2.0-x").is_empty() && of("~0.2").is_empty());
    }
}
