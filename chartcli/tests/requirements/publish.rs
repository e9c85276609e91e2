//! Rows of the class PUBLISH, against the real registry and with real git.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chartcore::ErrorKind;
use chartcore::archive::{PackOptions, pack};
use chartcore::publish::{PublishOptions, Strategy, prepare, publish};
use chartcore::registry::{Artifact, Logins, PushedNew, Registry};
use chartcore::transport::{Client, ClientOptions};
use chartcore::{Chart, Compat};

use crate::world::{World, ran, write};

const CHART: &str = "charts/dpctlr";
const NAME: &str = "dual-pods-controller";

fn short(commit: &str) -> &str {
    &commit[..7]
}

fn tags(world: &World) -> Vec<String> {
    let shown = world.chart(&["search", &world.oci(&format!("charts/{NAME}")), "--versions"]).ok();
    shown.lines().skip(1).map(|line| line.split('\t').next_back().unwrap().trim().to_owned()).collect()
}

#[test]
fn row_006_the_commit_is_in_the_version() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let head = world.git(&clone, &["rev-parse", "--short=7", "HEAD"]);
    let said = world.chart_in(&clone, &["publish", CHART, &world.oci("charts"), "--append-git-hash"]).json();
    let [published] = &said[..] else { panic!("{said:?}") };
    let version = format!("0.1.0-{head}");
    assert_eq!(published["tag"], version.as_str());
    assert_eq!(published["status"], "published");
    assert_eq!(published["ref"], format!("{}/charts/{NAME}:{version}", world.registry.address()).as_str());
    assert_eq!(
        world.digest(&format!("charts/{NAME}"), &version).as_deref(),
        published["manifestDigest"].as_str()
    );
    assert_eq!(tags(&world), [version]);
}

#[test]
fn row_007_images_must_be_published_first() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let (target, registry) = (world.oci("charts"), world.registry.address());
    let image = format!("Image={registry}/images/dpctlr:v1");
    let words =
        ["publish", CHART, &target, "--append-git-hash", "--check-images", "--set-image", image.as_str()];
    let err = world.chart_in(&clone, &words).failed(1);
    let first = format!("Error: 1 image is not in the registry: \"{registry}/images/dpctlr:v1\"\n");
    assert!(err.starts_with(&first), "{err}");
    assert!(world.chart(&["search", &format!("{target}/{NAME}")]).code == 1, "nothing may be there");
    // Any artifact under that name will do: the registry is asked, not the image.
    let chart = Chart::builder("dpctlr").version("1.0.0").build().unwrap();
    let archive = world.path("dpctlr-1.0.0.tgz");
    fs::write(&archive, pack(&chart, &PackOptions::new()).unwrap().bytes()).unwrap();
    world.chart(&["push", archive.to_str().unwrap(), &world.oci("images")]).ok();
    let image = format!("Image={registry}/images/dpctlr:1.0.0");
    let words =
        ["publish", CHART, &target, "--append-git-hash", "--check-images", "--set-image", image.as_str()];
    let said = world.chart_in(&clone, &words).json();
    assert_eq!(said[0]["images"][0], format!("{registry}/images/dpctlr:1.0.0").as_str());
}

#[test]
fn row_008_the_image_is_set_in_the_package_alone() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let target = world.oci("charts");
    let set = "Image=ghcr.io/x/dpctlr:v0.1.0";
    world.chart_in(&clone, &["publish", CHART, &target, "--version", "0.2.0", "--set-image", set]).ok();
    let shown = world.chart(&["show", "values", &format!("{target}/{NAME}"), "--version", "0.2.0"]).ok();
    assert_eq!(shown, "# Which image runs\nImage: \"ghcr.io/x/dpctlr:v0.1.0\" # set on publish\n\n");
    assert_eq!(world.git(&clone, &["status", "--porcelain"]), "");
    for floating in ["Image=ghcr.io/x/dpctlr:latest", "Image=ghcr.io/x/dpctlr"] {
        let words = ["publish", CHART, &target, "--version", "0.3.0", "--set-image", floating];
        let err = world.chart_in(&clone, &words).failed(1);
        assert!(err.contains("a published chart must name a published image"), "{err}");
        let words = [
            "publish",
            CHART,
            &target,
            "--version",
            "0.3.0",
            "--set-image",
            floating,
            "--allow-latest",
            "--dry-run",
        ];
        assert_eq!(world.chart_in(&clone, &words).json()[0]["status"], "would be published");
    }
}

