//! The template language against Go's own text/template.

use std::path::PathBuf;
use std::sync::Arc;

use chartcore::Compat;
use chartcore::data::{Map, Value};
use chartcore::template::{self, Any, ExecError, Host, Limits, MapType, MissingKey, Templates};

/// A host that knows nothing.
struct Nowhere;

impl Host for Nowhere {
    fn now(&self) -> (i64, u32) {
        (0, 0)
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn value(json: &serde_json::Value, ints: bool) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(int) if ints => Value::Int(int),
            _ => Value::Float(number.as_f64().expect("a number")),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => {
            items.iter().map(|item| value(item, ints)).collect::<Vec<_>>().into()
        }
        serde_json::Value::Object(entries) => {
            entries.iter().map(|(key, item)| (key.as_str().into(), value(item, ints))).collect::<Map>().into()
        }
    }
}

/// The tables of the Go oracle, which lie beside the repository where they are at hand.
fn oracle_table(name: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    ["../shared", "../../shared"]
        .iter()
        .map(|shared| root.join(shared).join("conformance").join(name))
        .find_map(|path| std::fs::read_to_string(path).ok())
}

enum Failed {
    Parse(String),
    Exec(ExecError),
}

impl Failed {
    fn text(&self) -> String {
        match self {
            Self::Parse(text) => text.clone(),
            Self::Exec(error) => error.go_text(),
        }
    }
}

fn render(
    name: &str,
    source: &str,
    data: &Any,
    missing: MissingKey,
    out: &mut Vec<u8>,
) -> Result<(), Failed> {
    let parsed = template::parse(source.as_bytes(), Compat::Helm4)
        .map_err(|error| Failed::Parse(error.go_text(name)))?;
    let mut templates = Templates::new(Compat::Helm4);
    templates.add(name, Arc::clone(&parsed));
    let mut executor = templates.executor(&Nowhere, Limits::default()).missing_key(missing);
    executor.execute(name, data, out).map_err(Failed::Exec)
}

#[test]
fn snippets_of_text_template() {
    let Some(table) = oracle_table("template_snippets.jsonl") else { return };
    let (mut checked, mut wrong) = (0, Vec::new());
    for line in table.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a case");
        // Helm's `slice` is Sprig's, so Go's own cannot be reached.
        let source = case["template"].as_str().expect("a template");
        if case["mode"] != "tt" || source.contains("{{slice") {
            continue;
        }
        let data = Any::from(value(&case["data"], case["ints"] == true));
        let missing = match case["missingkey"].as_str() {
            Some("default") => MissingKey::Invalid,
            Some("error") => MissingKey::Error,
            _ => MissingKey::Zero,
        };
        let mut out = Vec::new();
        let outcome = render("t", source, &data, missing, &mut out).map_err(|failed| failed.text());
        let out = String::from_utf8_lossy(&out).into_owned();
        checked += 1;
        let right = match (&outcome, case["expect_output"].as_str(), case["expect_error"].as_str()) {
            (Ok(()), Some(expected), _) => out == expected,
            (Err(text), _, Some(expected)) => {
                text == expected && case["partial_output"].as_str().is_none_or(|partial| out == partial)
            }
            _ => false,
        };
        if !right {
            let expected = [&case["expect_output"], &case["expect_error"]];
            wrong.push(format!("{} {source:?}\n  {out:?} {outcome:?}\n  {expected:?}", case["id"]));
        }
    }
    assert!(checked > 380, "only {checked} cases");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What Helm's templates see as `.`, without what only charts have (`.Files`, `.Capabilities`).
fn helm_context(values: &serde_json::Value, compat: Compat) -> Any {
    let values = Any::from(value(values, false));
    let map = |entries: Vec<(&str, Any)>| {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        Any::Map(template::Map::typed(MapType::Any, entries))
    };
    let template = map(vec![("Name", Any::str("c/templates/t.yaml")), ("BasePath", Any::str("c/templates"))]);
    let release = map(vec![
        ("Name", Any::str("rel")),
        ("Namespace", Any::str("ns")),
        ("IsInstall", Any::Bool(true)),
        ("IsUpgrade", Any::Bool(false)),
        ("Revision", Any::Int(1)),
        ("Service", Any::str("Helm")),
    ]);
    let chart = map(vec![
        ("Name", Any::str("c")),
        ("Version", Any::str("0.1.0")),
        ("AppVersion", Any::str("1.16.0")),
        ("IsRoot", Any::Bool(true)),
    ]);
    let context = map(vec![
        ("Values", values),
        ("Chart", chart),
        ("Release", release),
        ("Template", template),
        ("Subcharts", map(vec![])),
    ]);
    if let Any::Map(context) = &context {
        context.set_kind(if compat == Compat::Helm4 { MapType::Values4 } else { MapType::Values3 });
    }
    context
}

fn render_helm(case: &serde_json::Value, compat: Compat) -> Result<String, String> {
    const NAME: &str = "c/templates/t.yaml";
    let mut templates = Templates::new(compat);
    let mut files: Vec<(String, &str)> =
        vec![(NAME.to_owned(), case["template"].as_str().expect("a template"))];
    for (name, text) in
        case["files"].as_object().into_iter().flatten().filter(|file| file.0.starts_with("templates/"))
    {
        files.push((format!("c/{name}"), text.as_str().expect("a text")));
    }
    files.sort_by(|left, right| right.0.cmp(&left.0));
    for (name, text) in &files {
        let parsed = template::parse(text.as_bytes(), compat).map_err(|error| error.helm_text(name))?;
        templates.add(name, parsed);
    }
    let mut out = Vec::new();
    let data = helm_context(&case["data"], compat);
    templates
        .executor(&Nowhere, Limits::default())
        .execute(NAME, &data, &mut out)
        .map_err(|error| error.helm_text(compat))?;
    template::print::remove_no_value(&mut out, 0);
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn snippets_of_helm() {
    let Some(table) = oracle_table("template_snippets.jsonl") else { return };
    let (mut checked, mut wrong) = (0, Vec::new());
    for line in table.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a case");
        let source = case["template"].as_str().expect("a template");
        // What charts have besides is render's to test.
        // A date of TOML is the TOML reader's affair.
        let of_charts =
            ["2020-01-01", ".Files", ".Capabilities", "{{ .Chart }}", ".Chart.", "typeOf (.Template)"];
        if case["mode"] != "helm"
            || case["volatile"] == true
            || of_charts.iter().any(|text| source.contains(text))
        {
            continue;
        }
        for compat in [Compat::Helm4, Compat::Helm3] {
            // The names of types were asked of Helm 4 only.
            if compat == Compat::Helm3 && case["category"] == "types" {
                continue;
            }
            let expected = |what: &str| match compat {
                Compat::Helm3 => case[format!("{what}_helm3").as_str()].as_str().or(case[what].as_str()),
                Compat::Helm4 => case[what].as_str(),
            };
            let outcome = render_helm(&case, compat);
            if let Err(text) = &outcome
                && text.ends_with("not defined")
                && expected("expect_error") != Some(text)
            {
                continue;
            }
            checked += 1;
            let right = match &outcome {
                Ok(out) => expected("expect_output") == Some(out),
                Err(text) => {
                    expected("expect_error") == Some(text)
                        || expected("expect_error_prefix").is_some_and(|prefix| text.starts_with(prefix))
                }
            };
            if !right {
                let expected = [expected("expect_output"), expected("expect_error")];
                wrong.push(format!("{} {compat:?} {source:?}\n  {outcome:?}\n  {expected:?}", case["id"]));
            }
        }
    }
    assert!(checked > 200, "only {checked} cases");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}
