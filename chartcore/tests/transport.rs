//! The HTTP client against real servers and a proxy that breaks things: what arrives, what is tried again, where
//! credentials go, what is left on the disk.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chartcore::ErrorKind;
use chartcore::archive::sha256;
use chartcore::cache::{Cache, Kind, Lock, Patience};
use chartcore::transport::{
    Body, Client, ClientOptions, Clock, Credentials, Download, Expected, Method, NoProgress, Progress,
    Proxies, Request, RetryOptions, SystemClock, Timeouts, TlsOptions, Url,
};
use components::{Fault, FaultOptions, FaultServer, FileOptions, FileServer, Rule, TOKEN, Validity};

/// Real time, but sleeping only writes down how long it would have been.
#[derive(Debug, Default)]
struct Awake {
    slept: Mutex<Vec<Duration>>,
}

impl Clock for Awake {
    fn elapsed(&self) -> Duration {
        SystemClock.elapsed()
    }
    fn unix_seconds(&self) -> i64 {
        784_111_777
    }
    fn sleep(&self, duration: Duration) {
        self.slept.lock().unwrap().push(duration);
    }
    fn random(&self) -> u64 {
        0
    }
}

impl Awake {
    fn slept(&self) -> Vec<u64> {
        self.slept.lock().unwrap().iter().map(|slept| slept.as_millis() as u64).collect()
    }
}

fn options(clock: &Arc<Awake>) -> ClientOptions {
    ClientOptions { clock: Arc::clone(clock) as Arc<dyn Clock>, ..ClientOptions::default() }
}

fn client() -> Client {
    Client::new(&options(&Arc::default())).unwrap()
}

fn url(base: &str, path: &str) -> Url {
    format!("{base}{path}").parse().unwrap()
}

/// A folder with `chart.tgz` of 200,000 bytes that differ from each other, and `index.yaml`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("chart.tgz"), content()).unwrap();
    fs::write(folder.path().join("index.yaml"), "apiVersion: v1\nentries: {}\n").unwrap();
    folder
}

fn content() -> Vec<u8> {
    (0..200_000_u32)
        .flat_map(|number| (number.wrapping_mul(2_654_435_761) >> 13).to_le_bytes())
        .take(200_000)
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_comes_with_its_headers() {
    let folder = folder();
    let server = FileServer::start(folder.path());
    let response = client().send(&Request::get(url(&server.url(), "/index.yaml"))).unwrap();
    assert_eq!((response.status(), response.status_text().as_str()), (200, "200 OK"));
    assert_eq!(response.header("Content-Type"), Some("text/yaml"));
    assert_eq!(response.content_length(), Some(27));
    let tag = response.header("etag").unwrap().to_owned();
    assert_eq!(response.text(100).unwrap(), "apiVersion: v1\nentries: {}\n");
    let again = Request::get(url(&server.url(), "/index.yaml")).header("If-None-Match", tag);
    assert_eq!(client().send(&again).unwrap().status(), 304);
    let seen = server.seen();
    assert!(seen[0].header("user-agent").unwrap().starts_with("chart/"));
    assert_eq!(seen[0].header("accept-encoding"), None, "a .tgz must not be unpacked on the way");
}

#[test]
fn a_status_is_an_answer_and_helms_text() {
    let folder = folder();
    let server = FileServer::start(folder.path());
    let response = client().send(&Request::get(url(&server.url(), "/none?sig=secret"))).unwrap();
    let error = response.successful().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), format!("failed to fetch {}/none?sig=*** : 404 Not Found", server.url()));
}

#[test]
fn an_answer_that_is_too_long_is_refused() {
    let folder = folder();
    for bare in [false, true] {
        let server = FileServer::start_with(folder.path(), &FileOptions { bare, ..FileOptions::default() });
        let response = client().send(&Request::get(url(&server.url(), "/chart.tgz"))).unwrap();
        assert_eq!(response.bytes(199_999).unwrap_err().kind(), ErrorKind::Limit);
        let response = client().send(&Request::get(url(&server.url(), "/chart.tgz"))).unwrap();
        assert_eq!(response.bytes(200_000).unwrap(), content());
    }
}

