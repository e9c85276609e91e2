//! Charts through `load`, `merge`, `render` and `Manifests` against what Helm prints: every row of
//! fixtures/render/cases.tsv, both profiles, outputs and errors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chartcore::chart::{self, Chart, LoadOptions};
use chartcore::manifest::{Manifests, PrintOptions, WriteMode};
use chartcore::render::{self, Capabilities, RenderOptions, Rendered};
use chartcore::template::Limits;
use chartcore::values::{self, Overrides};
use chartcore::{Compat, ErrorKind, Result};

const PROFILES: [(Compat, &str); 2] = [(Compat::Helm3, "helm3"), (Compat::Helm4, "helm4")];

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/render")
}

/// `helm template` for the flags the cases use.
struct Template {
    options: RenderOptions,
    chart: PathBuf,
    print: PrintOptions,
    only: Vec<String>,
    release_folder: bool,
}

impl Template {
    fn parse(arguments: &str) -> Self {
        let mut words = arguments.split_whitespace().map(|word| word.trim_matches('"').to_owned());
        let name = words.next().unwrap();
        let chart = fixtures().join("charts").join(words.next().unwrap());
        let mut capabilities = Capabilities::for_kubernetes("1.34.0").unwrap();
        let mut template = Self {
            options: RenderOptions::new(name).namespace("probe"),
            chart,
            print: PrintOptions::default(),
            only: Vec::new(),
            release_folder: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--include-crds" => template.print.crds = true,
                "--no-hooks" => template.print.hooks = false,
                "--skip-tests" => template.print.tests = false,
                "--release-name" => template.release_folder = true,
                "--is-upgrade" => template.options = template.options.is_upgrade(true),
                "-a" => capabilities = capabilities.api_versions([words.next().unwrap()]),
                "-s" | "--show-only" => template.only.push(words.next().unwrap()),
                word => panic!("{word}"),
            }
        }
        template.options = template.options.capabilities(capabilities);
        template
    }

    fn load(&self, compat: Compat) -> Result<Chart> {
        chart::load(&self.chart, &LoadOptions::new(compat))
    }

    fn render(&self, compat: Compat) -> Result<Rendered> {
        let chart = self.load(compat)?;
        render::check(&chart, &self.options)?;
        let values = values::merge(&chart, &Overrides::new())?;
        render::render(&chart, &values, &self.options)
    }

    fn print(&self, compat: Compat) -> Result<Vec<u8>> {
        let manifests = Manifests::from_rendered(&self.render(compat)?)?;
        if self.only.is_empty() {
            Ok(manifests.print(&self.print))
        } else {
            manifests.show_only(&self.only, &self.print)
        }
    }
}

fn cases(file: &str) -> Vec<(String, Template)> {
    let text = std::fs::read_to_string(fixtures().join(file)).unwrap();
    let rows = text.lines().filter_map(|line| line.split_once('\t'));
    rows.map(|(name, arguments)| (name.to_owned(), Template::parse(arguments))).collect()
}

/// Helm's error without what its command line adds.
fn expected_error(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let (_, message) = text.split_once("Error: ")?;
    let message = message.trim_end().trim_end_matches("Use --debug flag to render out invalid YAML");
    Some(message.trim_end().to_owned())
}

