//! YAML documents to read and values to write.

use std::fs;

use serde_json::{Map, Number, Value, json};

use super::random::Random;
use crate::golden::files_under;
use crate::{Outcome, places};

/// Small documents, each about something that readers of YAML disagree on.
const SEEDS: &[&str] = &[
    "a: 1\nb: [x, y]\nc: {d: e}\n",
    "yes: no\non: off\ny: n\nTrue: FALSE\nnull: ~\n",
    "a: 0755\nb: 0o17\nc: 0x1F\nd: 0b11\ne: 1_000\nf: 12:30:45\ng: 1e3\nh: .5\ni: -.inf\nj: +1\n",
    "a: 1.10\nb: 1e400\nc: 9223372036854775808\nd: -0\ne: 0.1e-5\nf: 1.\ng: 18446744073709551616\n",
    "base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n",
    "a: &a [1]\nb: *a\nc: {<<: [{x: 1}, {x: 2, y: 3}]}\n",
    "text: |\n  one\n    two\n\n  three\nnext: >-\n  folded\n  line\n\n  para\nkeep: |+\n  kept\n\n",
    "indented: |2\n    two spaces more\nq: \"a\\tb\\u263a\\x41\\n\\\n  joined\"\ns: 'it''s\n  folded'\n",
    "? complex\n: value\n? [a, b]\n: list key\n",
    "? {a: b}\n: map key\n",
    "- a\n- - b\n  - c\n-\n  d: e\n- {f: g}\n",
    "a:\n- x\n- y\nb:\n  - z\n",
    "dup: 1\ndup: 2\n",
    "date: 2024-01-02\ntime: 2024-01-02T03:04:05Z\nspace: 2024-01-02 03:04:05\n",
    "# comment\na: b # trailing\nc: d#not\ne: \"#quoted\"\n",
    "%YAML 1.1\n---\na: b\n...\n---\nsecond: doc\n",
    "--- text on the marker\n",
    "!!str 12: !!int \"3\"\nb: !!binary aGk=\nc: !custom x\nd: !!float 1\ne: !!bool yes\nf: !!null x\n",
    "a: plain text, with: colon? no\n",
    "key with spaces: value with spaces\n\"quoted key\": 'single'\n",
    "empty:\nalso: \"\"\nnothing: null\ntilde: ~\n",
    "a: {b: [1, {c: d}, [e]], f: }\n",
    "a: [1, 2,\n  3]\nb: {c: 1,\n  d: 2}\n",
    "1: int\n1.5: float\ntrue: bool\n~: nul\n0x10: hex\n",
    "a: \u{feff}bom inside\n",
    "\u{feff}a: bom first\n",
    "a: tab\tinside\n",
    "a:\r\n  b: crlf\r\n  c: |\r\n    x\r\n    y\r\n",
    "*a : b\n",
    "a: @reserved\n",
    "a: %directive\n",
    "a: 'unterminated\n",
    "a: [unclosed\n",
    "a: b: c\n",
    "a: &x b\nc: *y\n",
    "deep:\n  deeper:\n    deepest:\n      - {a: {b: {c: [[[1]]]}}}\n",
    "long: aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee ffffffffff gggggggggg hhhhhhhhhh\n",
    "? a\n? b\n",
    "!!set {a, b}\n",
    "a: |\n\ttab\n",
    "a: >\n  one\n\n\n  two\n   more\n  back\n",
    "a: \"\\q\"\n",
    "a: 0.\nb: 1.e5\nc: 1e\nd: 0x\ne: 0b2\nf: 08\ng: 1__0\nh: _1\n",
    "=: value\n<<: 1\n",
    "\"a\" : b\n'c' :d\n",
    "a: ''\nb: ' '\nc: \"\\n\"\n",
    "plain\n  folded\n  scalar\n",
    "- |\n block\n- >\n folded\n",
    "a: [a, b, ]\nb: [, a]\n",
    "{a: b, c}\n",
    "[a, b]: c\n",
];

const SCRAPS: &[&str] = &[
    "a",
    "b",
    "y",
    "n",
    "0",
    "1",
    "9",
    ".",
    "-",
    "+",
    "_",
    ":",
    "e",
    " ",
    "#",
    "'",
    "\"",
    "\\",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "`",
    "?",
    "=",
    "<",
    "~",
    "\n",
    "\t",
    "  ",
    " - ",
    ": ",
    " #",
    "\n  ",
    "\n- ",
    "\n  - ",
    "|\n",
    "|-\n ",
    ">\n",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "---\n",
    "...\n",
    "? ",
    "null",
    "yes",
    "{a: b}",
    "[x, y]",
    "é",
    "\r\n",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{1}",
    "😀",
    "!!binary ",
    "1e3",
    "0x",
    "\\x",
    "\\u12",
];

/// Documents to start from: the seeds and every values file of the fixtures, whole or in part.
pub(crate) struct Documents {
    real: Vec<String>,
}

