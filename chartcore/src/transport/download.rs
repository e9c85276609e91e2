//! Whole files over HTTP: nothing half-written ever.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::failure::{Failure, Peer};
use super::{Client, Progress, Request, Response};
use crate::archive::Digest;
use crate::cache::{Draft, file_error};
use crate::error::{Error, ErrorKind, Result};

/// So many bytes make a broken attempt worth more than none.
const HEADWAY: u64 = 32 << 10;

/// What a download must turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Its sha256, where that is known before.
    pub digest: Option<Digest>,
    /// Its length, where that is known before.
    pub length: Option<u64>,
    /// The length at which to give up.
    pub limit: u64,
}

impl Expected {
    /// Anything of at most `limit` bytes.
    pub fn at_most(limit: u64) -> Self {
        Self { digest: None, length: None, limit }
    }

    /// With this sha256.
    #[must_use]
    pub fn digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// With this length.
    #[must_use]
    pub fn length(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }
}

/// How a download ended, short of an error.
#[must_use]
#[derive(Debug)]
pub enum Download {
    /// The file is there.
    Complete(Downloaded),
    /// The server answered with a status other than 200; nothing was written.
    Refused(Response),
}

impl Download {
    /// The file, or the refusal as an error.
    ///
    /// # Errors
    /// Helm's `failed to fetch URL : 404 Not Found`.
    pub fn complete(self) -> Result<Downloaded> {
        match self {
            Self::Complete(downloaded) => Ok(downloaded),
            Self::Refused(response) => Err(response.failure()),
        }
    }
}

/// A file that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Where it is.
    pub path: PathBuf,
    /// Its sha256.
    pub digest: Digest,
    /// Its length.
    pub length: u64,
    /// By which the server knows whether it has changed since.
    pub validators: Validators,
}

/// What a server says of the age of a file, to be asked again with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, strong or weak.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

/// How far a download has come.
struct Part {
    draft: Draft,
    hash: Sha256,
    have: u64,
    total: Option<u64>,
    /// The strong ETag of what is there, without which the rest may be of another file.
    tag: Option<String>,
    validators: Validators,
}

impl Client {
    /// Fetches a file to `target`, through a temporary file beside it that is renamed when every byte is there,
    /// checked and on the disk. A connection that breaks is taken up where it broke (`Range`) if the server can.
    ///
    /// # Errors
    /// No answer, a body that stays short, a wrong digest or length, or the file system's refusal. `target` is
    /// then as it was before.
    pub fn download(
        &self,
        request: &Request,
        target: &Path,
        expected: &Expected,
        progress: &dyn Progress,
    ) -> Result<Download> {
        let task = request.url.file_name().to_owned();
        let mut begun = false;
        let outcome = self.fetch(request, target, expected, &mut |total, bytes| {
            if !begun {
                progress.started(&task, total);
                begun = true;
            }
            progress.advanced(&task, bytes);
        });
        if begun {
            progress.finished(&task);
        }
        outcome
    }

    fn fetch(
        &self,
        request: &Request,
        target: &Path,
        expected: &Expected,
        advanced: &mut dyn FnMut(Option<u64>, u64),
    ) -> Result<Download> {
        let options = self.options();
        let mut part: Option<Part> = None;
        let mut failures = 0;
        loop {
            let response = self.send(&resumed(request, part.as_ref()))?;
            let mut current = match (response.status(), part.take()) {
                (206, Some(part)) if continues(&response, &part) => part,
                // The rest cannot be had: from the start, without asking for a range.
                (206 | 416, Some(_)) => continue,
                (200, before) => match before {
                    Some(mut part) => {
                        part.draft.restart()?;
                        Part { hash: Sha256::new(), have: 0, ..part }
                    }
                    None => Part {
                        draft: Draft::beside(target)?,
                        hash: Sha256::new(),
                        have: 0,
                        total: None,
                        tag: None,
                        validators: Validators::default(),
                    },
                },
                _ => return Ok(Download::Refused(response)),
            };
            if response.status() == 200 {
                current.total = response.content_length();
                current.tag = response.header("etag").filter(|tag| tag.starts_with('"')).map(str::to_owned);
                current.validators = Validators {
                    etag: response.header("etag").map(str::to_owned),
                    last_modified: response.header("last-modified").map(str::to_owned),
                };
                check_length(&response, current.total, expected)?;
            }
            let (url, before, total) = (response.url().clone(), current.have, current.total);
            let copied = copy(&mut response.into_reader(), &mut current, expected, &mut |bytes| {
                advanced(total, bytes)
            });
            match copied {
                Ok(()) if current.total.is_none_or(|total| total == current.have) => {
                    return finish(current, target, expected, &url.to_string()).map(Download::Complete);
                }
                Ok(()) => {}
                Err(Broken::Local(error)) => return Err(error),
                Err(Broken::Remote(error)) => {
                    let failure = Failure::of_io(&error, &Peer::of(&url));
                    // A server that drips must not go on for ever, one that is cut off now and then may.
                    let got_on = current.have - before >= HEADWAY && error.kind() != io::ErrorKind::TimedOut;
                    failures = if got_on { 1 } else { failures + 1 };
                    if !failure.passing || failures >= options.retry.attempts || !request.idempotent {
                        return Err(failure.into_error(request.method, &url));
                    }
                    options.clock.sleep(options.retry.delay(failures, &*options.clock));
                    part = Some(current);
                    continue;
                }
            }
            failures += 1;
            if failures >= options.retry.attempts || !request.idempotent {
                let io_error = io::Error::from(io::ErrorKind::UnexpectedEof);
                return Err(Failure::of_io(&io_error, &Peer::of(&url)).into_error(request.method, &url));
            }
            options.clock.sleep(options.retry.delay(failures, &*options.clock));
            part = Some(current);
        }
    }
}

