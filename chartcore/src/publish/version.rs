//! Which version a chart is published under.

use super::git::{Commit, Described};
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::version::Version;

/// How the version is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Strategy {
    /// The version of Chart.yaml.
    #[default]
    Base,
    /// This one.
    Given(String),
    /// The version of Chart.yaml with the commit's short name behind it: `0.1.0-d1a7c8f`.
    GitHash,
    /// The version tag of the commit, without its `v`.
    Tag,
    /// Ordered: the nearest version tag and the commits since, `0.3.1-dev.5.gd1a7c8f`.
    Describe,
}

/// A chart's versions as they are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) version: String,
    /// `None` leaves the chart's own.
    pub(super) app_version: Option<String>,
}

/// `base` with a commit's name: behind a pre-release after a dot, before build metadata.
pub(super) fn with_hash(base: &str, hash: &str, safe: bool) -> Result<Versions> {
    let is_hash = !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_hash {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("git hash {hash:?} is not made of letters and digits"),
        ));
    }
    let is_number = hash.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && hash.len() > 1 && hash.starts_with('0') && !safe {
        let version = joined(&read(base)?, hash);
        let message = format!(
            "{version} is not a version: the git hash {hash} is a number that starts with 0 (version segment starts \
             with 0)"
        );
        let diagnostic = Diagnostic::error("numeric-hash", "one commit in 268 has such a hash")
            .hint("pass --safe-hash, which writes a `g` before the hash of every commit");
        return Err(Error::new(
            ErrorKind::Version,
            format!("{message}; pass --safe-hash to publish g{hash}"),
        )
        .with_diagnostic(diagnostic));
    }
    let part = if safe { format!("g{hash}") } else { hash.to_owned() };
    let version = strict(&joined(&read(base)?, &part))?;
    Ok(Versions { version, app_version: Some(hash.to_owned()) })
}

fn joined(base: &Version, part: &str) -> String {
    let numbers = format!("{}.{}.{}", base.major(), base.minor(), base.patch());
    let prerelease = match base.prerelease() {
        "" => part.to_owned(),
        own => format!("{own}.{part}"),
    };
    match base.metadata() {
        "" => format!("{numbers}-{prerelease}"),
        metadata => format!("{numbers}-{prerelease}+{metadata}"),
    }
}

/// The version among a commit's tags. `appVersion` is the tag as it is.
pub(super) fn of_tags(tags: &[String], commit: &Commit) -> Result<Versions> {
    let mut found = tags.iter().filter_map(|tag| {
        let version = tag.strip_prefix('v').unwrap_or(tag);
        Version::parse_strict(version).ok().map(|_| (tag, version))
    });
    let short = commit.short();
    let Some((tag, version)) = found.next() else {
        let listed = if tags.is_empty() {
            "it has no tag".to_owned()
        } else {
            format!("its tags are {}", tags.join(", "))
        };
        let message = format!("commit {short} has no tag that is a version, such as v1.2.3: {listed}");
        return Err(Error::new(ErrorKind::Version, message));
    };
    if let Some((other, _)) = found.next() {
        let message =
            format!("commit {short} has several tags that are versions: {tag}, {other}; pass --version");
        return Err(Error::new(ErrorKind::Version, message));
    }
    Ok(Versions { version: version.to_owned(), app_version: Some(tag.clone()) })
}

/// A version that is higher the more commits there are.
pub(super) fn of_description(base: &str, described: &Described, commit: &Commit) -> Result<Versions> {
    let (commits, short) = (described.commits, commit.short());
    let Some(tag) = &described.tag else {
        let base = read(base)?;
        let version = strict(&joined(&base, &format!("dev.{commits}.g{short}")))?;
        return Ok(Versions { version, app_version: Some(format!("g{short}")) });
    };
    let tagged = read(tag.strip_prefix('v').unwrap_or(tag))?;
    if commits == 0 {
        let version = strict(tag.strip_prefix('v').unwrap_or(tag))?;
        return Ok(Versions { version, app_version: Some(tag.clone()) });
    }
    // After a release comes the next patch's development, after a pre-release its own.
    let next = if tagged.prerelease().is_empty() { tagged.next_patch()? } else { tagged };
    let version = strict(&joined(&next.with_metadata("")?, &format!("dev.{commits}.g{short}")))?;
    Ok(Versions { version, app_version: Some(format!("{tag}-{commits}-g{short}")) })
}

