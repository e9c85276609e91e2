//! Rows about repositories over HTTP. The server is a real one on a loopback port.

use std::fs;
use std::path::{Path, PathBuf};

use components::{FileOptions, FileServer, helm};

use crate::said::{Said, charts, run_program};

/// A folder of archives with an index, a server over it, and a home of our own.
pub(crate) struct Shop {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: FileServer,
    pub(crate) home: tempfile::TempDir,
}

impl Shop {
    /// Charts by name and version, packed, indexed and served.
    pub(crate) fn of(list: &[(&str, &str)]) -> Self {
        Self::with(list, "", &FileOptions::default())
    }

    pub(crate) fn with(list: &[(&str, &str)], more: &str, options: &FileOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, version) in list {
            pack(folder.path(), name, version, more);
        }
        let server = FileServer::start_with(folder.path(), options);
        let shop = Self { folder, server, home: tempfile::tempdir().unwrap() };
        shop.must(&["repo", "index", "."]);
        shop
    }

    /// Runs the binary at home, in the folder of archives.
    pub(crate) fn run(&self, words: &[&str]) -> Said {
        self.run_in(self.folder.path(), words)
    }

    pub(crate) fn run_in(&self, folder: &Path, words: &[&str]) -> Said {
        let home = self.home.path().to_str().unwrap();
        let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        for (flag, place) in [
            ("--repository-config", "repositories.yaml"),
            ("--repository-cache", "cache"),
            ("--content-cache", "content"),
        ] {
            all.extend([flag.to_owned(), format!("{home}/{place}")]);
        }
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        run_program(Path::new(env!("CARGO_BIN_EXE_chart")), folder, &all, "")
    }

    pub(crate) fn must(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert!(said.succeeded, "{words:?}: {}", said.err);
        said.out
    }

    /// The first line of what is wrong.
    pub(crate) fn fails(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert!(!said.succeeded, "{words:?}: {}", said.out);
        said.err.lines().next().unwrap_or_default().to_owned()
    }

    pub(crate) fn add(&self, name: &str) {
        self.must(&["repo", "add", name, &self.server.url()]);
    }

    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

/// Packs a chart of that name and version; `more` goes into Chart.yaml.
pub(crate) fn pack(folder: &Path, name: &str, version: &str, more: &str) -> PathBuf {
    let source = tempfile::tempdir().unwrap();
    let chart = source.path().join(name);
    fs::create_dir_all(chart.join("templates")).unwrap();
    let metadata =
        format!("apiVersion: v2\nname: {name}\nversion: {version}\ndescription: The {name} chart\n{more}");
    fs::write(chart.join("Chart.yaml"), metadata).unwrap();
    fs::write(chart.join("templates/it.yaml"), format!("kind: ConfigMap\nmetadata: {{name: {name}}}\n"))
        .unwrap();
    let out = folder.to_str().unwrap();
    let said = crate::said::run_in(source.path(), &["package", name, "-d", out], "");
    assert!(said.succeeded, "{}", said.err);
    folder.join(format!("{name}-{version}.tgz"))
}

/// The table without the blanks and tabs that fill it.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split('\t').map(str::trim).collect()).collect()
}

#[test]
fn row_72_a_repository_with_relative_urls_is_added() {
    let shop = Shop::of(&[("airbyte", "2.0.18"), ("airbyte", "2.0.19"), ("store", "0.1.0")]);
    let index = fs::read_to_string(shop.folder.path().join("index.yaml")).unwrap();
    assert!(index.contains("\n    - airbyte-2.0.18.tgz\n"), "{index}");
    let said = shop.must(&["repo", "add", "airbyte-v2", &shop.server.url()]);
    assert_eq!(said, "\"airbyte-v2\" has been added to your repositories\n");
    shop.must(&["pull", "airbyte-v2/airbyte", "-d", shop.home.path().to_str().unwrap()]);
    let came = fs::read(shop.place("airbyte-2.0.19.tgz")).unwrap();
    assert_eq!(came, fs::read(shop.folder.path().join("airbyte-2.0.19.tgz")).unwrap());
}

#[test]
fn row_73_absolute_urls_are_followed() {
    let archives = Shop::of(&[("trino", "1.0.0")]);
    let shop = Shop::of(&[]);
    let url = archives.server.url();
    fs::copy(archives.folder.path().join("trino-1.0.0.tgz"), shop.folder.path().join("trino-1.0.0.tgz"))
        .unwrap();
    shop.must(&["repo", "index", ".", "--url", &url]);
    fs::remove_file(shop.folder.path().join("trino-1.0.0.tgz")).unwrap();
    shop.add("trino");
    assert!(shop.must(&["show", "chart", "trino/trino"]).contains("name: trino\n"));
}

