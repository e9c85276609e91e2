//! Input made to hurt, through the library with small limits: each ends in an error that says which limit it met.
//! `fixtures/hostile` has the same through the binary, beside what Helm does.

use std::io::Write as _;

use chartcore::chart::{Chart, File, LoadOptions, load_archive, load_files};
use chartcore::data::{Value, yaml};
use chartcore::files::Limits as FileLimits;
use chartcore::regex::Regex;
use chartcore::render::{RenderOptions, render};
use chartcore::template::{self, Any, Limits, SealedHost, Templates};
use chartcore::values::{Overrides, merge};
use chartcore::{Compat, ErrorKind};

const SMALL: Limits = Limits { steps: 10_000, output: 1 << 20, produced: 4 << 20 };

/// What a template fails with, on a stack of 2 MiB.
fn refusal(source: &str, limits: Limits) -> String {
    let source = source.to_owned();
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let parsed = template::parse(source.as_bytes(), Compat::Helm4).expect("a template");
        let mut templates = Templates::new(Compat::Helm4);
        templates.add("t", parsed);
        let host = SealedHost::new("seed");
        let mut out = Vec::new();
        let outcome = templates.executor(&host, limits).execute("t", &Any::Nil, &mut out);
        // The text that goes beyond the limit is written still.
        assert!(out.len() <= limits.output + 200_000, "{} bytes came out", out.len());
        outcome.expect_err("a refusal").message().to_owned()
    });
    worker.expect("a thread").join().expect("no overflow")
}

#[test]
fn templates_without_end_end() {
    const STEPS: &str = "exceeded the limit of 10000 steps";
    const OUTPUT: &str = "exceeded the limit of 1048576 bytes of output";
    const MADE: &str = "exceeded the limit of 4194304 bytes of text";
    for (source, expected) in [
        // Time.
        ("{{ range 1000000000000 }}{{ end }}", STEPS),
        ("{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}", STEPS),
        ("{{ range $i := 9223372036854775807 }}{{ $i }}{{ end }}", STEPS),
        // Output.
        ("{{ range 9000 }}{{ repeat 1000 \"x\" }}{{ end }}", OUTPUT),
        (
            "{{ define \"a\" }}{{ repeat 100000 \"x\" }}{{ end }}{{ range 100 }}{{ template \"a\" }}{{ end }}",
            OUTPUT,
        ),
        // Texts that nobody prints.
        ("{{ $x := \"x\" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}", OUTPUT),
        ("{{ $x := \"x\" }}{{ range 60 }}{{ $x = cat $x $x }}{{ end }}", OUTPUT),
        ("{{ $x := repeat 100000 \"a\" }}{{ range 1000 }}{{ $y := upper $x }}{{ end }}", MADE),
        // One call that asks for everything.
        (
            "{{ until 100000000 }}",
            "error calling until: a list of 100000000 items is longer than the limit of 2000000 items",
        ),
        (
            "{{ seq 1 100000000 }}",
            "error calling seq: a list of 100000000 items is longer than the limit of 2000000 items",
        ),
        (
            "{{ repeat 100000000 \"x\" }}",
            "error calling repeat: a text of 100000000 bytes is longer than the limit of 67108864 bytes",
        ),
        (
            "{{ indent 100000000 \"x\" }}",
            "error calling indent: a text of 100000001 bytes is longer than the limit of 67108864 bytes",
        ),
        // Recursion.
        (
            "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}",
            "error calling include: rendering template has a nested reference name: a: unable to execute template",
        ),
        ("{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}", STEPS),
    ] {
        let said = refusal(source, SMALL);
        assert!(said.ends_with(expected), "{source}: {said}");
    }
}

/// With steps in plenty, depth is what stops them.
#[test]
fn recursion_has_a_depth() {
    let limits = Limits { steps: 100_000_000, ..SMALL };
    for (source, expected) in [
        (
            "{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}",
            "exceeded maximum template depth (100000)",
        ),
        (
            "{{ define \"a\" }}{{ tpl \"{{ include \\\"a\\\" . }}\" . }}{{ end }}{{ include \"a\" . }}",
            "exceeded maximum template depth (1000)",
        ),
    ] {
        let said = refusal(source, limits);
        assert!(said.ends_with(expected), "{source}: {said}");
    }
}

