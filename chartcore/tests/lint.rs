//! The linter against what `helm lint` prints: every chart of fixtures/lint, both profiles.

use std::path::PathBuf;

use chartcore::Compat;
use chartcore::lint::{self, LintOptions};
use chartcore::render::KubeVersion;
use chartcore::values::Overrides;

const PROFILES: [(Compat, &str); 2] = [(Compat::Helm3, "helm3"), (Compat::Helm4, "helm4")];

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/lint").canonicalize().unwrap()
}

fn options(compat: Compat, flags: &str) -> LintOptions {
    let mut options =
        LintOptions::new(compat).namespace("probe").kube_version(KubeVersion::parse("1.34.0").unwrap());
    for flag in flags.split_whitespace() {
        options = match flag {
            "--strict" => options.strict(true),
            "--quiet" => options.quiet(true),
            "--with-subcharts" => options.subcharts(true),
            "--skip-schema-validation" => options.schema(false),
            flag => panic!("{flag}"),
        };
    }
    options
}

#[test]
fn charts_are_linted_as_in_helm() {
    let cases = std::fs::read_to_string(fixtures().join("cases.tsv")).unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for (name, arguments) in cases.lines().filter_map(|line| line.split_once('\t')) {
        let (chart, flags) = arguments.split_once(' ').unwrap_or((arguments, ""));
        for (compat, profile) in PROFILES {
            count += 1;
            let folder = fixtures().join("charts");
            let path = folder.join(chart).to_string_lossy().into_owned();
            let report = lint::lint_all(&[path], &Overrides::new(), &options(compat, flags));
            let mut printed = report.to_string();
            if report.failed() > 0 {
                printed.push_str(&format!("Error: {}\n", report.summary()));
            }
            let printed = printed.replace(&format!("{}/", folder.display()), "");
            let golden = fixtures().join("golden").join(profile).join(format!("{name}.txt"));
            let expected = std::fs::read_to_string(golden).unwrap();
            if printed != expected {
                failures.push(format!("{profile} {name}:\n--- Helm\n{expected}--- here\n{printed}"));
            }
        }
    }
    assert!(count >= 40);
    assert!(failures.is_empty(), "{} of {count} differ:\n{}", failures.len(), failures.join("\n"));
}
