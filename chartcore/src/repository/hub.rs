//! `search hub`: Artifact Hub, or whatever speaks Monocular's search. Helm: internal/monocular.

use super::client::{Access, Fetcher};
use super::url;
use crate::data::{Value, json};
use crate::error::{Error, ErrorKind, Result};
use crate::files::quote;

/// Helm's endpoint when none is given.
pub const DEFAULT_ENDPOINT: &str = "https://hub.helm.sh";

/// The largest answer that is read.
const LARGEST_ANSWER: u64 = 64 << 20;

/// One chart that a hub knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubHit {
    /// Its page.
    pub url: String,
    /// The newest version.
    pub version: String,
    /// The version of what it installs.
    pub app_version: String,
    /// One sentence.
    pub description: String,
    /// The URL of its repository.
    pub repository_url: String,
    /// The name of its repository.
    pub repository_name: String,
}

/// Asks a hub.
///
/// # Errors
/// The endpoint is no URL, or cannot be reached; Helm's texts, with the reason as a note.
pub fn search_hub(fetcher: &Fetcher, endpoint: &str, words: &str) -> Result<Vec<HubHit>> {
    let shown = quote(endpoint);
    if !url::has_host(endpoint) {
        let message = format!("unable to create connection to {shown}: no hostname provided");
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let address = format!("{}?q={}", url::join(endpoint, "api/chartsvc/v1/charts/search"), escaped(words));
    let bytes = fetcher.bytes(&address, &Access::default(), LARGEST_ANSWER).map_err(|error| {
        let reason = error.message().to_owned();
        let diagnostic = crate::diag::Diagnostic::error("hub", reason)
            .hint("give another hub with `--endpoint`, or search what is known offline with `search repo`");
        Error::new(error.kind(), format!("unable to perform search against {shown}"))
            .with_diagnostic(diagnostic)
            .with_source(error)
    })?;
    // What cannot be read has no results, as in Helm.
    let answer = json::parse(&bytes).unwrap_or_default();
    let hits = answer.get("data").and_then(Value::as_list).unwrap_or_default();
    Ok(hits.iter().map(|hit| read(hit, endpoint)).collect())
}

fn read(hit: &Value, endpoint: &str) -> HubHit {
    let text = |path: &[&str]| {
        let found = path.iter().try_fold(hit, |value, key| value.get(key));
        found.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let page = text(&["artifactHub", "packageUrl"]);
    let latest = ["relationships", "latestChartVersion", "data"];
    let of_latest = |key: &'static str| text(&[latest[0], latest[1], latest[2], key]);
    HubHit {
        url: if page.is_empty() { format!("{endpoint}/charts/{}", text(&["id"])) } else { page },
        version: of_latest("version"),
        app_version: of_latest("app_version"),
        description: text(&["attributes", "description"]),
        repository_url: text(&["attributes", "repo", "url"]),
        repository_name: text(&["attributes", "repo", "name"]),
    }
}

/// Go's `url.QueryEscape`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