#[test]
fn row_010_and_013_app_version_is_the_hash_as_a_string() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let target = world.oci("charts");
    for (hash, quoted) in [
        ("d1a7c8f", "d1a7c8f"),
        ("1234567", "\"1234567\""),
        ("1234e12", "\"1234e12\""),
        // Too large for a number, so a text for every reader.
        ("12e4567", "12e4567"),
    ] {
        world.chart_in(&clone, &["publish", CHART, &target, "--append-git-hash", "--git-hash", hash]).ok();
        let version = format!("0.1.0-{hash}");
        let shown = world.chart(&["show", "chart", &format!("{target}/{NAME}"), "--version", &version]).ok();
        assert!(shown.contains(&format!("version: {version}\n")), "{shown}");
        assert!(shown.contains(&format!("appVersion: {quoted}\n")), "{shown}");
        let into = world.path(hash);
        let words = ["pull", &format!("{target}/{NAME}"), "--version", &version, "--untar", "--untardir"];
        world.chart(&[&words[..], &[into.to_str().unwrap()]].concat()).ok();
        let folder = into.join(NAME);
        let mut lint = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), &into);
        ran(lint.args(["lint", folder.to_str().unwrap()])).ok();
        for helm in components::helm::installed().unwrap_or_default() {
            ran(helm.command(&into).args(["lint", folder.to_str().unwrap()])).ok();
        }
    }
}

#[test]
fn row_011_the_tree_must_be_clean() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let target = world.oci("charts");
    let words = ["publish", CHART, &target, "--append-git-hash"];
    write(&clone.join("charts/dpctlr/templates/new.yaml"), "a: 1\n");
    let err = world.chart_in(&clone, &words).failed(1);
    let first = "Error: the working tree differs from the commit: charts/dpctlr/templates/new.yaml\n";
    assert!(err.starts_with(first), "{err}");
    fs::remove_file(clone.join("charts/dpctlr/templates/new.yaml")).unwrap();
    // What is new elsewhere has no part in the chart.
    write(&clone.join("notes.txt"), "a\n");
    world.chart_in(&clone, &[&words[..], &["--dry-run"]].concat()).ok();
    write(&clone.join("charts/dpctlr/values.yaml"), "Image: a:1\n");
    assert!(world.chart_in(&clone, &words).failed(1).contains("charts/dpctlr/values.yaml"));
    world.chart_in(&clone, &[&words[..], &["--allow-dirty"]].concat()).ok();
    let head = world.git(&clone, &["rev-parse", "HEAD"]);
    let trace =
        world.chart(&["trace", &format!("{target}/{NAME}"), "--version", &format!("0.1.0-{}", short(&head))]);
    assert!(trace.ok().contains(&format!("commit: {head}-dirty\n")));
    // Without git there is no commit.
    let bare = world.path("bare");
    write(&bare.join("c/Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    write(&bare.join("c/templates/a.yaml"), "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n");
    let err = world.chart_in(&bare, &["publish", "c", &target]).failed(1);
    assert!(err.contains("a chart is published from a commit"), "{err}");
    world.chart_in(&bare, &["publish", "c", &target, "--allow-dirty"]).ok();
    let mut no_git = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), &clone);
    let err = ran(no_git.env("PATH", "/nowhere").args(words).arg("--plain-http")).failed(1);
    assert!(err.contains("git is not installed"), "{err}");
}

