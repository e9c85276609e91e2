//! A proxy that breaks things on purpose.

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::certificate::{Certificate, Validity};
use crate::wire::{Asked, Line, Listening, Seen, basic, read_body, read_head, read_request, write_head};

/// The token that a [`Fault::Challenge`] wants to see and its token endpoint gives out.
pub const TOKEN: &str = "token-of-the-fault-server";

/// Where the token endpoint is.
const TOKEN_PATH: &str = "/token-endpoint";

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It goes through as it is.
    Pass,
    /// An answer of this status, with more headers and a body; the upstream hears nothing.
    Status(u16, Vec<(&'static str, String)>, &'static str),
    /// 401 with a Bearer challenge until the request carries [`TOKEN`], which the token endpoint of this server
    /// gives out, to a user with a password if one is named. The upstream never sees the token.
    Challenge(Option<(&'static str, &'static str)>),
    /// The upstream's answer, whose body ends after so many bytes with a goodbye.
    Cut(usize),
    /// The same with a reset.
    Reset(usize),
    /// No answer at all: the connection ends.
    HangUp,
    /// The upstream's answer with one byte of the body changed.
    WrongBytes,
    /// The upstream's answer without its last so many bytes, and a Content-Length that fits.
    Shorter(usize),
    /// The upstream's answer and so many bytes more, with a Content-Length that fits.
    Longer(usize),
    /// The upstream's answer, one byte at a time with this pause between.
    Drip(Duration),
    /// The answer comes after this pause.
    Late(Duration),
    /// A redirect of this status to the same path on another base URL.
    Redirect(u16, String),
    /// The upstream's answer with one more header.
    AddHeader(&'static str, String),
    /// A redirect of this status to exactly this place.
    RedirectTo(u16, String),
}

/// Which requests a fault is for.
#[derive(Debug, Clone)]
pub struct Rule {
    method: &'static str,
    path: &'static str,
    skip: usize,
    times: usize,
    fault: Fault,
}

impl Rule {
    /// For requests of this method (`*` for all) whose target contains `path`: each time.
    pub fn on(method: &'static str, path: &'static str, fault: Fault) -> Self {
        Self { method, path, skip: 0, times: usize::MAX, fault }
    }

    /// Only so many times, then no more.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Lets so many pass before.
    #[must_use]
    pub fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }
}

/// How a fault server listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct FaultOptions {
    /// Over TLS, with a certificate of its own; the upstream stays plain.
    pub tls: Option<Validity>,
}

/// A proxy before a plain HTTP server that breaks requests by its rules and keeps what it saw.
///
/// It answers as a reverse proxy (`GET /path`), as a forward proxy (`GET http://any.host/path`, which goes to the
/// same upstream) and to CONNECT, which leads to the upstream too.
#[derive(Debug)]
pub struct FaultServer {
    shared: Arc<Shared>,
    certificate: Option<Certificate>,
    port: u16,
    _listening: Holding,
}

struct Holding(#[expect(dead_code, reason = "listens until it is dropped")] Listening);

impl std::fmt::Debug for Holding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listening")
    }
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
    own: Mutex<String>,
}

impl FaultServer {
    /// Stands before `upstream` (`http://127.0.0.1:5000` or without the scheme). The first rule that fits a request
    /// and has turns left is taken; a request that none fits goes through.
    pub fn before(upstream: &str, rules: Vec<Rule>) -> Self {
        Self::before_with(upstream, rules, FaultOptions::default())
    }

