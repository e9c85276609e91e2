use std::fmt::Write;

use serde_json::Value as Json;

use super::Overrides;
use crate::Compat;
use crate::chart::{Chart, Dependency, Metadata};
use crate::data::{Map, Value};

fn number(number: &serde_json::Number, ints: bool) -> Value {
    match number.as_i64() {
        Some(number) if ints => Value::Int(number),
        _ => Value::Float(number.as_f64().unwrap()),
    }
}

/// JSON as a value; whole numbers are int64 if `ints`.
fn value(json: &Json, ints: bool) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(n) => number(n, ints),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(|item| value(item, ints)).collect::<Vec<_>>().into(),
        Json::Object(members) => {
            members.iter().map(|(key, item)| (key.as_str().into(), value(item, ints))).collect::<Map>().into()
        }
    }
}

/// The text the oracle writes of a value, types included.
fn canon(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => write!(out, "{truth}").unwrap(),
        Value::Int(number) => write!(out, "i{number}").unwrap(),
        Value::Float(_) => write!(out, "f{}", super::print::plain(value)).unwrap(),
        Value::String(text) => out.push_str(&super::print::quote(&text.to_text())),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canon(out, item);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&super::print::quote(&key.to_text()));
                out.push(':');
                canon(out, item);
            }
            out.push('}');
        }
    }
}

fn canonical(value: &Value) -> String {
    let mut out = String::new();
    canon(&mut out, value);
    out
}

fn text(json: &Json, key: &str) -> String {
    json[key].as_str().unwrap_or_default().to_string()
}

fn list<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

fn chart(json: &Json, compat: Compat) -> Chart {
    let dependencies = list(json, "req")
        .iter()
        .map(|entry| {
            Some(Dependency {
                name: text(entry, "name"),
                version: text(entry, "version"),
                condition: text(entry, "condition"),
                alias: text(entry, "alias"),
                tags: list(entry, "tags").iter().filter_map(Json::as_str).map(str::to_string).collect(),
                import_values: list(entry, "import").iter().map(|item| value(item, false)).collect(),
                ..Dependency::default()
            })
        })
        .collect();
    let metadata = Metadata {
        name: text(json, "name"),
        version: text(json, "version"),
        dependencies,
        ..Metadata::default()
    };
    let empty = || std::sync::Arc::from([]);
    Chart {
        compat,
        metadata: metadata.into(),
        lock: None,
        values: if json["values"].is_object() { value(&json["values"], false) } else { Value::empty_map() },
        values_file: None,
        schema: json["schema"]
            .as_str()
            .map(|text| crate::chart::File::new("values.schema.json", text.as_bytes())),
        templates: empty(),
        files: empty(),
        raw: empty(),
        warnings: std::sync::Arc::from([]),
        dependencies: list(json, "charts").iter().map(|child| chart(child, compat)).collect(),
    }
}

fn describe(chart: &Chart) -> Value {
    let deps = chart.metadata.dependencies.iter().flatten().map(|dependency| {
        Value::from(Map::from_entries(vec![
            ("name".into(), dependency.name.as_str().into()),
            ("enabled".into(), dependency.enabled.into()),
            ("import".into(), dependency.import_values.clone().into()),
        ]))
    });
    Map::from_entries(vec![
        ("name".into(), chart.name().into()),
        ("deps".into(), deps.collect::<Vec<_>>().into()),
        ("charts".into(), chart.dependencies.iter().map(describe).collect::<Vec<_>>().into()),
        ("values".into(), chart.values.clone()),
    ])
    .into()
}

fn cases(folder: &str) -> Vec<(String, Json, Json)> {
    let root = std::env::var("CHART_CASES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures").to_string());
    let mut cases = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(format!("{root}/{folder}")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let content = std::fs::read_to_string(&file).unwrap();
        for (number, line) in content.lines().enumerate() {
            let (input, expected) = line.split_once('\t').unwrap();
            let name = format!("{}:{}", file.display(), number + 1);
            cases.push((name, serde_json::from_str(input).unwrap(), serde_json::from_str(expected).unwrap()));
        }
    }
    cases
}

fn report(area: &str, total: usize, failures: Vec<String>) {
    println!("{area}: {} of {total} equal", total - failures.len());
    assert!(
        failures.is_empty(),
        "{} of {total} differ:\n{}",
        failures.len(),
        failures[..failures.len().min(2)].join("\n\n").chars().take(12_000).collect::<String>()
    );
}

fn profile(json: &Json) -> Compat {
    if json["helm"] == 3 { Compat::Helm3 } else { Compat::Helm4 }
}

/// What there is to compare of a merge.
fn merge(input: &Json) -> Json {
    let compat = profile(input);
    let user = if input["user"].is_object() { value(&input["user"], true) } else { Value::empty_map() };
    match super::merge(&chart(&input["chart"], compat), &Overrides::new().value(user)) {
        Ok(values) => {
            let mut warnings: Vec<&str> =
                values.warnings().iter().map(|warning| warning.message.as_str()).collect();
            warnings.sort_unstable();
            serde_json::json!({
                "chart": canonical(&describe(values.chart())),
                "values": canonical(values.tree()),
                "warnings": warnings,
            })
        }
        Err(error) => serde_json::json!({ "error": error.message() }),
    }
}