/// Status, headers, how often it is sent, what is slept in between (no jitter), what comes out.
#[test]
fn what_may_pass_is_tried_again() {
    let wait = |text: &str| vec![("Retry-After", text.to_owned())];
    for (name, fault, times, expected) in [
        ("one 503", Fault::Status(503, vec![], ""), 1, (200, vec![500])),
        ("a burst of 500", Fault::Status(500, vec![], ""), 3, (200, vec![500, 1000, 2000])),
        ("502 for good", Fault::Status(502, vec![], ""), 99, (502, vec![500, 1000, 2000, 4000])),
        ("429 with seconds", Fault::Status(429, wait("7"), ""), 1, (200, vec![7000])),
        (
            "429 with a date",
            Fault::Status(429, wait("Sun, 06 Nov 1994 08:49:47 GMT"), ""),
            1,
            (200, vec![10_000]),
        ),
        ("429 for an hour", Fault::Status(429, wait("3600"), ""), 99, (429, vec![])),
        ("408", Fault::Status(408, vec![], ""), 1, (200, vec![500])),
        ("404", Fault::Status(404, vec![], ""), 99, (404, vec![])),
        ("403", Fault::Status(403, vec![], ""), 99, (403, vec![])),
        ("409", Fault::Status(409, vec![], ""), 99, (409, vec![])),
        ("hung up once", Fault::HangUp, 1, (200, vec![500])),
        ("hung up twice", Fault::HangUp, 2, (200, vec![500, 1000])),
    ] {
        let folder = folder();
        let files = FileServer::start(folder.path());
        let server =
            FaultServer::before(&files.url(), vec![Rule::on("GET", "/index.yaml", fault).times(times)]);
        let clock = Arc::new(Awake::default());
        let client = Client::new(&options(&clock)).unwrap();
        let response = client.send(&Request::get(url(&server.url(), "/index.yaml"))).unwrap();
        assert_eq!((response.status(), clock.slept()), expected, "{name}");
    }
}

#[test]
fn a_small_answer_that_breaks_is_asked_for_again() {
    for (name, fault, times, expected) in [
        ("cut", Fault::Cut(10), 2, Ok(200)),
        ("reset", Fault::Reset(10), 1, Ok(200)),
        ("cut for good", Fault::Cut(10), 99, Err("unexpected EOF")),
    ] {
        let folder = folder();
        let files = FileServer::start(folder.path());
        let server =
            FaultServer::before(&files.url(), vec![Rule::on("GET", "/index.yaml", fault).times(times)]);
        let sent = client().send(&Request::get(url(&server.url(), "/index.yaml")));
        match (sent, expected) {
            (Ok(response), Ok(status)) => {
                assert_eq!(response.status(), status, "{name}");
                assert_eq!(response.text(100).unwrap(), "apiVersion: v1\nentries: {}\n", "{name}");
            }
            (Err(error), Err(message)) => assert!(error.message().ends_with(message), "{name}: {error}"),
            (sent, _) => panic!("{name}: {sent:?}"),
        }
    }
}

#[test]
fn what_is_not_idempotent_is_sent_once() {
    let folder = folder();
    let files = FileServer::start(folder.path());
    let server =
        FaultServer::before(&files.url(), vec![Rule::on("*", "", Fault::Status(503, vec![], "busy"))]);
    for (method, count) in [(Method::Post, 1), (Method::Patch, 1), (Method::Put, 5), (Method::Head, 5)] {
        server.forget();
        let request = Request::new(method, url(&server.url(), "/x"));
        let request = if method == Method::Head { request } else { request.body(Body::bytes(*b"body")) };
        assert_eq!(client().send(&request).unwrap().status(), 503);
        assert_eq!(server.seen().len(), count, "{method:?}");
        assert!(method == Method::Head || server.seen().iter().all(|seen| seen.length == 4), "{method:?}");
    }
}

#[test]
fn bodies_are_sent_whole_from_bytes_files_and_readers() {
    let folder = folder();
    let files = FileServer::start(folder.path());
    let path = folder.path().join("chart.tgz");
    for body in [
        Body::bytes(content()),
        Body::file(&path, 200_000),
        Body::reader(200_000, || Ok(Box::new(std::io::Cursor::new(content())))),
    ] {
        let server = FaultServer::before(
            &files.url(),
            vec![
                Rule::on("PUT", "", Fault::Status(503, vec![], "")).times(1),
                Rule::on("PUT", "", Fault::RedirectTo(307, "/other".into())).times(1),
                Rule::on("PUT", "", Fault::Status(201, vec![], "")),
            ],
        );
        let request = Request::put(url(&server.url(), "/blob")).body(body);
        assert_eq!(client().send(&request).unwrap().status(), 201);
        let seen: Vec<(String, usize)> =
            server.seen().into_iter().map(|seen| (seen.target, seen.length)).collect();
        let whole = |target: &str| (target.to_owned(), 200_000);
        assert_eq!(seen, [whole("/blob"), whole("/blob"), whole("/other")]);
    }
    let server =
        FaultServer::before(&files.url(), vec![Rule::on("POST", "", Fault::Status(202, vec![], ""))]);
    let request = Request::post(url(&server.url(), "/uploads/")).body(Body::bytes(*b""));
    assert_eq!(client().send(&request).unwrap().status(), 202);
    assert_eq!(server.seen()[0].header("content-length"), Some("0"));
}

