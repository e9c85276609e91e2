//! Rows of the class OCI, against the real registry, and with both Helms in both directions.

use std::fs;
use std::path::Path;

use components::{RegistryOptions, helm};

use crate::world::{World, ran, write};

/// Packs `charts/dpctlr` of a fresh clone; the archive's name.
fn packed(world: &World, version: &str) -> String {
    let clone = world.clone_with_chart(&format!("clone-{version}"));
    let chart = clone.join("charts/dpctlr");
    let command = env!("CARGO_BIN_EXE_chart");
    let mut package = world.command(Path::new(command), world.home.path());
    ran(package.args(["package", chart.to_str().unwrap(), "--version", version])).ok();
    format!("dual-pods-controller-{version}.tgz")
}

fn blobs(world: &World, repository: &str, digest: &str) -> serde_json::Value {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(world.registry.address()).unwrap();
    let request = format!(
        "GET /v2/{repository}/manifests/{digest} HTTP/1.0\r\nAccept: application/vnd.oci.image.manifest.v1+json\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn row_002_a_repository_of_four_parts() {
    let world = World::plain();
    let archive = packed(&world, "0.1.0");
    let target = world.oci("a/b/c/charts");
    let said = world.chart(&["push", &archive, &target]).ok();
    let digest = said.lines().find_map(|line| line.strip_prefix("Digest: ")).unwrap().to_owned();
    let place = format!("{}/a/b/c/charts/dual-pods-controller:0.1.0", world.registry.address());
    assert_eq!(said, format!("Pushed: {place}\nDigest: {digest}\n"));
    let manifest = blobs(&world, "a/b/c/charts/dual-pods-controller", &digest);
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.cncf.helm.config.v1+json");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.cncf.helm.chart.content.v1.tar+gzip");
    assert_eq!(manifest["annotations"]["org.opencontainers.image.created"], "1980-01-01T00:00:00Z");
    let into = world.path("into");
    let name = format!("{target}/dual-pods-controller");
    world.chart(&["pull", &name, "-d", into.to_str().unwrap()]).ok();
    assert_eq!(fs::read(into.join(&archive)).unwrap(), fs::read(world.path(&archive)).unwrap());
    // The same archive is the same artifact, whenever and wherever it is pushed.
    let again = world.chart(&["push", &archive, &world.oci("elsewhere")]).ok();
    assert!(again.ends_with(&format!("Digest: {digest}\n")), "{again}");
}

#[test]
fn row_003_rendering_from_a_registry_equals_rendering_what_was_pulled() {
    let world = World::plain();
    let archive = packed(&world, "0.1.0");
    world.chart(&["push", &archive, &world.oci("charts")]).ok();
    let name = world.oci("charts/dual-pods-controller");
    let remote = world.chart(&["template", "dpctlr", &name, "--version", "0.1.0"]);
    assert!(remote.err.starts_with("Pulled: "), "{}", remote.err);
    let folder = world.path("unpacked");
    world
        .chart(&["pull", &name, "--version", "0.1.0", "--untar", "--untardir", folder.to_str().unwrap()])
        .ok();
    let local = folder.join("dual-pods-controller");
    assert_eq!(remote.ok(), world.chart(&["template", "dpctlr", local.to_str().unwrap()]).ok());
    let shown = world.chart(&["show", "values", &name, "--version", "0.1.0"]).ok();
    assert!(shown.starts_with("# Which image runs\n"), "{shown}");
}