/// The request for what is still missing.
fn resumed(request: &Request, part: Option<&Part>) -> Request {
    match part {
        Some(Part { have, tag: Some(tag), .. }) if *have > 0 => {
            request.clone().header("Range", format!("bytes={have}-")).header("If-Range", tag.clone())
        }
        _ => request.clone(),
    }
}

/// Whether a partial answer begins where the part ends: `bytes 100-199/200`.
fn continues(response: &Response, part: &Part) -> bool {
    let range = response.header("content-range").and_then(|text| text.strip_prefix("bytes "));
    let Some((span, total)) = range.and_then(|range| range.split_once('/')) else {
        return false;
    };
    let start = span.split('-').next().and_then(|start| start.trim().parse().ok());
    start == Some(part.have) && (part.total.is_none() || total.trim().parse().ok() == part.total)
}

fn check_length(response: &Response, length: Option<u64>, expected: &Expected) -> Result<()> {
    let url = response.url();
    match (length, expected.length) {
        (Some(length), _) if length > expected.limit => {
            let message = format!("{url} has {length} bytes; at most {} are taken", expected.limit);
            Err(Error::new(ErrorKind::Limit, message))
        }
        (Some(length), Some(wanted)) if length != wanted => {
            Err(Error::new(ErrorKind::Integrity, format!("{url} has {length} bytes instead of {wanted}")))
        }
        _ => Ok(()),
    }
}

enum Broken {
    /// Reading from the server failed; the rest may come later.
    Remote(io::Error),
    /// Our side failed, or the server sends what it must not.
    Local(Error),
}

fn copy(
    reader: &mut dyn Read,
    part: &mut Part,
    expected: &Expected,
    advanced: &mut dyn FnMut(u64),
) -> std::result::Result<(), Broken> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Broken::Remote(error)),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        let longest = expected.length.unwrap_or(expected.limit).min(expected.limit);
        if part.have + count as u64 > longest {
            let message = format!("the server sends more than {longest} bytes");
            return Err(Broken::Local(Error::new(ErrorKind::Limit, message)));
        }
        part.draft
            .file()
            .write_all(bytes)
            .map_err(|error| Broken::Local(file_error("cannot write", part.draft.path(), &error)))?;
        part.hash.update(bytes);
        part.have += count as u64;
        advanced(count as u64);
    }
}

fn finish(part: Part, target: &Path, expected: &Expected, url: &str) -> Result<Downloaded> {
    let digest = Digest::from(<[u8; 32]>::from(part.hash.finalize()));
    let length = part.have;
    if let Some(wanted) = expected.length.filter(|wanted| *wanted != length) {
        return Err(Error::new(
            ErrorKind::Integrity,
            format!("{url} has {length} bytes instead of {wanted}"),
        ));
    }
    if let Some(wanted) = expected.digest.filter(|wanted| *wanted != digest) {
        return Err(Error::new(
            ErrorKind::Integrity,
            format!("{url} has the digest {digest} instead of {wanted}"),
        ));
    }
    part.draft.keep(target)?;
    Ok(Downloaded { path: target.to_owned(), digest, length, validators: part.validators })
}
