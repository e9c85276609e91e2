//! Trees of charts with values to coalesce, and texts for the five `--set` families.

use serde_json::{Map, Value, json};

use super::random::Random;

const KEYS: &[&str] = &["a", "b", "c", "enabled", "alias", "exports", "d", "e"];

/// A chart with children and the user's values at a position; both profiles in turn.
pub(crate) fn merge(seed: u64, position: u64) -> Value {
    let mut random = Random::new(seed, position);
    let mut files = Map::new();
    let children = chart(&mut random, &mut files, "", "root", 2);
    let mut values = table(&mut random, 3, &children);
    // Half of the user's values speak to the children by name.
    for child in &children {
        if random.chance(50) {
            let inner = child_entry(&mut random, 2);
            values.insert(child.clone(), inner);
        }
    }
    let compat = if position.is_multiple_of(2) { "helm3" } else { "helm4" };
    json!({"op": "coalesce", "compat": compat, "chart": files, "values": values, "ints": random.chance(50)})
}

/// Writes a chart and its children below `prefix`; answers with the names its children go by.
fn chart(
    random: &mut Random,
    files: &mut Map<String, Value>,
    prefix: &str,
    name: &str,
    depth: usize,
) -> Vec<String> {
    let mut names = Vec::new();
    let mut declared = String::new();
    if depth > 0 {
        for child in ["one", "two"].into_iter().take(random.below(3)) {
            let folder = format!("{prefix}charts/{child}/");
            chart(random, files, &folder, child, depth - 1);
            // A chart in charts/ that Chart.yaml does not mention is always on; two of them would
            // come in an order that Helm leaves to chance.
            if names.is_empty() && random.chance(12) {
                names.push(child.to_owned());
                continue;
            }
            for copy in 0..1 + usize::from(random.chance(15)) {
                declared.push_str(&format!(
                    "  - name: {child}\n    version: {}\n",
                    random.pick(&["0.1.0", "\"*\"", "^0.1", "9.x"])
                ));
                let alias = match (copy, random.chance(20)) {
                    (0, false) => child.to_owned(),
                    (copy, _) => {
                        let alias = format!("alias{}{copy}", names.len());
                        declared.push_str(&format!("    alias: {alias}\n"));
                        alias
                    }
                };
                if random.chance(40) {
                    let condition = random.pick(&[
                        "one.enabled",
                        "two.enabled",
                        "a.b,one.enabled",
                        "enabled",
                        "global.enabled",
                        "a",
                    ]);
                    declared.push_str(&format!("    condition: {condition}\n"));
                }
                if random.chance(25) {
                    declared.push_str(&format!("    tags: [{}]\n", random.pick(&["a", "b", "a, b"])));
                }
                if random.chance(35) {
                    let import = random.pick(&[
                        "[a]",
                        "[a, b]",
                        "[{child: a, parent: b}]",
                        "[{child: a, parent: .}]",
                        "[{child: a.b, parent: c.d}]",
                        "[{child: exports.a, parent: one}]",
                    ]);
                    declared.push_str(&format!("    import-values: {import}\n"));
                }
                names.push(alias);
            }
        }
    }
    let mut metadata = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
    if !declared.is_empty() {
        metadata.push_str("dependencies:\n");
        metadata.push_str(&declared);
    }
    files.insert(format!("{prefix}Chart.yaml"), Value::String(metadata));
    if random.chance(92) {
        let values = table(random, 3, &names);
        // JSON is YAML, and serde_json's keys are sorted: the same text for the same seed.
        files.insert(format!("{prefix}values.yaml"), Value::String(Value::Object(values).to_string()));
    }
    names
}

