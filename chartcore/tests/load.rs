//! Loading: what Helm says of charts, good and broken, against what we say.
//!
//! The tables in fixtures/load were written by running Helm 3.22.0 and 4.3.1 on the files they list.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use chartcore::Compat;
use chartcore::archive::{PackOptions, entries, sha256};
use chartcore::chart::{Chart, File, LoadOptions, VersionCheck, load, load_files, scaffold};
use chartcore::dependency::{NoRepositories, check_lock, list, resolve, strays};
use chartcore::files::Limits;
use chartcore::files::directory::Symlinks;
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn table(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(fixtures().join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("load").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn write(path: &Path, data: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, data).unwrap();
}

fn write_case(chart: &Path, case: &Value) {
    fs::create_dir_all(chart).unwrap();
    for (name, text) in case["files"].as_object().unwrap() {
        write(&chart.join(name), text.as_str().unwrap());
    }
    for name in case["folders"].as_array().into_iter().flatten() {
        fs::create_dir_all(chart.join(name.as_str().unwrap())).unwrap();
    }
    for (name, target) in case["links"].as_object().into_iter().flatten() {
        let link = chart.join(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(target.as_str().unwrap(), link).unwrap();
    }
    for name in case["pipes"].as_array().into_iter().flatten() {
        let made = Command::new("mkfifo").arg(chart.join(name.as_str().unwrap())).status().unwrap();
        assert!(made.success());
    }
    for archive in case["archives"].as_array().into_iter().flatten() {
        let [path, name, version] = [0, 1, 2].map(|index| archive[index].as_str().unwrap());
        let packed = Chart::builder(name).version(version).build().unwrap();
        let packed = chartcore::archive::pack(&packed, &PackOptions::new()).unwrap();
        write(&chart.join(path), packed.bytes());
    }
}

/// Names and sizes as the fixtures' template lists them.
fn listed(chart: &Chart) -> String {
    let mut files: Vec<_> = chart.files().iter().map(|file| (file.name(), file.data().len())).collect();
    files.sort();
    files.iter().map(|(name, size)| format!("{name}={size};")).collect()
}

const COMMANDS: [(&str, Compat, VersionCheck); 4] = [
    ("template3", Compat::Helm3, VersionCheck::First),
    ("show3", Compat::Helm3, VersionCheck::Skip),
    ("template4", Compat::Helm4, VersionCheck::First),
    ("show4", Compat::Helm4, VersionCheck::Skip),
];

fn check_table(name: &str) {
    let chart = folder(name).join("c");
    for case in table(&format!("load/{name}.jsonl")) {
        let _ = fs::remove_dir_all(&chart);
        write_case(&chart, &case);
        let label = case["files"]["Chart.yaml"].as_str().filter(|_| name == "metadata");
        let label = label.or(case["name"].as_str()).unwrap();
        for (command, compat, version_check) in COMMANDS {
            let options = LoadOptions::new(compat).version_check(version_check).symlinks(Symlinks::Follow);
            let loaded = load(&chart, &options);
            match (&loaded, case[command].as_str()) {
                (Ok(chart), None) => {
                    let profile = if compat == Compat::Helm3 { "3" } else { "4" };
                    let wanted = |key: &str| case[format!("{key}{profile}")].as_str().or(case[key].as_str());
                    if let Some(shown) = wanted("shown") {
                        let yaml = chart.metadata().to_yaml().unwrap();
                        assert_eq!(String::from_utf8_lossy(&yaml) + "\n", shown, "{command} of {label:?}");
                    }
                    if let Some(names) = wanted("listed") {
                        assert_eq!(listed(chart), names, "{command} of {label:?}");
                    }
                }
                (Err(error), Some(wanted)) => {
                    let message = error.message().replace(chart.to_str().unwrap(), "$CHART");
                    assert_eq!(message, wanted, "{command} of {label:?}");
                }
                (Ok(_), Some(wanted)) => panic!("{command} of {label:?}: loaded, but wanted {wanted}"),
                (Err(error), None) => panic!("{command} of {label:?}: {error}"),
            }
        }
    }
}

#[test]
fn chart_yaml_is_read_as_helm_reads_it() {
    check_table("metadata");
}

#[test]
fn charts_load_or_fail_as_in_helm() {
    check_table("charts");
}

#[test]
fn chart_lock_is_read_and_written_as_in_helm() {
    check_table("lock");
    for case in table("load/lock.jsonl") {
        let Some(written) = case["written"].as_str() else { continue };
        let files = case["files"].as_object().unwrap().iter();
        let files = files.map(|(name, text)| File::new(name.as_str(), text.as_str().unwrap().as_bytes()));
        let chart = load_files(files.collect(), &LoadOptions::default()).unwrap();
        let entries = entries(&chart, &PackOptions::new()).unwrap();
        let lock = entries.iter().find(|entry| entry.name == "c/Chart.lock");
        let lock = lock.map(|entry| String::from_utf8_lossy(&entry.data).into_owned());
        assert_eq!(lock.unwrap_or_default(), written, "{}", case["name"]);
    }
}

#[test]
fn links_that_leave_the_chart_are_refused_unless_allowed() {
    let top = folder("links");
    let chart = top.join("c");
    write(&chart.join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    write(&top.join("secret"), "s");
    write(&top.join("secrets/one"), "s");
    write(&chart.join(".helmignore"), "ignored\n");
    write(&chart.join("real"), "r");
    symlink("../secret", chart.join("ignored")).unwrap();
    symlink("real", chart.join("inside")).unwrap();
    let options = LoadOptions::default();
    let loaded = load(&chart, &options).unwrap();
    assert_eq!(listed(&loaded), ".helmignore=8;inside=1;real=1;");
    let shown = chart.display();
    let inside = format!(
        "found symbolic link in path: {shown}/inside resolves to {shown}/real. Contents of linked file included \
         and used"
    );
    assert!(loaded.warnings().iter().any(|warning| warning.message == inside));
    for (link, target, resolved) in [
        ("file", "../secret", top.join("secret")),
        ("folder", "../secrets", top.join("secrets")),
        ("device", "/dev/null", PathBuf::from("/dev/null")),
        ("absolute", "/", PathBuf::from("/")),
        ("parent", "..", top.clone()),
    ] {
        let path = chart.join(link);
        symlink(target, &path).unwrap();
        let error = load(&chart, &options).unwrap_err();
        let wanted =
            format!("symbolic link {} leads out of the chart to {}", path.display(), resolved.display());
        assert_eq!(error.message(), wanted);
        if matches!(link, "file" | "folder") {
            let loaded = load(&chart, &options.symlinks(Symlinks::Follow)).unwrap();
            assert!(loaded.files().iter().any(|file| file.name().starts_with(link)));
        }
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn many_ways_to_one_folder_do_not_multiply_without_end() {
    let chart = folder("many").join("c");
    write(&chart.join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    // Each of 30 folders has two links to the next: 2^30 paths.
    for index in 0..30 {
        fs::create_dir_all(chart.join(format!("z{index:02}"))).unwrap();
    }
    for index in 0..29 {
        for link in ["a", "b"] {
            symlink(format!("../z{:02}", index + 1), chart.join(format!("z{index:02}/{link}"))).unwrap();
        }
    }
    let mut limits = Limits::for_compat(Compat::Helm4);
    limits.files = 5_000;
    let error = load(&chart, &LoadOptions::default().limits(limits)).unwrap_err();
    assert_eq!(error.message(), format!("{} holds more than 5000 files", chart.display()));
}

#[test]
fn folders_over_their_limits_are_refused() {
    let chart = folder("limits").join("c");
    write(&chart.join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    write(&chart.join("a/b/c/x"), vec![b'x'; 200]);
    let limits = |change: fn(&mut Limits), compat| {
        let mut limits = Limits::for_compat(compat);
        change(&mut limits);
        load(&chart, &LoadOptions::new(compat).limits(limits)).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(limits(|limits| limits.directory_bytes = 238, Compat::Helm4), Ok(()));
    assert_eq!(
        limits(|limits| limits.directory_bytes = 237, Compat::Helm4),
        Err("error reading a/b/c/x: chart exceeds maximum decompressed size of 237 bytes".to_string())
    );
    assert_eq!(
        limits(|limits| limits.file_bytes = 199, Compat::Helm3),
        Err("chart file \"x\" is larger than the maximum file size 199".to_string())
    );
    assert_eq!(
        limits(|limits| limits.depth = 2, Compat::Helm4),
        Err(format!("{}/a/b/c lies more than 2 folders deep", chart.display()))
    );
    write(&chart.join("big"), vec![b'x'; 5 * 1024 * 1024 + 1]);
    assert_eq!(
        limits(|_| {}, Compat::Helm3),
        Err("chart file \"big\" is larger than the maximum file size 5242880".to_string())
    );
    assert_eq!(limits(|_| {}, Compat::Helm4), Ok(()));
}

#[test]
fn charts_nested_too_deep_are_refused() {
    let chart = |depth: usize| {
        let files = (0..=depth).map(|level| {
            let text = format!("apiVersion: v2\nname: c{level}\nversion: 0.1.0\n");
            File::new("charts/c/".repeat(level) + "Chart.yaml", text.into_bytes())
        });
        load_files(files.collect(), &LoadOptions::default())
    };
    assert!(chart(32).is_ok());
    for depth in [33, 2_000] {
        let error = chart(depth).unwrap_err();
        assert!(error.message().ends_with(": charts are nested more than 32 deep"), "{error}");
    }
}

#[test]
fn deep_metadata_is_walked_within_a_small_stack() {
    let deep = "[".repeat(490) + &"]".repeat(490);
    let maps = "{a: ".repeat(490) + "1" + &"}".repeat(490);
    let text = format!(
        "apiVersion: v2\nname: c\nversion: 0.1.0\nx: {deep}\ny: {maps}\ndependencies: [{{name: d, import-values: {deep}}}]\n"
    );
    let dependency = File::new("charts/d/Chart.yaml", *b"apiVersion: v2\nname: d\nversion: 0.1.0\n");
    let files = vec![File::new("Chart.yaml", text.into_bytes()), dependency];
    let chart = load_files(files, &LoadOptions::default()).unwrap();
    assert_eq!(chart.metadata().dependencies.len(), 1);
    assert!(chartcore::archive::pack(&chart, &PackOptions::new()).is_ok());
    let too_deep = format!("name: {}", "[".repeat(20_000));
    let files = vec![File::new("Chart.yaml", too_deep.into_bytes())];
    assert!(load_files(files, &LoadOptions::default()).is_err());
}

#[test]
fn documents_of_values_are_merged_by_helm_4_and_the_first_is_taken_by_helm_3() {
    let text = b"a: {x: 1, y: {z: 1}}\nb: [1]\n---\na: {x: null, y: {w: 2}}\nb: [2]\n---\n# nothing\n---\na: {y: {}}\n";
    for (compat, wanted) in [
        (Compat::Helm3, "a: {x: 1, y: {z: 1}}\nb: [1]\n"),
        (Compat::Helm4, "a: {x: null, y: {z: 1, w: 2}}\nb: [2]\n"),
    ] {
        let values = chartcore::chart::read_values(text, compat).unwrap();
        assert_eq!(values, chartcore::data::yaml::parse(wanted.as_bytes()).unwrap());
    }
}

#[test]
fn crds_come_with_their_charts_path() {
    let chart_yaml = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n").into_bytes();
    let file = |name: &str, data: &[u8]| File::new(name, data);
    let files = vec![
        file("Chart.yaml", &chart_yaml("top")),
        file("charts/zz/Chart.yaml", &chart_yaml("a")),
        file("charts/zz/crds/deep/one.YML", b"1"),
        file("charts/b/Chart.yaml", &chart_yaml("b")),
        file("charts/b/crds/two.json", b"2"),
        file("crds/three.yaml", b"3"),
        file("crds/README.md", b"no"),
        file("crds.yaml", b"no"),
        file("README.md", b"read me"),
    ];
    let chart = load_files(files, &LoadOptions::default()).unwrap();
    let crds: Vec<_> = chart.crds().into_iter().map(|crd| (crd.path, crd.file.name().to_string())).collect();
    let wanted = [
        ("top/crds/three.yaml", "crds/three.yaml"),
        ("top/charts/a/crds/deep/one.YML", "crds/deep/one.YML"),
        ("top/charts/b/crds/two.json", "crds/two.json"),
    ];
    assert_eq!(crds, wanted.map(|(path, name)| (path.to_string(), name.to_string())));
    assert_eq!(chart.readme().map(File::data), Some(&b"read me"[..]));
}

#[test]
fn create_writes_what_helm_writes() {
    for case in table("load/create.jsonl") {
        let compat = if case["helm"] == "3" { Compat::Helm3 } else { Compat::Helm4 };
        let name = case["chart"].as_str().unwrap();
        if let Some(sums) = case["sha256"].as_object() {
            let scaffold = scaffold::create(name, compat).unwrap();
            assert_eq!(scaffold.files.len(), sums.len());
            for file in &scaffold.files {
                assert_eq!(sums[file.name()], sha256(file.data()).hex(), "{name}: {}", file.name());
            }
            continue;
        }
        let starter = folder("starter");
        for (file, text) in case["starter"].as_object().unwrap() {
            write(&starter.join(file), text.as_str().unwrap());
        }
        let starter = load(&starter, &LoadOptions::new(compat)).unwrap();
        let scaffold = scaffold::create_from(name, &starter).unwrap();
        let mut made: Vec<_> = scaffold
            .files
            .iter()
            .map(|file| (file.name().to_string(), Value::from(String::from_utf8_lossy(file.data()))))
            .collect();
        for chart in &scaffold.dependencies {
            let packed = chartcore::archive::pack(chart, &PackOptions::new()).unwrap();
            made.push((format!("charts/{}", packed.file_name()), Value::Null));
        }
        assert_eq!(Value::from_iter(made), case["written"]);
    }
    for (name, message) in [
        ("", "chart name must be between 1 and 250 characters"),
        (&"x".repeat(251), "chart name must be between 1 and 250 characters"),
        ("a b", "chart name must match the regular expression \"^[a-zA-Z0-9._-]+$\""),
        ("ü", "chart name must match the regular expression \"^[a-zA-Z0-9._-]+$\""),
    ] {
        assert_eq!(scaffold::create(name, Compat::Helm4).unwrap_err().message(), message);
    }
}

#[test]
fn dependencies_are_listed_as_helm_lists_them() {
    let chart = folder("list").join("c");
    for case in table("load/dependency_list.jsonl") {
        let _ = fs::remove_dir_all(&chart);
        write_case(&chart, &case);
        for (profile, compat) in [("3", Compat::Helm3), ("4", Compat::Helm4)] {
            let options = LoadOptions::new(compat).version_check(VersionCheck::Skip);
            let loaded = load(&chart, &options).unwrap();
            let wanted = |key: &str| match &case[key] {
                Value::Null => case[format!("{key}{profile}")].clone(),
                value => value.clone(),
            };
            let statuses = list(&chart, &loaded, &options);
            let statuses =
                statuses.iter().map(|listed| vec![listed.dependency.name.clone(), listed.status.to_string()]);
            assert_eq!(Value::from_iter(statuses), wanted("statuses"), "{}", case["name"]);
            if loaded.metadata().lists_dependencies {
                let strays = strays(&chart, &loaded, &options);
                let strays =
                    strays.iter().map(|stray| stray.to_string().replace(chart.to_str().unwrap(), "$CHART"));
                assert_eq!(Value::from_iter(strays), wanted("strays"), "{}", case["name"]);
            }
        }
    }
}

#[test]
fn dependencies_are_resolved_as_in_helm() {
    let top = folder("resolve");
    let chart = top.join("c");
    for case in table("load/dependency_resolve.jsonl") {
        let _ = fs::remove_dir_all(&top);
        write_case(&chart, &case);
        for (profile, compat) in [("3", Compat::Helm3), ("4", Compat::Helm4)] {
            let options = LoadOptions::new(compat).version_check(VersionCheck::Skip);
            let loaded = load(&chart, &options).unwrap();
            let resolved = resolve(&chart, loaded.metadata(), &mut NoRepositories, &options);
            let label = &case["name"];
            match resolved {
                Err(error) => {
                    let message = error.message().replace(chart.to_str().unwrap(), "$CHART");
                    let message = message.replace(top.to_str().unwrap(), "$PARENT");
                    assert_eq!(message, case[format!("error{profile}")], "{label}");
                }
                Ok(mut lock) => {
                    assert_eq!(lock.digest, case[format!("digest{profile}")], "{label}");
                    let versions = lock.dependencies.iter().flatten().map(|locked| locked.version.as_str());
                    assert_eq!(Value::from_iter(versions), case[format!("locked{profile}")], "{label}");
                    lock.generated = "2024-01-01T00:00:00Z".to_string();
                    write(&chart.join("Chart.lock"), lock.to_yaml().unwrap());
                    let locked = load(&chart, &options).unwrap();
                    assert_eq!(check_lock(&locked).unwrap(), Some(&lock), "{label}");
                    lock.digest.push('0');
                    write(&chart.join("Chart.lock"), lock.to_yaml().unwrap());
                    let outdated = load(&chart, &options).unwrap();
                    assert!(check_lock(&outdated).unwrap_err().message().contains("is out of sync"));
                    fs::remove_file(chart.join("Chart.lock")).unwrap();
                }
            }
        }
    }
}
