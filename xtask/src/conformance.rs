//! The tables of the Go oracle that are shared between the projects: every row, through the library.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chartcore::Compat;
use chartcore::chart::{File, LoadOptions, load_files};
use chartcore::data::{self, Str, json as go_json, yaml};
use chartcore::regex::Regex;
use chartcore::render::{Capabilities, RenderOptions, render};
use chartcore::template::{self, Any, Limits, MapType, MissingKey, SealedHost, Templates};
use chartcore::values::{MergeOptions, Overrides, merge_with};
use chartcore::version::{Constraint, Version};
use serde_json::{Value, json};

use crate::{Outcome, figures, number_after, places};

/// Runs all tables, or those that are named.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let Some(folder) = places::conformance() else {
        println!(
            "the conformance tables are not beside this checkout (../shared/conformance, or CHART_CONFORMANCE): skipped"
        );
        return Ok(());
    };
    let shown = number_after("--show", words, 20)?;
    let mut failed = 0;
    for (name, check) in TABLES {
        if words.iter().any(|word| TABLES.iter().any(|table| table.0 == *word)) && !words.contains(name) {
            continue;
        }
        let path = folder.join(name);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut tally = Tally::default();
        for (index, line) in text.lines().enumerate() {
            check(line, &mut tally).map_err(|error| format!("{name}:{}: {error}", index + 1))?;
        }
        let undefined: usize = tally.undefined.values().sum();
        println!("{name:<24} {} of {} rows{}", tally.passed, tally.rows(), said(&tally.undefined));
        for difference in tally.wrong.iter().take(shown) {
            println!("  {difference}");
        }
        figures::record(&format!("conformance.{}", stem(name)), (tally.passed + undefined) as f64)?;
        failed += tally.wrong.len();
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} rows of the conformance tables differ")) }
}

fn stem(name: &str) -> &str {
    Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name)
}

fn said(undefined: &BTreeMap<&'static str, usize>) -> String {
    undefined.iter().map(|(why, count)| format!("; {count} {why}")).collect()
}

type Check = fn(&str, &mut Tally) -> Outcome;

const TABLES: &[(&str, Check)] = &[
    ("template_snippets.jsonl", snippet),
    ("yaml_parse.jsonl", parsed_yaml),
    ("yaml_emit.jsonl", emitted_yaml),
    ("semver.tsv", constraint),
    ("regex.jsonl", regex),
];

#[derive(Default)]
struct Tally {
    passed: usize,
    /// Rows without a defined answer in the reference.
    undefined: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn rows(&self) -> usize {
        self.passed + self.wrong.len() + self.undefined.values().sum::<usize>()
    }

    fn compare(
        &mut self,
        name: &str,
        theirs: &impl std::fmt::Debug,
        ours: &impl std::fmt::Debug,
        same: bool,
    ) {
        if same {
            self.passed += 1;
        } else {
            self.wrong.push(format!("{name}\n    theirs {theirs:?}\n    ours   {ours:?}"));
        }
    }
}

fn row_of(line: &str) -> Outcome<Value> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}

fn words<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

fn value(json: &Value, ints: bool) -> data::Value {
    match json {
        Value::Null => data::Value::Null,
        Value::Bool(truth) => data::Value::Bool(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) if ints => data::Value::Int(whole),
            _ => data::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => data::Value::String(Str::new(text)),
        Value::Array(items) => items.iter().map(|item| value(item, ints)).collect::<Vec<_>>().into(),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, item)| (Str::new(key), value(item, ints)));
            data::Map::from_entries(entries.collect()).into()
        }
    }
}

// --- templates ---

/// What a template gave: its output, or an error's text with what was written before.
type Rendered = Result<String, (String, String)>;

fn snippet(line: &str, tally: &mut Tally) -> Outcome {
    let row = row_of(line)?;
    let id = words(&row, "id");
    if row["mode"] == "tt" {
        let ours = plain(&row);
        let right = expected(&row, "", &ours);
        tally.compare(id, &theirs(&row, ""), &ours, right);
        return Ok(());
    }
    let profiles: &[(Compat, &str)] = &[(Compat::Helm4, ""), (Compat::Helm3, "_helm3")];
    // The types' names were asked of Helm 4 alone.
    let asked = if row["category"] == "types" { &profiles[..1] } else { profiles };
    let mut differing = None;
    for (compat, suffix) in asked {
        let ours = in_chart(&row, *compat)?;
        // A clock or a key has another answer each time: what stays the same is compared.
        let same = match (row["volatile"] == true, &ours) {
            (true, Ok(out)) => shape(out) == shape(words(&row, "expect_output")),
            _ => expected(&row, suffix, &ours),
        };
        // The table's engine was given a plain map for `.Values`, where Helm gives its own type.
        let same = same || of_plain_values(&row, *compat, &ours);
        if !same {
            differing = Some((theirs(&row, suffix), ours));
        }
    }
    match differing {
        None => tally.passed += 1,
        Some((theirs, ours)) => tally.compare(id, &theirs, &ours, false),
    }
    Ok(())
}

