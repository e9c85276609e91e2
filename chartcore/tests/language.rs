//! The template language against Go's own text/template.

use std::path::PathBuf;
use std::sync::Arc;

use chartcore::Compat;
use chartcore::data::{Map, Value};
use chartcore::template::{self, Any, ExecError, Host, Limits, MapType, MissingKey, Templates};

/// A host that knows nothing, with a little chance.
struct Nowhere;

impl Host for Nowhere {
    fn now(&self) -> (i64, u32) {
        (0, 0)
    }

    fn random(&self, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = (index as u8).wrapping_mul(31) ^ 7;
        }
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
    let Any::Map(context) = context else { panic!("a map") };
    Any::Map(context.seen_as(if compat == Compat::Helm4 { MapType::Values4 } else { MapType::Values3 }))
}

/// Renders `templates/t.yaml` of a chart named `c` as Helm does: the files and the values given.
fn render_helm(
    files: &[(String, &str)],
    values: &serde_json::Value,
    compat: Compat,
) -> Result<String, String> {
    const NAME: &str = "c/templates/t.yaml";
    let mut templates = Templates::new(compat);
    let mut files = files.to_vec();
    files.sort_by(|left, right| right.0.cmp(&left.0));
    for (name, text) in &files {
        let parsed = template::parse(text.as_bytes(), compat).map_err(|error| error.helm_text(name))?;
        templates.add(name, parsed);
    }
    let mut out = Vec::new();
    let data = helm_context(values, compat);
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
        // A date of TOML is the TOML reader's affair, and keys take their time.
        let elsewhere = ["2020-01-01", "genCA", "genPrivateKey", "genSelfSigned"];
        let of_charts = [".Files", ".Capabilities", "{{ .Chart }}", ".Chart.", "typeOf (.Template)"];
        if case["mode"] != "helm"
            || case["volatile"] == true
            || elsewhere.iter().chain(&of_charts).any(|text| source.contains(text))
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
            let mut files = vec![("c/templates/t.yaml".to_owned(), source)];
            let beside = case["files"].as_object().into_iter().flatten();
            files.extend(
                beside
                    .filter(|file| file.0.starts_with("templates/"))
                    .map(|(name, text)| (format!("c/{name}"), text.as_str().expect("a text"))),
            );
            let outcome = render_helm(&files, &case["data"], compat);
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

/// The fixtures of a folder: name and text, by name.
fn fixtures(folder: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/language").join(folder);
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("a folder of fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a text");
            (path.file_name().expect("a name").to_string_lossy().into_owned(), text)
        })
        .collect()
}

fn text_of<'a>(fixtures: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fixtures.iter().find(|fixture| fixture.0 == name).map(|fixture| fixture.1.as_str())
}

fn json_of(fixtures: &[(String, String)], name: &str) -> serde_json::Value {
    serde_json::from_str(text_of(fixtures, name).expect("the fixtures' data")).expect("JSON")
}

/// `NAME.tmpl` prints `NAME.out`, and fails with `NAME.err` if that is there, as text/template of Go 1.26.
#[test]
fn features_do_what_go_does() {
    let fixtures = fixtures("");
    let data = json_of(&fixtures, "data.json");
    let mut checked = 0;
    for (file, source) in &fixtures {
        let Some(name) = file.strip_suffix(".tmpl") else { continue };
        let mut out = Vec::new();
        let outcome = render("t", source, &Any::from(value(&data, false)), MissingKey::Zero, &mut out);
        let error = outcome.err().map(|failed| failed.text());
        let expected = text_of(&fixtures, &format!("{name}.err")).map(str::trim_end);
        assert_eq!(error.as_deref(), expected, "{name}");
        assert_eq!(
            Some(&*String::from_utf8_lossy(&out)),
            text_of(&fixtures, &format!("{name}.out")),
            "{name}"
        );
        checked += 1;
    }
    assert!(checked > 50, "only {checked}");
}

/// `helm/NAME.tmpl` beside `helm/_helpers.tpl` prints or fails as Helm 4.3.1 says in `NAME.helm4`, and Helm
/// 3.22.0 in `NAME.helm3` where it differs. Of errors longer than 3,000 bytes the ends are kept.
#[test]
fn features_do_what_helm_does() {
    let fixtures = fixtures("helm");
    let values = json_of(&fixtures, "values.json");
    let helpers = text_of(&fixtures, "_helpers.tpl").expect("the helpers");
    let mut checked = 0;
    for (file, source) in &fixtures {
        let Some(name) = file.strip_suffix(".tmpl") else { continue };
        for (compat, versions) in [(Compat::Helm4, &["helm4"][..]), (Compat::Helm3, &["helm3", "helm4"])] {
            let expected =
                versions.iter().find_map(|version| text_of(&fixtures, &format!("{name}.{version}")));
            let files = [
                ("c/templates/t.yaml".to_owned(), source.as_str()),
                ("c/templates/_helpers.tpl".to_owned(), helpers),
            ];
            let printed = match render_helm(&files, &values, compat) {
                Ok(out) => out,
                Err(error) if error.len() > 3_000 => {
                    format!("error: {}...{}", &error[..1_500], &error[error.len() - 200..])
                }
                Err(error) => format!("error: {error}"),
            };
            assert_eq!(Some(printed.as_str()), expected, "{name} {compat:?}");
            checked += 1;
        }
    }
    assert!(checked > 60, "only {checked}");
}

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let small = std::thread::Builder::new().stack_size(2 << 20).spawn(work);
    small.expect("a thread").join().expect("no overflow");
}

