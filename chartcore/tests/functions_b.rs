//! Functions on versions, expressions, times, chance and keys against tables of what Helm 4's make of them.

use std::cell::Cell;
use std::fmt::Write as _;
use std::path::Path;

use chartcore::Compat;
use chartcore::data::{Map, Str, Value};
use chartcore::template::{self, Any, Host, Limits, Templates};
use serde_json::Value as Json;

/// A world whose clock stands still and whose chance repeats itself.
struct Still {
    now: (i64, u32),
    zone: &'static str,
    state: Cell<u64>,
}

impl Still {
    fn new(seed: u64) -> Self {
        Self { now: (1_767_225_600, 123_456_789), zone: "UTC", state: Cell::new(seed) }
    }
}

impl Host for Still {
    fn now(&self) -> (i64, u32) {
        self.now
    }

    fn time_zone(&self) -> &str {
        self.zone
    }

    fn random(&self, bytes: &mut [u8]) {
        // SplitMix64: good enough for a test.
        for chunk in bytes.chunks_mut(8) {
            self.state.set(self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let mut word = self.state.get();
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
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
fn run(host: &Still, source: &str, data: &Value) -> Result<Vec<u8>, String> {
    let parsed = template::parse(source.as_bytes(), Compat::Helm4).map_err(|error| error.go_text("t"))?;
    let mut templates = Templates::new(Compat::Helm4);
    templates.add("t", parsed);
    let mut out = Vec::new();
    let mut executor = templates.executor(host, Limits::default());
    executor.execute("t", &Any::from(data), &mut out).map_err(|error| error.go_text())?;
    Ok(out)
}

fn text(host: &Still, source: &str) -> String {
    match run(host, source, &Value::empty_map()) {
        Ok(out) => String::from_utf8(out).expect("UTF-8"),
        Err(error) => panic!("{source}: {error}"),
    }
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
    run(&Still::new(0), &format!("{{{{ b64dec {encoded:?} }}}}"), &Value::Null)
}

/// The first line gives the data, each other one a template and what becomes of it.
#[test]
fn functions_do_what_they_do_in_helm() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/language/functions-b.jsonl");
    let table = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = table.lines().map(|line| serde_json::from_str::<Json>(line).expect("a line of JSON"));
    let data = value(&lines.next().expect("a first line")["data"]);
    let host = Still::new(1);
    let mut report = String::new();
    let (mut cases, mut failures) = (0, 0);
    for case in lines {
        let source = case["template"].as_str().expect("a template");
        cases += 1;
        let (expected, found) = (expected(&case), run(&host, source, &data));
        if expected != found {
            failures += 1;
            let show = |result: Result<Vec<u8>, String>| {
                result.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            };
            let _ =
                writeln!(report, "{source}\n  expected {:?}\n  found    {:?}", show(expected), show(found));
        }
    }
    assert!(failures == 0, "{failures} of {cases} differ\n{report}");
    assert!(cases > 4_000, "only {cases} cases");
}

#[test]
fn the_clock_is_the_host_s() {
    let host = Still::new(1);
    assert_eq!(text(&host, "{{ now }}"), "2026-01-01 00:00:00.123456789 +0000 UTC");
    assert_eq!(text(&host, r#"{{ now | date "2006-01-02" }} {{ htmlDate "x" }} {{ date "2006" 1.5 }}"#), {
        "2026-01-01 2026-01-01 2026"
    });
    assert_eq!(text(&host, "{{ ago (int64 1767225500) }} {{ ago now }} {{ ago 2.5 }}"), "1m40s 0s 0s");
    assert_eq!(text(&host, r#"{{ durationRound (toDate "2006-01-02" "2025-12-01") }}"#), "1mo");
    let host = Still { zone: "America/New_York", ..Still::new(1) };
    assert_eq!(text(&host, "{{ now }}"), "2025-12-31 19:00:00.123456789 -0500 EST");
    assert_eq!(
        text(&host, "{{ htmlDate 1767225600 }} {{ now.UTC.Day }} {{ now.Local.Day }}"),
        "2025-12-31 1 31"
    );
    assert_eq!(
        text(&host, r#"{{ toDate "2006-01-02 15:04 MST" "2025-07-01 12:00 EDT" }}"#),
        "2025-07-01 12:00:00 -0400 EDT"
    );
    assert_eq!(
        text(&host, r#"{{ toDate "2006-01-02 15:04" "2025-03-09 02:30" }}"#),
        "2025-03-09 01:30:00 -0500 EST"
    );
    assert_eq!(text(&host, r#"{{ dateInZone "15:04" now "Local" }}"#), "19:00");
}

/// A world that knows the time and one serial number.
struct Registrar {
    now: i64,
    serial: Vec<u8>,
}

impl Host for Registrar {
    fn now(&self) -> (i64, u32) {
        (self.now, 123)
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.serial);
    }
}

/// Signatures of RSA and Ed25519, and of ECDSA by RFC 6979, leave no room for chance: with the same key,
/// serial number and clock, certificates equal Go's to the byte.
#[test]
fn certificates_are_those_of_go() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/language/certificates.jsonl");
    let table = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for line in table.lines() {
        let row: Json = serde_json::from_str(line).expect("a line of JSON");
        let serial = row["serial"].as_str().expect("a serial number").as_bytes();
        let digit = |byte: u8| char::from(byte).to_digit(16).expect("a digit") as u8;
        let host = Registrar {
            now: row["now"].as_i64().expect("a moment"),
            serial: serial.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect(),
        };
        let days = row["days"].as_i64().expect("days");
        let function = row["function"].as_str().expect("a function");
        let call = match function {
            "genCAWithKey" => format!("genCAWithKey .name {days} .key"),
            "genSelfSignedCertWithKey" => {
                format!(
                    "genSelfSignedCertWithKey .name (.ips | default list) (.dns | default list) {days} .key"
                )
            }
            _ => format!(
                "genSignedCertWithKey .name (.ips | default list) (.dns | default list) {days} \
                 (buildCustomCert (b64enc .ca) (b64enc .ca_key)) .key"
            ),
        };
        let source = format!("{{{{ $c := {call} }}}}{{{{ $c.Cert }}}}|{{{{ $c.Key }}}}");
        let parsed = template::parse(source.as_bytes(), Compat::Helm4).expect("a template");
        let mut templates = Templates::new(Compat::Helm4);
        templates.add("t", parsed);
        let mut out = Vec::new();
        let data = Any::from(&value(&row));
        templates
            .executor(&host, Limits::default())
            .execute("t", &data, &mut out)
            .unwrap_or_else(|error| panic!("{line}: {}", error.go_text()));
        let expected =
            format!("{}|{}", row["cert"].as_str().expect("PEM"), row["key_out"].as_str().expect("PEM"));
        assert_eq!(String::from_utf8_lossy(&out), expected, "{line}");
    }
    assert!(table.lines().count() > 60);
}

/// The same seed gives the same keys and certificates, another one others.
#[test]
fn a_seed_repeats_what_is_random() {
    let source = r#"{{ $ca := genCA "ca" 365 }}{{ $ca.Cert }}{{ $ca.Key }}
        {{- $cert := genSignedCert "a" (list "10.0.0.1") (list "a.b") 30 $ca }}{{ $cert.Cert }}{{ $cert.Key }}
        {{- genPrivateKey "ecdsa" }}{{ genPrivateKey "ed25519" }}{{ randAlphaNum 40 }}{{ randAscii 40 }}
        {{- randBytes 16 }}{{ randInt 0 1000000 }}{{ uuidv4 }}{{ bcrypt "x" }}{{ encryptAES "k" "text" }}"#;
    let first = text(&Still::new(1), source);
    assert_eq!(first, text(&Still::new(1), source));
    let other = text(&Still::new(2), source);
    // The lines of private keys; those of certificates may say the same names and dates.
    let lines = |text: &str| {
        let blocks = text.split("-----BEGIN ").filter(|block| block.contains("PRIVATE KEY"));
        let lines = blocks.flat_map(str::lines).filter(|line| line.len() == 64);
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(lines(&first).len() > 45, "{first}");
    assert_ne!(first, other);
    // Keys share nothing but how their first line begins.
    let (first, other) = (lines(&first), lines(&other));
    let shared = first.iter().filter(|line| other.contains(line)).count();
    assert_eq!(shared, 0);
}

/// A source of randomness that gives nothing but one byte ends in an error or a poor value, not in a hang.
#[test]
fn a_source_without_randomness_does_not_hang() {
    struct Stuck(u8);
    impl Host for Stuck {
        fn now(&self) -> (i64, u32) {
            (0, 0)
        }
        fn random(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }
    for byte in [0, 7, 255] {
        for source in
            ["{{ randAlphaNum 50 }}", "{{ randInt 0 6 }}", "{{ uuidv4 }}", r#"{{ genPrivateKey "ecdsa" }}"#]
        {
            let parsed = template::parse(source.as_bytes(), Compat::Helm4).expect("a template");
            let mut templates = Templates::new(Compat::Helm4);
            templates.add("t", parsed);
            let host = Stuck(byte);
            let mut out = Vec::new();
            let mut executor = templates.executor(&host, Limits::default());
            executor.execute("t", &Any::Nil, &mut out).expect("some text");
            assert!(!out.is_empty());
        }
    }
}
