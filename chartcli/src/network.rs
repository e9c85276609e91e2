//! What commands that reach servers share: flags, a client, credentials, bars on a terminal.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chartcore::transport::{
    Client, ClientOptions, Credentials, NoProgress, Progress, Proxies, RetryOptions, Secret, Timeouts,
    TlsOptions,
};

use crate::commands::{Context, Failure};
use crate::flags::{Flag, Given, Kind};

use Kind::{Switch, Text};

/// Which certificates are believed and shown. `flags::CHART_SOURCE` has these already.
pub(crate) const TLS: &[Flag] = &[
    Flag::new("ca-file", Text("string"), "verify certificates of HTTPS-enabled servers using this CA bundle"),
    Flag::new("cert-file", Text("string"), "identify HTTPS client using this SSL certificate file"),
    Flag::new("insecure-skip-tls-verify", Switch, "skip tls certificate checks for the chart download"),
    Flag::new("key-file", Text("string"), "identify HTTPS client using this SSL key file"),
];

/// Talking without TLS.
pub(crate) const PLAIN_HTTP: &[Flag] =
    &[Flag::new("plain-http", Switch, "use insecure HTTP connections for the chart download")];

/// Who asks. `flags::CHART_SOURCE` has these already.
pub(crate) const CREDENTIALS: &[Flag] = &[
    Flag::new("password", Text("string"), "chart repository password where to locate the requested chart"),
    Flag::new("username", Text("string"), "chart repository username where to locate the requested chart"),
];

/// Letting credentials follow to other hosts.
pub(crate) const PASS_CREDENTIALS: &[Flag] =
    &[Flag::new("pass-credentials", Switch, "pass credentials to all domains")];

/// `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or their small forms, as Go reads them.
pub(crate) fn proxies(environment: impl Fn(&str) -> Option<String>) -> Proxies {
    let either =
        |large: &str, small: &str| environment(large).or_else(|| environment(small)).unwrap_or_default();
    // In a CGI program HTTP_PROXY is the client's `Proxy` header. Go: golang.org/x/net/http/httpproxy.
    let served = environment("REQUEST_METHOD").is_some();
    Proxies {
        http: if served { String::new() } else { either("HTTP_PROXY", "http_proxy") },
        https: either("HTTPS_PROXY", "https_proxy"),
        no_proxy: either("NO_PROXY", "no_proxy"),
    }
}

/// How long servers are waited for and how often they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Patience {
    timeouts: Timeouts,
    retry: RetryOptions,
}

/// `CHART_ATTEMPTS`, `CHART_RETRY_DELAY` and `CHART_IDLE_TIMEOUT`: a number and two Go durations.
pub(crate) fn patience(environment: impl Fn(&str) -> Option<String>) -> Result<Patience, String> {
    let mut patience = Patience::default();
    let time = |name: &str| match environment(name) {
        None => Ok(None),
        Some(text) => match duration(&text) {
            Some(time) if !time.is_zero() => Ok(Some(time)),
            _ => Err(format!("invalid {name} {text:?}: must be a duration such as 500ms or 30s")),
        },
    };
    if let Some(text) = environment("CHART_ATTEMPTS") {
        let attempts = text.parse().ok().filter(|attempts| (1..=100).contains(attempts));
        let wrong = || format!("invalid CHART_ATTEMPTS {text:?}: must be a number from 1 to 100");
        patience.retry.attempts = attempts.ok_or_else(wrong)?;
    }
    if let Some(delay) = time("CHART_RETRY_DELAY")? {
        patience.retry.first_delay = delay;
    }
    if let Some(idle) = time("CHART_IDLE_TIMEOUT")? {
        patience.timeouts.idle = idle;
    }
    Ok(patience)
}

/// The TLS options that the flags ask for.
pub(crate) fn tls(given: &Given<'_>) -> TlsOptions {
    let file = |flag: &str| given.text(flag).filter(|text| !text.is_empty()).map(PathBuf::from);
    TlsOptions {
        ca_file: file("ca-file"),
        cert_file: file("cert-file"),
        key_file: file("key-file"),
        insecure_skip_verify: given.switch("insecure-skip-tls-verify") || given.switch("insecure"),
        ..TlsOptions::default()
    }
}

/// The options of a client as flags and environment have it.
pub(crate) fn client_options(context: &Context<'_>) -> ClientOptions {
    let Patience { mut timeouts, retry } = context.settings.patience;
    timeouts.total = context.given.text("timeout").and_then(duration).filter(|total| !total.is_zero());
    ClientOptions {
        tls: tls(&context.given),
        proxies: context.settings.proxies.clone(),
        plain_http: context.given.switch("plain-http"),
        timeouts,
        retry,
        ..ClientOptions::default()
    }
}

/// A client as flags and environment have it.
pub(crate) fn client(context: &Context<'_>) -> Result<Client, Failure> {
    Ok(Client::new(&client_options(context))?)
}

/// `--username` and `--password`, if both are given. Helm: pkg/getter/httpgetter.go.
pub(crate) fn credentials(given: &Given<'_>) -> Option<Credentials> {
    let text = |flag: &str| given.text(flag).filter(|text| !text.is_empty());
    Some(Credentials::basic(text("username")?, Secret::new(text("password")?)))
}

