//! Being let in: Basic and Bearer authentication as registries practise it.
//!
//! A request goes out as what is known of the host; if the registry answers 401 with a challenge, the login is looked
//! up, perhaps exchanged for a token, and the request goes out once more. ORAS: registry/remote/auth.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use super::challenge::Challenge;
use super::client::refused;
use super::logins::{Login, Logins};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Body, Client, Credentials, Request, Response, Secret, Url};

/// The most bytes of a token's answer.
const TOKEN_LIMIT: u64 = 128 << 10;

/// What was found out about hosts; `Debug` shows none of it.
pub(super) struct Access {
    logins: Logins,
    /// By host and, for tokens, by what they are for; Basic credentials are for everything.
    known: Mutex<BTreeMap<(String, String), Credentials>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(***)")
    }
}

impl Access {
    pub(super) fn new(logins: Logins) -> Self {
        Self { logins, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<(String, String), Credentials>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request with what is known to open the door.
    pub(super) fn prepared(&self, host: &str, scope: &str, request: Request) -> Request {
        let known = self.known();
        let key = |scope: &str| (host.to_owned(), scope.to_owned());
        let credentials = known.get(&key("*")).or_else(|| known.get(&key(scope))).cloned();
        request.credentials(credentials)
    }

    /// Sends a request to `host`, answering its challenge if there is one.
    pub(super) fn send(
        &self,
        client: &Client,
        host: &str,
        scope: &str,
        request: &Request,
    ) -> Result<Response> {
        let response = client.send(&self.prepared(host, scope, request.clone()))?;
        // A challenge from where a redirect led is not for our credentials.
        if response.status() != 401 || !response.url().same_origin(request.url()) {
            return Ok(response);
        }
        let challenge = response.header("www-authenticate").map(Challenge::parse);
        let about = |error: Error| {
            error.prefixed(format_args!("{} \"{}\": ", request.method().as_str(), request.url()))
        };
        let credentials = match challenge {
            Some(Challenge::Basic) => {
                let login = self.logins.find(host)?.ok_or_else(|| {
                    about(unauthorized("basic credential not found").with_diagnostic(log_in(host)))
                })?;
                if login.user().is_empty() || login.password().is_empty() {
                    return Err(about(unauthorized("missing username or password for basic auth")));
                }
                let credentials = Credentials::basic(login.user(), login.password().clone());
                self.known().insert((host.to_owned(), "*".to_owned()), credentials.clone());
                credentials
            }
            Some(Challenge::Bearer { realm, service, scope: asked }) => {
                check_realm(&realm, request.url()).map_err(about)?;
                let scopes = merged(scope, &asked);
                let login = self.logins.find(host)?;
                let token = fetch_token(client, &realm, &service, &scopes, login.as_ref()).map_err(about)?;
                let credentials = Credentials::bearer(token);
                self.known().insert((host.to_owned(), scope.to_owned()), credentials.clone());
                credentials
            }
            Some(Challenge::Unknown) | None => return Ok(response),
        };
        client.send(&request.clone().credentials(Some(credentials)))
    }
}

fn unauthorized(reason: &str) -> Error {
    Error::new(ErrorKind::Unauthorized, reason)
}

fn log_in(host: &str) -> crate::diag::Diagnostic {
    crate::diag::Diagnostic::error("not-logged-in", format!("`{host}` wants to know who asks"))
        .hint(format!("log in first: `chart registry login {host} -u USER --password-stdin`"))
}

/// The scopes of a request and of a challenge, each once.
fn merged(own: &str, asked: &str) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in own.split(' ').chain(asked.split(' ')).filter(|scope| !scope.is_empty()) {
        let same_resource = scopes.iter_mut().find(|known| resource(known) == resource(scope));
        match same_resource {
            Some(known) => {
                for action in actions(scope) {
                    if !actions(known).any(|have| have == action) {
                        let joined = format!("{known},{action}");
                        *known = joined;
                    }
                }
            }
            None => scopes.push(scope.to_owned()),
        }
    }
    scopes
}

fn resource(scope: &str) -> &str {
    scope.rsplit_once(':').map_or(scope, |(resource, _)| resource)
}

fn actions(scope: &str) -> impl Iterator<Item = &str> {
    scope.rsplit_once(':').map_or("", |(_, actions)| actions).split(',').filter(|action| !action.is_empty())
}

/// Whether a login may be sent to where the registry says tokens are. ORAS: `validateRealm`.
fn check_realm(realm: &str, registry: &Url) -> Result<()> {
    let wrong = |what: String| Error::new(ErrorKind::Unauthorized, what);
    let shown = crate::files::quote(realm);
    let url: Url = realm.parse().map_err(|_| wrong(format!("failed to parse bearer realm {shown}")))?;
    match url.scheme() {
        "https" => {}
        "http" if registry.scheme() == "http" => {}
        "http" => {
            return Err(wrong(format!(
                "bearer realm {shown} uses http but registry was contacted over https"
            )));
        }
        scheme => return Err(wrong(format!("bearer realm {shown} uses unsupported scheme {scheme:?}"))),
    }
    let address = url.host().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if address.is_ok_and(is_internal) && url.host() != registry.host() {
        return Err(wrong(format!(
            "bearer realm host {:?} is a loopback, link-local, private, or unspecified address",
            url.host()
        )));
    }
    Ok(())
}

fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_private() || v4.is_unspecified(),
        IpAddr::V6(v6) => {
            let mapped = v6.to_ipv4_mapped().is_some_and(|v4| is_internal(IpAddr::V4(v4)));
            mapped
                || v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

/// Exchanges a login, or nothing, for a token.
fn fetch_token(
    client: &Client,
    realm: &str,
    service: &str,
    scopes: &[String],
    login: Option<&Login>,
) -> Result<Secret> {
    if let Some(login) = login.filter(|login| !login.registry_token().is_empty()) {
        return Ok(login.registry_token().clone());
    }
    let url: Url = realm.parse()?;
    let refresh = login.map(Login::identity_token).filter(|token| !token.is_empty());
    let request = match refresh {
        Some(refresh) => {
            let mut form = format!(
                "grant_type=refresh_token&refresh_token={}&service={}&client_id=chart",
                escaped(refresh.expose()),
                escaped(service)
            );
            if !scopes.is_empty() {
                form.push_str(&format!("&scope={}", escaped(&scopes.join(" "))));
            }
            Request::post(url)
                .idempotent(true)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(Body::bytes(form.into_bytes()))
        }
        None => {
            let mut query: Vec<String> =
                url.query().filter(|query| !query.is_empty()).map(str::to_owned).into_iter().collect();
            if !service.is_empty() {
                query.push(format!("service={}", escaped(service)));
            }
            query.extend(scopes.iter().map(|scope| format!("scope={}", escaped(scope))));
            let login = login.filter(|login| !login.user().is_empty() || !login.password().is_empty());
            let credentials = login.map(|login| Credentials::basic(login.user(), login.password().clone()));
            let url = if query.is_empty() { url } else { url.with_query(&query.join("&")) };
            Request::get(url).credentials(credentials)
        }
    };
    let method = request.method();
    let response = client.send(&request)?;
    if response.status() != 200 {
        return Err(refused(method, response));
    }
    let shown = response.url().to_string();
    let wrong =
        |what: &str| Error::new(ErrorKind::Unauthorized, format!("{} \"{shown}\": {what}", method.as_str()));
    let bytes = response.bytes(TOKEN_LIMIT)?;
    // The answer may hold a token; nothing of it is shown.
    let token: Token = serde_json::from_slice(&bytes).map_err(|_| wrong("failed to decode response"))?;
    let found = token.access_token.or(token.token).filter(|token| !token.is_empty());
    let found = found.ok_or_else(|| wrong("empty token returned"))?;
    if found.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
        return Err(wrong("the token cannot be sent in a header"));
    }
    Ok(Secret::new(found))
}

/// Percent-encoding for a form or query.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_merged_by_resource() {
        for (own, asked, expected) in [
            ("repository:a:pull", "", "repository:a:pull"),
            ("repository:a:pull,push", "repository:a:pull", "repository:a:pull,push"),
            ("repository:a:pull", "repository:a:pull,push", "repository:a:pull,push"),
            ("", "registry:catalog:*", "registry:catalog:*"),
            ("repository:a:pull", "repository:b:pull", "repository:a:pull repository:b:pull"),
        ] {
            assert_eq!(merged(own, asked).join(" "), expected);
        }
    }

    #[test]
    fn logins_go_only_where_they_are_safe() {
        for (realm, registry, allowed) in [
            ("https://auth.docker.io/token", "https://registry-1.docker.io/v2/", true),
            ("http://127.0.0.1:5001/token", "http://127.0.0.1:5000/v2/", true),
            ("http://auth.example.com/token", "https://example.com/v2/", false),
            ("https://127.0.0.1/token", "https://example.com/v2/", false),
            ("https://10.0.0.1/token", "https://example.com/v2/", false),
            ("https://169.254.169.254/latest", "https://example.com/v2/", false),
            ("https://[::1]/token", "https://example.com/v2/", false),
            ("https://[::ffff:10.0.0.1]/token", "https://example.com/v2/", false),
            ("file:///etc/passwd", "https://example.com/v2/", false),
            ("", "https://example.com/v2/", false),
        ] {
            assert_eq!(check_realm(realm, &registry.parse().unwrap()).is_ok(), allowed, "{realm}");
        }
    }

    #[test]
    fn forms_are_escaped() {
        assert_eq!(
            escaped("repository:a/b:pull,push x&y=ü"),
            "repository%3Aa%2Fb%3Apull%2Cpush%20x%26y%3D%C3%BC"
        );
    }
}