#[test]
fn row_024_versions_newest_first() {
    let world = World::plain();
    for version in ["0.1.0", "0.10.0", "0.2.0-d1a7c8f", "0.2.0+b.7"] {
        let archive = packed(&world, version);
        world.chart(&["push", &archive, &world.oci("charts")]).ok();
    }
    let name = world.oci("charts/dual-pods-controller");
    let table = world.chart(&["search", &name, "--versions"]).ok();
    let versions: Vec<&str> =
        table.lines().skip(1).map(|line| line.split('\t').next_back().unwrap().trim()).collect();
    assert_eq!(versions, ["0.10.0", "0.2.0+b.7", "0.2.0-d1a7c8f", "0.1.0"]);
    let json: serde_json::Value =
        serde_json::from_str(&world.chart(&["search", &name, "--versions", "-o", "json"]).ok()).unwrap();
    assert_eq!(json[0]["version"], "0.10.0");
    let newest = world.chart(&["search", &name]).ok();
    assert_eq!(newest.lines().count(), 2, "{newest}");
    for (wanted, found) in
        [("~0.2", "0.2.0+b.7"), (">0.1.0-0 <0.2.0", "0.2.0-d1a7c8f"), ("0.2.0+b.7", "0.2.0+b.7")]
    {
        let shown = world.chart(&["show", "chart", &name, "--version", wanted]).ok();
        assert!(shown.contains(&format!("version: {found}\n")), "{wanted}: {shown}");
    }
}

#[test]
fn row_025_a_pulled_archive_is_the_layer_and_a_build_is_no_release() {
    let world = World::plain();
    let archive = packed(&world, "0.1.0-d1a7c8f");
    let said = world.chart(&["push", &archive, &world.oci("charts")]).ok();
    let digest = said.lines().find_map(|line| line.strip_prefix("Digest: ")).unwrap().to_owned();
    let name = world.oci("charts/dual-pods-controller");
    let err = world.chart(&["pull", &name, "--version", "0.1.0"]).failed(1);
    let place = format!("{}/charts/dual-pods-controller:0.1.0", world.registry.address());
    let first = format!("Error: failed to perform \"FetchReference\" on source: {place}: not found\n");
    assert!(err.starts_with(&first), "{err}");
    assert!(
        err.contains("version 0.1.0 does not exist, but 1 build of it; the newest is 0.1.0-d1a7c8f"),
        "{err}"
    );
    let folder = world.path("into");
    let into = folder.to_str().unwrap();
    world.chart(&["pull", &name, "--version", "0.1.0-d1a7c8f", "-d", into]).ok();
    let manifest = blobs(&world, "charts/dual-pods-controller", &digest);
    let pulled = fs::read(folder.join(&archive)).unwrap();
    let sum = chartcore::archive::sha256(&pulled).to_string();
    assert_eq!(manifest["layers"][0]["digest"], sum.as_str());
    // By digest, as Helm names it.
    world.chart(&["pull", &format!("{name}@{digest}"), "-d", into]).ok();
    let by_digest = folder.join(format!("dual-pods-controller@{}.tgz", digest.replace(':', "-")));
    assert_eq!(fs::read(by_digest).unwrap(), pulled);
    let other = format!("{name}@sha256:{}", "0".repeat(64));
    assert!(world.chart(&["pull", &other, "-d", into]).failed(1).contains("not found"));
    let unused = "failed to untar: a file or directory with the name";
    world.chart(&["pull", &name, "--devel", "--untar", "-d", into]).ok();
    assert!(world.chart(&["pull", &name, "--devel", "--untar", "-d", into]).failed(1).contains(unused));
}

#[test]
fn row_029_no_switch_is_needed() {
    let world = World::plain();
    let archive = packed(&world, "0.1.0");
    assert!(world.chart(&["push", &archive, &world.oci("charts")]).code == 0);
}