#[test]
fn redirects_are_followed_as_go_does() {
    let folder = folder();
    let files = FileServer::start(folder.path());
    for (status, method, after) in [
        (301, Method::Get, "GET"),
        (302, Method::Get, "GET"),
        (303, Method::Get, "GET"),
        (307, Method::Get, "GET"),
        (308, Method::Get, "GET"),
        (302, Method::Head, "HEAD"),
        (302, Method::Put, "GET"),
        (303, Method::Post, "GET"),
    ] {
        let rules = vec![Rule::on("*", "/old", Fault::RedirectTo(status, "/index.yaml?x=1".into()))];
        let server = FaultServer::before(&files.url(), rules);
        let response = client().send(&Request::new(method, url(&server.url(), "/old"))).unwrap();
        assert_eq!(response.status(), 200, "{status} {method:?}");
        assert_eq!(response.url().for_request(), format!("{}/index.yaml?x=1", server.url()));
        assert_eq!(server.seen()[1].method, after);
        let request = Request::new(method, url(&server.url(), "/old")).follow(false);
        assert_eq!(client().send(&request).unwrap().status(), status);
    }
    let rules = vec![Rule::on("*", "/loop", Fault::RedirectTo(302, "/loop".into()))];
    let server = FaultServer::before(&files.url(), rules);
    let error = client().send(&Request::get(url(&server.url(), "/loop"))).unwrap_err();
    assert_eq!(error.message(), format!("Get \"{}/loop\": stopped after 10 redirects", server.url()));
    assert_eq!(server.seen().len(), 11);
}

#[test]
fn credentials_stay_with_their_host() {
    let folder = folder();
    let files = FileServer::start(folder.path());
    let other = FaultServer::before(&files.url(), vec![]);
    let home =
        FaultServer::before(&files.url(), vec![Rule::on("GET", "", Fault::Redirect(302, other.url()))]);
    let secrets = || {
        [
            Request::get(url(&home.url(), "/index.yaml"))
                .credentials(Some(Credentials::basic("me", "hunter2"))),
            Request::get(url(&home.url(), "/index.yaml")).credentials(Some(Credentials::bearer("hunter2"))),
            Request::get(url(&home.url(), "/index.yaml")).header("Authorization", "hunter2"),
            Request::get(url(&home.url(), "/index.yaml")).header("Cookie", "session=hunter2"),
            Request::get(url(&home.url().replace("http://", "http://me:hunter2@"), "/index.yaml")),
        ]
    };
    for (number, request) in secrets().into_iter().enumerate() {
        home.forget();
        other.forget();
        assert_eq!(client().send(&request).unwrap().status(), 200);
        let private =
            |seen: &components::Seen| seen.header("authorization").or(seen.header("cookie")).is_some();
        assert!(home.seen().iter().all(private), "{number}: home did not hear who asks");
        assert!(!other.seen().iter().any(private), "{number}: the other host heard it: {:?}", other.seen());
        // --pass-credentials
        other.forget();
        client().send(&request.pass_credentials(true)).unwrap();
        assert!(other.seen().iter().all(private), "{number}");
    }
    // Another path of the same host is home.
    let home = FaultServer::before(
        &files.url(),
        vec![Rule::on("GET", "/old", Fault::RedirectTo(302, "/index.yaml".into()))],
    );
    let request =
        Request::get(url(&home.url(), "/old")).credentials(Some(Credentials::basic("me", "hunter2")));
    client().send(&request).unwrap();
    assert_eq!(home.seen()[1].header("authorization"), Some("Basic bWU6aHVudGVyMg=="));
}

