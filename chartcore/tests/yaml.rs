//! YAML, JSON and TOML against what Helm's libraries make of the same texts.
//!
//! The tables under `fixtures/{yaml,json,toml}` hold what the Go oracle said: sigs.k8s.io/yaml 1.6 over
//! go-yaml 2.4.4, go-yaml 3.0.5, encoding/json of Go 1.26, BurntSushi/toml 1.6, and Helm 4.3.1's own
//! `SimpleHead` and `LoadValues`.

use std::fs;
use std::path::Path;

use chartcore::data::yaml::{self, Step};
use chartcore::data::{Map, Str, Value, json, toml};

/// The rows of a table, each a JSON object.
fn rows(name: &str, expected: usize) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows: Vec<Value> = text.lines().map(|line| json::parse(line.as_bytes()).unwrap()).collect();
    assert_eq!(rows.len(), expected, "rows of {name}");
    rows
}

fn text<'r>(row: &'r Value, key: &str) -> Option<&'r str> {
    row.get(key).and_then(Value::as_str)
}

/// What a row expects: JSON, or an error's text.
fn expected(row: &Value) -> Result<Value, String> {
    match (text(row, "json"), text(row, "error")) {
        (Some(json), None) => Ok(json::parse(json.as_bytes()).unwrap()),
        (None, Some(error)) => Err(error.to_string()),
        _ => panic!("either json or error: {row:?}"),
    }
}

