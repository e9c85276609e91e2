//! Template functions against tables of what Go's text/template with Sprig 3.3.0 makes of them.

use std::fmt::Write as _;
use std::path::Path;

use chartcore::Compat;
use chartcore::data::{Map, Str, Value};
use chartcore::template::{self, Any, Host, Limits, Templates};
use serde_json::Value as Json;

/// A world without a clock, chance or network.
struct Nowhere;

impl Host for Nowhere {
    fn now(&self) -> (i64, u32) {
        (0, 0)
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Float(number.as_f64().expect("a float64")),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, item)| (Str::from(key), value(item)));
            Value::from(entries.collect::<Map>())
        }
    }
}

/// The output, or Go's error text.
fn run(source: &str, data: &Value) -> Result<Vec<u8>, String> {
    let parsed = template::parse(source.as_bytes(), Compat::Helm4).map_err(|error| error.go_text("t"))?;
    let mut templates = Templates::new(Compat::Helm4);
    templates.add("t", parsed);
    let mut out = Vec::new();
    let mut executor = templates.executor(&Nowhere, Limits::default());
    executor.execute("t", &Any::from(data), &mut out).map_err(|error| error.go_text())?;
    Ok(out)
}

/// What a line of the table expects: bytes that are not UTF-8 stand in base64.
fn expected(case: &Json) -> Result<Vec<u8>, String> {
    if let Some(error) = case["error"].as_str() {
        return Err(error.to_owned());
    }
    if let Some(text) = case["output"].as_str() {
        return Ok(text.as_bytes().to_vec());
    }
    let encoded = case["output_base64"].as_str().expect("an expectation");
    run(&format!("{{{{ b64dec {encoded:?} }}}}"), &Value::Null)
}

/// Runs each line of a table; a line without `data` has the table's own, which the first line gives.
fn check_table(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/language").join(file);
    let table = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = table.lines().map(|line| serde_json::from_str::<Json>(line).expect("a line of JSON"));
    let data = value(&lines.next().expect("a first line")["data"]);
    let mut report = String::new();
    let (mut cases, mut failures) = (0, 0);
    for case in lines {
        let source = case["template"].as_str().expect("a template");
        cases += 1;
        let (expected, found) = (expected(&case), run(source, &data));
        if expected != found {
            failures += 1;
            let show = |result: Result<Vec<u8>, String>| {
                result.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            };
            let _ =
                writeln!(report, "{source}\n  expected {:?}\n  found    {:?}", show(expected), show(found));
        }
    }
    assert!(failures == 0, "{file}: {failures} of {cases} differ\n{report}");
    assert!(cases > 600, "{file}: only {cases} cases");
}

#[test]
fn sprig_s_functions_do_what_they_do_in_go() {
    check_table("functions-a.jsonl");
}
