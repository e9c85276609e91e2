//! HTTP as charts travel by it: TLS, credentials kept to their host, proxies, retries, whole downloads.
//!
//! Everything blocks and can be shared between threads. Nothing here reads the environment: proxies,
//! certificates and credentials are handed in, and the time comes through [`Clock`].
//!
//! ```no_run
//! use chartcore::transport::{Client, ClientOptions, Request, Url};
//!
//! let client = Client::new(&ClientOptions::default())?;
//! let url: Url = "https://charts.example.com/index.yaml".parse()?;
//! let response = client.send(&Request::get(url))?;
//! let text = response.successful()?.text(100 << 20)?;
//! # Ok::<(), chartcore::Error>(())
//! ```

mod client;
mod clock;
mod connect;
mod download;
mod failure;
mod progress;
mod proxies;
mod request;
mod response;
mod retry;
mod secret;
mod tls;
mod url;

pub use client::{Client, ClientOptions, Timeouts};
pub use clock::{Clock, SystemClock};
pub use download::{Download, Downloaded, Expected, Validators};
pub use progress::{NoProgress, Progress};
pub use proxies::Proxies;
pub use request::{Body, Credentials, Method, Request};
pub use response::{Response, ResponseReader};
pub use retry::RetryOptions;
pub use secret::Secret;
pub use tls::{Roots, TlsOptions};
pub use url::Url;