#[test]
fn merges_equal_helm_s() {
    let mut failures = Vec::new();
    let cases = cases("values");
    for (name, input, expected) in &cases {
        let got = merge(input);
        let mut expected = expected.clone();
        if expected.get("random").is_some() {
            continue;
        }
        if expected.get("error").is_some() {
            // What Helm has logged and done until then is of no account.
            expected = serde_json::json!({ "error": expected["error"] });
            if got != expected {
                failures.push(format!("{name}\n   {input}\nhelm {expected}\nours {got}"));
            }
            continue;
        }
        for warning in expected["warnings"].as_array_mut().unwrap() {
            // log/slog's frame around the message is not ours.
            let plain = warning.as_str().unwrap().replacen("msg=\"", "", 1).replacen("\" ", " ", 1);
            if warning.as_str().unwrap().starts_with("msg=") {
                *warning = plain.into();
            }
        }
        expected["warnings"]
            .as_array_mut()
            .unwrap()
            .sort_by(|left, right| left.as_str().cmp(&right.as_str()));
        if got != expected {
            failures.push(format!("{name}\n   {input}\nhelm {expected}\nours {got}"));
        }
    }
    report("merges", cases.len(), failures);
}

/// A schema error with the lines of each level sorted: Helm walks maps in random order.
fn sorted_tree(text: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    fn level(lines: &[&str], indent: &dyn Fn(&str) -> usize) -> Vec<String> {
        let Some(first) = lines.first() else { return Vec::new() };
        let depth = indent(first);
        let starts: Vec<usize> = (0..lines.len()).filter(|&at| indent(lines[at]) <= depth).collect();
        let mut blocks: Vec<String> = starts
            .iter()
            .enumerate()
            .map(|(index, &start)| {
                let end = starts.get(index + 1).copied().unwrap_or(lines.len());
                let below = level(&lines[start + 1..end], indent);
                std::iter::once(sorted_names(lines[start])).chain(below).collect::<Vec<_>>().join("\n")
            })
            .collect();
        blocks.sort();
        blocks
    }
    let lines: Vec<&str> = text.lines().collect();
    level(&lines, &indent)
}

/// The line with the names of additional properties sorted.
fn sorted_names(line: &str) -> String {
    // Helm keeps the place of such a failure in memory that it overwrites.
    if let Some((start, rest)) = line.split_once(": invalid propertyName ") {
        let indent = start.len() - start.trim_start().len();
        return format!("{:indent$}- invalid propertyName {rest}", "");
    }
    let Some((start, rest)) = line.split_once(": additional properties ") else { return line.to_string() };
    let Some(names) = rest.strip_suffix(" not allowed") else { return line.to_string() };
    let mut names: Vec<&str> = names.split(", ").collect();
    names.sort_unstable();
    format!("{start}: additional properties {} not allowed", names.join(", "))
}

#[test]
fn schema_failures_equal_helm_s() {
    let mut failures = Vec::new();
    let cases = cases("schemas");
    for (name, input, expected) in &cases {
        let schema =
            super::schema::Schema::new(input["schema"].as_str().unwrap().as_bytes(), profile(input), None);
        let got = schema
            .check(&value(&input["values"], true))
            .err()
            .map(|refusal| refusal.text)
            .unwrap_or_default();
        let want = expected["error"].as_str().unwrap_or_default();
        if want.contains("dial tcp") || want.contains("open /") {
            // Helm tries; we refuse.
            assert!(got.contains("schemas may not refer to files or the network"), "{name}: {got}");
            continue;
        }
        if sorted_tree(&got) != sorted_tree(want) {
            failures.push(format!("{name}\n   {input}\nhelm {want}\nours {got}"));
        }
    }
    report("schemas", cases.len(), failures);
}

#[test]
fn overrides_equal_helm_s() {
    let mut failures = Vec::new();
    let cases = cases("setters");
    for (name, input, expected) in &cases {
        let mut overrides = Overrides::with_source(|name: &str| match name {
            "one" => Ok(b"one\ntwo\n".to_vec()),
            "two" => Ok("é".into()),
            _ => super::read_from_disk(name),
        });
        if input["base"].is_object() {
            overrides = overrides.text("base", input["base"].to_string());
        }
        for flag in list(input, "flags") {
            let text = flag[1].as_str().unwrap();
            overrides = match flag[0].as_str().unwrap() {
                "set" => overrides.set(text),
                "set-string" => overrides.set_string(text),
                "set-file" => overrides.set_file(text),
                "set-json" => overrides.set_json(text),
                "set-literal" => overrides.set_literal(text),
                other => panic!("{other}"),
            };
        }
        let got = match overrides.resolve(profile(input)) {
            Ok(values) => serde_json::json!({ "values": canonical(&values) }),
            Err(error) => serde_json::json!({ "error": error.message() }),
        };
        if got != *expected {
            failures.push(format!("{name}\n   {input}\nhelm {expected}\nours {got}"));
        }
    }
    report("setters", cases.len(), failures);
}