#[test]
fn tls_is_checked_as_go_does() {
    let folder = folder();
    let server = FileServer::start_with(
        folder.path(),
        &FileOptions { tls: Some(Validity::Now), ..FileOptions::default() },
    );
    let expired = FileServer::start_with(
        folder.path(),
        &FileOptions { tls: Some(Validity::Expired), ..FileOptions::default() },
    );
    let ca = |server: &FileServer| TlsOptions {
        ca_file: Some(server.certificate().unwrap().file()),
        ..TlsOptions::default()
    };
    let insecure = TlsOptions { insecure_skip_verify: true, ..TlsOptions::default() };
    let ask = |tls: &TlsOptions, target: &str| {
        let options = ClientOptions { tls: tls.clone(), ..options(&Arc::default()) };
        let sent = Client::new(&options).unwrap().send(&Request::get(target.parse().unwrap()));
        sent.map(|response| response.status()).map_err(|error| error.message().to_owned())
    };
    let index = |server: &FileServer| format!("{}/index.yaml", server.url());
    let failed = |server: &FileServer, why: &str| {
        Err(format!("Get \"{}\": tls: failed to verify certificate: x509: {why}", index(server)))
    };
    assert_eq!(ask(&ca(&server), &index(&server)), Ok(200));
    assert_eq!(ask(&insecure, &index(&server)), Ok(200));
    assert_eq!(ask(&insecure, &index(&expired)), Ok(200));
    let unknown = failed(&server, "certificate signed by unknown authority");
    assert_eq!(ask(&TlsOptions::default(), &index(&server)), unknown);
    assert_eq!(ask(&ca(&expired), &index(&server)), unknown);
    assert_eq!(
        ask(&ca(&expired), &index(&expired)),
        failed(&expired, "certificate has expired or is not yet valid")
    );
    let proxy = FaultServer::before(&server.address(), vec![]);
    let proxies = Proxies { https: proxy.url(), ..Proxies::none() };
    let by_other_name = ClientOptions { tls: ca(&server), proxies, ..options(&Arc::default()) };
    let error = Client::new(&by_other_name)
        .unwrap()
        .send(&Request::get("https://charts.test/".parse().unwrap()))
        .unwrap_err();
    assert_eq!(
        error.message(),
        "Get \"https://charts.test/\": tls: failed to verify certificate: x509: certificate is not valid for charts.test"
    );
    let plain = FileServer::start(folder.path());
    let target = index(&plain).replace("http:", "https:");
    assert_eq!(
        ask(&insecure, &target),
        Err(format!("Get \"{target}\": http: server gave HTTP response to HTTPS client"))
    );
}

/// `openssl req -x509` makes certificates that say of themselves that they are authorities; Go believes a server
/// that shows one which is named in the CA file.
#[test]
fn a_server_may_show_the_authority_itself() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
            "-days", "1",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
        .current_dir(folder.path())
        .output();
    if made.is_err() {
        return;
    }
    let mut server = std::process::Command::new("openssl")
        .args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-cert",
            "cert.pem",
            "-key",
            "key.pem",
            "-www",
            "-naccept",
            "1",
        ])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(server.stdout.take().unwrap());
    let port = loop {
        let mut line = String::new();
        assert_ne!(std::io::BufRead::read_line(&mut said, &mut line).unwrap(), 0, "openssl does not listen");
        if let Some(port) = line.strip_prefix("ACCEPT 127.0.0.1:") {
            break port.trim().to_owned();
        }
    };
    let tls = TlsOptions { ca_file: Some(folder.path().join("cert.pem")), ..TlsOptions::default() };
    let client = Client::new(&ClientOptions { tls, ..options(&Arc::default()) }).unwrap();
    let answer = client.send(&Request::get(format!("https://127.0.0.1:{port}/").parse().unwrap()));
    let _ = server.kill();
    let _ = server.wait();
    assert_eq!(answer.unwrap().status(), 200);
}

#[test]
fn files_that_are_no_certificates_are_named() {
    let folder = folder();
    let index = folder.path().join("index.yaml");
    let none = folder.path().join("none.pem");
    let shown = none.display();
    let with = |ca: Option<&Path>, cert: Option<&Path>, key: Option<&Path>| TlsOptions {
        ca_file: ca.map(Path::to_owned),
        cert_file: cert.map(Path::to_owned),
        key_file: key.map(Path::to_owned),
        ..TlsOptions::default()
    };
    for (tls, message) in [
        (
            with(Some(&none), None, None),
            format!("can't read CA file: \"{shown}\": open {shown}: no such file or directory"),
        ),
        (with(Some(&index), None, None), "failed to append certificates from pem block".to_owned()),
        (
            with(None, Some(&none), Some(&none)),
            format!("unable to read cert file: \"{shown}\": open {shown}: no such file or directory"),
        ),
        (
            with(None, Some(&index), Some(&index)),
            "unable to load cert from key pair: tls: failed to find any PEM data in certificate input"
                .to_owned(),
        ),
    ] {
        let error = Client::new(&ClientOptions { tls, ..ClientOptions::default() }).unwrap_err();
        assert_eq!(error.message(), format!("can't create TLS config for client: {message}"));
    }
}