fn table(random: &mut Random, depth: usize, children: &[String]) -> Map<String, Value> {
    let mut map = Map::new();
    for _ in 0..random.below(5) {
        let key = random.pick(KEYS).to_owned();
        map.insert(key, entry(random, depth));
    }
    for child in children {
        if random.chance(40) {
            map.insert(child.clone(), child_entry(random, depth));
        }
    }
    if random.chance(35) {
        map.insert("global".to_owned(), entry(random, 2));
    }
    if random.chance(20) {
        map.insert("tags".to_owned(), json!({"a": random.chance(50), "b": random.chance(50)}));
    }
    map
}

/// What a child's name holds: a table, or now and then something that is none.
fn child_entry(random: &mut Random, depth: usize) -> Value {
    if depth > 0 && random.chance(88) {
        return Value::Object(table(random, depth - 1, &["one".to_owned(), "two".to_owned()]));
    }
    entry(random, depth)
}

fn entry(random: &mut Random, depth: usize) -> Value {
    if depth > 0 && random.chance(55) {
        return Value::Object(table(random, depth - 1, &[]));
    }
    match random.below(9) {
        0 | 1 => Value::Null,
        2 => json!(true),
        3 => json!(false),
        4 => json!(1),
        5 => json!("text"),
        6 => json!([1, null, {"a": null}]),
        7 => json!({}),
        _ => json!([]),
    }
}

const PARTS: &[&str] = &[
    "a",
    "b",
    "name",
    "a.b",
    "a.b.c",
    "list",
    "list[0]",
    "list[2]",
    "[1]",
    "[0][1]",
    "=",
    "=",
    "=",
    "=",
    ",",
    ",",
    ".",
    "[",
    "]",
    "{",
    "}",
    "{a,b}",
    "{}",
    "{a,",
    "1",
    "0",
    "01",
    "-1",
    "1.5",
    "1e3",
    "true",
    "TRUE",
    "false",
    "null",
    "Null",
    "~",
    "text",
    "two words",
    "\\,",
    "\\.",
    "\\=",
    "\\\\",
    "\\[",
    "\"quoted\"",
    "'",
    " ",
    "é",
    "9223372036854775807",
    "9223372036854775808",
    "[-1]",
    "[x]",
    "[65537]",
    "[01]",
    "a\\.b",
    "{\"a\":1}",
    "[1,2]",
    "[null]",
    "\"x\"",
    "a[0].b",
    "a[0].b[1]=c",
    "\n",
    "\t",
    "key=",
    "=value",
    "a=1,",
    "&",
    "{{1}}",
];

/// A text for one `--set` family at a position, set into an existing tree.
pub(crate) fn setter(seed: u64, position: u64) -> Value {
    let mut random = Random::new(seed, position);
    let kind = *random.pick(&[&"set", &"set", &"set", &"string", &"json", &"json", &"literal", &"file"]);
    let text: String = if random.chance(60) {
        // Mostly well formed: assignments between commas.
        let assignments: Vec<String> = (0..1 + random.below(3))
            .map(|_| {
                let key: String =
                    (0..1 + random.below(2)).map(|_| random.pick(&PARTS[..10])).collect::<Vec<_>>().join(".");
                let value = if kind == "json" {
                    random
                        .pick(&[
                            "1",
                            "1.0",
                            "\"x\"",
                            "[1,2]",
                            "{\"a\":{\"b\":null}}",
                            "null",
                            "true",
                            "{",
                            "",
                            "[1,",
                            "1 2",
                            "\"a,b\"",
                        ])
                        .to_owned()
                } else {
                    (0..random.below(3)).map(|_| random.pick(&PARTS[20..])).collect()
                };
                format!("{key}={value}")
            })
            .collect();
        assignments.join(",")
    } else {
        (0..1 + random.below(8)).map(|_| random.pick(PARTS)).collect()
    };
    let into = if random.chance(50) {
        json!({})
    } else {
        json!({"a": {"b": 1}, "list": [1, {"a": 2}], "name": "old", "b": null})
    };
    let compat = if position.is_multiple_of(2) { "helm3" } else { "helm4" };
    json!({"op": "set", "compat": compat, "kind": kind, "text": text, "data": into})
}
