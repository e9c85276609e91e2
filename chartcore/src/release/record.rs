//! Helm's encoding of a release: JSON, gzip, base64.
//!
//! Helm: pkg/storage/driver/util.go.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{ApplyMethod, HookRun, Info, RecordedHook, Release, Status, Time};
use crate::Compat;
use crate::chart::{Chart, File};
use crate::data::{Map, Str, Value, json};
use crate::error::{Error, ErrorKind, Result};

/// A record may unpack to this much: a Secret holds 1 MiB, and honest records shrink tenfold at most.
const MAX_UNPACKED: u64 = 256 * 1024 * 1024;

/// Fields of Go's structs in their order; others follow by name.
pub(super) const RELEASE_FIELDS: &[&str] =
    &["name", "info", "chart", "config", "manifest", "hooks", "version", "namespace", "apply_method"];
const INFO_FIELDS: &[&str] = &[
    "first_deployed",
    "last_deployed",
    "deleted",
    "description",
    "status",
    "rollback_revision",
    "notes",
    "resources",
];
const HOOK_FIELDS: &[&str] = &[
    "name",
    "kind",
    "path",
    "manifest",
    "events",
    "last_run",
    "weight",
    "delete_policies",
    "output_log_policies",
];
const RUN_FIELDS: &[&str] = &["started_at", "completed_at", "phase"];
const CHART_FIELDS: &[&str] =
    &["metadata", "lock", "templates", "values", "schema", "schemamodtime", "files", "modtime"];
const METADATA_FIELDS: &[&str] = &[
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
];
const DEPENDENCY_FIELDS: &[&str] =
    &["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
const LOCK_FIELDS: &[&str] = &["generated", "digest", "dependencies"];

/// Encodes a release for a Secret or ConfigMap, as the profile's Helm does.
///
/// # Errors
/// [`ErrorKind::Release`] when a value has no form in JSON.
pub fn encode(release: &Release, compat: Compat) -> Result<String> {
    let failed = |text: String| Error::new(ErrorKind::Release, text);
    let text = to_json(release, compat).map_err(|error| failed(error.to_string()))?;
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::best());
    let packed = encoder.write_all(&text).and_then(|()| encoder.finish());
    let packed = packed.map_err(|error| failed(error.to_string()))?;
    Ok(String::from_utf8_lossy(&json::encode_base64(&packed)).into_owned())
}

/// Decodes what [`encode`], Helm 3 or Helm 4 wrote; early records are not packed.
///
/// # Errors
/// [`ErrorKind::Release`] when it is no record.
pub fn decode(text: &[u8]) -> Result<Release> {
    let failed = |text: String| Error::new(ErrorKind::Release, text);
    let packed = decode_base64(text).ok_or_else(|| failed("illegal base64 data".to_owned()))?;
    let bytes = if packed.starts_with(&[0x1f, 0x8b, 0x08]) {
        let mut bytes = Vec::with_capacity(packed.len() * 4);
        let mut reader = MultiGzDecoder::new(packed.as_slice()).take(MAX_UNPACKED + 1);
        reader.read_to_end(&mut bytes).map_err(|error| failed(format!("gzip: {error}")))?;
        if bytes.len() as u64 > MAX_UNPACKED {
            return Err(Error::new(ErrorKind::Limit, "a release record unpacks to more than 256 MiB"));
        }
        bytes
    } else {
        packed
    };
    let value = json::parse(&bytes).map_err(|error| failed(error.to_string()))?;
    if value.as_map().is_none() {
        return Err(failed("a release record must be an object".to_owned()));
    }
    Ok(from_value(&value))
}

/// Base64 with padding; line breaks are skipped, as in Go.
pub(super) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0u32, 0, 0);
    for &byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' => continue,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(digit);
        count += 1;
        if count == 4 {
            out.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
            (bits, count) = (0, 0);
        }
    }
    match (count, padding) {
        (0, 0) => {}
        (2, 2) => out.push((bits >> 4) as u8),
        (3, 1) => out.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => return None,
    }
    Some(out)
}