#[test]
fn row_012_bases_with_more_than_three_numbers() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let file = clone.join("charts/dpctlr/Chart.yaml");
    for (base, version, tag) in [
        ("0.1.0-rc.1", "0.1.0-rc.1.d1a7c8f", "0.1.0-rc.1.d1a7c8f"),
        ("0.1.0+x", "0.1.0-d1a7c8f+x", "0.1.0-d1a7c8f_x"),
    ] {
        let text = format!("apiVersion: v2\nname: {NAME}\nversion: {base}\n");
        write(&file, &text);
        world.commit(&clone, base);
        let words = ["publish", CHART, &world.oci("charts"), "--append-git-hash", "--git-hash", "d1a7c8f"];
        let said = world.chart_in(&clone, &words).json();
        assert_eq!((said[0]["version"].as_str(), said[0]["tag"].as_str()), (Some(version), Some(tag)));
    }
}

#[test]
fn row_014_one_call_and_the_tree_stays_as_it_was() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let before = fs::read(clone.join("charts/dpctlr/Chart.yaml")).unwrap();
    let index = fs::metadata(clone.join(".git/index")).unwrap().modified().unwrap();
    world.chart_in(&clone, &["publish", CHART, &world.oci("charts"), "--append-git-hash"]).ok();
    assert_eq!(world.git(&clone, &["status", "--porcelain", "--ignored"]), "");
    assert_eq!(fs::read(clone.join("charts/dpctlr/Chart.yaml")).unwrap(), before);
    let _ = index;
}

#[test]
fn row_015_and_032_nothing_is_overwritten() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let target = world.oci("charts");
    let words = ["publish", CHART, &target, "--version", "1.0.0"];
    let first = world.chart_in(&clone, &words).json();
    write(&clone.join("charts/dpctlr/values.yaml"), "Image: other:1\n");
    world.commit(&clone, "two");
    let err = world.chart_in(&clone, &words).failed(3);
    assert!(err.contains("dual-pods-controller:1.0.0 already exists with other content"), "{err}");
    let there = world.digest(&format!("charts/{NAME}"), "1.0.0");
    assert_eq!(there.as_deref(), first[0]["manifestDigest"].as_str());
    // The same for an archive.
    let mut package = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), world.home.path());
    ran(package.args(["package", clone.join(CHART).to_str().unwrap(), "--version", "1.0.0"])).ok();
    let archive = format!("{NAME}-1.0.0.tgz");
    assert!(world.chart(&["push", &archive, &target, "--no-overwrite"]).failed(3).contains("already exists"));
    assert_eq!(world.digest(&format!("charts/{NAME}"), "1.0.0"), there);
    // Plain `push` overwrites, as Helm does.
    world.chart(&["push", &archive, &target]).ok();
    assert_ne!(world.digest(&format!("charts/{NAME}"), "1.0.0"), there);
}

#[test]
fn row_016_each_commit_has_its_own_version() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let words = ["publish", CHART, &world.oci("charts"), "--append-git-hash"];
    world.chart_in(&clone, &words).ok();
    write(&clone.join("charts/dpctlr/values.yaml"), "Image: other:1\n");
    world.commit(&clone, "two");
    world.chart_in(&clone, &words).ok();
    let published = tags(&world);
    assert_eq!(published.len(), 2, "{published:?}");
    for version in &published {
        let name = world.oci(&format!("charts/{NAME}"));
        world.chart(&["show", "chart", &name, "--version", version]).ok();
    }
}

#[test]
fn row_017_the_way_back_to_the_commit() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let head = world.git(&clone, &["rev-parse", "HEAD"]);
    let target = world.oci("charts");
    let source = "https://github.com/llm-d/fast-model-actuation";
    let said =
        world.chart_in(&clone, &["publish", CHART, &target, "--append-git-hash", "--source", source]).json();
    let name = format!("{target}/{NAME}:0.1.0-{}", short(&head));
    let shown = world.chart(&["show", "chart", &name]).ok();
    assert!(shown.contains(&format!("org.opencontainers.image.revision: {head}\n")), "{shown}");
    let trace: serde_json::Value =
        serde_json::from_str(&world.chart(&["trace", &name, "-o", "json"]).ok()).unwrap();
    assert_eq!(trace["commit"], head.as_str());
    assert_eq!(trace["source"], source);
    // The commit's own time, so that every clone makes the same.
    assert_eq!(trace["created"], "2024-05-06T07:08:09Z");
    assert_eq!(trace["manifestDigest"], said[0]["manifestDigest"]);
    assert_eq!(trace["chartDigest"], said[0]["chartDigest"]);
}

