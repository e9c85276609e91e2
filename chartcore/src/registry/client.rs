//! The registry's API: the OCI distribution specification, as much of it as charts need.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::access::Access;
use super::artifact::{
    DOCKER_INDEX_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE, Descriptor, INDEX_MEDIA_TYPE, MANIFEST_LIMIT,
    MANIFEST_MEDIA_TYPE, Manifest,
};
use super::logins::{Login, Logins};
use super::reference::{Reference, check_digest};
use crate::archive::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Body, Client, Method, Request, Response, Url};

/// The most bytes of a list of tags or of an error that are read.
const ANSWER_LIMIT: u64 = 8 << 20;
/// The most pages of a list of tags, and the most tags.
const PAGE_LIMIT: usize = 1_000;
const TAG_LIMIT: usize = 200_000;
/// How often an upload is begun anew when the registry loses it.
const UPLOADS: usize = 3;
/// How often a tag that was just pushed is asked for, and the first wait between.
const LOOKS: u32 = 6;
const FIRST_LOOK: Duration = Duration::from_millis(200);

/// A manifest as the registry has it.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its digest, counted here.
    pub digest: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What they say.
    pub manifest: Manifest,
}

/// Where to speak HTTP without TLS.
#[derive(Debug, Clone, Default)]
enum Plain {
    #[default]
    Nowhere,
    Everywhere,
    /// At this host, and at those of this machine.
    At(String),
}

impl Plain {
    fn is_for(&self, host: &str) -> bool {
        let is_local = |host: &str| {
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            name == "localhost" || name == "[::1]" || name.starts_with("127.")
        };
        match self {
            Self::Nowhere => false,
            Self::Everywhere => true,
            Self::At(plain) => host == plain || is_local(host),
        }
    }
}

/// Speaks with registries; shared between threads.
#[derive(Debug)]
pub struct Registry {
    pub(super) client: Client,
    pub(super) logins: Logins,
    plain_http: Plain,
    access: Access,
}

impl Registry {
    /// Makes a client. Nothing is sent.
    pub fn new(client: Client, logins: Logins) -> Self {
        let access = Access::new(logins.clone());
        Self { client, logins, plain_http: Plain::default(), access }
    }

    /// Whether to speak HTTP without TLS (`--plain-http`).
    #[must_use]
    pub fn plain_http(mut self, plain: bool) -> Self {
        self.plain_http = if plain { Plain::Everywhere } else { Plain::Nowhere };
        self
    }

    /// Speaks HTTP without TLS at one registry and at those of this machine only, where many are asked.
    #[must_use]
    pub fn plain_http_at(mut self, host: impl Into<String>) -> Self {
        self.plain_http = Plain::At(host.into());
        self
    }

    /// Asks a registry whether it lets us in, without keeping anything.
    ///
    /// # Errors
    /// It does not, or nobody is there.
    pub fn ping(&self, host: &str) -> Result<()> {
        self.ping_with(&self.access, host)
    }

    fn ping_with(&self, access: &Access, host: &str) -> Result<()> {
        let url = self.url(host, "/v2/")?;
        let response = access.send(&self.client, host, "", &Request::get(url))?;
        match response.status() {
            200 => Ok(()),
            _ => Err(refused(Method::Get, response)),
        }
    }

    /// Tries a login and keeps it. Helm: `Client.Login`.
    ///
    /// # Errors
    /// The registry refuses it (nothing is kept), or it cannot be kept.
    pub fn login(&self, host: &str, login: &Login) -> Result<()> {
        let access = Access::new(Logins::new().everywhere(login.clone()));
        self.ping_with(&access, host).map_err(|error| {
            error.prefixed(format_args!("authenticating to {}: ", crate::files::quote(host)))
        })?;
        self.logins.keep(host, login)
    }

    /// Forgets the login for a host. Helm: `Client.Logout`.
    ///
    /// # Errors
    /// The file that keeps it cannot be written.
    pub fn logout(&self, host: &str) -> Result<()> {
        self.logins.forget(host)
    }