/// Go nests all this on a stack that grows to a gigabyte; here none of it is on the stack.
#[test]
fn deep_templates_need_no_stack() {
    on_a_small_stack(|| {
        let render = |source: String| {
            let mut out = Vec::new();
            let outcome = render("t", &source, &Any::Nil, MissingKey::Zero, &mut out);
            (outcome.err().map(|failed| failed.text()), String::from_utf8_lossy(&out).into_owned())
        };
        let deep = 50_000;
        let ifs = "{{if 1}}".repeat(deep) + "x" + &"{{end}}".repeat(deep);
        assert_eq!(render(ifs), (None, "x".to_owned()));
        let chain = "{{if 0}}".to_owned() + &"{{else if 0}}".repeat(deep) + "{{else}}x{{end}}";
        assert_eq!(render(chain), (None, "x".to_owned()));
        let withs = "{{with 1}}{{range 1}}".repeat(deep) + "x" + &"{{end}}{{end}}".repeat(deep);
        assert_eq!(render(withs), (None, "x".to_owned()));
        let fields = "{{ (print 1)".to_owned() + &".a".repeat(deep) + " }}";
        let (error, _) = render(fields);
        assert!(error.expect("an error").ends_with("can't evaluate field a in type string"));
        let blocks: String = (0..deep).map(|index| format!("{{{{block \"b{index}\" .}}}}")).collect();
        assert_eq!(render(blocks + "x" + &"{{end}}".repeat(deep)), (None, "x".to_owned()));
        let pipes = "{{ 1 ".to_owned() + &"| print ".repeat(deep) + "}}";
        assert_eq!(render(pipes), (None, "1".to_owned()));
        let parentheses = "{{ and ".to_owned() + &"(or 0 ".repeat(9_999) + "1" + &")".repeat(9_999) + " 2 }}";
        assert_eq!(render(parentheses), (None, "2".to_owned()));
        let lists = "{{ $x := list }}{{ range 200000 }}{{ $x = list $x }}{{ end }}done".to_owned();
        assert_eq!(render(lists), (None, "done".to_owned()));
    });
}

/// Helm overflows its stack here and dies.
#[test]
fn endless_tpl_ends() {
    on_a_small_stack(|| {
        let source = "{{ tpl . . }}";
        let mut out = Vec::new();
        let outcome = render("t", source, &Any::str("{{ tpl . . }}"), MissingKey::Zero, &mut out);
        let Err(Failed::Exec(error)) = outcome else { panic!("an error") };
        assert_eq!(error.message(), "exceeded maximum template depth (1000)");
    });
}

#[test]
fn limits_hold() {
    let run = |source: &str, limits: Limits| {
        let parsed = template::parse(source.as_bytes(), Compat::Helm4).expect("a template");
        let mut templates = Templates::new(Compat::Helm4);
        templates.add("t", parsed);
        let mut out = Vec::new();
        let outcome = templates.executor(&Nowhere, limits).execute("t", &Any::Nil, &mut out);
        outcome.expect_err("a limit").message().to_owned()
    };
    let limits = Limits { steps: 1_000, output: 1 << 20, produced: 4 << 20 };
    assert_eq!(run("{{ range 100000000 }}{{ end }}", limits), "exceeded the limit of 1000 steps");
    let doubling = "{{ $x := \"ab\" }}{{ range 64 }}{{ $x = print $x $x }}{{ end }}";
    assert_eq!(run(doubling, limits), "exceeded the limit of 1048576 bytes of output");
    let much = "{{ $x := repeat 100000 \"a\" }}{{ range 1000 }}{{ $y := print $x }}{{ end }}";
    assert_eq!(run(much, limits), "exceeded the limit of 4194304 bytes of text");
    let printed = "{{ $x := repeat 100000 \"a\" }}{{ range 1000 }}{{ $x }}{{ end }}";
    assert_eq!(run(printed, limits), "exceeded the limit of 1048576 bytes of output");
}

/// A set is built once and rendered by many threads.
#[test]
fn sets_are_shared_between_threads() {
    let parsed =
        template::parse(b"{{ include \"a\" . }}{{ define \"a\" }}{{ tpl .x . }}{{ end }}", Compat::Helm4);
    let mut templates = Templates::new(Compat::Helm4);
    templates.add("t", parsed.expect("a template"));
    let data = Value::from(Map::from_entries(vec![("x".into(), "{{ .x | len }}".into())]));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let mut out = Vec::new();
                    let mut executor = templates.executor(&Nowhere, Limits::default());
                    executor.execute("t", &Any::from(&data), &mut out).expect("text");
                    assert_eq!(out, b"14");
                }
            });
        }
    });
}

#[test]
fn all_of_helm_s_functions_are_there() {
    let names = |compat| {
        let mut names: Vec<&str> = template::functions(compat).map(|function| function.name).collect();
        names.sort_unstable();
        names
    };
    let (helm3, helm4) = (names(Compat::Helm3), names(Compat::Helm4));
    for names in [&helm3, &helm4] {
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "a name twice");
    }
    // 18 of Go's 19 (its `slice` is hidden by Sprig's) and 220 of Helm 3, to which Helm 4 adds 13.
    assert_eq!((helm3.len(), helm4.len()), (18 + 220, 18 + 233));
    let added: Vec<&str> = helm4.iter().copied().filter(|name| !helm3.contains(name)).collect();
    assert_eq!(
        added.join(" "),
        "durationDays durationHours durationMicroseconds durationMilliseconds durationMinutes \
         durationNanoseconds durationRoundTo durationSeconds durationTruncateTo durationWeeks mustToDuration \
         mustToToml mustToYaml"
    );
}
