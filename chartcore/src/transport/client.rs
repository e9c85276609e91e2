//! Sending requests: redirects, credentials, retries.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use ureq::config::Config;
use ureq::http;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector, TcpConnector};
use ureq::{Agent, SendBody};

use super::connect::{ForwardConnector, ProxyResolver, TlsConnector};
use super::failure::{Failure, Peer};
use super::proxies::Proxies;
use super::response::Flowing;
use super::retry::is_passing;
use super::tls::Tls;
use super::{Clock, Credentials, Method, Request, Response, RetryOptions, SystemClock, TlsOptions, Url};
use crate::error::{Error, ErrorKind, Result};

/// As many as Go follows.
const REDIRECT_LIMIT: usize = 10;

/// An answer of at most this length is read before it is handed on, so that one that breaks is asked for again.
const SMALL: u64 = 64 << 10;

/// Headers that stay with the host they were meant for. Go: `shouldCopyHeaderOnRedirect`, kept stricter: a
/// subdomain is another host here.
const PRIVATE_HEADERS: [&str; 5] =
    ["authorization", "cookie", "cookie2", "proxy-authorization", "www-authenticate"];

/// How long to wait for what.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// Until the next bytes come, head or body.
    pub idle: Duration,
    /// The least number of bytes of a body in each stretch of `idle`; fewer is a server that drips.
    pub least: u64,
    /// For a whole request with its body (`--timeout`).
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), idle: Duration::from_secs(30), least: 1024, total: None }
    }
}

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Certificates.
    pub tls: TlsOptions,
    /// Proxies, as the environment names them.
    pub proxies: Proxies,
    /// What it calls itself.
    pub user_agent: String,
    /// How long it waits.
    pub timeouts: Timeouts,
    /// How often it tries.
    pub retry: RetryOptions,
    /// Lets a redirect lead from `https` to `http` (`--plain-http`).
    pub plain_http: bool,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            tls: TlsOptions::default(),
            proxies: Proxies::none(),
            user_agent: concat!("chart/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
            retry: RetryOptions::default(),
            plain_http: false,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Sends requests. Clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: ClientOptions,
    direct: Agent,
    through_http: Option<Proxied>,
    through_https: Option<Proxied>,
}

/// An agent whose connections go through a proxy.
#[derive(Debug)]
struct Proxied {
    agent: Agent,
    proxy: Url,
}