#[test]
fn row_74_one_dead_repository_does_not_stop_the_others() {
    let shop = Shop::of(&[("one", "1.0.0")]);
    let gone = Shop::of(&[("two", "1.0.0")]);
    shop.add("one");
    shop.must(&["repo", "add", "gone", &gone.server.url()]);
    let url = gone.server.url();
    drop(gone);
    pack(shop.folder.path(), "one", "1.1.0", "");
    shop.must(&["repo", "index", "."]);
    let said = shop.run(&["repo", "update"]);
    assert!(!said.succeeded, "{}", said.out);
    assert!(said.out.starts_with("Hang tight while we grab the latest from your chart repositories...\n"));
    assert!(
        said.out.contains("...Successfully got an update from the \"one\" chart repository\n"),
        "{}",
        said.out
    );
    let dead = format!(
        "...Unable to get an update from the \"gone\" chart repository ({url}):\n\tGet \"{url}/index.yaml\": dial tcp"
    );
    assert!(said.out.contains(&dead), "{}", said.out);
    assert_eq!(said.err, format!("Error: failed to update the following repositories: [{url}]\n"));
    assert!(shop.must(&["search", "repo", "one/one"]).contains("1.1.0"));
    // Helm 3 goes on all the same, unless told otherwise.
    let said = shop.run(&["repo", "update", "--compat", "helm3"]);
    assert!(said.succeeded && said.out.ends_with("Update Complete. ⎈Happy Helming!⎈\n"), "{}", said.out);
    let said = shop.fails(&["repo", "update", "--compat", "helm3", "--fail-on-repo-update-fail"]);
    assert_eq!(said, format!("Error: Failed to update the following repositories: [{url}]"));
}

#[test]
fn row_75_the_list_is_a_table_json_or_yaml() {
    let shop = Shop::of(&[("one", "1.0.0")]);
    shop.add("one");
    let url = shop.server.url();
    let wide = " ".repeat(url.len() - "URL".len());
    assert_eq!(shop.must(&["repo", "list"]), format!("NAME\tURL{wide}\none \t{url}\n"));
    assert_eq!(
        shop.must(&["repo", "ls", "-o", "json"]),
        format!("[{{\"name\":\"one\",\"url\":\"{url}\"}}]\n")
    );
    assert_eq!(shop.must(&["repo", "list", "-o", "yaml"]), format!("- name: one\n  url: {url}\n"));
    assert_eq!(shop.must(&["repo", "list", "--no-headers"]), format!("one\t{url}\n"));
}

#[test]
fn row_76_search_shows_the_newest_stable_version() {
    let shop = Shop::of(&[("airbyte", "2.0.18"), ("airbyte", "2.1.0-alpha"), ("airbyte", "2.0.9")]);
    shop.add("airbyte-v2");
    let table = shop.must(&["search", "repo", "airbyte-v2"]);
    assert_eq!(
        cells(&table),
        [
            ["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"],
            ["airbyte-v2/airbyte", "2.0.18", "", "The airbyte chart"]
        ]
    );
    assert!(shop.must(&["search", "repo", "airbyte", "--devel"]).contains("2.1.0-alpha"));
    // What is wider than 50 letters is cut.
    let long = "x".repeat(60);
    pack(shop.folder.path(), "wide", "1.0.0", &format!("keywords: [{long}]\n"));
    let text = fs::read_to_string(shop.folder.path().join("index.yaml")).unwrap();
    let text = text.replace("description: The airbyte chart", &format!("description: {long}"));
    fs::write(shop.folder.path().join("index.yaml"), text).unwrap();
    shop.must(&["repo", "update"]);
    let cut = format!("{}...", "x".repeat(47));
    assert!(shop.must(&["search", "repo", "airbyte"]).contains(&format!("\t{cut}\n")));
}

#[test]
fn row_102_a_name_is_taken_once() {
    let shop = Shop::of(&[("one", "1.0.0")]);
    let other = Shop::of(&[("two", "1.0.0")]);
    shop.add("one");
    let said = shop.must(&["repo", "add", "one", &shop.server.url()]);
    assert_eq!(said, "\"one\" already exists with the same configuration, skipping\n");
    let said = shop.fails(&["repo", "add", "one", &other.server.url()]);
    assert_eq!(said, "Error: repository name (one) already exists, please specify a different name");
    assert!(shop.must(&["repo", "list"]).contains(&shop.server.url()));
    shop.must(&["repo", "add", "one", &other.server.url(), "--force-update"]);
    assert!(shop.must(&["repo", "list"]).contains(&other.server.url()));
    let mode = |path: &Path| {
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
    };
    assert_eq!(mode(&shop.place("repositories.yaml")), 0o600);
}