/// The JSON of a release with the fields in Go's order.
pub(super) fn to_json(release: &Release, compat: Compat) -> std::result::Result<Vec<u8>, json::Error> {
    let mut out = Vec::new();
    write_ordered(&mut out, &to_value(release, compat), Shape::Release)?;
    Ok(out)
}

/// What a map is, for the order of its fields.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Release,
    Info,
    Hook,
    Run,
    Chart,
    Metadata,
    Dependency,
    Lock,
    File,
    Other,
}

impl Shape {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Release => RELEASE_FIELDS,
            Self::Info => INFO_FIELDS,
            Self::Hook => HOOK_FIELDS,
            Self::Run => RUN_FIELDS,
            Self::Chart => CHART_FIELDS,
            Self::Metadata => METADATA_FIELDS,
            Self::Dependency => DEPENDENCY_FIELDS,
            Self::Lock => LOCK_FIELDS,
            Self::File => &["name", "data", "modtime"],
            Self::Other => &[],
        }
    }

    fn below(self, key: &str) -> Self {
        match (self, key) {
            (Self::Release, "info") => Self::Info,
            (Self::Release, "hooks") => Self::Hook,
            (Self::Release, "chart") => Self::Chart,
            (Self::Hook, "last_run") => Self::Run,
            (Self::Chart, "metadata") => Self::Metadata,
            (Self::Chart, "lock") => Self::Lock,
            (Self::Chart, "templates" | "files") => Self::File,
            (Self::Metadata | Self::Lock, "dependencies") => Self::Dependency,
            _ => Self::Other,
        }
    }
}

fn write_ordered(out: &mut Vec<u8>, value: &Value, shape: Shape) -> std::result::Result<(), json::Error> {
    match (value, shape) {
        (_, Shape::Other) => json::write_into(out, value),
        (Value::Map(map), shape) => {
            let known = shape.fields();
            let rest = map.keys().filter(|key| !known.iter().any(|known| key.as_bytes() == known.as_bytes()));
            let keys = known.iter().map(|key| Str::from(*key)).chain(rest.cloned());
            out.push(b'{');
            let mut first = true;
            for key in keys {
                let Some(value) = map.get(&key) else { continue };
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                json::write_into(out, &Value::String(key.clone()))?;
                out.push(b':');
                write_ordered(out, value, shape.below(&key.to_text()))?;
            }
            out.push(b'}');
            Ok(())
        }
        (Value::List(items), shape) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_ordered(out, item, shape)?;
            }
            out.push(b']');
            Ok(())
        }
        _ => json::write_into(out, value),
    }
}

fn put(map: &mut Map, key: &str, value: &str) {
    if !value.is_empty() {
        map.insert(key, value.into());
    }
}

fn put_time(map: &mut Map, key: &str, time: &Time, when_zero: Option<&str>) {
    match (time.is_zero(), when_zero) {
        (false, _) => drop(map.insert(key, time.rfc3339().into())),
        (true, Some(text)) => drop(map.insert(key, text.into())),
        (true, None) => {}
    }
}

fn texts(list: &[String]) -> Value {
    list.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>().into()
}

