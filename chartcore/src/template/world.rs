//! The two worlds a render can live in: the real one, and one sealed under a seed.

use std::net::ToSocketAddrs;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::Host;

/// The machine's clock and randomness; no DNS unless asked for; no cluster.
///
/// This is what Helm gives templates, and the only place of the library that asks the system for the
/// time or for random bytes.
#[derive(Debug, Clone)]
pub struct SystemHost {
    dns: bool,
    time_zone: String,
}

impl SystemHost {
    /// Clock in UTC, randomness from the operating system, DNS off.
    pub fn new() -> Self {
        Self { dns: false, time_zone: "UTC".to_owned() }
    }

    /// Lets `getHostByName` ask the resolver (Helm's `--enable-dns`).
    #[must_use]
    pub fn with_dns(mut self) -> Self {
        self.dns = true;
        self
    }

    /// Sets the IANA name of the local time zone.
    #[must_use]
    pub fn in_time_zone(mut self, name: impl Into<String>) -> Self {
        self.time_zone = name.into();
        self
    }
}

impl Default for SystemHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Host for SystemHost {
    #[allow(clippy::disallowed_methods, reason = "this is the one door to the clock")]
    fn now(&self) -> (i64, u32) {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos()),
            Err(before) => (-i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX), 0),
        }
    }

    fn time_zone(&self) -> &str {
        &self.time_zone
    }

    fn random(&self, bytes: &mut [u8]) {
        // A system without a source of randomness cannot make secrets; zeros would be a false promise.
        assert!(getrandom::fill(bytes).is_ok(), "the operating system gives no random bytes");
    }

    fn resolve_host(&self, name: &str) -> String {
        if !self.dns {
            return String::new();
        }
        let addresses = (name, 0).to_socket_addrs().into_iter().flatten();
        addresses.map(|address| address.ip().to_string()).next().unwrap_or_default()
    }
}

/// A world of its own: time stands still, and all randomness follows from a seed. Two renders of the
/// same inputs under equal seeds print the same bytes, on every machine.
///
/// ```
/// use chartcore::template::{Host, SealedHost};
///
/// let (mut one, mut two) = ([0; 40], [0; 40]);
/// SealedHost::new("seed").random(&mut one);
/// SealedHost::new("seed").random(&mut two);
/// assert_eq!(one, two);
/// ```
#[derive(Debug)]
pub struct SealedHost {
    seed: Vec<u8>,
    now: i64,
    stream: Mutex<Stream>,
}

#[derive(Debug, Default)]
struct Stream {
    blocks: u64,
    rest: Vec<u8>,
}

impl SealedHost {
    /// When it is, unless [`SealedHost::at`] says otherwise: 2000-01-01T00:00:00Z, a date at which
    /// certificates are valid in no real cluster, so that nobody deploys one by mistake.
    const EPOCH: i64 = 946_684_800;

    /// Seals the world under `seed`.
    pub fn new(seed: impl AsRef<[u8]>) -> Self {
        Self { seed: seed.as_ref().to_vec(), now: Self::EPOCH, stream: Mutex::default() }
    }

    /// Stops the clock at `seconds` since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn at(mut self, seconds: i64) -> Self {
        self.now = seconds;
        self
    }
}

impl Host for SealedHost {
    fn now(&self) -> (i64, u32) {
        (self.now, 0)
    }

    /// SHA-256 over seed and block number, block after block: simple, portable, and never to change.
    fn random(&self, bytes: &mut [u8]) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if stream.rest.is_empty() {
                let mut hash = Sha256::new();
                hash.update(stream.blocks.to_be_bytes());
                hash.update(&self.seed);
                stream.blocks += 1;
                stream.rest = hash.finalize().to_vec();
            }
            *byte = stream.rest.pop().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_does_not_depend_on_how_it_is_read() {
        let (mut whole, mut parts) = ([0; 100], [0; 100]);
        SealedHost::new("a").random(&mut whole);
        let host = SealedHost::new("a");
        for part in parts.chunks_mut(7) {
            host.random(part);
        }
        assert_eq!(whole, parts);
        let mut other = [0; 100];
        SealedHost::new("b").random(&mut other);
        assert_ne!(whole, other);
    }

    #[test]
    fn names_are_not_resolved_unless_asked() {
        assert_eq!(SystemHost::new().resolve_host("localhost"), "");
    }
}