/// What the table expects of a profile: `suffix` names the fields that differ from Helm 4's.
fn theirs(row: &Value, suffix: &str) -> Value {
    let fields = ["expect_output", "expect_error", "expect_error_prefix"];
    let own = fields.iter().map(|field| &row[format!("{field}{suffix}")]).find(|value| !value.is_null());
    own.or_else(|| fields.iter().map(|field| &row[*field]).find(|value| !value.is_null()))
        .cloned()
        .unwrap_or_default()
}

fn expected(row: &Value, suffix: &str, ours: &Rendered) -> bool {
    let of = |field: &str| row[format!("{field}{suffix}")].as_str();
    let (output, error, prefix) = (of("expect_output"), of("expect_error"), of("expect_error_prefix"));
    if output.is_none() && error.is_none() && prefix.is_none() {
        return !suffix.is_empty() && expected(row, "", ours);
    }
    match ours {
        Ok(out) => output == Some(out),
        Err((text, partial)) => {
            let partial_right = row["partial_output"].as_str().is_none_or(|expected| expected == partial);
            partial_right && (error == Some(text) || prefix.is_some_and(|prefix| text.starts_with(prefix)))
        }
    }
}

/// A text with its digits made alike.
fn shape(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect()
}

fn plain(row: &Value) -> Rendered {
    let parsed = template::parse_plain(words(row, "template").as_bytes())
        .map_err(|error| (error.go_text("t"), String::new()))?;
    let mut templates = Templates::new(Compat::Helm4);
    templates.add("t", parsed);
    let missing = match words(row, "missingkey") {
        "default" => MissingKey::Invalid,
        "error" => MissingKey::Error,
        _ => MissingKey::Zero,
    };
    let host = SealedHost::new("conformance");
    let mut out = Vec::new();
    let data = Any::from(&value(&row["data"], row["ints"] == true));
    let outcome =
        templates.executor(&host, Limits::default()).missing_key(missing).execute("t", &data, &mut out);
    let out = String::from_utf8_lossy(&out).into_owned();
    match outcome {
        Ok(()) => Ok(out),
        Err(error) => Err((error.go_text(), out)),
    }
}

fn in_chart(row: &Value, compat: Compat) -> Outcome<Rendered> {
    let mut files = vec![
        File::new("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\nappVersion: 1.16.0\n".as_bytes()),
        File::new("templates/t.yaml", words(row, "template").as_bytes()),
    ];
    for (name, text) in row["files"].as_object().into_iter().flatten() {
        files.push(File::new(name.as_str(), text.as_str().unwrap_or_default().as_bytes()));
    }
    let chart = load_files(files, &LoadOptions::new(compat)).map_err(|error| error.to_string())?;
    let overrides = Overrides::new().value(value(&row["data"], row["ints"] == true));
    let values = merge_with(&chart, &overrides, &MergeOptions::default().skip_schema(true))
        .map_err(|error| error.to_string())?;
    let capabilities = Capabilities::for_kubernetes("1.33.0").map_err(|error| error.to_string())?;
    let options = RenderOptions::new("rel").namespace("ns").capabilities(capabilities);
    Ok(match render(&chart, &values, &options) {
        Ok(rendered) => {
            let file = rendered.files().iter().find(|file| file.name() == "c/templates/t.yaml");
            Ok(file.map(|file| String::from_utf8_lossy(file.content()).into_owned()).unwrap_or_default())
        }
        Err(error) => Err((error.to_string(), String::new())),
    })
}

/// Whether the answer is the table's but for the name of `.Values`' type, which is Helm's, and the template on a
/// plain map says what the table does.
fn of_plain_values(row: &Value, compat: Compat, ours: &Rendered) -> bool {
    let Ok(ours) = ours else { return false };
    let name = if compat == Compat::Helm4 { MapType::Values4.name() } else { MapType::Values3.name() };
    if !words(row, "template").contains("typeOf") || !ours.contains(name) {
        return false;
    }
    let Ok(parsed) = template::parse(words(row, "template").as_bytes(), compat) else { return false };
    let mut templates = Templates::new(compat);
    templates.add("c/templates/t.yaml", parsed);
    let data =
        data::Value::from(data::Map::from_entries(vec![("Values".into(), value(&row["data"], false))]));
    let host = SealedHost::new("conformance");
    let mut out = Vec::new();
    let outcome = templates.executor(&host, Limits::default()).execute(
        "c/templates/t.yaml",
        &Any::from(&data),
        &mut out,
    );
    outcome.is_ok() && out == words(row, "expect_output").as_bytes()
}