/// The release as a record holds it.
pub(super) fn to_value(release: &Release, compat: Compat) -> Value {
    // Helm 3 writes times that are not as empty texts, Helm 4 leaves them out.
    let zero = match compat {
        Compat::Helm3 => Some(""),
        Compat::Helm4 => None,
    };
    let mut info = Map::new();
    put_time(&mut info, "first_deployed", &release.info.first_deployed, zero);
    put_time(&mut info, "last_deployed", &release.info.last_deployed, zero);
    put_time(&mut info, "deleted", &release.info.deleted, zero);
    put(&mut info, "description", &release.info.description);
    info.insert("status", release.info.status.as_str().into());
    if release.info.rollback_revision != 0 && compat == Compat::Helm4 {
        info.insert("rollback_revision", release.info.rollback_revision.into());
    }
    put(&mut info, "notes", &release.info.notes);
    let mut map = Map::new();
    put(&mut map, "name", &release.name);
    map.insert("info", info.into());
    if !release.chart.is_null() {
        map.insert("chart", release.chart.clone());
    }
    if release.config.as_map().is_some_and(|config| !config.is_empty()) {
        map.insert("config", release.config.clone());
    }
    put(&mut map, "manifest", &release.manifest);
    if !release.hooks.is_empty() {
        let hooks = release.hooks.iter().map(|hook| hook_value(hook, zero));
        map.insert("hooks", hooks.collect::<Vec<_>>().into());
    }
    if release.revision != 0 {
        map.insert("version", release.revision.into());
    }
    put(&mut map, "namespace", &release.namespace);
    if let (Some(method), Compat::Helm4) = (release.apply_method, compat) {
        map.insert("apply_method", method.as_str().into());
    }
    map.into()
}

fn hook_value(hook: &RecordedHook, zero: Option<&str>) -> Value {
    let mut run = Map::new();
    put_time(&mut run, "started_at", &hook.last_run.started_at, zero);
    put_time(&mut run, "completed_at", &hook.last_run.completed_at, zero);
    run.insert("phase", hook.last_run.phase.as_str().into());
    let mut map = Map::new();
    put(&mut map, "name", &hook.name);
    put(&mut map, "kind", &hook.kind);
    put(&mut map, "path", &hook.path);
    put(&mut map, "manifest", &hook.manifest);
    for (key, list) in [
        ("events", &hook.events),
        ("delete_policies", &hook.delete_policies),
        ("output_log_policies", &hook.log_policies),
    ] {
        if !list.is_empty() {
            map.insert(key, texts(list));
        }
    }
    map.insert("last_run", run.into());
    if hook.weight != 0 {
        map.insert("weight", hook.weight.into());
    }
    map.into()
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.to_text().into_owned(),
        _ => String::new(),
    }
}

fn number(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Int(number)) => *number,
        Some(Value::Float(number)) => *number as i64,
        _ => 0,
    }
}

fn list(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_list).unwrap_or_default().iter().map(|item| text(Some(item))).collect()
}

/// Reads a record's JSON; what is missing or of another type is empty, as in Go.
pub(super) fn from_value(value: &Value) -> Release {
    let info = value.get("info").cloned().unwrap_or(Value::Null);
    let time = |value: &Value, key: &str| Time::parse(&text(value.get(key)));
    let hooks = value.get("hooks").and_then(Value::as_list).unwrap_or_default();
    Release {
        name: text(value.get("name")),
        namespace: text(value.get("namespace")),
        revision: number(value.get("version")),
        info: Info {
            first_deployed: time(&info, "first_deployed"),
            last_deployed: time(&info, "last_deployed"),
            deleted: time(&info, "deleted"),
            description: text(info.get("description")),
            status: Status::parse(&text(info.get("status"))),
            rollback_revision: number(info.get("rollback_revision")),
            notes: text(info.get("notes")),
        },
        chart: value.get("chart").cloned().unwrap_or(Value::Null),
        config: match value.get("config") {
            Some(config @ Value::Map(_)) => config.clone(),
            _ => Value::empty_map(),
        },
        manifest: text(value.get("manifest")),
        hooks: hooks
            .iter()
            .map(|hook| {
                let run = hook.get("last_run").cloned().unwrap_or(Value::Null);
                RecordedHook {
                    name: text(hook.get("name")),
                    kind: text(hook.get("kind")),
                    path: text(hook.get("path")),
                    manifest: text(hook.get("manifest")),
                    events: list(hook.get("events")),
                    last_run: HookRun {
                        started_at: time(&run, "started_at"),
                        completed_at: time(&run, "completed_at"),
                        phase: text(run.get("phase")),
                    },
                    weight: number(hook.get("weight")),
                    delete_policies: list(hook.get("delete_policies")),
                    log_policies: list(hook.get("output_log_policies")),
                }
            })
            .collect(),
        labels: std::collections::BTreeMap::new(),
        stored_labels: std::collections::BTreeMap::new(),
        apply_method: match text(value.get("apply_method")).as_str() {
            "ssa" => Some(ApplyMethod::ServerSide),
            "csa" => Some(ApplyMethod::ClientSide),
            _ => None,
        },
    }
}

