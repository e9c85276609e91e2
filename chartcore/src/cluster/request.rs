//! One request, and what came back.

use std::error::Error as _;

use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::Value as Json;

use crate::error::{Error, ErrorKind};

/// The largest answer that is read: etcd holds no objects near it, lists of many releases do come close.
const MAX_LIST_PAGE: usize = 500;

/// How often a request is sent again when the server is busy, and how long the first pause is.
const TRIES: u32 = 5;
const FIRST_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// The raw door to the API server.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    server: String,
}

/// An answer that is no error.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) json: Json,
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The server said no.
    Status { code: u16, reason: String, message: String },
    /// Nobody said anything.
    Transport(String),
}

impl Failure {
    /// As client-go prints it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Status { message, .. } => message.clone(),
            Self::Transport(text) => text.clone(),
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { code: 404, .. })
    }

    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Status { code: 409, reason, .. } if reason != "AlreadyExists")
    }

    pub(crate) fn already_exists(&self) -> bool {
        matches!(self, Self::Status { reason, .. } if reason == "AlreadyExists")
    }

    pub(crate) fn into_error(self) -> Error {
        let kind = if self.is_not_found() { ErrorKind::NotFound } else { ErrorKind::Cluster };
        Error::new(kind, self.text())
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.into_error()
    }
}

impl Http {
    pub(crate) fn new(client: Client, server: String) -> Self {
        Self { client, server }
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, path, "application/json", None).await
    }

    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Result<Answer, Failure> {
        self.send_as(Method::GET, path, accept, "application/json", None).await
    }

    /// The object at `path`, or nothing when there is none.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Json>, Failure> {
        match self.get(path).await {
            Ok(answer) => Ok(Some(answer.json)),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    pub(crate) async fn find_owned(&self, path: String) -> Result<Option<Json>, Failure> {
        self.find(&path).await
    }

    /// All objects below `path`, page by page.
    pub(crate) async fn list(&self, path: &str, selector: &str) -> Result<Vec<Json>, Failure> {
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let mut query = format!("{path}?limit={MAX_LIST_PAGE}");
            if !selector.is_empty() {
                query.push_str(&format!("&labelSelector={}", encode(selector)));
            }
            if !token.is_empty() {
                query.push_str(&format!("&continue={}", encode(&token)));
            }
            let mut answer = self.get(&query).await?;
            if let Some(Json::Array(page)) = answer.json.get_mut("items").map(Json::take) {
                items.extend(page);
            }
            token = answer
                .json
                .pointer("/metadata/continue")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned();
            if token.is_empty() {
                return Ok(items);
            }
        }
    }

    /// Sends one request. A busy server (429, 503, 504) is asked again; a write is not repeated after the
    /// connection broke, because it may have arrived.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Failure> {
        self.send_as(method, path, "application/json", content_type, body).await
    }

    async fn send_as(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        content_type: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Failure> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let outcome = self.send_once(&method, path, accept, content_type, body.clone()).await;
            let again = match &outcome {
                Err(Failure::Status { code: 429 | 503 | 504, .. }) => true,
                Err(Failure::Transport(_)) => method == Method::GET && tries < 2,
                _ => false,
            };
            if !again || tries >= TRIES {
                return outcome;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            tries += 1;
        }
    }

    async fn send_once(
        &self,
        method: &Method,
        path: &str,
        accept: &str,
        content_type: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Failure> {
        let mut request = Request::builder().method(method).uri(path).header(http::header::ACCEPT, accept);
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, content_type);
        }
        let request = request
            .body(body.map_or_else(Body::empty, Body::from))
            .map_err(|error| Failure::Transport(error.to_string()))?;
        let response =
            self.client.send(request).await.map_err(|error| self.transport(method, path, &error))?;
        let code = response.status().as_u16();
        let bytes = response
            .into_body()
            .collect_bytes()
            .await
            .map_err(|error| self.transport(method, path, &error))?;
        if code >= 400 {
            return Err(refusal(code, &bytes));
        }
        let json = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::Transport(format!("{method} {path:?}: {error}")))?;
        Ok(Answer { code, json })
    }

    /// A request whose answer is text, such as a pod's log.
    pub(crate) async fn text(&self, path: &str) -> Result<String, Failure> {
        let request = Request::get(path).body(Vec::new());
        let request = request.map_err(|error| Failure::Transport(error.to_string()))?;
        self.client.request_text(request).await.map_err(|error| self.failure(&Method::GET, path, error))
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn failure(&self, method: &Method, path: &str, error: kube::Error) -> Failure {
        match error {
            kube::Error::Api(status) => Failure::Status {
                code: status.code,
                reason: status.reason.clone(),
                message: status.message.clone(),
            },
            error => self.transport(method, path, &error),
        }
    }

    /// As Go words it: `Get "URL": dial tcp HOST: connect: connection refused`.
    fn transport(&self, method: &Method, path: &str, error: &kube::Error) -> Failure {
        let mut refused = false;
        let mut innermost = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            innermost = cause.to_string();
            if let Some(io) = cause.downcast_ref::<std::io::Error>() {
                refused |= io.kind() == std::io::ErrorKind::ConnectionRefused;
            }
            next = cause.source();
        }
        let host =
            self.server.split("://").nth(1).unwrap_or(&self.server).split('/').next().unwrap_or_default();
        let reason = if refused {
            let host = host.replace("localhost", "127.0.0.1");
            format!("dial tcp {host}: connect: connection refused")
        } else {
            innermost
        };
        let verb = match *method {
            Method::GET => "Get",
            Method::POST => "Post",
            Method::PUT => "Put",
            Method::PATCH => "Patch",
            _ => "Delete",
        };
        Failure::Transport(format!("{verb} \"{}{path}\": {reason}", self.server))
    }
}

fn refusal(code: u16, bytes: &[u8]) -> Failure {
    let status: Json = serde_json::from_slice(bytes).unwrap_or(Json::Null);
    let text = |key: &str| status.get(key).and_then(Json::as_str).map(str::to_owned);
    let message = text("message").filter(|message| !message.is_empty()).unwrap_or_else(|| {
        let body = String::from_utf8_lossy(bytes);
        match code {
            404 => "the server could not find the requested resource".to_owned(),
            429 => "the server has received too many requests and has asked us to try again later".to_owned(),
            _ => format!(
                "an error on the server ({:?}) has prevented the request from succeeding",
                body.chars().take(200).collect::<String>()
            ),
        }
    });
    Failure::Status { code, reason: text("reason").unwrap_or_default(), message }
}

/// A text as part of a query.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encode("owner=helm,name in (a)"), "owner%3Dhelm%2Cname%20in%20%28a%29");
    }

    #[test]
    fn refusals_carry_the_servers_words() {
        let body = br#"{"kind":"Status","message":"pods \"x\" not found","reason":"NotFound","code":404}"#;
        let failure = refusal(404, body);
        assert!(failure.is_not_found());
        assert_eq!(failure.text(), "pods \"x\" not found");
        assert_eq!(
            refusal(404, b"404 page not found").text(),
            "the server could not find the requested resource"
        );
    }
}