#[test]
fn row_018_a_number_that_starts_with_zero_is_no_version() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let words = ["publish", CHART, &world.oci("charts"), "--append-git-hash", "--git-hash", "0123456"];
    let err = world.chart_in(&clone, &words).failed(1);
    assert!(err.contains("version segment starts with 0") && err.contains("--safe-hash"), "{err}");
    let said = world.chart_in(&clone, &[&words[..], &["--safe-hash"]].concat()).json();
    assert_eq!(said[0]["version"], "0.1.0-g0123456");
    assert_eq!(said[0]["appVersion"], "0123456");
}

#[test]
fn row_020_which_charts_changed() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    for (name, more) in [
        ("lib", "type: library\n"),
        ("middle", "dependencies: [{name: lib, version: 0.1.0, repository: \"file://../lib\"}]\n"),
        ("top", "dependencies: [{name: middle, version: 0.1.0, repository: \"file://../middle\"}]\n"),
        ("other", ""),
    ] {
        let text = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n{more}");
        write(&clone.join(format!("charts/{name}/Chart.yaml")), &text);
        write(&clone.join(format!("charts/{name}/templates/_a.tpl")), "{{/* nothing */}}\n");
    }
    let first = world.commit(&clone, "two");
    let changed = || {
        let said = world
            .command(Path::new(env!("CARGO_BIN_EXE_chart")), &clone)
            .args(["changed", "--since", &first])
            .output();
        String::from_utf8(said.unwrap().stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(changed().is_empty());
    write(&clone.join("README.md"), "x\n");
    world.commit(&clone, "three");
    assert!(changed().is_empty());
    write(&clone.join("charts/lib/templates/_a.tpl"), "{{/* changed */}}\n");
    world.commit(&clone, "four");
    assert_eq!(changed(), ["charts/lib", "charts/middle", "charts/top"]);
    fs::remove_file(clone.join("charts/other/templates/_a.tpl")).unwrap();
    world.commit(&clone, "five");
    assert_eq!(changed(), ["charts/lib", "charts/middle", "charts/other", "charts/top"]);
    // All of them in one call.
    let words = ["publish", "--changed-since", &first, &world.oci("charts"), "--append-git-hash"];
    let said = world.chart_in(&clone, &words).json();
    assert_eq!(said.len(), 4);
    let top = format!("{}/top", world.oci("charts"));
    let into = world.path("into");
    let words = ["pull", &top, "--devel", "--untar", "--untardir", into.to_str().unwrap()];
    world.chart(&words).ok();
    assert!(into.join("top/charts/middle/charts/lib/Chart.yaml").exists());
}

/// Two clones of one commit, at different times and places: the second finds what the first made.
#[test]
fn row_021_publishing_a_commit_again_is_no_work() {
    let world = World::plain();
    let first = world.clone_with_chart("first");
    // What git ignores is not part of the commit.
    write(&first.join(".gitignore"), "*.secret\n");
    world.commit(&first, "two");
    let second = world.path("second/deeper");
    fs::create_dir_all(second.parent().unwrap()).unwrap();
    world.git(world.home.path(), &["clone", "-q", first.to_str().unwrap(), second.to_str().unwrap()]);
    write(&first.join("charts/dpctlr/mine.secret"), "hunter2\n");
    let words = ["publish", CHART, &world.oci("charts"), "--append-git-hash"];
    let one = world.chart_in(&first, &words).json();
    let mut other = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), &second);
    other.args(words).arg("--plain-http").env("TZ", "Asia/Tokyo").env("LC_ALL", "C");
    let two = ran(&mut other).json();
    assert_eq!(one[0]["status"], "published");
    assert_eq!(two[0]["status"], "already published");
    for key in ["manifestDigest", "chartDigest", "ref", "tag", "commit", "version"] {
        assert_eq!(one[0][key], two[0][key], "{key}");
    }
}