#[test]
fn charts_render_as_in_helm() {
    let cases = cases("cases.tsv");
    assert!(cases.len() >= 25);
    let mut failures = Vec::new();
    for (name, template) in &cases {
        for (compat, profile) in PROFILES {
            let golden = fixtures().join("golden").join(profile);
            let printed = template.print(compat);
            match (expected_error(&golden.join(format!("{name}.err"))), printed) {
                (None, Ok(printed)) => {
                    let expected = std::fs::read(golden.join(format!("{name}.out"))).unwrap();
                    if printed != expected {
                        failures.push(first_difference(name, profile, &expected, &printed));
                    }
                }
                (Some(expected), Err(error)) if expected == error.message() => {}
                (Some(expected), Err(error)) => {
                    failures.push(format!("{profile} {name}:\n  Helm: {expected}\n  here: {error}"));
                }
                (Some(expected), Ok(_)) => {
                    failures.push(format!("{profile} {name}: renders, but Helm: {expected}"))
                }
                (None, Err(error)) => failures.push(format!("{profile} {name}: {error}")),
            }
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

fn first_difference(name: &str, profile: &str, expected: &[u8], printed: &[u8]) -> String {
    let (expected, printed) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(printed));
    let mut left = expected.lines();
    let mut right = printed.lines();
    let mut number = 0;
    loop {
        number += 1;
        let (left, right) = (left.next(), right.next());
        if left != right || left.is_none() {
            return format!("{profile} {name}:{number}:\n  Helm: {left:?}\n  here: {right:?}");
        }
    }
}

fn template(name: &str) -> Template {
    Template::parse(&format!("demo {name}"))
}

#[test]
fn notes_are_kept_apart_and_by_chart() {
    let rendered = template("context").render(Compat::Helm4).unwrap();
    assert_eq!(rendered.notes(), b"Notes of context: demo\n");
    let sources: Vec<&str> = rendered.all_notes().iter().map(|note| note.source()).collect();
    assert_eq!(sources, ["context/charts/kid/templates/NOTES.txt", "context/templates/NOTES.txt"]);
    assert!(rendered.files().iter().all(|file| !file.name().ends_with("NOTES.txt")));
}

#[test]
fn a_render_leaves_nothing_behind() {
    let template = template("context");
    let chart = template.load(Compat::Helm4).unwrap();
    let values = values::merge(&chart, &Overrides::new()).unwrap();
    let print = || {
        let rendered = render::render(&chart, &values, &template.options).unwrap();
        Manifests::from_rendered(&rendered).unwrap().to_string()
    };
    let first = print();
    assert_eq!(first, print(), "what templates set in `.Values` is gone in the next render");
    let threads: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(print)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert!(threads.iter().all(|printed| *printed == first));
}

/// The diagnostics that come on top of Helm's text: code, place, label, one of the hints.
#[test]
fn errors_say_where_and_what_to_do() {
    for (name, code, place, label, hint) in [
        (
            "err-nil",
            "nil-pointer",
            "err-nil/templates/cm.yaml:3",
            "`.Values.image` is null",
            "(.Values.image).repository",
        ),
        (
            "err-nil-typo",
            "nil-pointer",
            "err-nil-typo/templates/cm.yaml:3",
            "`.Values.imge` is not set",
            "did you mean `image`",
        ),
        (
            "err-nested",
            "nil-pointer",
            "err-nested/templates/_h.tpl:3",
            "`.Values.image` is null",
            "(.Values.image).tag",
        ),
        ("err-required", "required-value", "err-required/templates/cm.yaml:2", "", ""),
        ("err-fail", "chart-fails", "err-fail/templates/_h.tpl:1", "", ""),
        (
            "err-missing",
            "template-missing",
            "err-missing/templates/cm.yaml:2",
            "",
            "did you mean `err-missing.fullname`",
        ),
        ("err-parse", "template-syntax", "err-parse/templates/cm.yaml:3", "", "{{ end }}"),
        (
            "err-tpl",
            "nil-pointer",
            "err-tpl/templates/cm.yaml:2",
            "`.Values.image` is null",
            "(.Values.image).x",
        ),
        ("err-type", "wrong-type", "err-type/templates/cm.yaml:2", "", ""),
        ("err-yaml", "not-a-manifest", "err-yaml/templates/cm.yaml:6", "wrote the bad line", ""),
    ] {
        let error = template(name).print(Compat::Helm4).unwrap_err();
        let diagnostic = &error.diagnostics()[0];
        assert_eq!(diagnostic.code, code, "{name}");
        let location = diagnostic.primary.as_ref().unwrap();
        assert_eq!(format!("{}:{}", location.file, location.line), place, "{name}");
        assert_eq!(diagnostic.label.as_deref().unwrap_or(""), label, "{name}");
        let notes = diagnostic.notes.iter().map(|note| note.0.as_str());
        let hints: String = diagnostic.hints.iter().map(String::as_str).chain(notes).collect();
        assert!(hints.contains(hint), "{name}: {hints}");
    }
}

#[test]
fn settings_nobody_reads_are_found() {
    let template = template("err-nil-typo");
    let chart = template.load(Compat::Helm4).unwrap();
    let unused = |set: &str| {
        let values = values::merge(&chart, &Overrides::new().set(set)).unwrap();
        let found = values::unused(&values, &render::reads(&values));
        found
            .iter()
            .map(|finding| format!("{} {}", finding.message, finding.hints.join(" ")))
            .collect::<Vec<_>>()
    };
    // The template says `.Values.imge.repository.name`: what it mentions is read, however odd.
    assert_eq!(unused("imge.repository.name=x"), [""; 0]);
    assert_eq!(unused("port=81"), [""; 0]);
    assert_eq!(
        unused("replicacount=3"),
        ["--set replicacount=3: no chart knows `replicacount` did you mean `replicaCount`?"]
    );
}

/// The files below a folder, by path.
fn read_tree(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            read_tree(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}

#[test]
fn output_directories_are_helm_s() {
    for (name, template) in cases("directories.tsv") {
        for (compat, profile) in PROFILES {
            let manifests = Manifests::from_rendered(&template.render(compat).unwrap()).unwrap();
            let mut found: BTreeMap<String, String> = BTreeMap::new();
            for file in manifests.output_files(template.release_folder.then_some("demo"), &template.print) {
                let content = String::from_utf8(file.content).unwrap();
                match file.mode {
                    WriteMode::Create => drop(found.insert(file.path, content)),
                    WriteMode::Append | WriteMode::AppendIfExists => {
                        found.entry(file.path).or_default().push_str(&content);
                    }
                }
            }
            let mut expected = BTreeMap::new();
            read_tree(&fixtures().join("golden").join(profile).join(&name), "", &mut expected);
            assert!(expected.len() > 1);
            assert_eq!(found, expected, "{profile} {name}");
        }
    }
}

#[test]
fn hidden_secrets_leave_their_header() {
    let manifests = Manifests::from_rendered(&template("kinds").render(Compat::Helm4).unwrap()).unwrap();
    let print = PrintOptions { secrets: false, ..PrintOptions::default() };
    let printed = String::from_utf8(manifests.print(&print)).unwrap();
    assert!(!printed.contains("name: second"));
    let hidden = "---\n# Source: kinds/templates/b.yaml\n# HIDDEN: The Secret output has been suppressed\n";
    assert!(printed.contains(hidden), "{printed}");
}

#[test]
fn budgets_stop_a_render() {
    let chart = Chart::builder("greedy")
        .template("a.yaml", "{{ range 1000000 }}{{ range 1000000 }}x{{ end }}{{ end }}")
        .build()
        .unwrap();
    let values = values::merge(&chart, &Overrides::new()).unwrap();
    for (limits, words) in [
        (Limits { steps: 10_000, ..Limits::default() }, "limit of 10000 steps"),
        (Limits { output: 5_000, ..Limits::default() }, "limit of 5000 bytes"),
    ] {
        let error = render::render(&chart, &values, &RenderOptions::new("demo").limits(limits)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn a_sealed_render_repeats_itself() {
    let chart = Chart::builder("dice")
        .template("a.yaml", "a: {{ randAlphaNum 20 }}\nb: {{ uuidv4 }}\nc: {{ now | unixEpoch }}\n")
        .build()
        .unwrap();
    let values = values::merge(&chart, &Overrides::new()).unwrap();
    let print = |seed: &str| {
        let options = RenderOptions::new("demo").sealed(seed, Some(1_000));
        Manifests::from_rendered(&render::render(&chart, &values, &options).unwrap()).unwrap().to_string()
    };
    assert_eq!(print("a"), print("a"));
    assert_ne!(print("a"), print("b"));
    assert!(print("a").contains("c: 1000"), "{}", print("a"));
}

#[test]
fn values_set_by_one_template_are_seen_by_the_next_and_by_the_parent() {
    let child = Chart::builder("child")
        .template("a.yaml", "{{ $_ := set .Values \"seen\" \"yes\" }}type: {{ typeOf .Values }}")
        .build()
        .unwrap();
    let chart = Chart::builder("parent")
        .template("a.yaml", "seen: {{ .Values.child.seen }}\ntype: {{ typeOf .Values.child }}")
        .dependency(child)
        .build()
        .unwrap();
    let values = values::merge(&chart, &Overrides::new()).unwrap();
    let rendered = render::render(&chart, &values, &RenderOptions::new("demo")).unwrap();
    let texts: Vec<_> = rendered.files().iter().map(|file| String::from_utf8_lossy(file.content())).collect();
    assert_eq!(texts, ["type: common.Values", "seen: yes\ntype: map[string]interface {}"]);
}