impl Client {
    /// Makes a client. No connection is opened.
    ///
    /// # Errors
    /// A certificate or key cannot be read (Helm's text), or a proxy's address is malformed.
    pub fn new(options: &ClientOptions) -> Result<Self> {
        let tls = Arc::new(Tls::new(&options.tls)?);
        let proxied = |address: &str, plain: bool| match address {
            "" => Ok(None),
            address => Proxied::new(options, &tls, address, plain).map(Some),
        };
        let shared = Shared {
            direct: agent(options, &tls, None),
            through_http: proxied(&options.proxies.http, true)?,
            through_https: proxied(&options.proxies.https, false)?,
            options: options.clone(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The options it was made with.
    pub fn options(&self) -> &ClientOptions {
        &self.shared.options
    }

    /// Sends a request, follows redirects, and tries again what may pass. A status of 400 and more is an answer,
    /// not an error: see [`Response::successful`].
    ///
    /// # Errors
    /// No answer came: Go's words for why, with the URL.
    pub fn send(&self, request: &Request) -> Result<Response> {
        let (mut url, mut method) = (request.url.clone(), request.method);
        let mut body_stays = true;
        for _ in 0..=REDIRECT_LIMIT {
            let hop = Hop { request, url: &url, method, with_body: body_stays };
            let response = self.send_patiently(&hop)?;
            let Some(target) = redirect_target(&response).filter(|_| request.follow) else {
                return Ok(response);
            };
            let lost = |reason: String| Failure::lasting(reason).into_error(request.method, &url);
            let next = url
                .join(target)
                .map_err(|error| lost(format!("failed to parse Location header: {}", error.message())))?;
            if url.scheme() == "https" && next.scheme() == "http" && !self.shared.options.plain_http {
                return Err(lost(format!(
                    "refusing the redirect from https to {next}: pass --plain-http to allow it"
                )));
            }
            // Go: `redirectBehavior` in net/http/client.go.
            if matches!(response.status(), 301..=303) && !matches!(method, Method::Get | Method::Head) {
                method = Method::Get;
                body_stays = false;
            }
            url = next;
        }
        Err(Failure::lasting(format!("stopped after {REDIRECT_LIMIT} redirects"))
            .into_error(request.method, &url))
    }

    /// One hop, as often as it takes.
    fn send_patiently(&self, hop: &Hop<'_>) -> Result<Response> {
        let options = &self.shared.options;
        let clock = &*options.clock;
        let mut attempt = 1;
        loop {
            let may_retry = hop.request.idempotent && attempt < options.retry.attempts;
            let wait = match self.send_once(hop) {
                Ok(response) if may_retry && is_passing(response.status()) => {
                    match options.retry.retry_after(response.header("retry-after"), clock) {
                        Some(Some(wait)) => wait,
                        // The server wants more patience than we have.
                        Some(None) => return Ok(response),
                        None => options.retry.delay(attempt, clock),
                    }
                }
                Ok(response) => return Ok(response),
                Err(failure) if may_retry && failure.passing => options.retry.delay(attempt, clock),
                Err(failure) => return Err(failure.into_error(hop.method, hop.url)),
            };
            clock.sleep(wait);
            attempt += 1;
        }
    }

    fn send_once(&self, hop: &Hop<'_>) -> std::result::Result<Response, Failure> {
        let url = hop.url;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::lasting(format!("unsupported protocol scheme \"{}\"", url.scheme())));
        }
        let head = hop.head().map_err(|error| Failure::lasting(error.to_string()))?;
        let (agent, peer) = self.way_to(url);
        let body = if hop.with_body {
            hop.request.body.open().map_err(|error| Failure::of_io(&error, &peer))?
        } else {
            None
        };
        let sent = match body {
            Some(reader) => agent.run(head.map(|()| SendBody::from_owned_reader(reader))),
            None => agent.run(head),
        };
        let response = sent.map_err(|error| Failure::of(&error, &peer))?;
        let (parts, body) = response.into_parts();
        let mut headers = parts.headers;
        let options = &self.shared.options;
        let flowing = Flowing::new(body.into_reader(), Arc::clone(&options.clock), &options.timeouts);
        let mut reader: Box<dyn Read + Send> = Box::new(flowing);
        let length =
            headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let small = length.is_some_and(|length: u64| length <= SMALL) && hop.method != Method::Head;
        if small && parts.status.is_success() {
            let mut whole = Vec::new();
            reader.read_to_end(&mut whole).map_err(|error| Failure::of_io(&error, &peer))?;
            reader = Box::new(Cursor::new(whole));
        }
        let encoding = headers.get(http::header::CONTENT_ENCODING);
        if hop.request.gzip && encoding.is_some_and(|value| value.as_bytes() == b"gzip") {
            headers.remove(http::header::CONTENT_LENGTH);
            reader = Box::new(MultiGzDecoder::new(reader));
        }
        Ok(Response { status: parts.status, headers, url: url.clone(), method: hop.method, reader })
    }

    fn way_to<'a>(&self, url: &'a Url) -> (&Agent, Peer<'a>) {
        let shared = &*self.shared;
        let through = match (shared.options.proxies.proxy_for(url), url.scheme()) {
            (None, _) => None,
            (Some(_), "https") => shared.through_https.as_ref(),
            (Some(_), _) => shared.through_http.as_ref(),
        };
        match through {
            Some(proxied) => (&proxied.agent, Peer::through(url, Some(proxied.proxy.clone()))),
            None => (&shared.direct, Peer::of(url)),
        }
    }
}