/// Compares the outcome of every row; shows all that differ.
fn check(name: &str, count: usize, source: &str, ours: impl Fn(&str) -> Result<Value, String>) {
    let mut wrong = Vec::new();
    for row in rows(name, count) {
        let source = text(&row, source).unwrap();
        let (ours, theirs) = (ours(source), expected(&row));
        if ours != theirs {
            wrong.push(format!("{source:?}\n  Helm {theirs:?}\n  ours {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{name}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn documents_read_as_helm_reads_them() {
    check("yaml/parse.jsonl", 346, "yaml", |source| {
        yaml::parse(source.as_bytes()).map_err(|error| error.to_string())
    });
}

#[test]
fn the_full_decoder_agrees_with_the_short_path() {
    check("yaml/parse.jsonl", 346, "yaml", |source| {
        let parsed = yaml::parse_with_lines(source.as_bytes());
        parsed.map(|parsed| parsed.0).map_err(|error| error.to_string())
    });
}

#[test]
fn duplicate_keys_are_refused_in_strict_reading() {
    check("yaml/strict.jsonl", 10, "yaml", |source| {
        yaml::parse_strict(source.as_bytes()).map_err(|error| error.full())
    });
}

fn merge(into: &mut Map, from: &Map) {
    for (key, value) in from.iter() {
        match (into.get_mut(key), value) {
            (Some(Value::Map(known)), Value::Map(value)) => {
                let mut merged = (**known).clone();
                merge(&mut merged, value);
                into.insert(key.clone(), merged.into());
            }
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

#[test]
fn values_files_may_hold_several_documents() {
    check("yaml/values.jsonl", 16, "yaml", |source| {
        let documents = yaml::parse_documents(source.as_bytes()).map_err(|error| error.load_text())?;
        let mut values = Map::new();
        documents.iter().for_each(|document| merge(&mut values, document));
        Ok(values.into())
    });
}

#[test]
fn heads_of_manifests_read_as_helm_reads_them() {
    let mut wrong = Vec::new();
    for row in rows("yaml/heads.jsonl", 130) {
        let source = text(&row, "yaml").unwrap();
        let ours = yaml::head(source.as_bytes()).map_err(|error| error.to_string()).map(|head| {
            let field = |field: Option<Str>| Value::String(field.unwrap_or_default());
            let annotations = head.annotations.unwrap_or_default().into_iter();
            let annotations: Map = annotations.map(|(key, value)| (key, Value::String(value))).collect();
            Value::from(vec![field(head.api_version), field(head.kind), field(head.name), annotations.into()])
        });
        let theirs = match row.get("head") {
            Some(head) => Ok(head.clone()),
            None => Err(text(&row, "error").unwrap().to_string()),
        };
        if ours != theirs {
            wrong.push(format!("{source:?}\n  Helm {theirs:?}\n  ours {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn helm_3_names_another_package_in_the_same_errors() {
    let error = yaml::head(b"- a").unwrap_err();
    assert_eq!(
        error.text("releaseutil"),
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type \
         releaseutil.SimpleHead"
    );
}

#[test]
fn values_are_written_as_helm_writes_them() {
    let mut wrong = Vec::new();
    for row in rows("yaml/write.jsonl", 567) {
        let value = row.get("value").unwrap();
        let theirs = match text(&row, "toYaml") {
            Some(text) => Ok(text.to_string()),
            None => Err(text(&row, "error").unwrap().to_string()),
        };
        let ours = yaml::write(value).map(|text| String::from_utf8(text).unwrap());
        let ours = ours.map_err(|error| error.marshal_text());
        if ours != theirs {
            wrong.push(format!("{value:?}\n  Helm {theirs:?}\n  ours {ours:?}"));
        }
        let pretty = String::from_utf8(yaml::write_pretty(value).unwrap()).unwrap();
        if Some(pretty.as_str()) != text(&row, "toYamlPretty") {
            let theirs = text(&row, "toYamlPretty");
            wrong.push(format!("{value:?}\n  Helm {theirs:?}\n  ours {pretty:?} (pretty)"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn writing_appends_and_leaves_the_buffer_alone_after_an_error() {
    let mut out = b"a:".to_vec();
    yaml::write_into(&mut out, &Value::from("b")).unwrap();
    assert_eq!(out, b"a:b\n");
    let infinite = Value::from(vec![Value::from("x"), Value::Float(f64::INFINITY)]);
    let error = yaml::write_into(&mut out, &infinite).unwrap_err();
    assert_eq!(error.marshal_text(), "error marshaling into JSON: json: unsupported value: +Inf");
    assert_eq!(out, b"a:b\n");
    yaml::write_pretty_into(&mut out, &infinite).unwrap();
    assert_eq!(out, b"a:b\n- x\n- .inf\n");
}

#[test]
fn integers_stay_integers_where_floats_would_lose_digits() {
    let value = Value::from(vec![Value::Int(9_007_199_254_740_993), Value::Float(9_007_199_254_740_993.0)]);
    assert_eq!(yaml::write(&value).unwrap(), b"- 9007199254740993\n- 9007199254740992\n");
    assert_eq!(yaml::write_pretty(&value).unwrap(), b"- 9007199254740993\n- 9.007199254740992e+15\n");
    // The way through JSON, which a control character enforces, keeps them too.
    let odd = Value::from(vec![Value::Int(9_007_199_254_740_993), Value::from("a\u{85} b")]);
    assert_eq!(yaml::write(&odd).unwrap(), b"- 9007199254740993\n- a b\n");
}

#[test]
fn bytes_that_are_not_utf8_are_replaced_or_encoded() {
    let value =
        Value::from(Map::from_entries(vec![("k".into(), Value::String(Str::new([0xff, b'a', 0xfe])))]));
    assert_eq!(yaml::write(&value).unwrap(), "k: \u{fffd}a\u{fffd}\n".as_bytes());
    assert_eq!(yaml::write_pretty(&value).unwrap(), b"k: !!binary /2H+\n");
    assert_eq!(json::write(&value).unwrap(), br#"{"k":"\ufffda\ufffd"}"#);
}

#[test]
fn streams_in_utf16_and_with_a_byte_order_mark_are_read() {
    let source = "\u{feff}a: \u{e9}\u{1f600}\n";
    let expected = yaml::parse("a: \u{e9}\u{1f600}\n".as_bytes());
    assert_eq!(expected.as_ref().unwrap().get("a").and_then(Value::as_str), Some("\u{e9}\u{1f600}"));
    let little: Vec<u8> = source.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = source.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(yaml::parse(&little), expected);
    assert_eq!(yaml::parse(&big), expected);
    assert_eq!(yaml::parse(source.as_bytes()), expected);
    let error = yaml::parse(&little[..little.len() - 1]).unwrap_err();
    assert_eq!(error.to_string(), "yaml: incomplete UTF-16 character");
}

#[test]
fn bad_bytes_are_named_before_what_comes_in_the_same_piece() {
    for (source, message) in [
        (&b"a: [\n\x01"[..], "control characters are not allowed"),
        (b"a: \xff", "invalid leading UTF-8 octet"),
        (b"a: \xc3(", "invalid trailing UTF-8 octet"),
        (b"a: \xc3", "incomplete UTF-8 octet sequence"),
        (b"a: \xc0\xaf", "invalid length of a UTF-8 sequence"),
        (b"a: \xed\xa0\x80", "invalid Unicode character"),
    ] {
        let error = yaml::parse(source).unwrap_err();
        assert_eq!((error.line(), error.message()), (0, message), "{source:?}");
    }
    // The piece of the bad byte is not reached when the first document ends before it.
    let long = [b"a: 1\n---\n".as_slice(), &b"#".repeat(600), b"\x01"].concat();
    assert_eq!(yaml::parse(&long).unwrap().get("a"), Some(&Value::Float(1.0)));
}

#[test]
fn every_value_has_a_line() {
    let source = "# top\na:\n  b: 1\n  c:\n  - x\n  - y: é\n    z: 2\nd: &d {e: 5}\nf:\n  <<: *d\n  g: *d\n";
    let (_, lines) = yaml::parse_with_lines(source.as_bytes()).unwrap();
    let place = |path: &[Step<'_>]| lines.find(path).map(|place| (place.line, place.column));
    assert_eq!(place(&[]), Some((2, 1)));
    assert_eq!(place(&["a".into(), "b".into()]), Some((3, 3)));
    assert_eq!(place(&["a".into(), "c".into(), 0.into()]), Some((5, 5)));
    assert_eq!(place(&["a".into(), "c".into(), 1.into(), "z".into()]), Some((7, 5)));
    assert_eq!(place(&["f".into(), "e".into()]), Some((8, 8)));
    assert_eq!(place(&["f".into(), "g".into(), "e".into()]), Some((8, 8)));
    assert_eq!(place(&["a".into(), "nope".into()]), None);
    assert_eq!(place(&["a".into(), 0.into()]), None);
}

/// Runs on the smallest stack a caller may have.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn nesting_ends_in_an_error_and_not_in_a_crash() {
    on_a_small_stack(|| {
        let deepest = "[".repeat(yaml::MAX_DEPTH) + &"]".repeat(yaml::MAX_DEPTH);
        let value = yaml::parse(deepest.as_bytes()).unwrap();
        assert_eq!(value, value.clone());
        assert!(!format!("{value:?}").is_empty());
        assert!(yaml::write(&value).is_ok());
        assert!(yaml::write_pretty(&value).is_ok());
        assert_eq!(json::write(&value).unwrap(), deepest.as_bytes());
        assert!(json::write_indented(&value, "  ").is_ok());
        assert_eq!(json::parse(deepest.as_bytes()), Ok(value.clone()));
        assert_eq!(Value::from_serialize(&value), Ok(value.clone()));
        assert!(yaml::parse_with_lines(deepest.as_bytes()).is_ok());
        assert!(yaml::parse_strict(deepest.as_bytes()).is_ok());
        assert!(yaml::head(format!("a: {deepest}").as_bytes()).is_ok());
        let anchored = format!("a: &x {{}}\nb: {}", &deepest[1..deepest.len() - 1]);
        assert!(yaml::parse(anchored.as_bytes()).is_ok());
        let table = Value::from(Map::from_entries(vec![("a".into(), value.clone())]));
        assert_eq!(toml::write(&table).unwrap_err().to_string(), "toml: exceeded max depth of 500");
        let deeper = Value::from(vec![Value::from(vec![value])]);
        let message = "exceeded max depth of 500";
        assert_eq!(yaml::write(&deeper).unwrap_err().message(), message);
        assert_eq!(yaml::write_pretty(&deeper).unwrap_err().message(), message);
        assert_eq!(json::write(&deeper).unwrap_err().to_string(), "exceeded max depth");

        for count in [yaml::MAX_DEPTH + 1, 9_000] {
            let blocks: String = (0..count).map(|depth| " ".repeat(depth) + "a:\n").collect::<String>();
            for source in ["[".repeat(count), "{a: ".repeat(count), "- ".repeat(count), blocks] {
                assert!(
                    yaml::parse(source.as_bytes()).unwrap_err().message().starts_with("exceeded max depth")
                );
                assert!(yaml::parse_strict(source.as_bytes()).is_err());
                assert!(yaml::parse_with_lines(source.as_bytes()).is_err());
            }
            assert_eq!(
                json::parse("[".repeat(count).as_bytes()).unwrap_err().to_string(),
                "exceeded max depth"
            );
            assert_eq!(
                json::parse("{\"a\":".repeat(count).as_bytes()).unwrap_err().to_string(),
                "exceeded max depth"
            );
            assert!(toml::parse(format!("a = {}", "[".repeat(count)).as_bytes()).is_err());
        }
        // The head of a manifest has no tree, and go-yaml's own limits.
        assert!(yaml::head(("a: ".to_string() + &"[".repeat(9_000) + &"]".repeat(9_000)).as_bytes()).is_ok());
        for source in ["[".repeat(10_001), "- ".repeat(10_001)] {
            let error = yaml::head(source.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "error converting YAML to JSON: yaml: exceeded max depth of 10000",);
        }
    });
}

#[test]
fn aliases_do_not_explode() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let message = "document contains excessive aliasing";
    assert_eq!(yaml::parse(bomb.as_bytes()).unwrap_err().message(), message);
    assert_eq!(yaml::parse_with_lines(bomb.as_bytes()).unwrap_err().message(), message);
    assert_eq!(
        yaml::head(bomb.as_bytes()).unwrap_err().to_string(),
        format!("error converting YAML to JSON: yaml: {message}")
    );
    // A chain of aliases is as deep as what it writes out.
    let mut chain = String::from("a0: &a0 [x]\n");
    for level in 1..900 {
        chain += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    on_a_small_stack(move || {
        assert!(yaml::parse(chain.as_bytes()).is_err());
        assert!(yaml::parse_with_lines(chain.as_bytes()).is_err());
    });
}

#[test]
fn json_reads_as_go_reads_it() {
    check("json/parse.jsonl", 45, "text", |source| match json::parse_map(source.as_bytes()) {
        (map, None) => Ok(map.into()),
        (_, Some(error)) => Err(error.to_string()),
    });
}

#[test]
fn json_keeps_what_it_could_read_of_a_map() {
    let (map, error) = json::parse_map(br#"{"a":1e400,"b":2}"#);
    assert!(error.is_some());
    assert_eq!(json::write(&map.into()).unwrap(), br#"{"a":null,"b":2}"#);
    assert_eq!(json::parse_list(b"[1]"), Ok(vec![Value::Float(1.0)]));
    assert_eq!(
        json::parse_list(b"{}").unwrap_err().to_string(),
        "json: cannot unmarshal object into Go value of type []interface {}"
    );
}

#[test]
fn json_is_written_in_three_ways() {
    let value =
        json::parse(br#"{"b":["<&>\u2028\u00e9\u0001\"\\"],"a":{},"c":[],"d":[1e21,1e-7,100000,-0.0]}"#);
    let value = value.unwrap();
    assert_eq!(
        String::from_utf8(json::write(&value).unwrap()).unwrap(),
        r#"{"a":{},"b":["\u003c\u0026\u003e\u2028é\u0001\"\\"],"c":[],"d":[1e+21,1e-7,100000,-0]}"#
    );
    assert_eq!(
        String::from_utf8(json::write_raw(&value).unwrap()).unwrap(),
        r#"{"a":{},"b":["<&>\u2028é\u0001\"\\"],"c":[],"d":[1e+21,1e-7,100000,-0]}"#
    );
    assert_eq!(
        String::from_utf8(
            json::write_indented(&json::parse(br#"{"a":[1,{"b":[]}]}"#).unwrap(), "  ").unwrap()
        )
        .unwrap(),
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ]\n}"
    );
}

#[test]
fn toml_reads_as_burntsushi_reads_it() {
    check("toml/parse.jsonl", 19, "text", |source| {
        // The table holds JSON, which knows no integers.
        let map = toml::parse(source.as_bytes()).map_err(|error| error.to_string())?;
        Ok(json::parse(&json::write(&map.into()).unwrap()).unwrap())
    });
    assert_eq!(toml::parse(b"a = 1").unwrap().get("a"), Some(&Value::Int(1)));
    let error = toml::parse(b"a = 1\nb = ").unwrap_err().to_string();
    assert!(error.starts_with("toml: line 2: "), "{error}");
    let error = toml::parse(b"a = 9223372036854775808").unwrap_err().to_string();
    assert_eq!(error, "toml: line 1: 9223372036854775808 is out of range for int64");
}

#[test]
fn toml_is_written_as_burntsushi_writes_it() {
    let mut wrong = Vec::new();
    for row in rows("toml/write.jsonl", 71) {
        let value = row.get("value").unwrap();
        let theirs = match text(&row, "toml") {
            Some(text) => Ok(text.to_string()),
            None => Err(text(&row, "error").unwrap().to_string()),
        };
        let ours = toml::write(value).map(|text| String::from_utf8(text).unwrap());
        let ours = ours.map_err(|error| error.to_string());
        if ours != theirs {
            wrong.push(format!("{value:?}\n  Helm {theirs:?}\n  ours {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Texts that are nearly YAML, from a small generator with a fixed seed.
fn hostile_texts() -> impl Iterator<Item = String> {
    const PIECES: &[&str] = &[
        "a",
        "b: ",
        ": ",
        "- ",
        "? ",
        "\n",
        "\n  ",
        "\n    ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "'",
        "\"",
        "\\",
        "#",
        " # ",
        "&x ",
        "*x",
        "!!str ",
        "!t ",
        "<<: ",
        "|\n",
        ">-\n",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "\t",
        "é",
        "\u{85}",
        "\u{2028}",
        "\r\n",
        "1",
        "0x1f",
        ".inf",
        "~",
        "yes",
        "\u{1}",
        "\u{feff}",
        "x y",
        "kind: ",
        "metadata:\n ",
        "annotations: ",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    (0..20_000).map(move |_| (0..1 + random(14)).map(|_| PIECES[random(PIECES.len())]).collect())
}

#[test]
fn both_readers_agree_on_hostile_texts() {
    for source in hostile_texts() {
        let short = yaml::parse(source.as_bytes());
        let full = yaml::parse_with_lines(source.as_bytes()).map(|parsed| parsed.0);
        assert_eq!(short, full, "{source:?}");
        let head = yaml::head(source.as_bytes());
        if let (Err(yaml::HeadError::Yaml(head)), Err(error)) = (&head, &short) {
            assert_eq!(head, error, "{source:?}");
        }
        // go-yaml writes a key `<<` so that it reads as a merge.
        if let Ok(value) = short
            && !source.contains("<<")
        {
            let written = yaml::write(&value).unwrap_or_else(|error| panic!("{source:?}: {error}"));
            assert_eq!(yaml::parse(&written).as_ref(), Ok(&value), "{source:?}");
        }
    }
}