    /// All tags of a repository, as the registry lists them, page after page.
    ///
    /// # Errors
    /// There is no such repository, or its pages do not end.
    pub fn tags(&self, reference: &Reference) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let first = self.url(reference.host(), &format!("/v2/{}/tags/list", reference.repository()))?;
        let mut url = first.clone();
        let mut tags = Vec::new();
        for _ in 0..PAGE_LIMIT {
            let request = Request::get(url.clone());
            let response = self.send(reference, "pull", &request)?;
            if response.status() != 200 {
                return Err(refused(Method::Get, response));
            }
            let next = response.header("link").and_then(next_page).map(str::to_owned);
            let bytes = response.bytes(ANSWER_LIMIT)?;
            let page: Page = serde_json::from_slice(&bytes).map_err(|error| {
                wrong_answer(Method::Get, &url, &format!("failed to decode response: {error}"))
            })?;
            tags.extend(page.tags.unwrap_or_default());
            if tags.len() > TAG_LIMIT {
                return Err(Error::new(
                    ErrorKind::Limit,
                    format!("{first} lists more than {TAG_LIMIT} tags"),
                ));
            }
            let Some(next) = next else { return Ok(tags) };
            let next = url.join(&next)?;
            if !next.same_origin(&first) || next == url {
                return Err(wrong_answer(Method::Get, &url, "the next page is somewhere else"));
            }
            url = next;
        }
        Err(Error::new(ErrorKind::Limit, format!("{first} has more than {PAGE_LIMIT} pages")))
    }

    /// The digest of what a reference names, or `None` where there is nothing.
    ///
    /// # Errors
    /// The registry answers neither yes nor no.
    pub fn find(&self, reference: &Reference) -> Result<Option<String>> {
        let url = self.manifest_url(reference)?;
        let response = self.send(reference, "pull", &accepting(Request::head(url.clone())))?;
        match response.status() {
            200 => {}
            404 => return Ok(None),
            // Some registries have no HEAD, or count it as a pull.
            405 | 429 => return Ok(self.try_manifest(reference)?.map(|fetched| fetched.digest)),
            _ => return Err(refused(Method::Head, response)),
        }
        match response.header("docker-content-digest").filter(|digest| check_digest(digest).is_ok()) {
            Some(digest) => match reference.digest().filter(|wanted| *wanted != digest) {
                Some(wanted) => Err(other_digest(&url, digest, wanted)),
                None => Ok(Some(digest.to_owned())),
            },
            None => Ok(self.try_manifest(reference)?.map(|fetched| fetched.digest)),
        }
    }

    /// The manifest that a reference names, verified where the reference or the registry says a digest.
    ///
    /// # Errors
    /// It is not there (Helm's text), too large, not what its digest says, or malformed.
    pub fn manifest(&self, reference: &Reference) -> Result<Fetched> {
        self.try_manifest(reference)?.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("failed to perform \"FetchReference\" on source: {reference}: not found"),
            )
        })
    }

    fn try_manifest(&self, reference: &Reference) -> Result<Option<Fetched>> {
        let url = self.manifest_url(reference)?;
        let response = self.send(reference, "pull", &accepting(Request::get(url.clone())))?;
        match response.status() {
            200 => {}
            404 => return Ok(None),
            _ => return Err(refused(Method::Get, response)),
        }
        let content_type = response.header("content-type").map(str::to_owned);
        let told = response.header("docker-content-digest").map(str::to_owned);
        let bytes = response.bytes(MANIFEST_LIMIT)?;
        let digest = sha256(&bytes).to_string();
        let told = told.filter(|told| told.starts_with("sha256:"));
        for wanted in [reference.digest(), told.as_deref()].into_iter().flatten() {
            if wanted != digest {
                return Err(other_digest(&url, &digest, wanted));
            }
        }
        let manifest = Manifest::parse(&bytes, content_type.as_deref())?;
        Ok(Some(Fetched { digest, bytes, manifest }))
    }

    /// A manifest's bytes put under the reference's tag or digest.
    pub(super) fn put_manifest(&self, reference: &Reference, bytes: &[u8]) -> Result<()> {
        let url = self.manifest_url(reference)?;
        let request =
            Request::put(url).header("Content-Type", MANIFEST_MEDIA_TYPE).body(Body::bytes(bytes.to_vec()));
        let response = self.send(reference, "pull,push", &request)?;
        match response.status() {
            201 => Ok(()),
            _ => Err(refused(Method::Put, response)),
        }
    }

    /// Whether the repository has a blob.
    pub(super) fn has_blob(&self, reference: &Reference, descriptor: &Descriptor) -> Result<bool> {
        let response =
            self.send(reference, "pull,push", &Request::head(self.blob_url(reference, descriptor)?))?;
        match response.status() {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(refused(Method::Head, response)),
        }
    }

    /// Uploads a blob in one piece, unless the registry can take it over from the repository `mount`; begins anew
    /// when the registry forgets the upload.
    pub(super) fn upload(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        bytes: &[u8],
        mount: Option<&str>,
    ) -> Result<()> {
        let base = self.url(reference.host(), &format!("/v2/{}/blobs/uploads/", reference.repository()))?;
        let digest = descriptor.digest.replace(':', "%3A");
        let body = Body::bytes(bytes.to_vec());
        for attempt in 1.. {
            let start = match mount.filter(|_| attempt == 1) {
                Some(from) => base.with_query(&format!("mount={digest}&from={from}")),
                None => base.clone(),
            };
            // An upload that nobody goes on with is forgotten by the registry.
            let begun = self.send(reference, "pull,push", &Request::post(start.clone()).idempotent(true))?;
            match begun.status() {
                201 => return Ok(()),
                202 => {}
                _ => return Err(refused(Method::Post, begun)),
            }
            let location = begun.header("location");
            let location =
                location.ok_or_else(|| wrong_answer(Method::Post, &start, "no Location of the upload"))?;
            let target = begun.url().join(location)?;
            if !target.same_origin(&base) && base.scheme() == "https" && target.scheme() != "https" {
                return Err(wrong_answer(Method::Post, &start, "the upload is to go on without TLS"));
            }
            let query = target.query().filter(|query| !query.is_empty());
            let query =
                query.map_or_else(|| format!("digest={digest}"), |query| format!("{query}&digest={digest}"));
            let put = Request::put(target.with_query(&query))
                .header("Content-Type", "application/octet-stream")
                .body(body.clone());
            let response = match target.same_origin(&base) {
                true => self.send(reference, "pull,push", &put)?,
                false => self.client.send(&put)?,
            };
            match response.status() {
                201 | 204 => return Ok(()),
                // The session is gone: restarted registry, other node behind a balancer.
                404 | 416 if attempt < UPLOADS => {
                    if self.has_blob(reference, descriptor)? {
                        return Ok(());
                    }
                }
                _ => return Err(refused(Method::Put, response)),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// The request for a blob, with whoever asks already known to the registry.
    pub(super) fn blob_request(&self, reference: &Reference, descriptor: &Descriptor) -> Result<Request> {
        let request = Request::get(self.blob_url(reference, descriptor)?);
        Ok(self.access.prepared(reference.host(), &scope(reference, "pull"), request))
    }

    /// A blob in memory, verified.
    ///
    /// # Errors
    /// It is not there, too large, or not what its digest says.
    pub fn blob(&self, reference: &Reference, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>> {
        let url = self.blob_url(reference, descriptor)?;
        let response = self.send(reference, "pull", &Request::get(url.clone()))?;
        match response.status() {
            200 => {}
            404 => {
                let message =
                    format!("failed to perform \"Fetch\" on source: {}: not found", descriptor.digest);
                return Err(Error::new(ErrorKind::NotFound, message));
            }
            _ => {
                return Err(
                    refused(Method::Get, response).prefixed("failed to perform \"Fetch\" on source: ")
                );
            }
        }
        let bytes = response.bytes(limit.min(descriptor.size))?;
        let found = sha256(&bytes).to_string();
        if bytes.len() as u64 != descriptor.size {
            let (length, size) = (bytes.len(), descriptor.size);
            return Err(Error::new(
                ErrorKind::Integrity,
                format!("{url} has {length} bytes instead of {size}"),
            ));
        }
        if found != descriptor.digest {
            return Err(other_digest(&url, &found, &descriptor.digest));
        }
        Ok(bytes)
    }

    /// What a tag that was just pushed names now. Registries of several nodes may need a moment to know it.
    pub(super) fn look_again(&self, reference: &Reference) -> Result<Option<String>> {
        let clock = &self.client.options().clock;
        let mut wait = FIRST_LOOK;
        for _ in 1..LOOKS {
            if let Some(digest) = self.find(reference)? {
                return Ok(Some(digest));
            }
            clock.sleep(wait);
            wait *= 2;
        }
        self.find(reference)
    }

    pub(super) fn send(&self, reference: &Reference, actions: &str, request: &Request) -> Result<Response> {
        self.access.send(&self.client, reference.host(), &scope(reference, actions), request)
    }

    fn url(&self, host: &str, path: &str) -> Result<Url> {
        let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let scheme = if self.plain_http.is_for(host) { "http" } else { "https" };
        format!("{scheme}://{host}{path}").parse()
    }

    fn manifest_url(&self, reference: &Reference) -> Result<Url> {
        let target = reference.target().ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                format!("{reference}: neither tag nor digest says which one is meant"),
            )
        })?;
        self.url(reference.host(), &format!("/v2/{}/manifests/{target}", reference.repository()))
    }

    fn blob_url(&self, reference: &Reference, descriptor: &Descriptor) -> Result<Url> {
        check_digest(&descriptor.digest)?;
        self.url(reference.host(), &format!("/v2/{}/blobs/{}", reference.repository(), descriptor.digest))
    }
}