#[test]
fn row_030_private_packages() {
    let world = World::with(&RegistryOptions::plain().user("alice", "s3cret"));
    let archive = packed(&world, "0.1.0");
    let (target, host) = (world.oci("charts"), world.registry.address());
    let err = world.chart(&["push", &archive, &target]).failed(1);
    assert!(err.contains("basic credential not found"), "{err}");
    assert!(err.contains("hint: log in first"), "{err}");
    let err = world.chart(&["registry", "login", &host, "-u", "alice", "-p", "wrong-s3cret"]).failed(1);
    assert!(
        err.contains(&format!("Error: authenticating to \"{host}\": GET \"http://{host}/v2/\": ")),
        "{err}"
    );
    assert!(err.contains("response status code 401") && !err.contains("wrong-s3cret"), "{err}");
    let secret = world.path("secret");
    write(&secret, "s3cret\n");
    let mut login = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), world.home.path());
    login.args(["registry", "login", &host, "-u", "alice", "--password-stdin", "--plain-http"]);
    assert_eq!(ran(login.stdin(fs::File::open(&secret).unwrap())).ok(), "Login Succeeded\n");
    world.chart(&["push", &archive, &target]).ok();
    let name = format!("{target}/dual-pods-controller");
    world.chart(&["show", "chart", &name]).ok();
    for helm in helm::installed().unwrap_or_default() {
        // What we wrote, Helm reads.
        let mut show = helm.command(world.home.path());
        show.env_remove("HELM_CONFIG_HOME").args(["show", "chart", &name, "--plain-http"]);
        ran(&mut show).ok();
    }
    let mut logout = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), world.home.path());
    let gone = format!("Removing login credentials for {host}\n");
    assert_eq!(ran(logout.args(["registry", "logout", &host])).ok(), gone);
    assert!(world.chart(&["show", "chart", &name]).failed(1).contains("basic credential not found"));
    // Docker's file, and a helper that it names.
    let config = world.path(".docker/config.json");
    write(&config, &format!("{{\"auths\": {{\"{host}\": {{\"auth\": \"YWxpY2U6czNjcmV0\"}}}}}}"));
    world.chart(&["show", "chart", &name]).ok();
    let helper = world.path("bin/docker-credential-fixed");
    write(&helper, "#!/bin/sh\ncat >/dev/null\necho '{\"Username\":\"alice\",\"Secret\":\"s3cret\"}'\n");
    #[cfg(unix)]
    fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    write(&config, &format!("{{\"credHelpers\": {{\"{host}\": \"fixed\"}}}}"));
    let mut show = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), world.home.path());
    let path = format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    ran(show.env("PATH", path).args(["show", "chart", &name, "--plain-http"])).ok();
    // And by flags.
    fs::remove_file(&config).unwrap();
    world.chart(&["show", "chart", &name, "--username", "alice", "--password", "s3cret"]).ok();
}

#[test]
fn row_031_refusals_name_repository_and_action() {
    let world = World::with(&RegistryOptions::plain().user("alice", "s3cret"));
    let archive = packed(&world, "0.1.0");
    let err = world
        .chart(&["push", &archive, &world.oci("team/charts"), "--username", "alice", "--password", "no"])
        .failed(1);
    let url = format!("http://{}/v2/team/charts/dual-pods-controller/manifests/", world.registry.address());
    assert!(err.contains("failed to perform \"Exists\" on destination: HEAD"), "{err}");
    assert!(err.contains(&url) && err.contains("response status code 401: Unauthorized"), "{err}");
}

/// Over TLS: a certificate that nobody knows, one that is named, and none that is looked at.
#[test]
fn row_030_tls() {
    let world = World::with(&RegistryOptions::plain().tls().user("alice", "s3cret"));
    let archive = packed(&world, "0.1.0");
    let chart = |words: &[&str]| {
        let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_chart")), world.home.path());
        ran(command.args(words))
    };
    let ca = world.registry.certificate().unwrap().file();
    let ca = ca.to_str().unwrap();
    let (target, host) = (world.oci("charts"), world.registry.address());
    let err = chart(&["registry", "login", &host, "-u", "alice", "-p", "s3cret"]).failed(1);
    assert!(err.contains("failed to verify certificate"), "{err}");
    chart(&["registry", "login", &host, "-u", "alice", "-p", "s3cret", "--ca-file", ca]).ok();
    chart(&["registry", "login", &host, "-u", "alice", "-p", "s3cret", "--insecure"]).ok();
    chart(&["push", &archive, &target, "--ca-file", ca]).ok();
    let name = format!("{target}/dual-pods-controller");
    chart(&["show", "chart", &name, "--insecure-skip-tls-verify"]).ok();
    assert!(chart(&["show", "chart", &name]).failed(1).contains("failed to verify certificate"));
}