#[test]
fn row_103_removing_takes_entry_and_cache() {
    let shop = Shop::of(&[("one", "1.0.0")]);
    shop.add("one");
    shop.add("two");
    assert!(shop.place("cache/one-index.yaml").is_file() && shop.place("cache/one-charts.txt").is_file());
    assert_eq!(shop.must(&["repo", "remove", "one"]), "\"one\" has been removed from your repositories\n");
    let left: Vec<_> =
        fs::read_dir(shop.place("cache")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name.to_str().unwrap().starts_with("two-")), "{left:?}");
    assert_eq!(shop.fails(&["repo", "remove", "one"]), "Error: no repo named \"one\" found");
    assert!(!shop.must(&["repo", "list"]).contains("one"));
}

#[test]
fn row_104_a_hub_is_asked() {
    let shop = Shop::of(&[]);
    let folder = shop.folder.path().join("api/chartsvc/v1/charts");
    fs::create_dir_all(&folder).unwrap();
    let hit = r#"{"data":[{"id":"stable/x","artifactHub":{"packageUrl":"https://hub.example/x"},"attributes":
        {"description":"An x","repo":{"name":"stable","url":"https://charts.example"}},
        "relationships":{"latestChartVersion":{"data":{"version":"1.2.3","app_version":"9"}}}}]}"#;
    fs::write(folder.join("search"), hit).unwrap();
    let url = shop.server.url();
    let table = shop.must(&["search", "hub", "some", "words", "--endpoint", &url, "--list-repo-url"]);
    assert_eq!(
        cells(&table),
        [
            ["URL", "CHART VERSION", "APP VERSION", "DESCRIPTION", "REPO URL"],
            ["https://hub.example/x", "1.2.3", "9", "An x", "https://charts.example"]
        ]
    );
    assert!(
        shop.server.seen().iter().any(|seen| seen.target == "/api/chartsvc/v1/charts/search?q=some+words")
    );
    let json = shop.must(&["search", "hub", "x", "--endpoint", &url, "-o", "json"]);
    assert_eq!(
        json,
        "[{\"url\":\"https://hub.example/x\",\"version\":\"1.2.3\",\"app_version\":\"9\",\"description\":\"An x\",\
         \"repository\":{\"url\":\"https://charts.example\",\"name\":\"stable\"}}]\n"
    );
    let said = shop.fails(&["search", "hub", "x", "--endpoint", "http://127.0.0.1:1"]);
    assert_eq!(said, "Error: unable to perform search against \"http://127.0.0.1:1\"");
    fs::write(folder.join("search"), "{\"data\":[]}").unwrap();
    assert_eq!(shop.must(&["search", "hub", "x", "--endpoint", &url]), "No results found\n");
}

#[test]
fn row_106_the_archive_is_what_the_index_says() {
    let shop = Shop::of(&[("airbyte", "2.0.18"), ("airbyte", "2.0.19")]);
    shop.add("airbyte-v2");
    let out = shop.home.path().to_str().unwrap().to_owned();
    shop.must(&["pull", "airbyte-v2/airbyte", "--version", "2.0.18", "-d", &out]);
    assert!(shop.place("airbyte-2.0.18.tgz").is_file());
    // Somebody puts other bytes there.
    pack(shop.folder.path(), "airbyte", "2.0.19", "home: https://elsewhere\n");
    let said = shop.fails(&["pull", "airbyte-v2/airbyte", "--version", "2.0.19", "-d", &out]);
    assert!(said.contains("has the digest sha256:") && said.contains("instead of sha256:"), "{said}");
    assert!(!shop.place("airbyte-2.0.19.tgz").exists());
    let said =
        shop.run(&["template", "airbyte-v2/airbyte", "--version", "2.0.19", "--kube-version", "1.34.0"]);
    assert!(!said.succeeded && said.out.is_empty(), "{}", said.out);
}