fn read(base: &str) -> Result<Version> {
    Version::parse(base).map_err(|error| error.prefixed(format_args!("version {base:?} of Chart.yaml: ")))
}

/// By the letter of SemVer 2: what is published must be understood by everyone.
pub(super) fn strict(version: &str) -> Result<String> {
    Version::parse_strict(version).map_err(|error| error.prefixed(format_args!("version {version:?}: ")))?;
    Ok(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_follow_the_base() {
        for (base, hash, safe, version, app_version) in [
            ("0.1.0", "d1a7c8f", false, "0.1.0-d1a7c8f", "d1a7c8f"),
            ("0.1.0", "1234567", false, "0.1.0-1234567", "1234567"),
            ("0.1.0", "12e4567", false, "0.1.0-12e4567", "12e4567"),
            ("0.1.0", "0", false, "0.1.0-0", "0"),
            ("0.1.0", "0123456", true, "0.1.0-g0123456", "0123456"),
            ("0.1.0", "d1a7c8f", true, "0.1.0-gd1a7c8f", "d1a7c8f"),
            ("0.1.0-rc.1", "d1a7c8f", false, "0.1.0-rc.1.d1a7c8f", "d1a7c8f"),
            ("0.1.0+x", "d1a7c8f", false, "0.1.0-d1a7c8f+x", "d1a7c8f"),
            ("0.1.0-rc.1+x", "d1a7c8f", false, "0.1.0-rc.1.d1a7c8f+x", "d1a7c8f"),
            ("v1.2", "d1a7c8f", false, "1.2.0-d1a7c8f", "d1a7c8f"),
        ] {
            let versions = with_hash(base, hash, safe).unwrap();
            assert_eq!(
                (versions.version.as_str(), versions.app_version.as_deref()),
                (version, Some(app_version))
            );
        }
        let error = with_hash("0.1.0", "0123456", false).unwrap_err().to_string();
        assert!(error.contains("--safe-hash") && error.contains("version segment starts with 0"), "{error}");
        assert!(with_hash("0.1.0", "a/b", false).is_err() && with_hash("one", "abc", false).is_err());
    }

    fn commit() -> Commit {
        Commit { hash: "d1a7c8f00000000000000000000000000000000a".to_owned(), time: 0 }
    }

    #[test]
    fn tags_are_versions_without_their_v() {
        let of =
            |tags: &[&str]| of_tags(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>(), &commit());
        assert_eq!(of(&["latest", "v0.6.5-alpha.1"]).unwrap().version, "0.6.5-alpha.1");
        assert_eq!(of(&["0.2.0"]).unwrap().app_version.as_deref(), Some("0.2.0"));
        for (tags, reason) in [
            (&["nightly"][..], "its tags are nightly"),
            (&[], "no tag"),
            (&["v1.0.0", "v1.0.1"], "several tags"),
        ] {
            let error = of(tags).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn descriptions_are_ordered() {
        let of = |tag: Option<&str>, commits| {
            let described = Described { tag: tag.map(str::to_owned), commits };
            of_description("0.1.0", &described, &commit()).unwrap()
        };
        assert_eq!(of(Some("v0.3.0"), 0).version, "0.3.0");
        assert_eq!(of(Some("v0.3.0"), 5).version, "0.3.1-dev.5.gd1a7c8f");
        assert_eq!(of(Some("v0.3.0"), 5).app_version.as_deref(), Some("v0.3.0-5-gd1a7c8f"));
        assert_eq!(of(Some("0.3.0-rc.1"), 5).version, "0.3.0-rc.1.dev.5.gd1a7c8f");
        assert_eq!(of(None, 12).version, "0.1.0-dev.12.gd1a7c8f");
        let ordered =
            [of(Some("v0.3.0"), 0), of(Some("v0.3.0"), 9), of(Some("v0.3.0"), 10), of(Some("v0.3.1"), 0)];
        let versions: Vec<_> = ordered.iter().map(|it| Version::parse(&it.version).unwrap()).collect();
        assert!(versions.is_sorted(), "{versions:?}");
    }
}