/// A chart as a record holds it: without its subcharts, whose defaults are in the rendered manifest only.
///
/// Helm: pkg/chart/v2/chart.go.
pub(super) fn chart_value(chart: &Chart, compat: Compat) -> Value {
    let bytes = |data: &[u8]| {
        Value::String(Str::from(String::from_utf8_lossy(&json::encode_base64(data)).into_owned()))
    };
    let files = |files: &[File]| {
        let list = files.iter().map(|file| {
            Value::from(Map::from_iter([
                (Str::from("name"), Value::from(file.name())),
                (Str::from("data"), bytes(file.data())),
            ]))
        });
        Value::from(list.collect::<Vec<_>>())
    };
    let mut map = Map::new();
    map.insert("metadata", chart.metadata().to_value());
    map.insert("lock", chart.lock().map_or(Value::Null, crate::chart::Lock::to_value));
    map.insert("templates", files(chart.templates()));
    map.insert("values", chart.values().clone());
    map.insert("schema", chart.schema().map_or(Value::Null, |schema| bytes(schema.data())));
    if compat == Compat::Helm4 {
        map.insert("schemamodtime", "0001-01-01T00:00:00Z".into());
    }
    map.insert("files", files(chart.files()));
    map.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        let value = json::parse(
            br#"{"name":"web","info":{"first_deployed":"2026-01-02T03:04:05.6Z","last_deployed":"","status":"deployed",
                "description":"Install complete"},"chart":{"metadata":{"name":"c","version":"1.0.0"},"lock":null},
                "config":{"b":1,"a":"<x>"},"manifest":"---\n","hooks":[{"name":"h","events":["test"],"weight":-1,
                "last_run":{"phase":""}}],"version":3,"namespace":"n","apply_method":"ssa"}"#,
        );
        from_value(&value.unwrap())
    }

    #[test]
    fn records_survive_the_way_there_and_back() {
        for compat in [Compat::Helm3, Compat::Helm4] {
            let before = release();
            let after = decode(encode(&before, compat).unwrap().as_bytes()).unwrap();
            assert_eq!(after.info, before.info);
            assert_eq!(after.config, before.config);
            assert_eq!(after.hooks, before.hooks);
            assert_eq!(after.revision, 3);
        }
    }

    #[test]
    fn fields_have_gos_order() {
        let text = String::from_utf8(to_json(&release(), Compat::Helm4).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"name\":\"web\",\"info\":{\"first_deployed\":\"2026-01-02T03:04:05.6Z\",\"description\":\"Install \
             complete\",\"status\":\"deployed\"},\"chart\":{\"metadata\":{\"name\":\"c\",\"version\":\"1.0.0\"},\
             \"lock\":null},\"config\":{\"a\":\"\\u003cx\\u003e\",\"b\":1},\"manifest\":\"---\\n\",\"hooks\":[{\"name\":\
             \"h\",\"events\":[\"test\"],\"last_run\":{\"phase\":\"\"},\"weight\":-1}],\"version\":3,\"namespace\":\"n\",\
             \"apply_method\":\"ssa\"}"
        );
        let helm3 = String::from_utf8(to_json(&release(), Compat::Helm3).unwrap()).unwrap();
        assert!(helm3.contains("\"last_deployed\":\"\",\"deleted\":\"\""));
        assert!(!helm3.contains("apply_method"));
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        for bad in ["", "!", "AAAA", "bnVsbA==", "W10="] {
            assert!(decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