#[test]
fn row_107_a_version_that_is_not_there_names_the_nearest() {
    let shop = Shop::of(&[("airbyte", "2.0.18"), ("airbyte", "2.0.19"), ("airbyte", "2.1.0")]);
    shop.add("airbyte-v2");
    let said =
        shop.run(&["template", "airbyte-v2/airbyte", "--version", "2.0.20", "--kube-version", "1.34.0"]);
    assert!(!said.succeeded && said.out.is_empty());
    let mut lines = said.err.lines();
    assert_eq!(
        lines.next().unwrap(),
        "Error: chart \"airbyte\" matching 2.0.20 not found in airbyte-v2 index. (try 'helm repo update'): no chart \
         version found for airbyte-2.0.20"
    );
    assert_eq!(lines.next().unwrap(), "hint: the nearest are 2.0.19, 2.1.0; the newest is 2.1.0");
    assert!(!shop.place("content").exists(), "nothing was fetched");
}

#[test]
fn row_119_versions_sort_by_semver() {
    let shop = Shop::of(&[("a", "v0.4.9"), ("a", "v0.4.12"), ("a", "0.4.10"), ("a", "0.5.0-rc.1")]);
    shop.add("x");
    let table = shop.must(&["search", "repo", "x/a", "--versions"]);
    let versions: Vec<&str> = cells(&table).iter().skip(1).map(|row| row[1]).collect();
    assert_eq!(versions, ["v0.4.12", "0.4.10", "v0.4.9"]);
    let table = shop.must(&["search", "repo", "x/a", "--versions", "--devel"]);
    assert_eq!(cells(&table)[1][1], "0.5.0-rc.1");
}

#[test]
fn row_120_show_chart_of_a_version() {
    let shop = Shop::of(&[("a", "1.0.0"), ("a", "2.0.0")]);
    shop.add("x");
    let expected = "apiVersion: v2\ndescription: The a chart\nname: a\nversion: 1.0.0\n\n";
    assert_eq!(shop.must(&["show", "chart", "x/a", "--version", "1.0.0"]), expected);
    assert_eq!(shop.must(&["show", "chart", "a", "--repo", &shop.server.url(), "--version", "^1"]), expected);
    let url = format!("{}/a-1.0.0.tgz", shop.server.url());
    assert_eq!(shop.must(&["show", "chart", &url]), expected);
}

#[test]
fn row_128_a_large_index_takes_little_memory() {
    let shop = Shop::of(&[]);
    let mut index = String::from("apiVersion: v1\nentries:\n");
    let words =
        "deploys a server with storage, queues and metrics for teams that want it all at once ".repeat(4);
    let mut chart = 0;
    while index.len() < 40 << 20 {
        index.push_str(&format!("  chart-{chart:05}:\n"));
        for patch in 0..40 {
            index.push_str(&format!(
                "  - apiVersion: v2\n    appVersion: {patch}.0.0\n    created: \"2024-01-01T00:00:00Z\"\n    description: {words}\n    \
                 digest: {:064x}\n    name: chart-{chart:05}\n    urls:\n    - chart-{chart:05}-1.0.{patch}.tgz\n    version: 1.0.{patch}\n",
                chart * 100 + patch
            ));
        }
        chart += 1;
    }
    fs::write(shop.folder.path().join("index.yaml"), &index).unwrap();
    let length = index.len() as u64;
    drop(index);
    shop.add("bitnami");
    let binary = env!("CARGO_BIN_EXE_chart");
    let home = shop.home.path().display();
    // The limit holds for all the program may map, code and stacks of threads included.
    let limit = (length >> 10) + (160 << 10);
    let script = format!(
        "ulimit -v {limit}; exec {binary} search repo chart-00007 --repository-config {home}/repositories.yaml --repository-cache {home}/cache"
    );
    let said = run_program(Path::new("/bin/sh"), shop.folder.path(), &["-c", &script], "");
    assert!(said.succeeded, "{}", said.err);
    assert!(said.out.contains("bitnami/chart-00007\t1.0.39"), "{}", said.out);
    let found = shop.must(&["resolve", "bitnami/chart-00007", "1.0.x", "-o", "json"]);
    assert!(found.contains("\"version\":\"1.0.39\""), "{found}");
}

#[test]
fn row_133_an_unreachable_host_is_named() {
    let shop = Shop::of(&[]);
    let said = shop.fails(&["repo", "add", "llm-cost-ops", "http://127.0.0.1:1"]);
    assert_eq!(
        said,
        "Error: looks like \"http://127.0.0.1:1\" is not a valid chart repository or cannot be reached: Get \
         \"http://127.0.0.1:1/index.yaml\": dial tcp 127.0.0.1:1: connect: connection refused"
    );
    assert!(!shop.place("repositories.yaml").exists());
}

