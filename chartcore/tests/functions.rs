//! Template functions against tables of what Go's text/template with Sprig 3.3.0 makes of them.

use std::fmt::Write as _;
use std::path::Path;

use chartcore::Compat;
use chartcore::data::{Map, Str, Value};
use chartcore::template::{self, Any, Host, Limits, MapType, Templates};
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
    run_on(source, &Any::from(data))
}

fn run_on(source: &str, data: &Any) -> Result<Vec<u8>, String> {
    let parsed = template::parse(source.as_bytes(), Compat::Helm4).map_err(|error| error.go_text("t"))?;
    let mut templates = Templates::new(Compat::Helm4);
    templates.add("t", parsed);
    let mut out = Vec::new();
    let mut executor = templates.executor(&Nowhere, Limits::default());
    executor.execute("t", data, &mut out).map_err(|error| error.go_text())?;
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

/// `.Values` is of a named type, which functions with a `map[string]interface{}` parameter strip.
/// Expectations: Helm 4.3.1.
#[test]
fn values_lose_their_named_type_on_the_way_through_functions() {
    for (source, expected) in [
        ("{{ typeOf . }}", "common.Values"),
        ("{{ set . \"x\" 1 | typeOf }}", "map[string]interface {}"),
        ("{{ unset . \"x\" | typeOf }}", "map[string]interface {}"),
        ("{{ merge . (dict) | typeOf }}", "map[string]interface {}"),
        ("{{ mergeOverwrite . (dict) | typeOf }}", "map[string]interface {}"),
        ("{{ merge (dict) . | typeOf }}", "map[string]interface {}"),
        ("{{ pick . \"a\" | typeOf }}", "map[string]interface {}"),
        ("{{ deepCopy . | typeOf }}", "common.Values"),
        ("{{ default . nil | typeOf }}", "common.Values"),
        ("{{ (dict \"v\" .).v | typeOf }}", "common.Values"),
        ("{{ $_ := set . \"x\" 1 }}{{ typeOf . }}", "common.Values"),
        ("{{ dig \"a\" \"b\" \"none\" (merge . (dict \"z\" 1)) }}", "1"),
        ("{{ deepEqual . (merge . (dict)) }}", "false"),
        (
            "{{ dig \"a\" \"b\" \"none\" . }}",
            "template: t:1:3: executing \"t\" at <dig \"a\" \"b\" \"none\" .>: error calling dig: interface \
             conversion: interface {} is common.Values, not map[string]interface {}",
        ),
    ] {
        let Any::Map(map) = Any::from(&value(&serde_json::json!({"a": {"b": 1}}))) else { panic!("a map") };
        let data = Any::Map(map.seen_as(MapType::Values4));
        let found = run_on(source, &data).unwrap_or_else(String::into_bytes);
        assert_eq!(String::from_utf8_lossy(&found), expected, "{source}");
    }
}
