//! Overrides, merging, schemas: tables of what Helm does, and what Helm has not.

#![allow(
    clippy::disallowed_methods,
    reason = "the whole of the generated cases lies where an environment variable says"
)]

use std::collections::BTreeSet;
use std::fmt::Write;

use chartcore::chart::{Chart, Dependency};
use chartcore::data::{Map, Value, number};
use chartcore::values::{
    self, Effect, MergeOptions, Merger, Origin, Overrides, Path, Previous, merge, merge_with, unused,
};
use chartcore::{Compat, ErrorKind};
use serde_json::Value as Json;

/// JSON as a value; whole numbers are int64 if `ints`.
fn value(json: &Json, ints: bool) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) if ints => Value::Int(number),
            _ => Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(|item| value(item, ints)).collect::<Vec<_>>().into(),
        Json::Object(members) => {
            members.iter().map(|(key, item)| (key.as_str().into(), value(item, ints))).collect::<Map>().into()
        }
    }
}

/// A map, empty when there is none.
fn map(json: &Json, ints: bool) -> Value {
    if json.is_object() { value(json, ints) } else { Value::empty_map() }
}

/// The text the oracle writes of a value, types included.
fn write_canonical(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => write!(out, "{truth}").unwrap(),
        Value::Int(number) => write!(out, "i{number}").unwrap(),
        Value::Float(float) => {
            let mut digits = Vec::new();
            number::write_v(&mut digits, *float);
            write!(out, "f{}", String::from_utf8(digits).unwrap()).unwrap();
        }
        Value::String(text) => out.push_str(&serde_json::to_string(&text.to_text()).unwrap()),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_canonical(out, item);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write!(out, "{}:", serde_json::to_string(&key.to_text()).unwrap()).unwrap();
                write_canonical(out, item);
            }
            out.push('}');
        }
    }
}

fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(&mut out, value);
    out
}

fn text(json: &Json, key: &str) -> String {
    json[key].as_str().unwrap_or_default().to_string()
}

fn list<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

fn profile(json: &Json) -> Compat {
    if json["helm"] == 3 { Compat::Helm3 } else { Compat::Helm4 }
}

fn chart(json: &Json, compat: Compat) -> Chart {
    let dependencies: Vec<_> = list(json, "req")
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
    let mut builder = Chart::builder(text(json, "name"))
        .compat(compat)
        .version(text(json, "version"))
        .values(map(&json["values"], false))
        .metadata(|metadata| metadata.dependencies = dependencies);
    if let Some(schema) = json["schema"].as_str() {
        builder = builder.schema(schema.as_bytes());
    }
    for child in list(json, "charts") {
        builder = builder.dependency(chart(child, compat));
    }
    builder.build().unwrap()
}

/// The processed charts in the oracle's form.
fn describe(chart: &Chart) -> Value {
    let dependencies = chart.metadata().dependencies.iter().flatten().map(|dependency| {
        Value::from(Map::from_entries(vec![
            ("name".into(), dependency.name.as_str().into()),
            ("enabled".into(), dependency.enabled.into()),
            ("import".into(), dependency.import_values.clone().into()),
        ]))
    });
    Map::from_entries(vec![
        ("name".into(), chart.name().into()),
        ("deps".into(), dependencies.collect::<Vec<_>>().into()),
        ("charts".into(), chart.dependencies().iter().map(describe).collect::<Vec<_>>().into()),
        ("values".into(), chart.values().clone()),
    ])
    .into()
}

/// Runs a table; `compare` returns ours and Helm's answer.
fn check_table(file: &str, least: usize, compare: impl Fn(&Json, &Json) -> (String, String)) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");
    let table = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let mut failures = Vec::new();
    let mut total = 0;
    for (number, line) in table.lines().enumerate() {
        let (input, expected) = line.split_once('\t').unwrap();
        let expected: Json = serde_json::from_str(expected).unwrap();
        if expected.get("random").is_some() {
            continue;
        }
        total += 1;
        let (ours, helms) = compare(&serde_json::from_str(input).unwrap(), &expected);
        if ours != helms {
            failures.push(format!("{file}:{}\n{input}\nhelm {helms}\nours {ours}", number + 1));
        }
    }
    let shown: String = failures.iter().take(2).map(|failure| format!("{failure}\n\n")).collect();
    assert!(failures.is_empty(), "{} of {total} differ:\n{shown}", failures.len());
    assert!(total >= least, "only {total} cases");
}