#[test]
fn row_160_nothing_found_is_no_failure() {
    let shop = Shop::of(&[("a", "1.0.0")]);
    shop.add("x");
    assert_eq!(shop.must(&["search", "repo", "llm-cost-ops"]), "No results found\n");
    assert_eq!(
        shop.fails(&["search", "repo", "llm-cost-ops", "--fail-on-no-result"]),
        "Error: no results found"
    );
}

#[test]
fn row_166_and_167_both_helms_use_what_we_index() {
    let shop = Shop::of(&[("a", "1.0.0"), ("a", "1.1.0"), ("b", "0.1.0+x.1")]);
    let Some(helms) = helm::installed() else {
        println!("row 166: no Helm is installed, only our own side is checked");
        shop.add("x");
        return;
    };
    for helm in helms {
        let home = tempfile::tempdir().unwrap();
        let run = |words: &[&str]| {
            let ended = helm.command(home.path()).args(words).current_dir(home.path()).output().unwrap();
            assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
            String::from_utf8(ended.stdout).unwrap()
        };
        run(&["repo", "add", "x", &shop.server.url()]);
        let found = run(&["search", "repo", "x/", "-l", "-o", "json"]);
        shop.must(&["repo", "add", "x", &shop.server.url()]);
        assert_eq!(shop.must(&["search", "repo", "x/", "-l", "-o", "json"]), found);
        run(&["pull", "x/b"]);
        let archive = fs::read(home.path().join("b-0.1.0+x.1.tgz")).unwrap();
        assert_eq!(archive, fs::read(shop.folder.path().join("b-0.1.0+x.1.tgz")).unwrap());
        assert!(run(&["show", "chart", "x/a"]).contains("version: 1.1.0\n"));
    }
}

#[test]
fn row_169_an_index_is_sorted_dated_and_merged() {
    let folder = tempfile::tempdir().unwrap();
    for (name, version) in [("b", "0.9.0"), ("a", "1.0.0"), ("a", "1.10.0"), ("a", "1.9.0")] {
        pack(folder.path(), name, version, "");
    }
    let index = |words: &[&str]| {
        let script = format!(
            "SOURCE_DATE_EPOCH=1700000000 exec {} repo index . {}",
            env!("CARGO_BIN_EXE_chart"),
            words.join(" ")
        );
        let said = run_program(Path::new("/bin/sh"), folder.path(), &["-c", &script], "");
        let text = fs::read_to_string(folder.path().join("index.yaml")).unwrap_or_default();
        (said, text)
    };
    let (said, text) = index(&["--url", "https://charts.example/team"]);
    assert!(said.succeeded, "{}", said.err);
    let order: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("    version: ")).collect();
    assert_eq!(order, ["1.10.0", "1.9.0", "1.0.0", "0.9.0"]);
    let digest = chartcore::archive::sha256(&fs::read(folder.path().join("b-0.9.0.tgz")).unwrap()).hex();
    assert!(text.contains(&format!("\n    digest: {digest}\n    name: b\n")), "{text}");
    assert!(text.contains("\n    - https://charts.example/team/a-1.10.0.tgz\n"));
    assert_eq!(text.matches("created: \"2023-11-14T22:13:20Z\"").count(), 4);
    assert!(text.ends_with("generated: \"2023-11-14T22:13:20Z\"\n"));
    assert_eq!(index(&["--url", "https://charts.example/team"]).1, text, "the same again");

    // Older entries stay when their archives are gone.
    fs::rename(folder.path().join("index.yaml"), folder.path().join("old.yaml")).unwrap();
    fs::remove_file(folder.path().join("a-1.0.0.tgz")).unwrap();
    let (said, merged) = index(&["--url", "https://charts.example/team", "--merge", "old.yaml"]);
    assert!(said.succeeded, "{}", said.err);
    assert_eq!(merged, text);

    // A published digest does not change.
    pack(folder.path(), "b", "0.9.0", "home: https://elsewhere\n");
    let (said, kept) = index(&["--merge", "old.yaml"]);
    assert!(
        !said.succeeded
            && said.err.starts_with(
                "Error: merge failed: 1 published version(s) would change: b-0.9.0 has the digest "
            ),
        "{}",
        said.err
    );
    assert_eq!(kept, merged, "and the index is not touched");
    let (said, replaced) = index(&["--merge", "old.yaml", "--replace"]);
    assert!(said.succeeded && !replaced.contains(&digest), "{}", said.err);
}