#[test]
fn from_https_to_http_only_when_told() {
    let folder = folder();
    let files = FileServer::start(folder.path());
    let rules = vec![Rule::on("GET", "", Fault::Redirect(302, files.url()))];
    let server = FaultServer::before_with(&files.url(), rules, FaultOptions { tls: Some(Validity::Now) });
    let tls = TlsOptions { ca_file: Some(server.certificate().unwrap().file()), ..TlsOptions::default() };
    for plain_http in [false, true] {
        let options = ClientOptions { tls: tls.clone(), plain_http, ..options(&Arc::default()) };
        let sent = Client::new(&options).unwrap().send(&Request::get(url(&server.url(), "/index.yaml")));
        match sent {
            Ok(response) => assert!(plain_http && response.status() == 200),
            Err(error) => {
                assert!(
                    !plain_http && error.message().contains("refusing the redirect from https to http"),
                    "{error}"
                );
            }
        }
    }
    assert_eq!(files.seen().len(), 1);
}

#[test]
fn proxies_are_used_and_asked_with_their_own_credentials() {
    let folder = folder();
    let files = FileServer::start(folder.path());
    let proxy = FaultServer::before(&files.url(), vec![]);
    let proxies = Proxies {
        http: proxy.url().replace("http://", "http://me:hunter2@"),
        https: proxy.address(),
        no_proxy: "direct.test".into(),
    };
    let options = ClientOptions { proxies, ..options(&Arc::default()) };
    let client = Client::new(&options).unwrap();
    let response = client.send(&Request::get("http://charts.test/index.yaml".parse().unwrap())).unwrap();
    assert_eq!(response.text(100).unwrap(), "apiVersion: v1\nentries: {}\n");
    // A second one on the same connection.
    client.send(&Request::get("http://charts.test/index.yaml?x=1".parse().unwrap())).unwrap();
    let seen = proxy.seen();
    assert_eq!(seen[0].target, "http://charts.test/index.yaml");
    assert_eq!(seen[1].target, "http://charts.test/index.yaml?x=1");
    assert!(seen.iter().all(|seen| seen.header("proxy-authorization") == Some("Basic bWU6aHVudGVyMg==")));
    assert!(seen.iter().all(|seen| seen.header("host") == Some("charts.test")));
    assert!(!files.seen().iter().any(|seen| seen.header("proxy-authorization").is_some()));
    let error = client.send(&Request::get("http://direct.test/".parse().unwrap())).unwrap_err();
    assert_eq!(error.message(), "Get \"http://direct.test/\": dial tcp: lookup direct.test: no such host");

    proxy.now(vec![Rule::on("*", "", Fault::Status(407, vec![("Proxy-Authenticate", "Basic".into())], ""))]);
    let response = client.send(&Request::get("http://charts.test/index.yaml".parse().unwrap())).unwrap();
    let error = response.successful().unwrap_err();
    assert_eq!(
        error.message(),
        "failed to fetch http://charts.test/index.yaml : 407 Proxy Authentication Required"
    );
    let error = client.send(&Request::get("https://charts.test/index.yaml".parse().unwrap())).unwrap_err();
    assert_eq!(
        error.message(),
        "Get \"https://charts.test/index.yaml\": proxyconnect: Proxy Authentication Required"
    );
}

#[test]
fn https_goes_through_a_tunnel() {
    let folder = folder();
    let options_of = FileOptions { tls: Some(Validity::Now), ..FileOptions::default() };
    let files = FileServer::start_with(folder.path(), &options_of);
    let proxy = FaultServer::before(&files.address(), vec![]);
    let options = ClientOptions {
        tls: TlsOptions { insecure_skip_verify: true, ..TlsOptions::default() },
        proxies: Proxies { https: proxy.url(), ..Proxies::none() },
        ..options(&Arc::default())
    };
    let request = Request::get("https://charts.test/index.yaml".parse().unwrap())
        .credentials(Some(Credentials::bearer("t0p")));
    assert_eq!(Client::new(&options).unwrap().send(&request).unwrap().status(), 200);
    assert_eq!(
        (proxy.seen()[0].method.as_str(), proxy.seen()[0].target.as_str()),
        ("CONNECT", "charts.test:443")
    );
    assert!(!proxy.saw("t0p"));
    assert_eq!(files.seen()[0].header("authorization"), Some("Bearer t0p"));
}