    /// As [`FaultServer::before`], with options.
    pub fn before_with(upstream: &str, rules: Vec<Rule>, options: FaultOptions) -> Self {
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let certificate = options.tls.map(|validity| Certificate::new(validity, &[]));
        let shared = Arc::new(Shared {
            upstream,
            rules: Mutex::new(rules),
            seen: Mutex::default(),
            own: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let listening = Listening::start(certificate.as_ref().map(Certificate::server_config), move |line| {
            serving.serve(line)
        });
        let server = Self { port: listening.port(), shared, certificate, _listening: Holding(listening) };
        *server.shared.own.lock().unwrap_or_else(PoisonError::into_inner) = server.url();
        server
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.certificate.is_some() { "https" } else { "http" }, self.address())
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its certificate, which is its CA too.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Every request so far, with its headers.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Other rules from now on; none makes it a plain proxy.
    pub fn now(&self, rules: Vec<Rule>) {
        *self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Whether any request so far carried this text in a header, its target or, decoded, its credentials.
    pub fn saw(&self, secret: &str) -> bool {
        self.seen().iter().any(|seen| {
            seen.target.contains(secret) || seen.headers.iter().any(|(_, value)| value.contains(secret))
        })
    }
}

type Headers = Vec<(String, String)>;

/// An answer of the upstream.
struct Answer {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
}

enum Then {
    Continue,
    HangUp,
    Reset,
}

impl Shared {
    fn serve(&self, line: Line) {
        let mut reader = BufReader::new(line);
        while let Ok(Some(asked)) = read_request(&mut reader) {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked.seen.clone());
            let fault = self.fault(&asked.seen);
            if asked.seen.method == "CONNECT" && matches!(fault, Fault::Pass) {
                self.tunnel(reader);
                return;
            }
            match self.answer(&asked, &fault, reader.get_mut()) {
                Ok(Then::Continue) => {}
                Ok(Then::Reset) => return reader.into_inner().reset(),
                Ok(Then::HangUp) | Err(_) => {
                    let _ = reader.get_ref().socket().shutdown(Shutdown::Both);
                    return;
                }
            }
        }
    }

    /// The fault of the first rule that fits and has turns left.
    fn fault(&self, seen: &Seen) -> Fault {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules.iter_mut() {
            if (rule.method != "*" && rule.method != seen.method) || !seen.target.contains(rule.path) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if rule.times > 0 {
                rule.times -= 1;
                return rule.fault.clone();
            }
        }
        Fault::Pass
    }

    fn answer(&self, asked: &Asked, fault: &Fault, line: &mut Line) -> io::Result<Then> {
        let head_only = asked.seen.method == "HEAD";
        let path = path_of(&asked.seen.target);
        match fault {
            Fault::Pass if path.starts_with(TOKEN_PATH) => {
                let body =
                    format!("{{\"token\": \"{TOKEN}\", \"access_token\": \"{TOKEN}\", \"expires_in\": 300}}");
                whole(
                    line,
                    200,
                    vec![("Content-Type".into(), "application/json".into())],
                    body.as_bytes(),
                    false,
                )
            }
            Fault::Status(status, headers, body) => {
                let headers =
                    headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
                whole(line, *status, headers, body.as_bytes(), head_only)
            }
            Fault::Challenge(user) => self.challenge(asked, *user, path, line),
            Fault::HangUp => Ok(Then::HangUp),
            Fault::Redirect(status, base) => {
                let place = format!("{}{path}", base.trim_end_matches('/'));
                whole(line, *status, vec![("Location".into(), place)], b"", head_only)
            }
            Fault::RedirectTo(status, place) => {
                whole(line, *status, vec![("Location".into(), place.clone())], b"", head_only)
            }
            Fault::Late(pause) => {
                std::thread::sleep(*pause);
                let answer = self.forward(asked, path)?;
                whole(line, answer.status, answer.headers, &answer.body, head_only)
            }
            Fault::Pass => {
                let answer = self.forward(asked, path)?;
                if head_only {
                    write_head(line, answer.status, &answer.headers)?;
                    return line.flush().map(|()| Then::Continue);
                }
                whole(line, answer.status, answer.headers, &answer.body, false)
            }
            Fault::AddHeader(name, value) => {
                let mut answer = self.forward(asked, path)?;
                answer.headers.push(((*name).to_owned(), value.clone()));
                whole(line, answer.status, answer.headers, &answer.body, head_only)
            }
            Fault::WrongBytes => {
                let mut answer = self.forward(asked, path)?;
                let middle = answer.body.len() / 2;
                if let Some(byte) = answer.body.get_mut(middle) {
                    *byte ^= 0x55;
                }
                whole(line, answer.status, answer.headers, &answer.body, head_only)
            }
            Fault::Shorter(count) => {
                let mut answer = self.forward(asked, path)?;
                answer.body.truncate(answer.body.len().saturating_sub(*count));
                whole(line, answer.status, answer.headers, &answer.body, head_only)
            }
            Fault::Longer(count) => {
                let mut answer = self.forward(asked, path)?;
                answer.body.extend(std::iter::repeat_n(b'#', *count));
                whole(line, answer.status, answer.headers, &answer.body, head_only)
            }
            Fault::Cut(count) | Fault::Reset(count) => {
                let answer = self.forward(asked, path)?;
                let mut headers = answer.headers;
                headers.push(("Content-Length".into(), answer.body.len().to_string()));
                write_head(line, answer.status, &headers)?;
                line.write_all(&answer.body[..answer.body.len().min(*count)])?;
                line.flush()?;
                if matches!(fault, Fault::Reset(_)) {
                    // A reset overtakes what the other side has not read yet.
                    std::thread::sleep(Duration::from_millis(30));
                    return Ok(Then::Reset);
                }
                Ok(Then::HangUp)
            }
            Fault::Drip(pause) => {
                let answer = self.forward(asked, path)?;
                let mut headers = answer.headers;
                headers.push(("Content-Length".into(), answer.body.len().to_string()));
                write_head(line, answer.status, &headers)?;
                for byte in &answer.body {
                    line.write_all(std::slice::from_ref(byte))?;
                    line.flush()?;
                    std::thread::sleep(*pause);
                }
                Ok(Then::Continue)
            }
        }
    }

    fn challenge(
        &self,
        asked: &Asked,
        user: Option<(&'static str, &'static str)>,
        path: &str,
        line: &mut Line,
    ) -> io::Result<Then> {
        let given = asked.seen.header("authorization");
        if path.starts_with(TOKEN_PATH) {
            let known = user.is_none_or(|(user, password)| given == Some(&basic(user, password)));
            if !known {
                return whole(
                    line,
                    401,
                    Vec::new(),
                    b"{\"details\":\"incorrect username or password\"}",
                    false,
                );
            }
            let body = format!("{{\"token\": \"{TOKEN}\", \"expires_in\": 300}}");
            return whole(
                line,
                200,
                vec![("Content-Type".into(), "application/json".into())],
                body.as_bytes(),
                false,
            );
        }
        if given == Some(&format!("Bearer {TOKEN}")) {
            return self.answer(asked, &Fault::Pass, line);
        }
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let repository = path.trim_start_matches("/v2/").split("/manifests").next().unwrap_or_default();
        let repository =
            repository.split("/blobs").next().unwrap_or_default().split("/tags").next().unwrap_or_default();
        let challenge = format!(
            "Bearer realm=\"{own}{TOKEN_PATH}\",service=\"test\",scope=\"repository:{repository}:pull,push\""
        );
        let body = b"{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\"}]}";
        whole(line, 401, vec![("WWW-Authenticate".into(), challenge)], body, asked.seen.method == "HEAD")
    }

    /// Puts the request to the upstream on a connection of its own.
    fn forward(&self, asked: &Asked, path: &str) -> io::Result<Answer> {
        let mut upstream = TcpStream::connect(&self.upstream)?;
        let mut head = format!("{} {path} HTTP/1.1\r\n", asked.seen.method);
        for (name, value) in &asked.seen.headers {
            let ours = value == &format!("Bearer {TOKEN}");
            let hop = [
                "connection",
                "transfer-encoding",
                "content-length",
                "proxy-authorization",
                "proxy-connection",
            ];
            if !ours && !hop.iter().any(|hop| name.eq_ignore_ascii_case(hop)) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", asked.body.len()));
        upstream.write_all(head.as_bytes())?;
        upstream.write_all(&asked.body)?;
        let mut reader = BufReader::new(upstream);
        let (first, mut headers) = read_head(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(502);
        let bodiless = asked.seen.method == "HEAD" || status == 204 || status == 304;
        let body = if bodiless { Vec::new() } else { read_body(&mut reader, &headers, true)? };
        headers.retain(|(name, _)| {
            let name = name.to_ascii_lowercase();
            name != "connection" && name != "transfer-encoding" && (bodiless || name != "content-length")
        });
        Ok(Answer { status, headers, body })
    }

    /// CONNECT: bytes both ways until one side ends.
    fn tunnel(&self, reader: BufReader<Line>) {
        let Line::Plain(mut down) = reader.into_inner() else { return };
        let Ok(mut up) = TcpStream::connect(&self.upstream) else { return };
        if down.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_err() {
            return;
        }
        let (Ok(mut down_again), Ok(mut up_again)) = (down.try_clone(), up.try_clone()) else { return };
        let back = std::thread::spawn(move || {
            let _ = io::copy(&mut up_again, &mut down_again);
            let _ = down_again.shutdown(Shutdown::Both);
        });
        let _ = io::copy(&mut down, &mut up);
        let _ = up.shutdown(Shutdown::Both);
        let _ = back.join();
    }
}

/// The path of a target, which a client of a forward proxy sends as a whole URL.
fn path_of(target: &str) -> &str {
    match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    }
}

fn whole(
    line: &mut Line,
    status: u16,
    mut headers: Headers,
    body: &[u8],
    head_only: bool,
) -> io::Result<Then> {
    let has_length = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if status != 204 && status != 304 && !has_length {
        headers.push(("Content-Length".into(), body.len().to_string()));
    }
    write_head(line, status, &headers)?;
    if !head_only {
        line.write_all(body)?;
    }
    line.flush()?;
    Ok(Then::Continue)
}