/// One request line of a chain of redirects.
struct Hop<'a> {
    request: &'a Request,
    url: &'a Url,
    method: Method,
    with_body: bool,
}

impl Hop<'_> {
    fn head(&self) -> std::result::Result<http::Request<()>, http::Error> {
        let request = self.request;
        let mut builder = http::Request::builder().method(self.method.as_str()).uri(self.url.for_request());
        let at_home = self.url.same_origin(&request.url) || request.everywhere;
        let mut authorized = false;
        for (name, value) in &request.headers {
            let private = PRIVATE_HEADERS.iter().any(|private| name.eq_ignore_ascii_case(private));
            if private && !at_home {
                continue;
            }
            authorized |= name.eq_ignore_ascii_case("authorization");
            let mut value = http::HeaderValue::from_str(value)?;
            value.set_sensitive(private);
            builder = builder.header(name, value);
        }
        let redirected = (!std::ptr::eq(self.url, &request.url)).then(|| self.url.credentials()).flatten();
        let credentials = request.credentials.as_ref().filter(|_| at_home).or(redirected.as_ref());
        if let Some(credentials) = credentials.filter(|_| !authorized) {
            builder = builder.header(http::header::AUTHORIZATION, authorization(credentials)?);
        }
        if request.gzip {
            builder = builder.header(http::header::ACCEPT_ENCODING, "gzip");
        }
        if let Some(length) = request.body.length().filter(|_| self.with_body) {
            builder = builder.header(http::header::CONTENT_LENGTH, length);
        }
        builder.body(())
    }
}

fn authorization(credentials: &Credentials) -> std::result::Result<http::HeaderValue, http::Error> {
    let mut value = http::HeaderValue::from_str(&credentials.header())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where a redirect leads, if the answer is one.
fn redirect_target(response: &Response) -> Option<&str> {
    matches!(response.status(), 301 | 302 | 303 | 307 | 308).then(|| response.header("location")).flatten()
}

impl Proxied {
    /// `plain` is for `http://` targets, which an HTTP proxy is asked for by whole URLs; to all others it opens a
    /// tunnel. Go: net/http/transport.go.
    fn new(options: &ClientOptions, tls: &Arc<Tls>, address: &str, plain: bool) -> Result<Self> {
        let wrong = || {
            let shown = super::url::redacted(address);
            Error::new(ErrorKind::Usage, format!("invalid proxy address \"{shown}\""))
        };
        let whole = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let proxy: Url = whole.parse().map_err(|_| wrong())?;
        let agent = if plain && proxy.scheme() == "http" {
            let resolver = ProxyResolver::new(proxy.for_request().parse().map_err(|_| wrong())?);
            let authorization = proxy.credentials().map(|credentials| credentials.header());
            let connector = ().chain(TcpConnector::default()).chain(ForwardConnector::new(authorization));
            Agent::with_parts(config(options, None), connector, resolver)
        } else {
            agent(options, tls, Some(ureq::Proxy::new(&whole).map_err(|_| wrong())?))
        };
        Ok(Self { agent, proxy })
    }
}

fn agent(options: &ClientOptions, tls: &Arc<Tls>, proxy: Option<ureq::Proxy>) -> Agent {
    let connector =
        ().chain(SocksConnector::default())
            .chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(TlsConnector::new(Arc::clone(tls)));
    Agent::with_parts(config(options, proxy), connector, DefaultResolver::default())
}

fn config(options: &ClientOptions, proxy: Option<ureq::Proxy>) -> Config {
    Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .user_agent(options.user_agent.clone())
        .timeout_resolve(Some(options.timeouts.connect))
        .timeout_connect(Some(options.timeouts.connect))
        .timeout_recv_response(Some(options.timeouts.idle))
        .timeout_per_read(Some(options.timeouts.idle))
        .timeout_per_write(Some(options.timeouts.idle))
        .timeout_global(options.timeouts.total)
        .max_response_header_size(256 << 10)
        .input_buffer_size(128 << 10)
        .max_idle_connections_per_host(16)
        .max_idle_connections(32)
        .build()
}