impl Documents {
    /// Reads the fixtures' YAML.
    pub(crate) fn load() -> Outcome<Self> {
        let mut real = Vec::new();
        for path in files_under(&places::root().join("fixtures"))? {
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if matches!(kind, "yaml" | "yml" | "out") {
                let text = fs::read_to_string(&path).unwrap_or_default();
                if !text.contains("{{") && !text.is_empty() {
                    real.push(text);
                }
            }
        }
        if real.len() < 100 { Err("the fixtures' YAML is gone".to_owned()) } else { Ok(Self { real }) }
    }

    /// The document to read at a position.
    pub(crate) fn request(&self, seed: u64, position: u64) -> Value {
        let mut random = Random::new(seed, position);
        let mut text = if random.chance(55) {
            random.pick(SEEDS).to_owned()
        } else {
            let whole = &self.real[random.below(self.real.len())];
            let lines: Vec<&str> = whole.split('\n').collect();
            let start = random.below(lines.len());
            let length = 3 + random.below(12);
            let mut part = lines[start..(start + length).min(lines.len())].join("\n");
            part.push('\n');
            part
        };
        if random.chance(15) {
            text.push_str(random.pick(SEEDS));
        }
        if random.chance(88) {
            for _ in 0..=random.below(3) {
                text = changed(&mut random, &text);
            }
        }
        json!({"op": "yaml_value", "text": text})
    }
}

fn changed(random: &mut Random, text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = random.below(letters.len() + 1);
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let line = random.below(lines.len());
    let rest = |from: usize| letters.get(from..).unwrap_or_default().iter().collect::<String>();
    let before: String = letters[..at].iter().collect();
    match random.below(20) {
        0..7 => return format!("{before}{}{}", random.pick(SCRAPS), rest(at)),
        7..11 => return format!("{before}{}", rest(at + 1)),
        11..14 => return format!("{before}{}{}", random.pick(SCRAPS), rest(at + 1)),
        14..16 => lines.insert(line, lines[line].clone()),
        16..18 => lines[line] = format!("{}{}", " ".repeat(1 + random.below(3)), lines[line]),
        18 => lines[line] = lines[line].chars().skip(random.below(3)).collect(),
        _ => {
            lines.remove(line);
        }
    }
    lines.join("\n")
}

const LETTERS: &[&str] = &[
    "a",
    "b",
    "y",
    "Y",
    "n",
    "N",
    "o",
    "O",
    "t",
    "T",
    "f",
    "F",
    "~",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    ".",
    "-",
    "+",
    "_",
    ":",
    "e",
    "E",
    "x",
    "X",
    " ",
    "#",
    "'",
    "\"",
    "\\",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "`",
    "?",
    "=",
    "<",
    "\n",
    "\n",
    "\t",
    "  ",
    "é",
    "☺",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\r",
    "\u{1}",
    "\u{7f}",
    "😀",
    "word ",
    "long-word ",
    "://",
    "yes",
    "null",
    "0x",
    "1e",
    "---",
    "...",
    "- ",
    ": ",
    " #",
    "\n ",
    "\n\n",
    "<<",
    "=",
];

/// A value to write, and the writer: toYaml, toYamlPretty, or one of the JSON forms.
pub(crate) fn emission(seed: u64, position: u64) -> Value {
    let mut random = Random::new(seed, position);
    let mut value = tree(&mut random, 3);
    if random.chance(70) {
        value = json!({"k": value});
    }
    match random.below(10) {
        0..5 => json!({"op": "yaml_emit", "data": value}),
        5..8 => json!({"op": "yaml_pretty", "data": value}),
        8 => json!({"op": "json", "data": value, "kind": random.pick(&["", "raw", "pretty"])}),
        _ => json!({"op": "yaml_emit", "data": value, "ints": true}),
    }
}

fn text(random: &mut Random) -> String {
    let length = if random.chance(80) { 1 + random.below(12) } else { *random.pick(&[&20, &40, &60]) };
    (0..length).map(|_| random.pick(LETTERS)).collect()
}

fn number(random: &mut Random) -> Value {
    let float = |value: f64| Number::from_f64(value).map_or(Value::Null, Value::Number);
    match random.below(9) {
        0 => json!(random.below(3)),
        1 => json!(-(random.below(100_000) as i64)),
        2 => json!(1e6),
        3 => json!(123_456_789_012_345_678_i64),
        4 => float(10f64.powi(random.below(26) as i32)),
        5 => float(random.unit() * 10f64.powi(random.below(40) as i32 - 20)),
        6 => float(-random.unit()),
        7 => float(random.unit() * 1e300),
        _ => json!(1.5),
    }
}

fn tree(random: &mut Random, depth: usize) -> Value {
    match random.below(100) {
        kind if depth == 0 || kind < 60 => match random.below(20) {
            0..15 => Value::String(text(random)),
            15..17 => number(random),
            17 => json!(random.chance(50)),
            18 => Value::Null,
            _ => random.pick(&[&json!([]), &json!({})]).clone(),
        },
        60..80 => {
            let mut map = Map::new();
            for _ in 0..random.below(4) {
                let key = text(random);
                map.insert(key, tree(random, depth - 1));
            }
            Value::Object(map)
        }
        _ => Value::Array((0..random.below(4)).map(|_| tree(random, depth - 1)).collect()),
    }
}