#[test]
fn row_027_existing_versions_can_be_skipped_or_compared() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let words = ["publish", CHART, &world.oci("charts"), "--version", "1.0.0"];
    let first = world.chart_in(&clone, &words).json();
    write(&clone.join("README.md"), "nothing of the chart\n");
    world.commit(&clone, "two");
    // Another commit, the same files.
    world.chart_in(&clone, &words).failed(3);
    let verified = world.chart_in(&clone, &[&words[..], &["--on-exists", "verify"]].concat()).json();
    assert_eq!(verified[0]["status"], "already published");
    assert_eq!(verified[0]["manifestDigest"], first[0]["manifestDigest"]);
    assert_eq!(verified[0]["commit"], first[0]["commit"]);
    write(&clone.join("charts/dpctlr/values.yaml"), "Image: other:1\n");
    world.commit(&clone, "three");
    world.chart_in(&clone, &[&words[..], &["--on-exists", "verify"]].concat()).failed(3);
    let skipped = world.chart_in(&clone, &[&words[..], &["--on-exists", "skip"]].concat());
    assert!(skipped.err.contains("exists, skipped"), "{}", skipped.err);
    let skipped = skipped.json();
    assert_eq!(skipped[0]["status"], "exists, skipped");
    assert_eq!(skipped[0]["manifestDigest"], first[0]["manifestDigest"]);
}

#[test]
fn versions_from_tags_and_counts() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let target = world.oci("charts");
    let published = |flag: &str| world.chart_in(&clone, &["publish", CHART, &target, flag, "--dry-run"]);
    assert!(published("--from-tag").failed(1).contains("has no tag that is a version"));
    let head = world.git(&clone, &["rev-parse", "HEAD"]);
    assert_eq!(
        published("--git-describe").json()[0]["version"],
        format!("0.1.0-dev.1.g{}", short(&head)).as_str()
    );
    world.git(&clone, &["tag", "v0.3.0"]);
    let said = published("--from-tag").json();
    assert_eq!(
        (said[0]["version"].as_str(), said[0]["appVersion"].as_str()),
        (Some("0.3.0"), Some("v0.3.0"))
    );
    write(&clone.join("charts/dpctlr/values.yaml"), "Image: other:1\n");
    let head = world.commit(&clone, "two");
    assert_eq!(
        published("--git-describe").json()[0]["version"],
        format!("0.3.1-dev.1.g{}", short(&head)).as_str()
    );
    let err = world.chart_in(&clone, &["publish", CHART, &target, "--from-tag", "--git-describe"]).failed(1);
    assert!(err.contains("give at most one of"), "{err}");
    let shallow = world.path("shallow");
    let url = format!("file://{}", clone.display());
    world.git(world.home.path(), &["clone", "-q", "--depth=1", &url, shallow.to_str().unwrap()]);
    let err = world.chart_in(&shallow, &["publish", CHART, &target, "--git-describe"]).failed(1);
    assert!(err.contains("the clone is shallow"), "{err}");
}

#[test]
fn a_chart_that_breaks_a_rule_is_not_published() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let target = world.oci("charts");
    write(&clone.join("charts/dpctlr/templates/pod.yaml"), "a: {{ .Values.a.b.c }}\n");
    world.commit(&clone, "broken");
    let err = world.chart_in(&clone, &["publish", CHART, &target]).failed(1);
    assert!(err.contains("lint failed") && err.contains("templates/pod.yaml"), "{err}");
    write(
        &clone.join("charts/dpctlr/templates/pod.yaml"),
        "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n",
    );
    let text = format!(
        "apiVersion: v2\nname: {NAME}\nversion: 0.1.0\ndependencies: [{{name: x, version: 1, repository: \"\"}}]\n"
    );
    write(&clone.join("charts/dpctlr/Chart.yaml"), &text);
    world.commit(&clone, "incomplete");
    let err = world.chart_in(&clone, &["publish", CHART, &target]).failed(1);
    assert!(err.contains("found in Chart.yaml, but missing in charts/ directory: x"), "{err}");
    assert!(world.chart_in(&clone, &["publish", CHART, "charts"]).failed(1).contains("oci://HOST/PATH"));
    assert!(world.chart_in(&clone, &["publish", &target]).failed(1).contains("--changed-since"));
}