/// A dict that holds the one before twice, sixty times over: 2^60 parts in sixty maps.
#[test]
fn shared_values_are_not_written_out_without_end() {
    let doubled = "{{ $d := dict }}{{ range 60 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}";
    let limits = Limits { steps: 1_000_000, ..SMALL };
    for (call, expected) in [
        ("toJson $d | len", None),
        ("mustToJson $d", Some("json: the text is longer than the limit of 67108864 bytes")),
        ("mustToYaml $d", Some("json: the value has more than 5000000 parts")),
        ("deepCopy $d", Some("a value has more than 4000000 parts")),
        ("mergeOverwrite (dict) $d", None),
    ] {
        let source = format!("{doubled}{{{{ {call} }}}}");
        let Some(expected) = expected else { continue };
        let said = refusal(&source, limits);
        assert!(said.contains(expected), "{call}: {said}");
    }
}

#[test]
fn patterns_that_explode_are_refused_or_quick() {
    // Go refuses a thousandfold repetition of one, and so do we.
    for pattern in ["(a{1000}){1000}", "((a{100}){100}){100}", "a{1001}", &"(".repeat(2_000)] {
        assert!(Regex::new(pattern).is_err(), "{pattern:.40}");
    }
    // Backtracking would take for ever; many letters take a moment.
    let text = "a".repeat(20_000) + "b";
    for pattern in ["(a+)+$", "(a|aa)+$", "(a*)*c", "(.*)(.*)(.*)(.*)(.*)x"] {
        assert!(!Regex::new(pattern).expect("a pattern").is_match(&text), "{pattern}");
    }
}

#[test]
fn alias_bombs_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let error = yaml::parse(text.as_bytes()).expect_err("a bomb");
    assert!(error.to_string().contains("document contains excessive aliasing"), "{error}");
    let itself = yaml::parse(b"a: &a [*a]\n").expect_err("a knot");
    assert!(itself.to_string().contains("contains itself"), "{itself}");
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A tar entry: name and contents.
fn entry(name: &str, data: &[u8]) -> Vec<u8> {
    let mut header = [0u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
    header[156] = b'0';
    header[257..263].copy_from_slice(b"ustar\0");
    header[263..265].copy_from_slice(b"00");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut out = header.to_vec();
    out.extend_from_slice(data);
    out.resize(out.len().div_ceil(512) * 512, 0);
    out
}

#[test]
fn archive_bombs_are_refused() {
    let metadata = entry("c/Chart.yaml", b"apiVersion: v2\nname: c\nversion: 0.1.0\n");
    let load = |limits: FileLimits, entries: &[Vec<u8>]| {
        let mut tar = metadata.clone();
        tar.extend(entries.concat());
        tar.extend([0; 1024]);
        let mut options = LoadOptions::new(Compat::Helm4);
        options.limits = limits;
        load_archive(&gzipped(&tar), &options)
            .map(|chart| chart.name().to_owned())
            .map_err(|error| error.to_string())
    };
    let zeros = entry("c/zeros", &vec![0; 3 << 20]);
    assert_eq!(load(FileLimits::for_compat(Compat::Helm4), std::slice::from_ref(&zeros)), Ok("c".to_owned()));
    let small = FileLimits { archive_bytes: 1 << 20, ..FileLimits::for_compat(Compat::Helm4) };
    let said = load(small, &[zeros]).expect_err("a bomb");
    assert!(said.contains("decompressed chart is larger than the maximum size 1048576"), "{said}");
    // Noise that is no archive, and one that ends in the middle.
    let options = LoadOptions::new(Compat::Helm4);
    for cut in [10, 30, 60] {
        let whole = gzipped(&metadata);
        assert!(load_archive(&whole[..cut.min(whole.len())], &options).is_err());
    }
}

/// Every value of a long list breaks its schema: all are told, once each.
#[test]
fn many_schema_errors_are_told_once_each() {
    const MANY: usize = 3_000;
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"),
        ("values.schema.json", r#"{"properties": {"l": {"items": {"type": "string"}}}}"#),
    ];
    let files = files.map(|(name, text)| File::new(name, text.as_bytes())).to_vec();
    let chart = load_files(files, &LoadOptions::new(Compat::Helm4)).expect("a chart");
    let list: Vec<Value> = (0..MANY).map(|number| Value::Float(number as f64)).collect();
    let values = Value::from(chartcore::data::Map::from_entries(vec![("l".into(), list.into())]));
    let error = merge(&chart, &Overrides::new().value(values)).expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::Schema);
    let text = error.to_string();
    assert_eq!(text.matches("got number, want string").count(), MANY);
}

/// A whole chart: its limits are options of the render.
#[test]
fn a_chart_keeps_to_the_limits_it_is_given() {
    let chart = Chart::from_template("c", "{{ range 100000 }}x{{ end }}").expect("a chart");
    let values = merge(&chart, &Overrides::new()).expect("values");
    let options = RenderOptions::new("r").limits(SMALL);
    let error = render(&chart, &values, &options).expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.to_string().contains("exceeded the limit of 10000 steps"), "{error}");
}
