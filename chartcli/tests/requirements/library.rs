//! Rows of the class LIB.

use std::fs;

use chartcore::archive::{PackOptions, pack};
use chartcore::chart::{self, LoadOptions};
use chartcore::data::{Value, json, yaml};
use chartcore::manifest::{Manifests, PrintOptions};
use chartcore::render::{Capabilities, RenderOptions, render};
use chartcore::values::{Overrides, merge};
use chartcore::version::{Constraint, Version};
use chartcore::{Chart, Compat};

use crate::corpus;
use crate::said::{charts, must};

fn options() -> LoadOptions {
    LoadOptions::new(Compat::Helm4)
}

#[test]
fn row_182_charts_load_from_folders_archives_and_bytes() {
    let folder = charts().join("stack");
    let chart = chart::load(&folder, &options()).unwrap();
    assert_eq!(chart.name(), "stack");
    let mut names: Vec<&str> = chart.dependencies().iter().map(Chart::name).collect();
    names.sort_unstable();
    assert_eq!(names, ["networking", "workload"]);
    let archive = pack(&chart, &PackOptions::new()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join(archive.file_name());
    fs::write(&file, archive.bytes()).unwrap();
    let expected = printed(&chart);
    assert_eq!(printed(&chart::load(&file, &options()).unwrap()), expected);
    assert_eq!(printed(&chart::load_archive(archive.bytes(), &options()).unwrap()), expected);
}

#[test]
fn row_183_values_merge_as_helm_merges_them() {
    // The differential run over random trees is an xtask; here are Helm's answers for the charts of ours.
    crate::said::check(81);
    crate::said::check(149);
}

#[test]
fn row_184_the_library_renders_what_the_binary_prints() {
    for name in ["launcher", "store", "stack", "cost-ops", "probe"] {
        let chart = chart::load(charts().join(name), &options()).unwrap();
        let expected = must(&["template", "release-name", name, "--kube-version", "1.34.0"]);
        assert_eq!(String::from_utf8(printed(&chart)).unwrap(), expected, "{name}");
    }
    corpus::check(184, "^(llm-d-infra|llm-d-modelservice|fma-controllers|dpctlr)--");
}

#[test]
fn row_185_archives_are_deterministic() {
    let chart = chart::load(charts().join("stack"), &options()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let copy = scratch.path().join("copy");
    // Written in another order, at another time, with other permissions.
    for file in chart.raw().iter().rev() {
        let path = copy.join(file.name());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.data()).unwrap();
    }
    for child in chart.dependencies() {
        for file in child.raw() {
            let path = copy.join("charts").join(child.name()).join(file.name());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.data()).unwrap();
        }
    }
    let again = chart::load(&copy, &options()).unwrap();
    let (first, second) =
        (pack(&chart, &PackOptions::new()).unwrap(), pack(&again, &PackOptions::new()).unwrap());
    assert_eq!(first.digest(), second.digest());
    let later = pack(&chart, &PackOptions::new().mtime(1_700_000_000)).unwrap();
    assert_ne!(later.digest(), first.digest());
}

#[test]
fn row_188_a_chart_in_memory() {
    let chart = Chart::builder("web")
        .template("cm.yaml", "name: {{ .Release.Name }}-{{ .Values.size }}\n")
        .file("values.yaml", &b"size: 1\n"[..])
        .build()
        .unwrap();
    let values = merge(&chart, &Overrides::new().set("size=3")).unwrap();
    let rendered = render(&chart, &values, &RenderOptions::new("r")).unwrap();
    assert_eq!(rendered.files()[0].content(), b"name: r-3\n");
}

/// YAML 1.2 readers and Cargo's versions know none of this; Helm's do.
#[test]
fn row_192_yaml_and_versions_are_helm_s() {
    let value = yaml::parse(b"a: yes\nb: 0777\nc: 1e3\nd: 1_000\nb: 0o17\n").unwrap();
    assert_eq!(json::write(&value).unwrap(), br#"{"a":true,"b":15,"c":1000,"d":1000}"#);
    assert_eq!(yaml::write(&Value::from("yes")).unwrap(), b"\"yes\"\n");
    for (constraint, version, expected) in [
        ("1.x", "v1.2", true),
        (">=1.0.0 <2", "1.9.9+build", true),
        ("~1.2 || ^3", "3.4.5", true),
        ("^1", "1.2.0-rc1", false),
    ] {
        let constraint = Constraint::parse(constraint).unwrap();
        assert_eq!(constraint.check(&Version::parse(version).unwrap()), expected, "{constraint:?} {version}");
    }
}

fn printed(chart: &Chart) -> Vec<u8> {
    let options =
        RenderOptions::new("release-name").capabilities(Capabilities::for_kubernetes("1.34.0").unwrap());
    let values = merge(chart, &Overrides::new()).unwrap();
    let rendered = render(chart, &values, &options).unwrap();
    let print = PrintOptions { crds: false, hooks: true, tests: true, secrets: true };
    Manifests::from_rendered(&rendered).unwrap().print(&print)
}
