//! The digest in Chart.lock, by which an outdated lock is known.

use sha2::{Digest as _, Sha256};

use crate::Compat;
use crate::chart::{Chart, Dependency, Lock, Metadata};
use crate::data::{Value, json};
use crate::error::{Error, ErrorKind, Result};

/// The digest of what Chart.yaml asks for and what a lock holds: `sha256:` and the sum of both as Go writes them
/// in JSON. Helm: `HashReq` in internal/resolver/resolver.go.
///
/// # Errors
/// `import-values` holds what JSON has no form for.
pub fn digest(metadata: &Metadata, lock: &Lock) -> Result<String> {
    let mut json = b"[".to_vec();
    write_dependencies(&mut json, &metadata.dependencies, metadata.lists_dependencies)?;
    json.push(b',');
    write_dependencies(&mut json, &lock.dependencies, lock.lists_dependencies)?;
    json.push(b']');
    Ok(sum(&json))
}

/// The digest as Helm 2 made it, of what is asked for alone. Helm: `HashV2Req`.
///
/// # Errors
/// As [`digest`].
pub fn legacy_digest(metadata: &Metadata) -> Result<String> {
    let mut json = b"{\"dependencies\":".to_vec();
    write_dependencies(&mut json, &metadata.dependencies, metadata.lists_dependencies)?;
    json.push(b'}');
    Ok(sum(&json))
}

/// The chart's lock, if it has one and it fits Chart.yaml. Helm: `Manager.Build` in pkg/downloader/manager.go.
///
/// # Errors
/// The lock was made of other dependencies.
pub fn check_lock(chart: &Chart) -> Result<Option<&Lock>> {
    let Some(lock) = chart.lock() else { return Ok(None) };
    check_lock_of(chart.metadata(), chart.metadata(), lock, chart.compat())?;
    Ok(Some(lock))
}

/// As [`check_lock`], for metadata whose repositories have been given their URLs: `asked` has them, `written` is
/// Chart.yaml's own.
///
/// # Errors
/// As [`check_lock`].
pub fn check_lock_of(asked: &Metadata, written: &Metadata, lock: &Lock, compat: Compat) -> Result<()> {
    if lock.digest == digest(asked, lock)? {
        return Ok(());
    }
    let is_v1 = written.api_version == "v1";
    if is_v1 && lock.digest == legacy_digest(written)? {
        return Ok(());
    }
    let message = match (is_v1, compat) {
        (true, _) => {
            "the lock file (requirements.lock) is out of sync with the dependencies file (requirements.yaml). \
             Please update the dependencies"
        }
        (false, Compat::Helm3) => {
            "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update \
             the dependencies"
        }
        (false, Compat::Helm4) => {
            "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update \
             the dependencies with 'helm dependency update'"
        }
    };
    Err(Error::new(ErrorKind::Dependency, message))
}

fn sum(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().fold("sha256:".to_string(), |text, byte| text + &format!("{byte:02x}"))
}

fn write_dependencies(out: &mut Vec<u8>, dependencies: &[Option<Dependency>], is_list: bool) -> Result<()> {
    if dependencies.is_empty() && !is_list {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    out.push(b'[');
    for (index, dependency) in dependencies.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match dependency {
            Some(dependency) => write_dependency(out, dependency)?,
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
    Ok(())
}

/// The fields in the order of Go's struct, not of their names.
fn write_dependency(out: &mut Vec<u8>, dependency: &Dependency) -> Result<()> {
    let Dependency { name, version, repository, condition, tags, enabled, import_values, alias } = dependency;
    out.extend_from_slice(b"{\"name\":");
    write_text(out, name)?;
    write_field(out, "version", version)?;
    out.extend_from_slice(b",\"repository\":");
    write_text(out, repository)?;
    write_field(out, "condition", condition)?;
    if !tags.is_empty() {
        out.extend_from_slice(b",\"tags\":");
        write_value(out, &tags.iter().map(|tag| Value::from(tag.as_str())).collect::<Vec<_>>().into())?;
    }
    if *enabled {
        out.extend_from_slice(b",\"enabled\":true");
    }
    if !import_values.is_empty() {
        out.extend_from_slice(b",\"import-values\":");
        write_value(out, &import_values.clone().into())?;
    }
    write_field(out, "alias", alias)?;
    out.push(b'}');
    Ok(())
}

/// A field that is left out when empty.
fn write_field(out: &mut Vec<u8>, key: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    out.extend_from_slice(format!(",\"{key}\":").as_bytes());
    write_text(out, text)
}

fn write_value(out: &mut Vec<u8>, value: &Value) -> Result<()> {
    json::write_into(out, value).map_err(|error| Error::new(ErrorKind::Dependency, error.to_string()))
}

fn write_text(out: &mut Vec<u8>, text: &str) -> Result<()> {
    write_value(out, &text.into())
}
