//! HTTP/1.1 as small servers need it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request that a server has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET`
    pub method: String,
    /// The target of the request line: path and query, or a whole URL at a proxy.
    pub target: String,
    /// Names as they came, values.
    pub headers: Vec<(String, String)>,
    /// How long its body was.
    pub length: usize,
}

impl Seen {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// A request with its body.
pub(crate) struct Asked {
    pub(crate) seen: Seen,
    pub(crate) body: Vec<u8>,
}

/// A connection, plain or inside TLS.
pub(crate) enum Line {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Line {
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        let _ = socket2::SockRef::from(self.socket()).set_linger(Some(Duration::ZERO));
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// Reads one request; `None` when the other side has gone.
pub(crate) fn read_request(reader: &mut BufReader<Line>) -> io::Result<Option<Asked>> {
    // Somebody speaks TLS to a plain server; it says so, as servers do.
    if reader.fill_buf()?.first() == Some(&0x16) {
        let answer = b"HTTP/1.0 400 Bad Request\r\n\r\nThis is no TLS server.\n";
        reader.get_mut().write_all(answer)?;
        return Ok(None);
    }
    let Some((first, headers)) = read_head(reader)? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut seen = Seen { method: method.to_owned(), target: target.to_owned(), headers, length: 0 };
    let body = read_body(reader, &seen.headers, false)?;
    seen.length = body.len();
    Ok(Some(Asked { seen, body }))
}

/// The first line and the headers.
pub(crate) fn read_head<R: BufRead>(reader: &mut R) -> io::Result<Option<(String, Vec<(String, String)>)>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(Some((first.trim_end().to_owned(), headers)));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
}

/// The body that the headers announce; until the end for an answer that announces none.
pub(crate) fn read_body<R: BufRead>(
    reader: &mut R,
    headers: &[(String, String)],
    until_end: bool,
) -> io::Result<Vec<u8>> {
    let header = |name: &str| {
        headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let mut body = Vec::new();
    if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16)
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            let mut chunk = vec![0; size];
            reader.read_exact(&mut chunk)?;
            let mut end = String::new();
            reader.read_line(&mut end)?;
            if size == 0 {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }
    match header("content-length").and_then(|length| length.parse().ok()) {
        Some(length) => {
            body.resize(length, 0);
            reader.read_exact(&mut body)?;
        }
        None if until_end => {
            reader.read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(body)
}

/// Writes the head of an answer.
pub(crate) fn write_head(line: &mut impl Write, status: u16, headers: &[(String, String)]) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    line.write_all(head.as_bytes())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        416 => "Requested Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

/// The credentials of a basic `Authorization`, still in base64.
pub(crate) fn basic(user: &str, password: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::from("Basic ");
    for group in format!("{user}:{password}").as_bytes().chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let six = (word >> (18 - 6 * place)) & 63;
            out.push(if place <= group.len() { char::from(LETTERS[six as usize]) } else { '=' });
        }
    }
    out
}

/// A listening socket with a thread for each connection; the threads end with their connections.
pub(crate) struct Listening {
    port: u16,
    over: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Listening {
    /// Listens on a free loopback port.
    pub(crate) fn start<F>(tls: Option<Arc<ServerConfig>>, serve: F) -> Self
    where
        F: Fn(Line) + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let over = Arc::new(AtomicBool::new(false));
        let serve = Arc::new(serve);
        let ending = Arc::clone(&over);
        let accepting = std::thread::spawn(move || {
            for socket in listener.incoming() {
                if ending.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(socket) = socket else { continue };
                let _ = socket.set_nodelay(true);
                let (serve, tls) = (Arc::clone(&serve), tls.clone());
                std::thread::spawn(move || {
                    let line = match tls {
                        None => Line::Plain(socket),
                        Some(config) => match ServerConnection::new(config) {
                            Ok(session) => Line::Tls(Box::new(StreamOwned::new(session, socket))),
                            Err(_) => return,
                        },
                    };
                    serve(line);
                });
            }
        });
        Self { port, over, accepting: Some(accepting) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}
