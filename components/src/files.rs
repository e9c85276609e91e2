//! A folder over HTTP/1.1.

use std::fs;
use std::io::{self, BufReader, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use chartcore::archive::sha256;

use crate::certificate::{Certificate, Validity};
use crate::wire::{Asked, Line, Listening, Seen, basic, read_request, write_head};

/// How a folder is served.
#[derive(Debug, Clone, Default)]
pub struct FileOptions {
    /// Over TLS, with a certificate of its own.
    pub tls: Option<Validity>,
    /// For this user and password alone.
    pub user: Option<(String, String)>,
    /// Sends neither ETag nor Last-Modified and knows no ranges.
    pub bare: bool,
}

/// A small static file server over a folder: ETag, Last-Modified, conditional requests, ranges, HEAD.
#[derive(Debug)]
pub struct FileServer {
    port: u16,
    tls: bool,
    shared: Arc<Shared>,
    certificate: Option<Certificate>,
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
    folder: PathBuf,
    authorization: Option<String>,
    bare: bool,
    seen: Mutex<Vec<Seen>>,
}

impl FileServer {
    /// Serves a folder over plain HTTP to all.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &FileOptions::default())
    }

    /// Serves a folder.
    pub fn start_with(folder: &Path, options: &FileOptions) -> Self {
        let certificate = options.tls.map(|validity| Certificate::new(validity, &[]));
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            authorization: options.user.as_ref().map(|(user, password)| basic(user, password)),
            bare: options.bare,
            seen: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let listening = Listening::start(certificate.as_ref().map(Certificate::server_config), move |line| {
            serving.serve(line)
        });
        Self {
            port: listening.port(),
            tls: certificate.is_some(),
            shared,
            certificate,
            _listening: Holding(listening),
        }
    }

    /// The base URL: `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.address())
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its certificate, which is its CA too.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Shared {
    fn serve(&self, line: Line) {
        let mut reader = BufReader::new(line);
        while let Ok(Some(asked)) = read_request(&mut reader) {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked.seen.clone());
            if self.answer(&asked, reader.get_mut()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, asked: &Asked, line: &mut Line) -> io::Result<()> {
        let seen = &asked.seen;
        if let Some(wanted) = &self.authorization
            && seen.header("authorization") != Some(wanted)
        {
            let challenge = ("WWW-Authenticate".to_owned(), "Basic realm=\"test\"".to_owned());
            return send(line, seen, 401, vec![challenge], b"401 Unauthorized\n");
        }
        if !matches!(seen.method.as_str(), "GET" | "HEAD") {
            return send(line, seen, 405, Vec::new(), b"405 Method Not Allowed\n");
        }
        let path = self.path(&seen.target);
        let Some((content, modified)) = path.and_then(|path| {
            let modified = fs::metadata(&path).and_then(|file| file.modified()).ok()?;
            let seconds = modified.duration_since(UNIX_EPOCH).ok()?.as_secs();
            Some((fs::read(&path).ok()?, http_date(seconds)))
        }) else {
            return send(line, seen, 404, Vec::new(), b"404 page not found\n");
        };
        let mut headers = vec![("Content-Type".to_owned(), content_type(&seen.target).to_owned())];
        if self.bare {
            return send(line, seen, 200, headers, &content);
        }
        let tag = format!("\"{}\"", &sha256(&content).hex()[..32]);
        headers.push(("ETag".to_owned(), tag.clone()));
        headers.push(("Last-Modified".to_owned(), modified.clone()));
        headers.push(("Accept-Ranges".to_owned(), "bytes".to_owned()));
        let unchanged = match seen.header("if-none-match") {
            Some(tags) => tags.split(',').any(|known| known.trim() == tag || known.trim() == "*"),
            None => seen.header("if-modified-since") == Some(&modified),
        };
        if unchanged {
            return send(line, seen, 304, headers, b"");
        }
        let current = seen.header("if-range").is_none_or(|known| known == tag || known == modified);
        let range = seen.header("range").filter(|_| current).and_then(|range| range.strip_prefix("bytes="));
        let Some((start, end)) = range.and_then(|range| range.split_once('-')) else {
            return send(line, seen, 200, headers, &content);
        };
        let start: usize = start.parse().unwrap_or(0);
        let end = end.parse().map_or(content.len(), |end: usize| (end + 1).min(content.len()));
        match content.get(start..end).filter(|part| !part.is_empty()) {
            Some(part) => {
                let span = format!("bytes {start}-{}/{}", end - 1, content.len());
                headers.push(("Content-Range".to_owned(), span));
                send(line, seen, 206, headers, part)
            }
            None => {
                headers.push(("Content-Range".to_owned(), format!("bytes */{}", content.len())));
                send(line, seen, 416, headers, b"")
            }
        }
    }

    /// The file of a target, if it is inside the folder.
    fn path(&self, target: &str) -> Option<PathBuf> {
        let path = target.split('?').next().unwrap_or_default().trim_start_matches('/');
        let path = PathBuf::from(percent_decoded(path));
        path.components().all(|part| matches!(part, Component::Normal(_))).then(|| self.folder.join(path))
    }
}

fn percent_decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut out = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                out.extend(&piece.as_bytes()[2..]);
            }
            None => {
                out.push(b'%');
                out.extend(piece.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn content_type(target: &str) -> &'static str {
    match target.rsplit('.').next() {
        Some("yaml" | "yml") => "text/yaml",
        Some("tgz") => "application/gzip",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

fn send(
    line: &mut Line,
    seen: &Seen,
    status: u16,
    mut headers: Vec<(String, String)>,
    body: &[u8],
) -> io::Result<()> {
    if status != 304 {
        headers.push(("Content-Length".to_owned(), body.len().to_string()));
    }
    write_head(line, status, &headers)?;
    if seen.method != "HEAD" {
        line.write_all(body)?;
    }
    line.flush()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a date of the Gregorian calendar, counted from 1 March of the year 0.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (weekday, month) = (DAYS[(days % 7) as usize], MONTHS[(month - 1) as usize]);
    format!(
        "{weekday}, {day:02} {month} {year} {:02}:{:02}:{:02} GMT",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_are_https() {
        assert_eq!(super::http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(super::http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
    }
}