/// Dependencies in registries come as Chart.lock says, into a copy of the chart.
#[test]
fn dependencies_in_registries_are_fetched() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let chart = Chart::builder("lib").version("0.1.7").file("a.txt", *b"a").build().unwrap();
    let archive = world.path("lib-0.1.7.tgz");
    fs::write(&archive, pack(&chart, &PackOptions::new()).unwrap().bytes()).unwrap();
    world.chart(&["push", archive.to_str().unwrap(), &world.oci("libs")]).ok();
    let text = format!(
        "apiVersion: v2\nname: {NAME}\nversion: 0.1.0\ndependencies: [{{name: lib, version: 0.1.x, repository: \"{}\"}}]\n",
        world.oci("libs")
    );
    write(&clone.join("charts/dpctlr/Chart.yaml"), &text);
    write(&clone.join(".gitignore"), "charts/*/charts/\n");
    world.commit(&clone, "two");
    let words = ["publish", CHART, &world.oci("charts"), "--append-git-hash"];
    let err = world.chart_in(&clone, &words).failed(1);
    assert!(err.contains("no Chart.lock says which versions of lib are published"), "{err}");
    world.chart_in(&clone, &["dependency", "update", CHART]).ok();
    fs::remove_dir_all(clone.join("charts/dpctlr/charts")).unwrap();
    world.commit(&clone, "three");
    let first = world.chart_in(&clone, &words).json();
    assert!(!clone.join("charts/dpctlr/charts").exists());
    assert_eq!(world.git(&clone, &["status", "--porcelain", "--ignored"]), "");
    let into = world.path("into");
    let name = world.oci(&format!("charts/{NAME}"));
    world.chart(&["pull", &name, "--devel", "--untar", "--untardir", into.to_str().unwrap()]).ok();
    assert!(into.join(format!("{NAME}/charts/lib/a.txt")).exists());
    // With the dependency already there, the same.
    world.chart_in(&clone, &["dependency", "build", CHART]).ok();
    let second = world.chart_in(&clone, &words).json();
    assert_eq!(second[0]["status"], "already published");
    assert_eq!(first[0]["manifestDigest"], second[0]["manifestDigest"]);
}

/// Eight that publish different content under one version, each after the one before it answered.
#[test]
fn of_eight_one_after_another_the_first_wins() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let words = ["publish", CHART, &world.oci("charts"), "--version", "1.0.0"];
    let mut winner = None;
    for number in 0..8 {
        write(&clone.join("charts/dpctlr/values.yaml"), &format!("Image: app:{number}\n"));
        world.commit(&clone, &format!("content {number}"));
        let ran = world.chart_in(&clone, &words);
        match number {
            0 => winner = ran.json()[0]["chartDigest"].as_str().map(str::to_owned),
            _ => assert!(ran.failed(3).contains("already exists")),
        }
    }
    world.chart(&["pull", &world.oci(&format!("charts/{NAME}")), "--version", "1.0.0"]).ok();
    let pulled = fs::read(world.path(&format!("{NAME}-1.0.0.tgz"))).unwrap();
    assert_eq!(Some(chartcore::archive::sha256(&pulled).to_string()), winner);
}

