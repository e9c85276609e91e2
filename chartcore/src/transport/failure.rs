//! What can go wrong on the way, in Go's words, and whether trying again may help.

use std::io;

use rustls::{AlertDescription, CertificateError};

use super::{Method, Url};
use crate::error::{Error, ErrorKind};

/// Whom a connection leads to, for what is said when it does not.
#[derive(Debug)]
pub(super) struct Peer<'a> {
    url: &'a Url,
    proxy: Option<Url>,
}

impl<'a> Peer<'a> {
    /// The server of `url` itself.
    pub(super) fn of(url: &'a Url) -> Self {
        Self { url, proxy: None }
    }

    /// The server of `url` behind a proxy.
    pub(super) fn through(url: &'a Url, proxy: Option<Url>) -> Self {
        Self { url, proxy }
    }

    /// Go's words for a connection that could not be made.
    fn dial(&self, reason: &str) -> String {
        let (prefix, url) = match &self.proxy {
            Some(proxy) => ("proxyconnect tcp: ", proxy),
            None => ("", self.url),
        };
        format!("{prefix}dial tcp {}:{}: {reason}", url.host(), url.port())
    }

    fn lookup(&self) -> String {
        match &self.proxy {
            Some(proxy) => format!("proxyconnect tcp: dial tcp: lookup {}: no such host", proxy.host()),
            None => format!("dial tcp: lookup {}: no such host", self.url.host()),
        }
    }
}

/// A request that got no answer.
#[derive(Debug)]
pub(super) struct Failure {
    reason: String,
    /// Whether the next attempt may do better.
    pub(super) passing: bool,
}

impl Failure {
    pub(super) fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), passing: false }
    }

    fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), passing: true }
    }

    /// Go's error of `http.Client.Do`: `Get "URL": reason`.
    pub(super) fn into_error(self, method: Method, url: &Url) -> Error {
        Error::new(ErrorKind::Network, format!("{} \"{url}\": {}", method.word(), self.reason))
    }

    /// From what the HTTP layer says.
    pub(super) fn of(error: &ureq::Error, peer: &Peer<'_>) -> Self {
        use ureq::Error as E;
        match error {
            E::Io(error) => Self::of_io(error, peer),
            E::Rustls(error) => Self::of_tls(error, peer),
            E::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                Self::passing(peer.dial("i/o timeout"))
            }
            E::Timeout(ureq::Timeout::Global) => {
                Self::lasting("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
            }
            E::Timeout(_) => Self::passing("net/http: timeout awaiting response headers"),
            E::HostNotFound => Self::lasting(peer.lookup()),
            E::InvalidProxyUrl => Self::lasting("invalid proxy address"),
            E::ConnectProxyFailed(reason) => Self::lasting(proxy_reason(reason)),
            E::LargeResponseHeader(..) => {
                Self::lasting("net/http: server response headers exceeded the limit")
            }
            E::Protocol(error) => Self::lasting(format!("net/http: malformed HTTP response: {error}")),
            E::Other(inner) => match inner.downcast_ref::<rustls::Error>() {
                Some(error) => Self::of_tls(error, peer),
                None => Self::lasting(inner.to_string()),
            },
            E::ConnectionFailed => Self::lasting(peer.dial("connection failed")),
            // The rest names no URL of ours and cannot hold a credential.
            E::Http(error) => Self::lasting(error.to_string()),
            E::Tls(text) => Self::lasting(format!("tls: {text}")),
            E::BadUri(_) => Self::lasting("invalid URL"),
            _ => Self::lasting("request failed"),
        }
    }

    /// From what reading or writing says.
    pub(super) fn of_io(error: &io::Error, peer: &Peer<'_>) -> Self {
        if let Some(inner) = error.get_ref() {
            if let Some(inner) = inner.downcast_ref::<ureq::Error>() {
                return Self::of(inner, peer);
            }
            if let Some(inner) = inner.downcast_ref::<rustls::Error>() {
                return Self::of_tls(inner, peer);
            }
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::lasting(peer.dial("connect: connection refused")),
            io::ErrorKind::HostUnreachable => Self::lasting(peer.dial("connect: no route to host")),
            io::ErrorKind::NetworkUnreachable => Self::lasting(peer.dial("connect: network is unreachable")),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                Self::passing("read: connection reset by peer")
            }
            io::ErrorKind::BrokenPipe => Self::passing("write: broken pipe"),
            io::ErrorKind::UnexpectedEof => Self::passing("unexpected EOF"),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::passing(match error.get_ref() {
                Some(inner) => inner.to_string(),
                None => "i/o timeout".to_owned(),
            }),
            // Helm's resolver: `lookup nowhere: no such host`; the system's words differ by platform.
            _ if error.to_string().contains("lookup address") => Self::lasting(peer.lookup()),
            _ => Self::lasting(error.to_string()),
        }
    }

    fn of_tls(error: &rustls::Error, peer: &Peer<'_>) -> Self {
        let verify = |what: &str| Self::lasting(format!("tls: failed to verify certificate: x509: {what}"));
        match error {
            rustls::Error::InvalidCertificate(why) => match why {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => {
                    verify("certificate has expired or is not yet valid")
                }
                // Go calls an authority of the right name with another key unknown, too.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    verify("certificate signed by unknown authority")
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    verify(&format!("certificate is not valid for {}", peer.url.host()))
                }
                other => verify(&other.to_string()),
            },
            rustls::Error::InvalidMessage(_) => {
                Self::lasting("http: server gave HTTP response to HTTPS client")
            }
            rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
                Self::lasting("remote error: tls: certificate required")
            }
            rustls::Error::AlertReceived(alert) => Self::lasting(format!("remote error: tls: {alert:?}")),
            other => Self::lasting(format!("tls: {other}")),
        }
    }
}

/// Go says the status's text: `Proxy Authentication Required`.
fn proxy_reason(reason: &str) -> String {
    let status = reason.split('/').next().and_then(|head| head.rsplit(' ').next());
    let text = status
        .and_then(|status| status.parse::<u16>().ok())
        .and_then(|status| ureq::http::StatusCode::from_u16(status).ok())
        .and_then(|status| status.canonical_reason());
    format!("proxyconnect: {}", text.unwrap_or(reason))
}