#[test]
fn a_dead_server_is_said_in_gos_words() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let target = format!("http://127.0.0.1:{port}/index.yaml");
    for scheme in ["http", "https"] {
        let proxies = Proxies {
            http: format!("me:pw@127.0.0.1:{port}"),
            https: format!("127.0.0.1:{port}"),
            ..Proxies::none()
        };
        let client = Client::new(&ClientOptions { proxies, ..options(&Arc::default()) }).unwrap();
        let error = client.send(&Request::get(format!("{scheme}://a.test/").parse().unwrap())).unwrap_err();
        let message = format!("proxyconnect tcp: dial tcp 127.0.0.1:{port}: connect: connection refused");
        assert_eq!(error.message(), format!("Get \"{scheme}://a.test/\": {message}"));
    }
    for (target, message) in [
        (target.clone(), format!("dial tcp 127.0.0.1:{port}: connect: connection refused")),
        ("http://nowhere.invalid/".to_owned(), "dial tcp: lookup nowhere.invalid: no such host".to_owned()),
        ("ftp://host/x".to_owned(), "unsupported protocol scheme \"ftp\"".to_owned()),
    ] {
        let error = client().send(&Request::get(target.parse().unwrap())).unwrap_err();
        assert_eq!(error.message(), format!("Get \"{target}\": {message}"));
        assert_eq!(error.kind(), ErrorKind::Network);
    }
}

#[test]
fn servers_that_drip_or_are_silent_are_left() {
    let folder = folder();
    let files = FileServer::start(folder.path());
    let mut timeouts = Timeouts::default();
    timeouts.idle = Duration::from_millis(150);
    let retry = RetryOptions::never();
    let options = ClientOptions { timeouts, retry, ..options(&Arc::default()) };
    let client = Client::new(&options).unwrap();
    let rules = vec![
        Rule::on("GET", "/chart.tgz", Fault::Drip(Duration::from_millis(5))),
        Rule::on("GET", "/index.yaml", Fault::Late(Duration::from_secs(2))),
    ];
    let server = FaultServer::before(&files.url(), rules);
    let response = client.send(&Request::get(url(&server.url(), "/chart.tgz"))).unwrap();
    let mut bytes = Vec::new();
    let error = response.into_reader().read_to_end(&mut bytes).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut, "{error}");
    let error = client.send(&Request::get(url(&server.url(), "/index.yaml"))).unwrap_err();
    assert!(error.message().ends_with("net/http: timeout awaiting response headers"), "{error}");
    let target = tempfile::tempdir().unwrap();
    let request = Request::get(url(&server.url(), "/chart.tgz"));
    let error = client
        .download(&request, &target.path().join("chart.tgz"), &Expected::at_most(1 << 20), &NoProgress)
        .unwrap_err();
    assert!(error.message().contains("the server sends less than 1024 bytes"), "{error}");
    assert!(names(target.path()).is_empty());
}