#[test]
fn credentials_stay_with_their_host() {
    let options =
        FileOptions { user: Some(("me".to_owned(), "s3cret".to_owned())), ..FileOptions::default() };
    let archives = Shop::of(&[("a", "1.0.0")]);
    let shop = Shop::with(&[], "", &options);
    fs::copy(archives.folder.path().join("a-1.0.0.tgz"), shop.folder.path().join("a-1.0.0.tgz")).unwrap();
    shop.must(&["repo", "index", ".", "--url", &archives.server.url()]);
    let url = shop.server.url();
    let said = shop.fails(&["repo", "add", "x", &url]);
    assert!(said.ends_with("index.yaml : 401 Unauthorized"), "{said}");
    shop.must(&["repo", "add", "x", &url, "--username", "me", "--password", "s3cret"]);
    let out = shop.home.path().to_str().unwrap().to_owned();
    let seen = |words: &[&str]| {
        archives.server.forget();
        shop.must(words);
        let seen = archives.server.seen();
        assert!(!seen.is_empty(), "{words:?}");
        seen.iter().any(|seen| seen.header("authorization").is_some())
    };
    let forget = || fs::remove_dir_all(shop.place("content")).unwrap_or_default();
    assert!(!seen(&["pull", "x/a", "-d", &out]), "another host gets no password");
    forget();
    let with_repo = ["pull", "a", "--repo", &url, "--username", "me", "--password", "s3cret", "-d", &out];
    assert!(!seen(&with_repo));
    forget();
    shop.must(&[
        "repo",
        "add",
        "x",
        &url,
        "--username",
        "me",
        "--password",
        "s3cret",
        "--pass-credentials",
        "--force-update",
    ]);
    assert!(seen(&["pull", "x/a", "-d", &out]), "unless it is told to");
    let said = shop.run(&["repo", "update", "--debug"]);
    assert!(!said.out.contains("s3cret") && !said.err.contains("s3cret"));
}

#[test]
fn an_unchanged_index_is_not_sent_again() {
    let shop = Shop::of(&[("a", "1.0.0")]);
    shop.add("x");
    shop.server.forget();
    shop.must(&["repo", "update"]);
    let asked = shop.server.seen();
    assert!(asked.len() == 1 && asked[0].header("if-none-match").is_some(), "{asked:?}");
    // Another's index in our place is not ours: it is fetched again.
    fs::write(shop.place("cache/x-index.yaml"), "apiVersion: v1\nentries: {}\n").unwrap();
    shop.must(&["repo", "update"]);
    assert!(shop.must(&["search", "repo", "x/a"]).contains("1.0.0"));
    // A broken index does not take a good one's place.
    fs::write(shop.folder.path().join("index.yaml"), "<html></html>").unwrap();
    let said = shop.run(&["repo", "update"]);
    assert!(said.out.contains("...Unable to get an update"), "{}", said.out);
    assert!(shop.must(&["search", "repo", "x/a"]).contains("1.0.0"));
}

#[test]
fn resolve_says_exactly_which() {
    let shop = Shop::of(&[("a", "0.9.0"), ("a", "0.10.0"), ("a", "1.0.0-rc.1"), ("zz", "9.0.0")]);
    shop.add("x");
    let digest = chartcore::archive::sha256(&fs::read(shop.folder.path().join("a-0.10.0.tgz")).unwrap());
    let url = shop.server.url();
    let expected = format!(
        "{{\"name\":\"a\",\"version\":\"0.10.0\",\"appVersion\":\"\",\"url\":\"{url}/a-0.10.0.tgz\",\"digest\":\"{digest}\"}}\n"
    );
    for words in [
        &["resolve", "x/a", "-o", "json"][..],
        &["resolve", "x/a", "<1", "-o", "json"],
        &["resolve", "a", "0.x", "--repo", &url, "-o", "json"],
        &["resolve", &format!("{url}/a-0.10.0.tgz"), "-o", "json"],
    ] {
        assert_eq!(shop.must(words), expected, "{words:?}");
    }
    assert!(shop.must(&["resolve", "x/a", "--devel"]).contains("1.0.0-rc.1"));
    let local = charts().join("store");
    assert!(shop.must(&["resolve", local.to_str().unwrap(), "-o", "json"]).contains("\"name\":\"store\""));
    let said = shop.fails(&["resolve", "x/a", "3.x"]);
    assert!(said.starts_with("Error: chart \"a\" matching 3.x not found in x index."), "{said}");
}
