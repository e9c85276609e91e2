//! Rows about dependencies: from ranges to archives in `charts/`, over real servers.

use std::fs;
use std::path::Path;

use components::{Registry, RegistryOptions, helm};

use crate::repository::{Shop, pack};

/// Writes the chart `name` with these dependencies.
fn parent(folder: &Path, name: &str, dependencies: &str) {
    fs::create_dir_all(folder.join(name).join("templates")).unwrap();
    let text = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\ndependencies:\n{dependencies}");
    fs::write(folder.join(name).join("Chart.yaml"), text).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn ok(shop: &Shop, folder: &Path, words: &[&str]) -> String {
    let said = shop.run_in(folder, words);
    assert!(said.succeeded, "{words:?}: {}{}", said.out, said.err);
    said.out
}

const VERSIONS: [(&str, &str); 9] = [
    ("postgresql", "12.1.9"),
    ("postgresql", "12.12.10"),
    ("postgresql", "13.0.0"),
    ("redis", "18.19.4"),
    ("redis", "18.2.0"),
    ("prometheus", "25.30.1"),
    ("prometheus", "25.4.0-rc.1"),
    ("agent", "v0.4.12"),
    ("agent", "v0.4.9"),
];

#[test]
fn row_131_the_highest_in_range_is_taken() {
    let shop = Shop::of(&VERSIONS);
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    let rows: String = [
        ("postgresql", "12.x.x"),
        ("redis", "18.x.x"),
        ("prometheus", "25.x.x"),
        ("agent", "\">=0.4 <0.4.10 || ~0.3\""),
    ]
    .iter()
    .map(|(name, range)| format!("- name: {name}\n  version: {range}\n  repository: {url}\n"))
    .collect();
    parent(work.path(), "p", &rows);
    let said = ok(&shop, work.path(), &["dependency", "update", "p"]);
    assert!(
        said.ends_with("Saving 4 charts\n".to_owned().as_str()) || said.contains("Saving 4 charts\n"),
        "{said}"
    );
    let charts = work.path().join("p/charts");
    assert_eq!(
        names(&charts),
        ["agent-v0.4.9.tgz", "postgresql-12.12.10.tgz", "prometheus-25.30.1.tgz", "redis-18.19.4.tgz"]
    );
    // The index was asked for once, and each archive once.
    shop.server.forget();
    fs::remove_dir_all(&charts).unwrap();
    ok(&shop, work.path(), &["dependency", "build", "p"]);
    assert_eq!(names(&charts).len(), 4);
    assert_eq!(
        shop.server.seen().len(),
        1,
        "the cache has the archives, the server is asked whether the index changed"
    );
    shop.server.forget();
    fs::remove_dir_all(&charts).unwrap();
    ok(&shop, work.path(), &["dependency", "build", "p", "--offline"]);
    assert_eq!((names(&charts).len(), shop.server.seen().len()), (4, 0));
}

#[test]
fn row_132_a_disabled_dependency_is_neither_rendered_nor_in_the_values() {
    let shop = Shop::of(&VERSIONS);
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    parent(
        work.path(),
        "p",
        &format!(
            "- name: postgresql\n  version: 12.x.x\n  repository: {url}\n  condition: no.such,postgresql.enabled\n"
        ),
    );
    ok(&shop, work.path(), &["dependency", "update", "p"]);
    let template =
        |set: &str| ok(&shop, work.path(), &["template", "p", "--kube-version", "1.34.0", "--set", set]);
    assert!(template("a=b").contains("name: postgresql"));
    assert!(!template("postgresql.enabled=false").contains("postgresql"));
    let values = ok(&shop, work.path(), &["values", "p", "--set", "postgresql.enabled=false"]);
    assert!(!values.contains("global"), "{values}");
}

#[test]
fn row_173_repositories_and_registries_together() {
    let shop = Shop::of(&VERSIONS);
    let registry = Registry::start(&RegistryOptions::default());
    let folder = tempfile::tempdir().unwrap();
    for version in ["2.30.0", "2.31.4", "3.0.0"] {
        let archive = pack(folder.path(), "common", version, "");
        let remote = format!("oci://{}/bitnamicharts", registry.address());
        ok(&shop, folder.path(), &["push", archive.to_str().unwrap(), &remote, "--plain-http"]);
    }
    let work = tempfile::tempdir().unwrap();
    let (url, remote) = (shop.server.url(), registry.address());
    parent(
        work.path(),
        "p",
        &format!(
            "- name: redis\n  version: 18.x.x\n  repository: {url}\n- name: common\n  version: 2.x.x\n  repository: \
             oci://{remote}/bitnamicharts\n"
        ),
    );
    let said = ok(&shop, work.path(), &["dependency", "update", "p", "--plain-http"]);
    assert!(said.contains(&format!("Downloading common from repo oci://{remote}/bitnamicharts\n")), "{said}");
    assert!(
        said.contains(&format!("Pulled: {remote}/bitnamicharts/common:2.31.4\nDigest: sha256:")),
        "{said}"
    );
    assert_eq!(names(&work.path().join("p/charts")), ["common-2.31.4.tgz", "redis-18.19.4.tgz"]);
    let lock = fs::read_to_string(work.path().join("p/Chart.lock")).unwrap();
    assert!(lock.contains("version: 2.31.4\n") && lock.contains("version: 18.19.4\n"), "{lock}");
}

#[test]
fn row_174_lock_and_words_are_helms() {
    let shop = Shop::of(&VERSIONS);
    shop.add("shop");
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    let rows = format!(
        "- name: postgresql\n  version: 12.x.x\n  repository: {url}/\n  condition: postgresql.enabled\n- name: redis\n  \
         alias: cache\n  version: ~18.2\n  repository: \"@shop\"\n  tags: [a, <b>]\n  import-values: [data, {{child: x, parent: y}}]\n\
         - name: agent\n  version: \"*\"\n  repository: {url}\n- name: local\n  version: \">0\"\n  repository: file://../local\n"
    );
    fs::create_dir_all(work.path().join("local")).unwrap();
    fs::write(work.path().join("local/Chart.yaml"), "apiVersion: v2\nname: local\nversion: 0.3.0\n").unwrap();
    parent(work.path(), "ours", &rows);
    let said = ok(&shop, work.path(), &["dep", "up", "ours"]);
    assert_eq!(
        said,
        format!(
            "Hang tight while we grab the latest from your chart repositories...\n...Successfully got an update from the \
             \"shop\" chart repository\nUpdate Complete. ⎈Happy Helming!⎈\nSaving 4 charts\nDownloading postgresql from repo \
             {url}/\nDownloading redis from repo {url}\nDownloading agent from repo {url}\nDeleting outdated charts\n"
        )
    );
    let without_time = |name: &str| {
        let text = fs::read_to_string(work.path().join(name).join("Chart.lock")).unwrap();
        text.lines().filter(|line| !line.starts_with("generated: ")).collect::<Vec<_>>().join("\n")
    };
    let Some(helms) = helm::installed() else {
        println!("row 174: no Helm is installed, the lock is not compared");
        return;
    };
    for helm in helms {
        let name = helm.profile;
        parent(work.path(), name, &rows);
        let text = fs::read_to_string(work.path().join(name).join("Chart.yaml")).unwrap();
        fs::write(
            work.path().join(name).join("Chart.yaml"),
            text.replace(&format!("name: {name}"), "name: ours"),
        )
        .unwrap();
        let home = tempfile::tempdir().unwrap();
        let run = |words: &[&str]| {
            let ended = helm.command(home.path()).args(words).current_dir(work.path()).output().unwrap();
            assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
            String::from_utf8(ended.stdout).unwrap()
        };
        run(&["repo", "add", "shop", &url]);
        assert_eq!(run(&["dependency", "update", name]), said);
        assert_eq!(without_time(name), without_time("ours"));
        assert_eq!(names(&work.path().join(name).join("charts")), names(&work.path().join("ours/charts")));
        // Each builds from the other's lock.
        fs::remove_dir_all(work.path().join(name).join("charts")).unwrap();
        let ours = ok(&shop, work.path(), &["dependency", "build", name]);
        fs::remove_dir_all(work.path().join("ours/charts")).unwrap();
        assert_eq!(run(&["dependency", "build", "ours"]), ours);
        assert_eq!(names(&work.path().join(name).join("charts")), names(&work.path().join("ours/charts")));
    }
}

#[test]
fn row_175_several_charts_each_with_its_verdict() {
    let shop = Shop::of(&VERSIONS);
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    for (name, range) in [("mlflow", "12.x.x"), ("kserve", "99.x.x"), ("monitoring", "13.x.x")] {
        parent(work.path(), name, &format!("- name: postgresql\n  version: {range}\n  repository: {url}\n"));
    }
    let said = shop.run_in(work.path(), &["dependency", "update", "mlflow", "kserve", "monitoring"]);
    assert!(!said.succeeded);
    assert!(
        said.err.contains("Error: can't get a valid version for 1 subchart(s): \"postgresql\""),
        "{}",
        said.err
    );
    assert!(said.err.ends_with("Error: 1 of 3 charts failed: kserve\n"), "{}", said.err);
    assert_eq!(names(&work.path().join("mlflow/charts")), ["postgresql-12.12.10.tgz"]);
    assert_eq!(names(&work.path().join("monitoring/charts")), ["postgresql-13.0.0.tgz"]);
    assert!(!work.path().join("kserve/Chart.lock").exists());
}

#[test]
fn a_failed_update_leaves_everything_as_it_was() {
    let shop = Shop::of(&VERSIONS);
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    let row = |name: &str, range: &str| format!("- name: {name}\n  version: {range}\n  repository: {url}\n");
    parent(work.path(), "p", &(row("postgresql", "12.x.x") + &row("redis", "18.x.x")));
    ok(&shop, work.path(), &["dependency", "update", "p"]);
    let state = || {
        let charts = names(&work.path().join("p/charts"));
        let bytes: Vec<Vec<u8>> =
            charts.iter().map(|name| fs::read(work.path().join("p/charts").join(name)).unwrap()).collect();
        (charts, bytes, fs::read(work.path().join("p/Chart.lock")).unwrap())
    };
    let before = state();
    // One archive is gone, one is another's, one is no archive at all.
    for (range, breakage) in [("13.0.0", None), ("12.1.9", Some(&b"not an archive"[..]))] {
        let file = shop.folder.path().join(format!("postgresql-{range}.tgz"));
        match breakage {
            None => fs::remove_file(&file).unwrap(),
            Some(bytes) => fs::write(&file, bytes).unwrap(),
        }
        parent(work.path(), "p", &(row("postgresql", range) + &row("redis", "18.2.0")));
        let said = shop.run_in(work.path(), &["dependency", "update", "p"]);
        assert!(
            !said.succeeded && said.out.contains("Save error occurred:  could not download "),
            "{}",
            said.out
        );
        assert_eq!(state(), before, "{range}");
    }
    // Without a network nothing new comes.
    parent(work.path(), "p", &(row("postgresql", "12.x.x") + &row("agent", "*")));
    let said = shop.run_in(work.path(), &["dependency", "update", "p", "--offline"]);
    assert!(!said.succeeded && said.err.contains("--offline forbids"), "{}", said.err);
    assert_eq!(state(), before);
}

#[test]
fn locked_means_locked() {
    let shop = Shop::of(&VERSIONS);
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    let row = |range: &str| format!("- name: postgresql\n  version: {range}\n  repository: {url}\n");
    parent(work.path(), "p", &row("12.1.x"));
    let said = shop.run_in(work.path(), &["dependency", "update", "p", "--locked"]);
    assert!(!said.succeeded && said.err.starts_with("Error: --locked needs a Chart.lock"), "{}", said.err);
    ok(&shop, work.path(), &["dependency", "update", "p"]);
    ok(&shop, work.path(), &["dependency", "update", "p", "--locked"]);
    parent(work.path(), "p", &row("12.x.x"));
    let said = shop.run_in(work.path(), &["dependency", "update", "p", "--locked"]);
    assert!(!said.succeeded && said.err.contains("is out of sync"), "{}", said.err);
    // A lock that is a link is not followed.
    ok(&shop, work.path(), &["dependency", "update", "p"]);
    let lock = work.path().join("p/Chart.lock");
    fs::rename(&lock, work.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", &lock).unwrap();
    parent(work.path(), "p", &row("13.x.x"));
    let said = shop.run_in(work.path(), &["dependency", "update", "p"]);
    assert!(
        said.err.contains("the Chart.lock file is a symlink to \"../elsewhere\"")
            || said.err.contains("link"),
        "{}",
        said.err
    );
}

#[test]
fn local_charts_get_their_own_dependencies() {
    let shop = Shop::of(&VERSIONS);
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    parent(work.path(), "inner", &format!("- name: redis\n  version: 18.2.0\n  repository: {url}\n"));
    parent(work.path(), "middle", "- name: inner\n  version: \"*\"\n  repository: file://../inner\n");
    parent(work.path(), "p", "- name: middle\n  version: \"*\"\n  repository: file://../middle\n");
    ok(&shop, work.path(), &["dependency", "update", "p"]);
    let drawn = ok(&shop, work.path(), &["dependency", "tree", "p"]);
    assert_eq!(
        drawn,
        format!(
            "p 1.0.0\n└── middle 1.0.0 (*) file://../middle\n    └── inner 1.0.0 (*) file://../inner\n        └── redis 18.2.0 {url}\n"
        )
    );
    // Round in circles is an end.
    parent(work.path(), "inner", "- name: p\n  version: \"*\"\n  repository: file://../p\n");
    for name in ["inner", "middle", "p"] {
        fs::remove_dir_all(work.path().join(name).join("charts")).unwrap_or_default();
        fs::remove_file(work.path().join(name).join("Chart.lock")).unwrap_or_default();
    }
    let said = shop.run_in(work.path(), &["dependency", "update", "p"]);
    assert!(!said.succeeded && said.err.contains("depends on itself"), "{}", said.err);
}

#[test]
fn many_builds_at_once() {
    let shop = Shop::of(&VERSIONS);
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    let rows: String = [("postgresql", "12.x.x"), ("redis", "18.x.x"), ("prometheus", "25.x.x")]
        .iter()
        .map(|(name, range)| format!("- name: {name}\n  version: {range}\n  repository: {url}\n"))
        .collect();
    for chart in ["a", "b", "c"] {
        parent(work.path(), chart, &rows);
    }
    std::thread::scope(|scope| {
        for index in 0..12 {
            let (shop, work) = (&shop, &work);
            scope.spawn(move || ok(shop, work.path(), &["dependency", "update", ["a", "b", "c"][index % 3]]));
        }
    });
    for chart in ["a", "b", "c"] {
        assert_eq!(
            names(&work.path().join(chart).join("charts")),
            ["postgresql-12.12.10.tgz", "prometheus-25.30.1.tgz", "redis-18.19.4.tgz"]
        );
    }
    assert!(names(&shop.place("cache")).iter().all(|name| name.starts_with("helm-manager-")));
}

#[test]
fn other_commands_fetch_what_is_missing() {
    let shop = Shop::of(&VERSIONS);
    let work = tempfile::tempdir().unwrap();
    let url = shop.server.url();
    parent(work.path(), "p", &format!("- name: redis\n  version: 18.x.x\n  repository: {url}\n"));
    let words = ["template", "p", "--kube-version", "1.34.0"];
    let said = shop.run_in(work.path(), &words);
    assert!(!said.succeeded, "{}", said.out);
    let out = ok(&shop, work.path(), &[&words[..], &["--dependency-update"]].concat());
    assert!(out.starts_with("---\n# Source: p/charts/redis/templates/it.yaml\n"), "{out}");
    fs::remove_dir_all(work.path().join("p/charts")).unwrap();
    ok(&shop, work.path(), &["package", "-u", "p"]);
    assert!(
        work.path().join("p/charts/redis-18.19.4.tgz").is_file() && work.path().join("p-1.0.0.tgz").is_file()
    );
    // Values may be fetched too.
    fs::write(shop.folder.path().join("v.yaml"), "a: fetched\n").unwrap();
    fs::write(work.path().join("p/templates/x.yaml"), "a: {{ .Values.a }}\n").unwrap();
    let out = ok(&shop, work.path(), &[&words[..], &["-f", &format!("{url}/v.yaml")]].concat());
    assert!(out.contains("a: fetched\n"), "{out}");
}