/// What breaks, what the second request asks for, how it ends.
#[test]
fn downloads_are_whole_or_not_there() {
    let digest = sha256(&content());
    let sum = "instead of sha256:";
    for (name, rules, ranges, outcome) in [
        ("nothing", vec![], vec![None], Ok(())),
        (
            "cut once",
            vec![Rule::on("GET", "", Fault::Cut(70_000)).times(1)],
            vec![None, Some("bytes=70000-")],
            Ok(()),
        ),
        (
            "cut three times",
            vec![Rule::on("GET", "", Fault::Cut(50_000)).times(3)],
            vec![None, Some("bytes=50000-"), Some("bytes=100000-"), Some("bytes=150000-")],
            Ok(()),
        ),
        (
            "reset at once",
            vec![Rule::on("GET", "", Fault::Reset(0)).times(2)],
            vec![None, None, None],
            Ok(()),
        ),
        (
            "cut, then a server that forgot",
            vec![
                Rule::on("GET", "", Fault::Cut(70_000)).times(1),
                Rule::on("GET", "", Fault::Status(416, vec![], "")).times(1),
            ],
            vec![None, Some("bytes=70000-"), None],
            Ok(()),
        ),
        (
            "cut, then another file",
            vec![
                Rule::on("GET", "", Fault::Cut(70_000)).times(1),
                Rule::on(
                    "GET",
                    "",
                    Fault::Status(206, vec![("Content-Range", "bytes 5-9/10".into())], "12345"),
                )
                .times(1),
            ],
            vec![None, Some("bytes=70000-"), None],
            Ok(()),
        ),
        ("cut for good", vec![Rule::on("GET", "", Fault::Cut(0))], vec![None; 5], Err("unexpected EOF")),
        ("another byte", vec![Rule::on("GET", "", Fault::WrongBytes)], vec![None], Err(sum)),
        (
            "shorter",
            vec![Rule::on("GET", "", Fault::Shorter(1))],
            vec![None],
            Err("has 199999 bytes instead of 200000"),
        ),
        (
            "longer",
            vec![Rule::on("GET", "", Fault::Longer(1))],
            vec![None],
            Err("has 200001 bytes instead of 200000"),
        ),
        (
            "refused",
            vec![Rule::on("GET", "", Fault::Status(403, vec![], ""))],
            vec![None],
            Err("403 Forbidden"),
        ),
        ("gone", vec![Rule::on("GET", "", Fault::Status(404, vec![], ""))], vec![None], Err("404 Not Found")),
    ] {
        let folder = folder();
        let files = FileServer::start(folder.path());
        let server = FaultServer::before(&files.url(), rules);
        let target = tempfile::tempdir().unwrap();
        let path = target.path().join("deep/er/chart.tgz");
        let expected = Expected::at_most(1 << 20).digest(digest).length(200_000);
        let request = Request::get(url(&server.url(), "/chart.tgz"));
        let found = client().download(&request, &path, &expected, &NoProgress).and_then(Download::complete);
        let asked: Vec<Option<String>> =
            server.seen().iter().map(|seen| seen.header("range").map(str::to_owned)).collect();
        assert_eq!(asked, ranges.iter().map(|range| range.map(str::to_owned)).collect::<Vec<_>>(), "{name}");
        match (found, outcome) {
            (Ok(found), Ok(())) => {
                assert_eq!((found.digest, found.length, &found.path), (digest, 200_000, &path), "{name}");
                assert_eq!(fs::read(&path).unwrap(), content(), "{name}");
                assert_eq!(names(path.parent().unwrap()), ["chart.tgz"], "{name}");
            }
            (Err(error), Err(message)) => {
                assert!(error.message().contains(message), "{name}: {error}");
                assert!(error.message().contains(&server.url()), "{name}: {error}");
                let left = path.parent().filter(|folder| folder.is_dir()).map_or(Vec::new(), names);
                assert!(left.is_empty(), "{name}: {left:?}");
                // The second run, with the fault gone, succeeds.
                server.now(vec![]);
                client().download(&request, &path, &expected, &NoProgress).unwrap().complete().unwrap();
                assert_eq!(fs::read(&path).unwrap(), content(), "{name}");
            }
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
}

#[test]
fn a_download_without_a_length_is_limited_and_leaves_the_old_file() {
    let folder = folder();
    let server = FileServer::start_with(folder.path(), &FileOptions { bare: true, ..FileOptions::default() });
    let path = folder.path().join("old.tgz");
    fs::write(&path, "old").unwrap();
    let request = Request::get(url(&server.url(), "/chart.tgz"));
    let error = client().download(&request, &path, &Expected::at_most(1000), &NoProgress).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["chart.tgz", "index.yaml", "old.tgz"]);
}

#[test]
fn progress_is_told() {
    #[derive(Default)]
    struct Told {
        bytes: AtomicU64,
        words: Mutex<Vec<String>>,
    }
    impl Progress for Told {
        fn started(&self, task: &str, total: Option<u64>) {
            self.words.lock().unwrap().push(format!("{task} {total:?}"));
        }
        fn advanced(&self, _: &str, bytes: u64) {
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        fn finished(&self, task: &str) {
            self.words.lock().unwrap().push(task.to_owned());
        }
    }
    let folder = folder();
    let server = FileServer::start(folder.path());
    let told = Told::default();
    let request = Request::get(url(&server.url(), "/chart.tgz"));
    let target = folder.path().join("copy.tgz");
    client().download(&request, &target, &Expected::at_most(1 << 20), &told).unwrap().complete().unwrap();
    assert_eq!(told.bytes.load(Ordering::Relaxed), 200_000);
    assert_eq!(*told.words.lock().unwrap(), ["chart.tgz Some(200000)", "chart.tgz"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = folder();
    let server = FileServer::start(folder.path());
    // Below a file nothing can be made, by nobody.
    let target = folder.path().join("index.yaml/x/chart.tgz");
    let request = Request::get(url(&server.url(), "/chart.tgz"));
    let error = client().download(&request, &target, &Expected::at_most(1 << 20), &NoProgress).unwrap_err();
    assert!(error.message().starts_with("cannot make the folder "), "{error}");
    // /dev/full says that the disk is full.
    let error = chartcore::cache::write_whole(Path::new("/proc/chart"), b"x").unwrap_err();
    assert!(error.message().starts_with("cannot write /proc/.chart-"), "{error}");
}

#[test]
fn the_token_of_a_challenge_goes_to_its_host_alone() {
    let folder = folder();
    let files = FileServer::start(folder.path());
    let server =
        FaultServer::before(&files.url(), vec![Rule::on("*", "", Fault::Challenge(Some(("me", "pw"))))]);
    let response = client().send(&Request::get(url(&server.url(), "/index.yaml"))).unwrap();
    assert_eq!(response.status(), 401);
    assert!(response.header("www-authenticate").unwrap().starts_with("Bearer realm=\"http://127.0.0.1:"));
    let token = url(&server.url(), "/token-endpoint?service=test");
    assert_eq!(client().send(&Request::get(token.clone())).unwrap().status(), 401);
    let request = Request::get(token).credentials(Some(Credentials::basic("me", "pw")));
    assert!(client().send(&request).unwrap().text(1000).unwrap().contains(TOKEN));
    let request =
        Request::get(url(&server.url(), "/index.yaml")).credentials(Some(Credentials::bearer(TOKEN)));
    assert_eq!(client().send(&request).unwrap().status(), 200);
    assert!(!files.seen().iter().any(|seen| seen.header("authorization").is_some()));
}

#[test]
fn gzip_is_read_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let zipped = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&content()).unwrap();
        encoder.finish().unwrap()
    };
    fs::write(folder.path().join("x"), &zipped).unwrap();
    let files = FileServer::start(folder.path());
    let header = ("Content-Encoding", "gzip".to_owned());
    // The upstream knows nothing of encodings: the header is what a careless server adds.
    let server =
        FaultServer::before(&files.url(), vec![Rule::on("GET", "", Fault::AddHeader(header.0, header.1))]);
    let plain = client().send(&Request::get(url(&server.url(), "/x"))).unwrap();
    assert!(plain.bytes(1 << 20).unwrap() == zipped);
    let asked = client().send(&Request::get(url(&server.url(), "/x")).accept_gzip()).unwrap();
    assert_eq!(asked.content_length(), None);
    assert!(asked.bytes(1 << 20).unwrap() == content());
    // A small answer that would become a large one.
    let asked = client().send(&Request::get(url(&server.url(), "/x")).accept_gzip()).unwrap();
    assert_eq!(asked.bytes(199_999).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn the_cache_gives_back_what_was_put() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("content"));
    let (bytes, digest) = (content(), sha256(&content()));
    assert_eq!(cache.find(&digest, Kind::Chart).unwrap(), None);
    let path = cache.put(&digest, Kind::Chart, &bytes).unwrap();
    let hex = digest.hex();
    assert_eq!(
        path,
        folder.path().join("content").join(&hex[..2]).join(format!("{hex}.chart")),
        "Helm's layout"
    );
    assert_eq!(cache.get(&digest, Kind::Chart, 1 << 20).unwrap().unwrap(), bytes);
    assert_eq!(cache.get(&digest, Kind::Chart, 10).unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(cache.put(&digest, Kind::Chart, b"other").unwrap_err().kind(), ErrorKind::Integrity);
    // A file that has rotted is as good as none, and gone.
    for rotten in [b"rotten".as_slice(), b""] {
        fs::write(&path, rotten).unwrap();
        assert_eq!(cache.find(&digest, Kind::Chart).unwrap(), None);
        assert!(!path.exists());
        fs::write(&path, rotten).unwrap();
        assert_eq!(cache.get(&digest, Kind::Chart, 1 << 20).unwrap(), None);
        assert!(!path.exists());
    }
    cache.put(&digest, Kind::Provenance, b"prov").unwrap();
    assert_eq!(cache.get(&digest, Kind::Provenance, 10).unwrap().unwrap(), b"prov");
    // What a dead process left.
    let shelf = path.parent().unwrap();
    fs::write(shelf.join(".chart-1-2.part"), "half").unwrap();
    fs::write(shelf.join("mine.part"), "mine").unwrap();
    let now = SystemClock.unix_seconds();
    assert_eq!(cache.sweep(now, Duration::from_secs(3600)), 0);
    assert_eq!(cache.sweep(now + 3601, Duration::from_secs(3600)), 1);
    assert_eq!(names(shelf), [format!("{hex}.prov"), "mine.part".to_owned()]);
}

#[test]
fn a_lock_is_held_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/index.lock");
    let patient = Patience::for_at_most(Duration::from_secs(60));
    let hurried = Patience { longest: Duration::from_millis(50), sleep: &|_| {} };
    let held = Lock::take(&path, &patient).unwrap();
    let error = Lock::take(&path, &hurried).unwrap_err();
    assert!(error.message().ends_with("is held by another process; waited 0 s for it"), "{error}");
    drop(held);
    let counter = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _held = Lock::take(&path, &patient).unwrap();
                    let before = counter.load(Ordering::SeqCst);
                    std::thread::yield_now();
                    counter.store(before + 1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(counter.load(Ordering::SeqCst), 160);
}
