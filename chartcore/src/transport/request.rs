//! What is asked of a server.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::{Secret, Url};

/// What to do with the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `PUT`
    Put,
    /// `POST`
    Post,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// As the request line has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// As Go's errors name it: `Get`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::Head => "Head",
            Self::Put => "Put",
            Self::Post => "Post",
            Self::Patch => "Patch",
            Self::Delete => "Delete",
        }
    }
}

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user and a password.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token.
    Bearer(Secret),
}

impl Credentials {
    /// A user and a password.
    pub fn basic(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::Basic { user: user.into(), password: password.into() }
    }

    /// A token.
    pub fn bearer(token: impl Into<Secret>) -> Self {
        Self::Bearer(token.into())
    }

    /// The value of `Authorization`.
    pub(super) fn header(&self) -> String {
        match self {
            Self::Basic { user, password } => basic_header(user, password),
            Self::Bearer(token) => format!("Bearer {}", token.expose()),
        }
    }
}

/// `Basic` and what follows it.
pub(super) fn basic_header(user: &str, password: &Secret) -> String {
    format!("Basic {}", base64(format!("{user}:{}", password.expose()).as_bytes()))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { .. } => f.write_str("Basic(***)"),
            Self::Bearer(_) => f.write_str("Bearer(***)"),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let six = (word >> (18 - 6 * place)) & 63;
            out.push(if place <= group.len() { char::from(LETTERS[six as usize]) } else { '=' });
        }
    }
    out
}

type Opener = dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync;

/// What is sent along. A body can be read again from its start, for a redirect or a second attempt.
#[derive(Clone, Default)]
pub struct Body(Content);

#[derive(Clone, Default)]
enum Content {
    #[default]
    None,
    Bytes(Arc<[u8]>),
    File(PathBuf, u64),
    Reader(Arc<Opener>, u64),
}

impl Body {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// These bytes.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(Content::Bytes(bytes.into()))
    }

    /// A whole file of that length.
    pub fn file(path: impl Into<PathBuf>, length: u64) -> Self {
        Self(Content::File(path.into(), length))
    }

    /// What a reader gives, opened anew for each attempt; exactly `length` bytes of it.
    pub fn reader<F>(length: u64, open: F) -> Self
    where
        F: Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static,
    {
        Self(Content::Reader(Arc::new(open), length))
    }

    /// How many bytes are sent; `None` without a body.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Content::None => None,
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::File(_, length) | Content::Reader(_, length) => Some(*length),
        }
    }

    pub(super) fn open(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(match &self.0 {
            Content::None => None,
            Content::Bytes(bytes) => Some(Box::new(io::Cursor::new(Arc::clone(bytes)))),
            Content::File(path, length) => Some(Box::new(File::open(path)?.take(*length))),
            Content::Reader(open, length) => Some(Box::new(open()?.take(*length))),
        })
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length() {
            None => f.write_str("Body(none)"),
            Some(length) => write!(f, "Body({length} bytes)"),
        }
    }
}

/// One question to a server.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) credentials: Option<Credentials>,
    pub(super) everywhere: bool,
    pub(super) idempotent: bool,
    pub(super) follow: bool,
    pub(super) gzip: bool,
}

impl Request {
    /// A request without headers and body. `GET`, `HEAD`, `PUT` and `DELETE` are tried again when that may help.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            credentials: url.credentials(),
            url,
            headers: Vec::new(),
            body: Body::none(),
            everywhere: false,
            idempotent: !matches!(method, Method::Post | Method::Patch),
            follow: true,
            gzip: false,
        }
    }

    /// `GET`
    pub fn get(url: Url) -> Self {
        Self::new(Method::Get, url)
    }

    /// `HEAD`
    pub fn head(url: Url) -> Self {
        Self::new(Method::Head, url)
    }

    /// `PUT`
    pub fn put(url: Url) -> Self {
        Self::new(Method::Put, url)
    }

    /// `POST`
    pub fn post(url: Url) -> Self {
        Self::new(Method::Post, url)
    }

    /// `PATCH`
    pub fn patch(url: Url) -> Self {
        Self::new(Method::Patch, url)
    }

    /// `DELETE`
    pub fn delete(url: Url) -> Self {
        Self::new(Method::Delete, url)
    }

    /// Adds a header. `Authorization` and `Cookie` stay with their host as credentials do.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends something along.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Says who asks. They go to the scheme, host and port of the URL and nowhere else.
    #[must_use]
    pub fn credentials(mut self, credentials: Option<Credentials>) -> Self {
        if credentials.is_some() {
            self.credentials = credentials;
        }
        self
    }

    /// Lets the credentials follow redirects to every host (Helm's `--pass-credentials`).
    #[must_use]
    pub fn pass_credentials(mut self, everywhere: bool) -> Self {
        self.everywhere = everywhere;
        self
    }

    /// Whether sending it twice does no harm, so that it may be tried again.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// Whether redirects are followed (they are unless told otherwise).
    #[must_use]
    pub fn follow(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    /// Lets the server compress the answer, which is read decompressed. Without this the bytes are read as
    /// they come, as Helm does: a `.tgz` is not to be unpacked on the way.
    #[must_use]
    pub fn accept_gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What it wants.
    pub fn method(&self) -> Method {
        self.method
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &names)
            .field("body", &self.body)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_base64() {
        for (user, password, header) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("a", "b", "Basic YTpi"),
            ("a", "bc", "Basic YTpiYw=="),
            ("a", "bcd", "Basic YTpiY2Q="),
            ("ü", "/?>", "Basic w7w6Lz8+"),
        ] {
            assert_eq!(Credentials::basic(user, password).header(), header);
        }
    }

    #[test]
    fn no_secret_in_debug() {
        let url: Url = "https://me:hunter2@h/?t=hunter2".parse().unwrap();
        let request = Request::get(url.clone())
            .header("Authorization", "hunter2")
            .body(Body::bytes(*b"hunter2"))
            .credentials(Some(Credentials::bearer("hunter2")));
        let shown = format!("{request:?} {url:?} {:?}", Credentials::basic("hunter2", "hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