/// Started at the same instant. Registries cannot set a tag only if it is free, so several may push; what is told must
/// still be true: who reports success found its own content under the tag after its push, and when all are done the tag
/// holds what one of them pushed. How often more than one reported success is printed, see docs/publishing.md.
#[test]
fn at_the_same_instant_no_success_is_told_of_what_is_overwritten() {
    const TRIES: usize = 100;
    const PUBLISHERS: usize = 4;
    let world = World::plain();
    let target = world.oci("charts");
    let registry = || {
        let client = Client::new(&ClientOptions::default()).unwrap();
        Registry::new(client, Logins::new()).plain_http(true)
    };
    let (mut several, mut none) = (0, 0);
    for attempt in 0..TRIES {
        let artifacts: Vec<Artifact> = (0..PUBLISHERS)
            .map(|number| {
                let chart = Chart::builder("race")
                    .version(format!("1.0.{attempt}"))
                    .file("who.txt", format!("{number} of {attempt}").into_bytes())
                    .build()
                    .unwrap();
                Artifact::new(pack(&chart, &PackOptions::new()).unwrap().into_bytes(), None, None).unwrap()
            })
            .collect();
        let place = Registry::place(&target, artifacts[0].metadata()).unwrap();
        let start = std::sync::Barrier::new(PUBLISHERS);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = artifacts
                .iter()
                .map(|artifact| {
                    scope.spawn(|| {
                        let registry = registry();
                        start.wait();
                        registry.push_new(artifact, &place)
                    })
                })
                .collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let there = registry().find(&place).unwrap().unwrap();
        let mut winners = 0;
        for (artifact, outcome) in artifacts.iter().zip(outcomes) {
            match outcome {
                Ok(PushedNew::Pushed(pushed)) => {
                    assert_eq!(pushed.digest, artifact.digest().to_string());
                    winners += 1;
                }
                Ok(PushedNew::AlreadyThere(_)) => panic!("nobody else pushes the same content"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}"),
            }
        }
        assert!(artifacts.iter().any(|artifact| artifact.digest().to_string() == there));
        several += usize::from(winners > 1);
        none += usize::from(winners == 0);
    }
    println!(
        "{PUBLISHERS} publishers at once, {TRIES} tries: more than one success told in {several}, none in {none}"
    );
}

/// A process that is killed while it publishes leaves the version free or whole, and the next one can go on.
#[test]
fn a_killed_publisher_leaves_nothing_half() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let target = world.oci("charts");
    for attempt in 0..10 {
        let version = format!("1.0.{attempt}");
        let words = ["publish", CHART, &target, "--version", &version, "--plain-http"];
        let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), &clone);
        let mut child: Child = spawned(command.args(words));
        std::thread::sleep(std::time::Duration::from_millis(5 * attempt));
        let _ = child.kill();
        let _ = child.wait();
        let said = world.chart_in(&clone, &words[..5]).json();
        assert!(["published", "already published"].contains(&said[0]["status"].as_str().unwrap()));
        world.chart(&["show", "chart", &format!("{target}/{NAME}"), "--version", &version]).ok();
    }
}

fn spawned(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The same from Rust: the working tree and git are all it needs.
#[test]
fn the_library_publishes_too() {
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    let mut options = PublishOptions::new(Compat::Helm4);
    options.strategy = Strategy::GitHash;
    let prepared = prepare(&[clone.join(CHART)], &options, None).unwrap();
    let client = Client::new(&ClientOptions::default()).unwrap();
    let registry = Registry::new(client, Logins::new()).plain_http(true);
    let mut told = Vec::new();
    publish(&registry, &prepared, &world.oci("Charts"), &options, &mut |published| told.push(published))
        .unwrap();
    assert_eq!(told[0].status.as_str(), "published");
    assert!(told[0].reference.contains("/charts/dual-pods-controller:0.1.0-"), "{}", told[0].reference);
}

/// The four ways charts are published, as the scripts in `examples/publishing` do it.
#[test]
fn row_026_the_four_scenarios() {
    let examples =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/publishing").canonicalize().unwrap();
    let world = World::plain();
    let clone = world.clone_with_chart("clone");
    world.git(&clone, &["tag", "base"]);
    write(&clone.join("charts/dpctlr/values.yaml"), "Image: app:2\n");
    world.commit(&clone, "two");
    let bin = Path::new(env!("CARGO_BIN_EXE_chart")).parent().unwrap();
    for script in ["developer.sh", "pull-request.sh", "main-branch.sh", "benchmark.sh"] {
        let mut command = world.command(Path::new("bash"), &clone);
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        command
            .arg(examples.join(script))
            .env("PATH", path)
            .env("REGISTRY", world.oci("charts"))
            .env("BASE", "base")
            .env("CHART_FLAGS", "--plain-http");
        let said = ran(&mut command);
        assert_eq!(said.code, 0, "{script}:\n{}{}", said.out, said.err);
    }
}
