//! Hostile manifests and references, and registries that lie.

use std::fs;
use std::path::{Path, PathBuf};

use chartcore::archive::{PackOptions, pack, sha256};
use chartcore::registry::{
    Artifact, CHART_MEDIA_TYPE, CONFIG_MEDIA_TYPE, Logins, Manifest, Reference, Registry,
};
use chartcore::transport::{Client, ClientOptions, RetryOptions};
use chartcore::{Chart, Error};
use components::{Fault, FaultServer, RegistryOptions, Rule};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/registry")
}

fn lines(file: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(fixtures().join(file)).unwrap();
    text.lines()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect()
}

fn refusal(bytes: &[u8]) -> Error {
    match Manifest::parse(bytes, None) {
        Err(error) => error,
        Ok(manifest) => manifest.chart().unwrap_err(),
    }
}

#[test]
fn hostile_manifests_are_refused() {
    let table = lines("manifests.tsv");
    assert!(table.len() >= 40, "{}", table.len());
    for (name, first) in table {
        let bytes = fs::read(fixtures().join(format!("manifests/{name}.json"))).unwrap();
        let message = refusal(&bytes).to_string();
        assert!(message.lines().next().unwrap().starts_with(&first), "{name}: {message}");
    }
}

#[test]
fn deep_and_large_manifests_are_refused() {
    let deep = format!("{{\"schemaVersion\":2,\"x\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    // What is not looked at may nest as it likes, what is looked at may not.
    assert!(refusal(deep.as_bytes()).to_string().contains("minimum number of descriptors"));
    let deep =
        format!("{{\"schemaVersion\":2,\"layers\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert!(refusal(deep.as_bytes()).to_string().starts_with("manifest is malformed: "));
    let large = format!("{{\"schemaVersion\":2,\"x\":\"{}\"}}", "x".repeat(5 << 20));
    assert_eq!(refusal(large.as_bytes()).to_string(), "manifest is larger than 4194304 bytes");
    let layer = format!("{{\"mediaType\":\"x\",\"digest\":\"sha256:{}\",\"size\":1}}", "a".repeat(64));
    let many = format!("{{\"schemaVersion\":2,\"layers\":[{}]}}", vec![layer; 20_000].join(","));
    assert!(refusal(many.as_bytes()).to_string().contains("minimum number of descriptors"));
}

#[test]
fn hostile_references_are_refused() {
    let table = lines("references.tsv");
    assert!(table.len() >= 35, "{}", table.len());
    for (text, first) in table {
        let text: String = serde_json::from_str(&text).unwrap();
        let message = Reference::parse(&text).unwrap_err().to_string();
        assert!(message.starts_with(&format!("invalid reference: {first}")), "{text}: {message}");
    }
}

fn client() -> Client {
    let options = ClientOptions { retry: RetryOptions::never(), ..ClientOptions::default() };
    Client::new(&options).unwrap()
}

fn registry() -> Registry {
    Registry::new(client(), Logins::new()).plain_http(true)
}

fn artifact(name: &str, version: &str) -> Artifact {
    let chart = Chart::builder(name).version(version).file("a.txt", *b"a").build().unwrap();
    Artifact::new(pack(&chart, &PackOptions::new()).unwrap().into_bytes(), None, None).unwrap()
}

/// A leaked text: faults hold texts for as long as the test runs.
fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A registry that answers with another manifest, config or archive than its digests say.
#[test]
fn a_registry_that_lies_is_found_out() {
    let real = components::Registry::start(&RegistryOptions::plain());
    let artifact = artifact("web", "1.0.0");
    let place = Registry::place(&format!("oci://{}/charts", real.address()), artifact.metadata()).unwrap();
    registry().push(&artifact, &place).unwrap();
    let digest = |bytes: &[u8]| sha256(bytes).to_string();
    let descriptor = |kind: &str, bytes: &[u8], size: usize| {
        format!("{{\"mediaType\":\"{kind}\",\"digest\":\"{}\",\"size\":{size}}}", digest(bytes))
    };
    let manifest = |config: String, layer: String| {
        kept(format!("{{\"schemaVersion\":2,\"config\":{config},\"layers\":[{layer}]}}"))
    };
    let config = br#"{"name":"other","version":"1.0.0"}"#;
    let (chart, good) = (artifact.archive(), br#"{"name":"web","version":"1.0.0"}"#);
    let told = |fault: Vec<Rule>, by_digest: bool| {
        let server = FaultServer::before(&real.url(), fault);
        let place =
            Registry::place(&format!("oci://{}/charts", server.address()), artifact.metadata()).unwrap();
        let place =
            if by_digest { place.with_digest(&artifact.digest().to_string()).unwrap() } else { place };
        let registry = registry();
        let error =
            registry.look_up(&place).and_then(|remote| registry.archive(&remote).map(|_| ())).unwrap_err();
        error.to_string()
    };
    let answer = |path: &'static str, body: &'static str| {
        let kind = "application/vnd.oci.image.manifest.v1+json".to_owned();
        Rule::on("GET", path, Fault::Status(200, vec![("Content-Type", kind)], body))
    };
    let text = |bytes: &[u8]| kept(String::from_utf8(bytes.to_vec()).unwrap());
    for (what, rules, by_digest, expected) in [
        (
            "a manifest of another digest",
            vec![answer("/manifests/", "{\"schemaVersion\":2}")],
            true,
            " has the digest ",
        ),
        (
            "a page instead of a manifest",
            vec![answer("/manifests/", "<html>")],
            false,
            "manifest is malformed: ",
        ),
        (
            "a configuration of another chart",
            vec![
                answer(
                    "/manifests/",
                    manifest(
                        descriptor(CONFIG_MEDIA_TYPE, config, config.len()),
                        descriptor(CHART_MEDIA_TYPE, chart, chart.len()),
                    ),
                ),
                answer(kept(format!("/blobs/{}", digest(config))), text(config)),
            ],
            false,
            "the configuration says name \"other\", the archive \"web\"",
        ),
        (
            "a configuration that is not its digest's",
            vec![
                answer(
                    "/manifests/",
                    manifest(
                        descriptor(CONFIG_MEDIA_TYPE, good, config.len()),
                        descriptor(CHART_MEDIA_TYPE, chart, chart.len()),
                    ),
                ),
                answer(kept(format!("/blobs/{}", digest(good))), text(config)),
            ],
            false,
            " has the digest ",
        ),
        (
            "a configuration that is no JSON",
            vec![
                answer(
                    "/manifests/",
                    manifest(
                        descriptor(CONFIG_MEDIA_TYPE, b"[1]", 3),
                        descriptor(CHART_MEDIA_TYPE, chart, chart.len()),
                    ),
                ),
                answer(kept(format!("/blobs/{}", digest(b"[1]"))), "[1]"),
            ],
            false,
            "chart configuration is malformed: ",
        ),
        (
            "an archive that is longer than it says",
            vec![
                answer(
                    "/manifests/",
                    manifest(
                        descriptor(CONFIG_MEDIA_TYPE, good, good.len()),
                        descriptor(CHART_MEDIA_TYPE, chart, chart.len() - 1),
                    ),
                ),
                answer(kept(format!("/blobs/{}", digest(good))), text(good)),
            ],
            false,
            "is longer than ",
        ),
        (
            "an archive that is none",
            vec![
                answer(
                    "/manifests/",
                    manifest(
                        descriptor(CONFIG_MEDIA_TYPE, good, good.len()),
                        descriptor(CHART_MEDIA_TYPE, b"no archive", 10),
                    ),
                ),
                answer(kept(format!("/blobs/{}", digest(good))), text(good)),
                answer(kept(format!("/blobs/{}", digest(b"no archive"))), "no archive"),
            ],
            false,
            "web:1.0.0: gzip: invalid header",
        ),
        (
            "an index that lists itself",
            vec![answer(
                "/manifests/",
                kept(format!(
                    "{{\"schemaVersion\":2,\"manifests\":[{{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:{}\",\"size\":3}}]}}",
                    "a".repeat(64)
                )),
            )],
            false,
            "its content is not that of",
        ),
    ] {
        let message = told(rules, by_digest);
        assert!(message.contains(expected), "{what}: {message}");
    }
}

/// Lists of tags: page after page, pages without end, pages elsewhere, no list at all.
#[test]
fn lists_of_tags_end() {
    let real = components::Registry::start(&RegistryOptions::plain());
    let page = |link: &str| {
        let headers = vec![("Link", link.to_owned()), ("Content-Type", "application/json".to_owned())];
        Rule::on("GET", "/tags/list", Fault::Status(200, headers, "{\"tags\":[\"1.0.0\",\"1.0.1_b\"]}"))
    };
    let versions = |rules: Vec<Rule>| {
        let server = FaultServer::before(&real.url(), rules);
        let reference = Reference::parse(&format!("{}/charts/web", server.address())).unwrap();
        let found = registry().versions(&reference);
        found.map(|found| found.iter().map(|version| version.original().to_owned()).collect::<Vec<_>>())
    };
    let last = Rule::on(
        "GET",
        "/tags/list",
        Fault::Status(200, vec![("Content-Type", "application/json".to_owned())], "{\"tags\":[\"0.9.0\"]}"),
    );
    let two = vec![page("</v2/charts/web/tags/list?last=x>; rel=\"next\"").times(1), last];
    assert_eq!(versions(two).unwrap(), ["1.0.1+b", "1.0.0", "0.9.0"]);
    for (rules, expected) in [
        (vec![page("<http://127.0.0.1:1/v2/x>; rel=\"next\"")], "the next page is somewhere else"),
        (vec![page("</v2/charts/web/tags/list>; rel=\"next\"")], "the next page is somewhere else"),
        (
            vec![Rule::on("GET", "/tags/list", Fault::Status(404, vec![], "{}"))],
            "response status code 404: Not Found",
        ),
        (
            vec![Rule::on("GET", "/tags/list", Fault::Status(200, vec![], "<html>"))],
            "failed to decode response",
        ),
        (
            vec![Rule::on("GET", "/tags/list", Fault::Status(200, vec![], "{\"tags\":[1]}"))],
            "failed to decode response",
        ),
    ] {
        let message = versions(rules).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    let none = vec![Rule::on("GET", "/tags/list", Fault::Status(200, vec![], "{\"tags\":null}"))];
    assert!(versions(none).unwrap().is_empty());
}

/// A tag that some nodes of a registry do not know yet, an upload that is forgotten, and a token that is wanted.
#[test]
fn pushes_survive_what_registries_do() {
    for rules in [
        // Helm issue 31223: 404 on a tag just pushed.
        vec![Rule::on("HEAD", "/manifests/1.0.0", Fault::Status(404, vec![], "")).after(2).times(2)],
        vec![Rule::on("PUT", "/blobs/uploads/", Fault::Status(404, vec![], "")).times(1)],
        vec![Rule::on("*", "/v2/", Fault::Challenge(None))],
        vec![Rule::on("HEAD", "/manifests/", Fault::Status(405, vec![], ""))],
    ] {
        let real = components::Registry::start(&RegistryOptions::plain());
        let shown = format!("{rules:?}");
        let server = FaultServer::before(&real.url(), rules);
        let artifact = artifact("web", "1.0.0");
        let place =
            Registry::place(&format!("oci://{}/charts", server.address()), artifact.metadata()).unwrap();
        registry().push_new(&artifact, &place).unwrap_or_else(|error| panic!("{shown}: {error}"));
        let direct =
            Registry::place(&format!("oci://{}/charts", real.address()), artifact.metadata()).unwrap();
        assert_eq!(registry().find(&direct).unwrap(), Some(artifact.digest().to_string()), "{shown}");
    }
}