/// A Go duration, such as `1m30s`. Its text has been checked at start.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number * unit;
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(total).ok()
}

/// Bars on standard error if a person is there to see them, else nothing.
pub(crate) fn progress() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() { Box::new(Bars::default()) } else { Box::new(NoProgress) }
}

/// One line for each transfer, drawn over the lines before.
#[derive(Debug, Default)]
struct Bars {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tasks: Vec<Task>,
    /// How many lines are on the terminal.
    drawn: usize,
    last: Option<Instant>,
}

#[derive(Debug)]
struct Task {
    name: String,
    total: Option<u64>,
    have: u64,
}

/// Between two drawings; what is over sooner is not worth a line.
const PAUSE: Duration = Duration::from_millis(100);
const BAR: usize = 30;
const NAME: usize = 40;

impl State {
    fn draw(&mut self) {
        let mut text = self.erased();
        for task in &self.tasks {
            text.push_str(&line(task));
            text.push('\n');
        }
        self.drawn = self.tasks.len();
        self.last = Some(Instant::now());
        show(&text);
    }

    /// What moves the cursor to the first line and clears from there.
    fn erased(&self) -> String {
        if self.drawn == 0 { String::new() } else { format!("\x1b[{}A\x1b[J", self.drawn) }
    }
}

fn line(task: &Task) -> String {
    let mut line: String = task.name.chars().filter(|letter| !letter.is_control()).take(NAME).collect();
    let _ = match task.total.filter(|total| *total > 0) {
        Some(total) => {
            let share = (u128::from(task.have.min(total)) * BAR as u128 / u128::from(total)) as usize;
            let (full, empty) = ("=".repeat(share), " ".repeat(BAR - share));
            write!(line, " [{full}{empty}] {} / {}", size(task.have), size(total))
        }
        None => write!(line, " {}", size(task.have)),
    };
    line
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// A terminal that has gone away is no reason to stop.
fn show(text: &str) {
    let mut terminal = std::io::stderr().lock();
    let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
}

impl Progress for Bars {
    fn started(&self, task: &str, total: Option<u64>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last.get_or_insert_with(Instant::now);
        state.tasks.push(Task { name: task.to_owned(), total, have: 0 });
    }

    fn advanced(&self, task: &str, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = state.tasks.iter_mut().find(|known| known.name == task) {
            task.have += bytes;
        }
        if state.last.is_none_or(|last| last.elapsed() >= PAUSE) {
            state.draw();
        }
    }

    fn finished(&self, task: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = state.tasks.iter().position(|known| known.name == task) {
            state.tasks.remove(at);
        }
        if state.drawn > 0 {
            state.draw();
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        show(&state.erased());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_name_share_and_sizes() {
        let task = |total, have| Task { name: "nginx-1.2.3.tgz".to_owned(), total, have };
        assert_eq!(
            line(&task(Some(2_000_000), 1_000_000)),
            "nginx-1.2.3.tgz [===============               ] 1.0 MB / 2.0 MB"
        );
        assert_eq!(line(&task(None, 1500)), "nginx-1.2.3.tgz 1.5 kB");
        assert_eq!(line(&task(Some(0), 0)), "nginx-1.2.3.tgz 0 B");
        assert!(line(&task(Some(1), 5)).ends_with("[==============================] 5 B / 1 B"));
    }

    #[test]
    fn durations_are_read_as_go_does() {
        for (text, seconds) in [("5m0s", 300.0), ("1.5h", 5400.0), ("100ms", 0.1), ("0", 0.0), (".5s", 0.5)] {
            assert_eq!(duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        assert_eq!(duration("-1s"), None);
    }

    #[test]
    fn patience_is_read_and_checked() {
        let only = |name: &'static str, text: &'static str| {
            patience(move |asked| (asked == name).then(|| text.to_owned()))
        };
        assert_eq!(only("", "").unwrap(), Patience::default());
        assert_eq!(only("CHART_ATTEMPTS", "2").unwrap().retry.attempts, 2);
        assert_eq!(only("CHART_RETRY_DELAY", "1ms").unwrap().retry.first_delay, Duration::from_millis(1));
        assert_eq!(only("CHART_IDLE_TIMEOUT", "2s").unwrap().timeouts.idle, Duration::from_secs(2));
        for (name, text) in
            [("CHART_ATTEMPTS", "0"), ("CHART_RETRY_DELAY", "fast"), ("CHART_IDLE_TIMEOUT", "0")]
        {
            assert!(only(name, text).unwrap_err().starts_with(&format!("invalid {name} {text:?}: must be")));
        }
    }

    #[test]
    fn small_letters_serve_when_large_are_missing() {
        let environment = |name: &str| match name {
            "http_proxy" => Some("a:1".to_owned()),
            "HTTPS_PROXY" => Some("b:2".to_owned()),
            "https_proxy" => Some("c:3".to_owned()),
            _ => None,
        };
        let found = proxies(environment);
        assert_eq!((found.http.as_str(), found.https.as_str(), found.no_proxy.as_str()), ("a:1", "b:2", ""));
        let served = proxies(|name| (name != "NO_PROXY").then(|| "x:1".to_owned()));
        assert_eq!((served.http.as_str(), served.https.as_str()), ("", "x:1"));
    }
}