// --- YAML ---

fn parsed_yaml(line: &str, tally: &mut Tally) -> Outcome {
    let row = row_of(line)?;
    let source = words(&row, "yaml").as_bytes();
    let ours = yaml::parse(source).map_err(|error| error.to_string());
    let same = match &ours {
        // The table holds the JSON between: numbers become float64 when it is read.
        Ok(value) => go_json::parse(words(&row, "json").as_bytes()).is_ok_and(|theirs| theirs == *value),
        Err(error) => row["err"].as_str() == Some(error),
    };
    // The same into a map, as values files are read.
    let map = yaml::parse_map(source).err().map(|error| error.full());
    let same = same && row["maperr"].as_str() == map.as_deref();
    let expected = [&row["json"], &row["err"], &row["maperr"]];
    tally.compare(words(&row, "id"), &expected, &(ours, map), same);
    Ok(())
}

/// A key with U+0085, and keys whose natural order is not transitive.
const UNDEFINED: &str = "without a defined answer in Helm";

fn emitted_yaml(line: &str, tally: &mut Tally) -> Outcome {
    let row = row_of(line)?;
    let value = value(&row["val"], false);
    let written = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let plain = yaml::write(&value).map(written).map_err(|error| error.marshal_text());
    let pretty = yaml::write_pretty(&value).map(written).map_err(|error| error.to_string());
    let same = match &plain {
        Ok(text) => row["toYaml"].as_str() == Some(text),
        Err(error) => row["err"].as_str() == Some(error),
    };
    if same && row["toYamlPretty"].as_str() == pretty.as_deref().ok() {
        tally.passed += 1;
    } else if has_no_order(&row["val"]) {
        *tally.undefined.entry(UNDEFINED).or_default() += 1;
    } else {
        let theirs = [&row["toYaml"], &row["err"], &row["toYamlPretty"]];
        tally.compare(words(&row, "id"), &theirs, &(plain, pretty), false);
    }
    Ok(())
}

/// Whether a key holds U+0085, or the keys are so many that go-yaml's order of them goes in a circle.
fn has_no_order(value: &Value) -> bool {
    match value {
        Value::Object(entries) => {
            entries.len() > 12
                || entries.iter().any(|(key, item)| key.contains('\u{85}') || has_no_order(item))
        }
        Value::Array(items) => items.iter().any(has_no_order),
        _ => false,
    }
}

// --- versions and patterns ---

fn constraint(line: &str, tally: &mut Tally) -> Outcome {
    let fields: Vec<&str> = line.split('\t').collect();
    let [constraint, version, verdict] = fields[..] else { return Err("a row has three fields".to_owned()) };
    let ours = match (Constraint::parse(constraint), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.check(&version).to_string(),
        (Err(_), _) => "cerr".to_owned(),
        (_, Err(_)) => "verr".to_owned(),
    };
    tally.compare(&format!("{constraint} {version}"), &verdict, &ours, ours == verdict);
    Ok(())
}

fn regex(line: &str, tally: &mut Tally) -> Outcome {
    let row = row_of(line)?;
    let (pattern, text) = (words(&row, "pat"), words(&row, "s").as_bytes());
    let pieces = |pieces: Vec<&[u8]>| -> Value {
        pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
    };
    let (ours, same) = match Regex::new(pattern) {
        Err(error) => (json!({"err": error.to_string()}), row["err"] == error.to_string()),
        Ok(regex) => {
            let all: Vec<&[u8]> = regex.find_all(text, None).into_iter().map(|range| &text[range]).collect();
            let ours = json!({
                "all": if all.is_empty() { Value::Null } else { pieces(all) },
                "rep": String::from_utf8_lossy(&regex.replace_all(text, words(&row, "repl"))),
                "split": pieces(regex.split(text, None)),
            });
            let same = ["all", "rep", "split"].iter().all(|field| row[field] == ours[field]);
            (ours, same && row["err"].is_null())
        }
    };
    tally.compare(pattern, &row, &ours, same);
    Ok(())
}
