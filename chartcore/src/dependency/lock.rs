//! The digest in Chart.lock, by which an outdated lock is known.

use sha2::{Digest as _, Sha256};

use crate::Compat;
use crate::chart::{Chart, Dependency, Lock, Metadata};
use crate::data::{Value, number};
use crate::error::{Error, ErrorKind, Result};

/// The digest of what Chart.yaml asks for and what a lock holds: `sha256:` and the sum of both as Go writes them
/// in JSON. Helm: `HashReq` in internal/resolver/resolver.go.
pub fn digest(metadata: &Metadata, lock: &Lock) -> String {
    let mut json = b"[".to_vec();
    write_dependencies(&mut json, &metadata.dependencies, metadata.lists_dependencies);
    json.push(b',');
    write_dependencies(&mut json, &lock.dependencies, lock.lists_dependencies);
    json.push(b']');
    sum(&json)
}

/// The digest as Helm 2 made it, of what is asked for alone. Helm: `HashV2Req`.
pub fn legacy_digest(metadata: &Metadata) -> String {
    let mut json = b"{\"dependencies\":".to_vec();
    write_dependencies(&mut json, &metadata.dependencies, metadata.lists_dependencies);
    json.push(b'}');
    sum(&json)
}

/// The chart's lock, if it has one and it fits Chart.yaml. Helm: `Manager.Build` in pkg/downloader/manager.go.
///
/// # Errors
/// The lock was made of other dependencies.
pub fn check_lock(chart: &Chart) -> Result<Option<&Lock>> {
    let Some(lock) = chart.lock() else { return Ok(None) };
    let metadata = chart.metadata();
    if lock.digest == digest(metadata, lock) {
        return Ok(Some(lock));
    }
    let is_v1 = metadata.api_version == "v1";
    if is_v1 && lock.digest == legacy_digest(metadata) {
        return Ok(Some(lock));
    }
    let message = match (is_v1, chart.compat()) {
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

fn write_dependencies(out: &mut Vec<u8>, dependencies: &[Option<Dependency>], is_list: bool) {
    if dependencies.is_empty() && !is_list {
        out.extend_from_slice(b"null");
        return;
    }
    out.push(b'[');
    for (index, dependency) in dependencies.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match dependency {
            Some(dependency) => write_dependency(out, dependency),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
}

/// The fields in the order of Go's struct, not of their names.
fn write_dependency(out: &mut Vec<u8>, dependency: &Dependency) {
    out.extend_from_slice(b"{\"name\":");
    write_text(out, &dependency.name);
    let mut field = |key: &str, text: &str, always: bool| {
        if always || !text.is_empty() {
            out.extend_from_slice(format!(",\"{key}\":").as_bytes());
            write_text(out, text);
        }
    };
    field("version", &dependency.version, false);
    field("repository", &dependency.repository, true);
    field("condition", &dependency.condition, false);
    if !dependency.tags.is_empty() {
        out.extend_from_slice(b",\"tags\":");
        let tags = dependency.tags.iter().map(|tag| Value::from(tag.as_str())).collect::<Vec<_>>();
        write_value(out, &tags.into());
    }
    if dependency.enabled {
        out.extend_from_slice(b",\"enabled\":true");
    }
    if !dependency.import_values.is_empty() {
        out.extend_from_slice(b",\"import-values\":");
        write_value(out, &dependency.import_values.clone().into());
    }
    if !dependency.alias.is_empty() {
        out.extend_from_slice(b",\"alias\":");
        write_text(out, &dependency.alias);
    }
    out.push(b'}');
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
        Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Float(number) => number::write_json(out, *number),
        Value::String(text) => write_text(out, &text.to_text()),
        Value::List(list) => {
            out.push(b'[');
            for (index, entry) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, entry);
            }
            out.push(b']');
        }
        Value::Map(map) => {
            out.push(b'{');
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(out, &key.to_text());
                out.push(b':');
                write_value(out, value);
            }
            out.push(b'}');
        }
    }
}

/// A text as Go's encoding/json writes it, with the letters escaped that mean something in HTML.
fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for letter in text.chars() {
        match letter {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\x08' => out.extend_from_slice(b"\\b"),
            '\x0c' => out.extend_from_slice(b"\\f"),
            '<' | '>' | '&' | '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(letter)).as_bytes());
            }
            letter => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