/// What one pushes the other pulls: for each Helm, each direction, with build metadata, range, digest and provenance.
#[test]
fn both_helms_in_both_directions() {
    let Some(helms) = helm::installed() else {
        println!("both_helms_in_both_directions: no Helm is installed, see `cargo xtask helm`");
        return;
    };
    let world = World::plain();
    let archive = packed(&world, "0.1.0+b.1");
    write(&world.path(&format!("{archive}.prov")), "not checked here\n");
    for helm in &helms {
        let profile = helm.profile;
        let home = world.path(profile);
        fs::create_dir_all(&home).unwrap();
        let call = |words: &[&str]| {
            let mut command = helm.command(&home);
            ran(command.current_dir(world.home.path()).args(words).arg("--plain-http"))
        };
        let ours = |words: &[&str]| {
            let mut words = words.to_vec();
            words.extend(["--compat", profile]);
            world.chart(&words)
        };
        // Equal archives with equal times are equal artifacts, whoever pushes.
        fs::File::options()
            .write(true)
            .open(world.path(&archive))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(315_532_800))
            .unwrap();
        let theirs = call(&["push", &archive, &world.oci(&format!("{profile}/theirs"))]);
        let mine = ours(&["push", &archive, &world.oci(&format!("{profile}/ours"))]);
        let neutral = |text: &str| text.replace("/theirs/", "/ours/");
        // Helm 3 takes the time its file was changed last in the inode, which nobody can set.
        if profile == "helm4" {
            assert_eq!(
                (neutral(&theirs.out), neutral(&theirs.err)),
                (mine.out.clone(), mine.err.clone()),
                "{profile}"
            );
        }
        assert_eq!((theirs.code, mine.code), (0, 0), "{}{}", theirs.err, mine.err);
        for (from, name) in [("theirs", "theirs"), ("ours", "ours")] {
            let name = world.oci(&format!("{profile}/{name}/dual-pods-controller"));
            let digest =
                world.digest(&format!("{profile}/{from}/dual-pods-controller"), "0.1.0_b.1").unwrap();
            let by_digest = format!("{name}@{digest}");
            let table: [&[&str]; 8] = [
                &["show", "chart", &name],
                &["show", "values", &name, "--version", "0.1.0+b.1"],
                &["show", "all", &name, "--version", "~0.1"],
                &["template", "r", &name, "--version", ">=0.1.0"],
                &["show", "chart", &by_digest],
                &["show", "chart", &name, "--version", "9.9.9"],
                &["show", "chart", &name, "--version", ">9"],
                &["template", &name],
            ];
            for words in table {
                let (helm, chart) = (call(words), ours(words));
                assert_eq!((helm.code, &helm.out), (chart.code, &chart.out), "{profile} {words:?}");
                let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
                assert_eq!(first(&helm.err), first(&chart.err), "{profile} {words:?}");
            }
            for (who, folder) in [("helm", "by-helm"), ("chart", "by-chart")] {
                let into = home.join(format!("{folder}-{from}"));
                let words = ["pull", &name, "--version", "0.1.0+b.1", "--prov", "-d", into.to_str().unwrap()];
                fs::create_dir_all(&into).unwrap();
                let pulled = if who == "helm" { call(&words) } else { ours(&words) };
                assert_eq!(pulled.code, 0, "{profile} {who}: {}", pulled.err);
                assert_eq!(fs::read(into.join(&archive)).unwrap(), fs::read(world.path(&archive)).unwrap());
                assert_eq!(
                    fs::read_to_string(into.join(format!("{archive}.prov"))).unwrap(),
                    "not checked here\n"
                );
            }
        }
        // What pushing refuses, in the same words.
        for words in [
            ["push", "nope.tgz", &world.oci("x")],
            ["push", ".", &world.oci("x")],
            ["push", &archive, &world.oci("Upper/charts")],
            ["push", &archive, "http://127.0.0.1/x"],
            ["push", &archive, "127.0.0.1:5000/x"],
            ["push", &archive, "charts"],
        ] {
            let (helm, chart) = (call(&words), ours(&words));
            let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
            assert_eq!((helm.code, first(&helm.err)), (chart.code, first(&chart.err)), "{profile} {words:?}");
        }
    }
}