fn scope(reference: &Reference, actions: &str) -> String {
    format!("repository:{}:{actions}", reference.repository())
}

fn accepting(request: Request) -> Request {
    let kinds = [MANIFEST_MEDIA_TYPE, INDEX_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE, DOCKER_INDEX_MEDIA_TYPE];
    request.header("Accept", kinds.join(", "))
}

/// The address in a `Link` header that leads to the next page: `</v2/a/tags/list?last=x>; rel="next"`.
fn next_page(header: &str) -> Option<&str> {
    let (address, rest) = header.trim_start().strip_prefix('<')?.split_once('>')?;
    let is_next = rest.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
    (is_next && !address.is_empty()).then_some(address)
}

fn other_digest(url: &Url, found: &str, wanted: &str) -> Error {
    Error::new(ErrorKind::Integrity, format!("{url} has the digest {found} instead of {wanted}"))
}

fn wrong_answer(method: Method, url: &Url, reason: &str) -> Error {
    Error::new(ErrorKind::Network, format!("{} \"{url}\": {reason}", method.as_str()))
}

/// One entry of an error's body.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: Value,
}

#[derive(Deserialize)]
struct Problems {
    #[serde(default)]
    errors: Vec<Problem>,
}

/// A status as an error in ORAS's words: `GET "URL": response status code 404: name unknown: …`.
pub(super) fn refused(method: Method, response: Response) -> Error {
    let (status, url, reason) = (response.status(), response.url().to_string(), response.status_text());
    let kind = match status {
        401 | 403 => ErrorKind::Unauthorized,
        404 => ErrorKind::NotFound,
        _ => ErrorKind::Network,
    };
    let body = if method == Method::Head { Vec::new() } else { response.bytes(64 << 10).unwrap_or_default() };
    let problems = serde_json::from_slice::<Problems>(&body).map(|body| body.errors).unwrap_or_default();
    let texts: Vec<String> = problems.iter().map(Problem::text).collect();
    let text = match texts.is_empty() {
        true => reason.split_once(' ').map_or_else(String::new, |(_, text)| text.to_owned()),
        false => texts.join("; "),
    };
    Error::new(kind, format!("{} \"{url}\": response status code {status}: {text}", method.as_str()))
}

