//! What a server answers.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderMap, StatusCode};

use super::failure::{Failure, Peer};
use super::{Clock, Method, Timeouts, Url};
use crate::error::{Error, ErrorKind, Result};

/// An answer; its body is read by one of the methods that take `self`.
pub struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) reader: Box<dyn Read + Send>,
}

impl Response {
    /// The status: 200.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The status as Go prints it: `404 Not Found`.
    pub fn status_text(&self) -> String {
        match self.status.canonical_reason() {
            Some(reason) => format!("{} {reason}", self.status.as_u16()),
            None => self.status.as_u16().to_string(),
        }
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All headers of that name.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// Where the answer came from, after redirects.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// How many bytes the body has, where the server says so.
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length").and_then(|text| text.trim().parse().ok())
    }

    /// The answer itself if its status is 200 to 299.
    ///
    /// # Errors
    /// As [`Response::failure`].
    pub fn successful(self) -> Result<Self> {
        if self.is_success() { Ok(self) } else { Err(self.failure()) }
    }

    /// The status as an error: Helm's `failed to fetch URL : 404 Not Found`.
    pub fn failure(&self) -> Error {
        let kind = match self.status() {
            401 | 403 | 407 => ErrorKind::Unauthorized,
            404 | 410 => ErrorKind::NotFound,
            _ => ErrorKind::Network,
        };
        Error::new(kind, format!("failed to fetch {} : {}", self.url, self.status_text()))
    }

    /// The body as it comes. Its errors are told apart by [`io::Error`]'s kind: `TimedOut` for a server that
    /// is too slow, `UnexpectedEof` for a body cut short.
    pub fn into_reader(self) -> ResponseReader {
        ResponseReader { inner: self.reader }
    }

    /// The whole body.
    ///
    /// # Errors
    /// It has more than `limit` bytes, or does not come whole.
    pub fn bytes(self, limit: u64) -> Result<Vec<u8>> {
        let too_long = |url: &Url| {
            Error::new(ErrorKind::Limit, format!("the answer of {url} is longer than {limit} bytes"))
        };
        let length = self.content_length().unwrap_or(0);
        if length > limit && self.method != Method::Head {
            return Err(too_long(&self.url));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length.min(16 << 20)).unwrap_or(0));
        let read = self.reader.take(limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| {
            Failure::of_io(&error, &Peer::of(&self.url)).into_error(self.method, &self.url)
        })?;
        if bytes.len() as u64 > limit { Err(too_long(&self.url)) } else { Ok(bytes) }
    }

    /// The whole body as text.
    ///
    /// # Errors
    /// As [`Response::bytes`], or it is not UTF-8.
    pub fn text(self, limit: u64) -> Result<String> {
        let url = self.url.clone();
        String::from_utf8(self.bytes(limit)?)
            .map_err(|_| Error::new(ErrorKind::Network, format!("the answer of {url} is not UTF-8")))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The body of an answer on its way.
pub struct ResponseReader {
    inner: Box<dyn Read + Send>,
}

impl Read for ResponseReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl fmt::Debug for ResponseReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseReader")
    }
}

/// Ends a body that only drips: each stretch of the idle time must bring a least number of bytes.
pub(super) struct Flowing<R> {
    inner: R,
    clock: Arc<dyn Clock>,
    stretch: Duration,
    least: u64,
    waited: Duration,
    seen: u64,
}

impl<R: Read> Flowing<R> {
    pub(super) fn new(inner: R, clock: Arc<dyn Clock>, timeouts: &Timeouts) -> Self {
        Self { inner, clock, stretch: timeouts.idle, least: timeouts.least, waited: Duration::ZERO, seen: 0 }
    }
}

impl<R: Read> Read for Flowing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The caller's own pauses are not the server's.
        let before = self.clock.elapsed();
        let count = self.inner.read(buffer)?;
        self.waited += self.clock.elapsed().saturating_sub(before);
        self.seen += count as u64;
        if self.seen >= self.least {
            (self.waited, self.seen) = (Duration::ZERO, 0);
        } else if count > 0 && self.waited > self.stretch {
            let message = format!("the server sends less than {} bytes in {:?}", self.least, self.stretch);
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        Ok(count)
    }
}