#[test]
fn overrides_are_helm_s() {
    check_table("setters/overrides.tsv", 1_000, |input, expected| {
        let mut overrides = Overrides::with_source(|name: &str| match name {
            "one" => Ok(b"one\ntwo\n".to_vec()),
            "two" => Ok("é".into()),
            _ => values::read_from_disk(name),
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
        let ours = match overrides.resolve(profile(input)) {
            Ok(values) => canonical(&values),
            Err(error) => format!("error: {error}"),
        };
        let helms = match expected["error"].as_str() {
            Some(error) => format!("error: {error}"),
            None => text(expected, "values"),
        };
        (ours, helms)
    });
}

#[test]
fn merges_are_helm_s() {
    check_table("values/merges.tsv", 400, |input, expected| {
        let chart = chart(&input["chart"], profile(input));
        let overrides = Overrides::new().value(map(&input["user"], true));
        let ours = match merge(&chart, &overrides) {
            Ok(values) => {
                let warnings: BTreeSet<&str> =
                    values.warnings().iter().map(|warning| warning.message.as_str()).collect();
                format!(
                    "{}\n{}\n{warnings:?}",
                    canonical(&describe(values.chart())),
                    canonical(values.tree())
                )
            }
            Err(error) => sorted_tree(error.message()),
        };
        let helms = match expected["error"].as_str() {
            Some(error) => sorted_tree(error),
            None => {
                let warnings: BTreeSet<String> = list(expected, "warnings")
                    .iter()
                    .map(|warning| plain_warning(warning.as_str().unwrap()))
                    .collect();
                format!("{}\n{}\n{warnings:?}", text(expected, "chart"), text(expected, "values"))
            }
        };
        (ours, helms)
    });
}

/// A warning without log/slog's frame around its message.
fn plain_warning(warning: &str) -> String {
    match warning.strip_prefix("msg=\"") {
        Some(rest) => rest.replacen("\" ", " ", 1),
        None => warning.to_string(),
    }
}

#[test]
fn schema_failures_are_helm_s() {
    check_table("values/schemas.tsv", 800, |input, expected| {
        let chart = Chart::builder("web")
            .compat(profile(input))
            .schema(input["schema"].as_str().unwrap().as_bytes())
            .build()
            .unwrap();
        let ours = match merge(&chart, &Overrides::new().value(map(&input["values"], true))) {
            Ok(_) => String::new(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Schema);
                assert!(!error.diagnostics().is_empty());
                let start = "values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n";
                sorted_tree(error.message().strip_prefix(start).unwrap())
            }
        };
        (ours, sorted_tree(expected["error"].as_str().unwrap_or_default()))
    });
}

/// A schema error with the lines of each level sorted, for Helm walks maps in random order.
fn sorted_tree(text: &str) -> String {
    fn level(lines: &[&str]) -> Vec<String> {
        let indent = |line: &str| line.len() - line.trim_start().len();
        let Some(depth) = lines.first().map(|first| indent(first)) else { return Vec::new() };
        let starts: Vec<usize> = (0..lines.len()).filter(|&at| indent(lines[at]) <= depth).collect();
        let mut blocks: Vec<String> = starts
            .iter()
            .enumerate()
            .map(|(index, &start)| {
                let end = starts.get(index + 1).copied().unwrap_or(lines.len());
                let below = level(&lines[start + 1..end]);
                std::iter::once(sorted_names(lines[start])).chain(below).collect::<Vec<_>>().join("\n")
            })
            .collect();
        blocks.sort();
        blocks
    }
    level(&text.lines().collect::<Vec<_>>()).join("\n")
}

/// A line with its names in order; the place of a property's name is left out, since Helm keeps it in memory
/// that it overwrites.
fn sorted_names(line: &str) -> String {
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
fn upgrades_reuse_values_as_helm_does() {
    check_table("values/reuse.tsv", 60, |input, expected| {
        let chart = chart(&input["chart"], profile(input));
        let config = map(&input["user"], true);
        let previous = Previous { chart: &chart, config: &config };
        let ours = match values::reuse(&chart, previous, &map(&input["values"], true)) {
            Ok((chart, new)) => format!("{}\n{}", canonical(chart.values()), canonical(&new)),
            Err(error) => error.to_string(),
        };
        let helms = match expected["error"].as_str() {
            Some(error) => error.to_string(),
            None => format!("{}\n{}", text(expected, "old"), text(expected, "new")),
        };
        (ours, helms)
    });
}

#[test]
fn without_a_flag_an_upgrade_keeps_old_settings_only_if_there_are_no_new_ones() {
    let chart = Chart::builder("web").build().unwrap();
    let (old, new) = (value(&serde_json::json!({"a": 1}), true), value(&serde_json::json!({"b": 2}), true));
    let previous = Previous { chart: &chart, config: &old };
    assert_eq!(canonical(&values::keep(previous, &Value::empty_map())), r#"{"a":i1}"#);
    assert_eq!(canonical(&values::keep(previous, &new)), r#"{"b":i2}"#);
    assert_eq!(canonical(&values::reset_then_reuse(previous, &new).unwrap()), r#"{"a":i1,"b":i2}"#);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let error = Overrides::new().file("/nowhere/values.yaml").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), "open /nowhere/values.yaml: no such file or directory");
    let folder = env!("CARGO_MANIFEST_DIR");
    let error = Overrides::new().file(folder).unwrap_err();
    assert_eq!(error.message(), format!("read {folder}: is a directory"));

    for (compat, message) in [
        (
            Compat::Helm3,
            "failed to parse bad.yaml: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
        ),
        (
            Compat::Helm4,
            "failed to parse bad.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
        ),
    ] {
        let error = Overrides::new().text("bad.yaml", "a: b\nc: d: e\n").resolve(compat).unwrap_err();
        assert_eq!(error.message(), message);
    }
}

#[test]
fn only_helm_4_reads_all_documents_of_a_file() {
    let overrides = Overrides::new().text("two.yaml", "a: 1\n---\nb: 2\n");
    assert_eq!(canonical(&overrides.resolve(Compat::Helm3).unwrap()), r#"{"a":f1}"#);
    assert_eq!(canonical(&overrides.resolve(Compat::Helm4).unwrap()), r#"{"a":f1,"b":f2}"#);
}

fn umbrella() -> Chart {
    let yaml = |text: &str| Value::from(chartcore::data::yaml::parse_map(text.as_bytes()).unwrap());
    let db = Chart::builder("db")
        .values(yaml("image: {tag: v1}\nlabels: {}\nglobal: {region: none}"))
        .schema(br#"{"properties": {"image": {"properties": {"tag": {"type": "string"}}}}}"#.as_slice())
        .build()
        .unwrap();
    Chart::builder("web")
        .values(yaml("replicas: 1\nimage: {tag: v1}\ndb: {size: 5}\nextra: {}"))
        .metadata(|metadata| {
            metadata.dependencies = vec![Some(Dependency {
                name: "db".to_string(),
                version: "*".to_string(),
                condition: "db.enabled".to_string(),
                tags: vec!["storage".to_string()],
                ..Dependency::default()
            })];
        })
        .dependency(db)
        .build()
        .unwrap()
}

#[test]
fn explanations_name_everyone_who_had_a_say() {
    let overrides = Overrides::new()
        .text("prod.yaml", "replicas: 2\nimage: null\nglobal:\n  region: eu\ndb:\n  image:\n    tag: v2\n")
        .set("replicas=3,hosts[1].name=x");
    let values = merge(&umbrella(), &overrides).unwrap();

    let replicas = values.explain(&["replicas"]).unwrap();
    assert_eq!(canonical(replicas.value.as_ref().unwrap()), "i3");
    assert_eq!(
        replicas.to_string(),
        "replicas = 3\n  set by --set replicas=3,hosts[1].name=x\n  over prod.yaml:1: 2\n  over web/values.yaml: 1\n"
    );

    let tag = values.explain(&["image", "tag"]).unwrap();
    assert_eq!(tag.value, None);
    let winner = tag.winner().unwrap();
    assert_eq!((winner.effect, winner.location.as_ref().map(|place| place.line)), (Effect::Deletes, Some(2)));

    let region = values.explain(&["db", "global", "region"]).unwrap();
    assert_eq!(region.value.as_ref().and_then(Value::as_str), Some("eu"));
    assert_eq!(
        region.winner().unwrap().origin,
        Origin::Global { from: Box::new(Origin::File { name: "prod.yaml".to_string() }) }
    );

    let path: Path = "hosts[1].name".parse().unwrap();
    assert_eq!(values.explain(&path).unwrap().value.as_ref().and_then(Value::as_str), Some("x"));
    let size = values.explain(&["db", "size"]).unwrap();
    assert_eq!(size.winner().unwrap().origin, Origin::Default { charts: vec!["web".to_string()] });
    assert!(values.explain(&["nobody"]).is_none());
}

#[test]
fn refused_values_are_shown_where_they_were_set() {
    let overrides = Overrides::new().text("prod.yaml", "db:\n  image: {tag: 5}\n");
    let error = merge(&umbrella(), &overrides).unwrap_err();
    assert_eq!(
        error.message(),
        "values don't meet the specifications of the schema(s) in the following chart(s):\n\
         db:\n- at '/image/tag': got number, want string\n"
    );
    let diagnostic = &error.diagnostics()[0];
    assert_eq!(diagnostic.message, "`db.image.tag`: got number, want string");
    let place = diagnostic.primary.as_ref().unwrap();
    assert_eq!((place.file.as_str(), place.line, place.column), ("prod.yaml", 2, 11));
    assert!(merge_with(&umbrella(), &overrides, &MergeOptions::default().skip_schema(true)).is_ok());
}

#[test]
fn settings_nobody_knows_are_found() {
    let overrides = Overrides::new()
        .text("prod.yaml", "replcas: 2\nextra: {anything: 1}\nread: {by: template}\ntags: {storage: true, stroage: true}\n")
        .set("db.imgae.tag=v2,db.labels.app=x,db.enabled=true,global.region=eu,global.regoin=eu,db.global.region=us");
    let values = merge(&umbrella(), &overrides).unwrap();
    let reads = BTreeSet::from(["read.by".parse().unwrap()]);
    let findings: Vec<_> = unused(&values, &reads)
        .into_iter()
        .map(|finding| (finding.message, finding.hints.first().cloned().unwrap_or_default()))
        .collect();
    let flag = "--set db.imgae.tag=v2,db.labels.app=x,db.enabled=true,global.region=eu,global.regoin=eu,db.global.region=us";
    assert_eq!(
        findings,
        [
            ("prod.yaml: no chart knows `replcas`".to_string(), "did you mean `replicas`?".to_string()),
            (
                "prod.yaml: no chart knows `tags.stroage`".to_string(),
                "did you mean `tags.storage`?".to_string()
            ),
            (format!("{flag}: no chart knows `db.imgae`"), "did you mean `db.image`?".to_string()),
            (format!("{flag}: no chart knows `global.regoin`"), "did you mean `global.region`?".to_string()),
        ]
    );
}

#[test]
fn schemas_reach_outside_only_if_allowed() {
    let chart = Chart::builder("web")
        .schema(
            br##"{"properties": {"a": {"$ref": "other.json#/x"}, "b": {"$ref": "urn:not:known"}}}"##
                .as_slice(),
        )
        .build()
        .unwrap();
    let overrides = Overrides::new().set("a=1,b=2");
    let error = merge(&chart, &overrides).unwrap_err();
    assert!(error.message().contains("failing loading \"file:///other.json\": "), "{error}");
    assert!(error.message().contains("--allow-schema-refs"), "{error}");

    let options = MergeOptions::default().schema_source(|url: &str| {
        assert_eq!(url, "file:///other.json");
        Ok(br#"{"x": {"type": "string"}}"#.to_vec())
    });
    let error = merge_with(&chart, &overrides, &options).unwrap_err();
    assert!(error.message().contains("- at '/a': got number, want string"), "{error}");
    let values = merge_with(&chart, &Overrides::new().set("a=x"), &options).unwrap();
    assert_eq!(
        values.warnings()[0].message,
        "unresolved URN reference ignored; using permissive schema urn=urn:not:known"
    );
}

/// `{"a": {"a": ...}}`, so many levels deep.
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Int(1), |inner, _| Map::from_entries(vec![("a".into(), inner)]).into())
}

#[test]
fn hostile_values_end_in_errors() {
    let deep = Chart::builder("web").values(nested(900)).build().unwrap();
    assert!(merge(&deep, &Overrides::new().value(nested(901))).is_ok());
    let error = merge(
        &Chart::builder("web").values(nested(1_500)).build().unwrap(),
        &Overrides::new().value(nested(1_501)),
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);

    // Imports that put a table into itself, twice at every level.
    let import =
        |child: &str, parent: &str| value(&serde_json::json!({"child": child, "parent": parent}), false);
    let child = Chart::builder("s")
        .values(value(&serde_json::json!({"x": {"k": {"k": {}}}}), false))
        .build()
        .unwrap();
    let looped = Chart::builder("web")
        .metadata(|metadata| {
            metadata.dependencies = vec![Some(Dependency {
                name: "s".to_string(),
                version: "*".to_string(),
                import_values: vec![
                    import("x", "y"),
                    import("x.k", "y.k.z"),
                    import("x.k", "y.k.w"),
                    import("x", "y.k"),
                    import("x", "y"),
                ],
                ..Dependency::default()
            })];
        })
        .dependency(child)
        .build()
        .unwrap();
    let result = merge(&looped, &Overrides::new());
    assert!(result.is_ok() || result.unwrap_err().kind() == ErrorKind::Limit);
}

#[test]
fn hostile_schemas_end_in_errors() {
    let refused = |schema: &str, values: Value| {
        let chart = Chart::builder("web").schema(schema.as_bytes()).build().unwrap();
        merge(&chart, &Overrides::new().value(values)).unwrap_err().to_string()
    };
    // A schema that applies to itself, at each level of the values and at one.
    let error = refused(r##"{"properties": {"a": {"$ref": "#"}}, "maxProperties": 0}"##, nested(900));
    assert!(error.contains("too many levels deep"), "{error}");
    let error = refused(r##"{"allOf": [{"$ref": "#"}]}"##, nested(1));
    assert!(error.contains("causing reference cycle"), "{error}");
    // Twice as many steps with each definition.
    let definitions: Vec<String> = (0..40)
        .map(|n| {
            format!(
                r##""d{n}": {{"anyOf": [{{"$ref": "#/$defs/d{0}"}}, {{"$ref": "#/$defs/d{0}"}}]}}"##,
                n + 1
            )
        })
        .collect();
    let doubling = format!(
        r##"{{"not": {{"$ref": "#/$defs/d0"}}, "$defs": {{{}, "d40": {{"type": "string"}}}}}}"##,
        definitions.join(",")
    );
    let error = refused(&doubling, nested(1));
    assert!(error.contains("too many steps"), "{error}");
    let error = refused(&format!("{}{}", r#"{"not":"#.repeat(100_000), "}".repeat(100_000)), nested(1));
    assert!(error.contains("exceeded max depth"), "{error}");
    // A pattern that would keep a backtracking engine busy.
    let slow = serde_json::json!({"properties": {"a": {"pattern": "^(a+)+$"}}}).to_string();
    let error = refused(&slow, value(&serde_json::json!({"a": format!("{}!", "a".repeat(5_000))}), false));
    assert!(error.contains("does not match pattern"), "{error}");
}

#[test]
fn merging_shares_what_it_does_not_change() {
    let big: Map = (0..1_000).map(|n| (format!("k{n}").as_str().into(), nested(3))).collect();
    let defaults = Value::from(Map::from_entries(vec![("big".into(), big.into()), ("a".into(), 1.0.into())]));
    let chart = Chart::builder("web").values(defaults.clone()).build().unwrap();
    let values = merge(&chart, &Overrides::new().set("a=2")).unwrap();
    let (Some(Value::Map(before)), Some(Value::Map(after))) = (defaults.get("big"), values.tree().get("big"))
    else {
        panic!("`big` is a map");
    };
    assert!(std::sync::Arc::ptr_eq(before, after));
}

#[test]
fn a_merger_gives_what_merge_gives_whatever_was_merged_before() {
    let chart = umbrella();
    let merger = Merger::new(&chart).unwrap();
    for set in ["db.enabled=false", "db.enabled=true", "tags.storage=false", "replicas=7", "db.enabled=false"]
    {
        let overrides = Overrides::new().set(set);
        let (again, fresh) = (merger.merge(&overrides).unwrap(), merge(&chart, &overrides).unwrap());
        assert_eq!(canonical(again.tree()), canonical(fresh.tree()));
        assert_eq!(canonical(&describe(again.chart())), canonical(&describe(fresh.chart())));
    }
}

#[test]
fn values_cross_threads() {
    fn crosses<T: Send + Sync + Clone>() {}
    crosses::<values::Values>();
    crosses::<Overrides>();
    fn shared<T: Send + Sync>() {}
    shared::<Merger>();
}