impl Problem {
    fn text(&self) -> String {
        let code = printable(&self.code.replace('_', " ").to_lowercase());
        match (self.message.as_str(), &self.detail) {
            ("", _) => code,
            (message, Value::Null) => format!("{code}: {}", printable(message)),
            (message, detail) => {
                format!("{code}: {}: {}", printable(message), printable(&go_text(detail, 0)))
            }
        }
    }
}

/// What a registry says, without what would steer a terminal, and not at any length.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(1_000).collect()
}

/// Go's `%v` of what encoding/json reads.
fn go_text(value: &Value, depth: usize) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) if depth < 8 => {
            let texts: Vec<String> = list.iter().map(|value| go_text(value, depth + 1)).collect();
            format!("[{}]", texts.join(" "))
        }
        Value::Object(map) if depth < 8 => {
            let mut texts: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}:{}", go_text(value, depth + 1))).collect();
            texts.sort();
            format!("map[{}]", texts.join(" "))
        }
        Value::Array(_) | Value::Object(_) => "...".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        for (header, address) in [
            ("</v2/a/tags/list?last=x&n=2>; rel=\"next\"", Some("/v2/a/tags/list?last=x&n=2")),
            ("<u>;rel=next", Some("u")),
            ("<u>; rel=\"prev\"", None),
            ("u; rel=\"next\"", None),
            ("<>; rel=\"next\"", None),
            ("", None),
        ] {
            assert_eq!(next_page(header), address, "{header}");
        }
    }

    #[test]
    fn problems_are_told_as_go_prints_them() {
        for (json, text) in [
            (
                r#"{"code":"NAME_UNKNOWN","message":"repository name not known to registry","detail":{"name":"a/b"}}"#,
                "name unknown: repository name not known to registry: map[name:a/b]",
            ),
            (
                r#"{"code":"UNAUTHORIZED","message":"authentication required","detail":null}"#,
                "unauthorized: authentication required",
            ),
            (r#"{"code":"X","message":"m","detail":[{"b":1,"a":"\u001b[31m"}]}"#, "x: m: [map[a: [31m b:1]]"),
            (r#"{"code":"DENIED"}"#, "denied"),
        ] {
            assert_eq!(serde_json::from_str::<Problem>(json).unwrap().text(), text);
        }
    }
}
