//! Rules about values.yaml.
//!
//! Helm: pkg/chart/v2/lint/rules/values.go.

use super::LintOptions;
use super::report::Findings;
use super::source::{Entry, Source};
use crate::Compat;
use crate::data::{Value, json, yaml};
use crate::error::{Error, ErrorKind, Result};
use crate::values::{self, Overrides};

const FILE: &str = "values.yaml";

/// Checks that values.yaml is YAML and, with the overrides over it, meets the chart's own schema.
pub(super) fn check(source: &Source, overrides: &Overrides, options: &LintOptions, findings: &mut Findings) {
    if source.entry(FILE) == Entry::Missing {
        return findings.info(FILE, "file does not exist");
    }
    let compat = options.compat;
    let read = source.read(FILE, compat).and_then(|data| read(&data, compat));
    let defaults = match read {
        Ok(defaults) => defaults,
        Err(error) => return findings.failure(FILE, "unable to parse YAML: ", &error),
    };
    // Helm 3 checks the schema here even when told not to.
    if (options.schema || compat == Compat::Helm3)
        && let Err(error) = check_schema(source, &defaults, overrides, compat)
    {
        findings.failure(FILE, "", &error);
    }
}

/// Reads the first document into Helm's values type.
fn read(data: &[u8], compat: Compat) -> Result<Value> {
    let package = match compat {
        Compat::Helm3 => "chartutil",
        Compat::Helm4 => "common",
    };
    let refused = |text: String| Error::new(ErrorKind::Values, text);
    match yaml::parse(data).map_err(|error| refused(error.full()))? {
        Value::Null => Ok(Value::empty_map()),
        map @ Value::Map(_) => Ok(map),
        other => Err(refused(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type {package}.Values",
            json::type_name(&other)
        ))),
    }
}

fn check_schema(source: &Source, defaults: &Value, overrides: &Overrides, compat: Compat) -> Result<()> {
    const SCHEMA: &str = "values.schema.json";
    if source.entry(SCHEMA) != Entry::File {
        return Ok(());
    }
    let schema = source.read(SCHEMA, compat)?;
    if schema.is_empty() {
        return Ok(());
    }
    values::check_own_schema(&schema, defaults, overrides, compat)
}
