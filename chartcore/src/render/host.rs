//! Where time and randomness come from: the machine, or a seed.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::template::Host;

/// The clock, randomness, DNS and cluster of a render, shared between threads.
pub type SharedHost = Arc<dyn Host + Send + Sync>;

/// What a render asks for the world.
#[derive(Clone, Default)]
pub(super) enum World {
    /// The machine.
    #[default]
    System,
    /// A seed and a fixed time; each render starts the sequence anew.
    Sealed { seed: u64, now: i64 },
    /// Somebody else's.
    Given(SharedHost),
}

impl World {
    /// The host of one render.
    pub(super) fn host(&self, dns: bool) -> SharedHost {
        match self {
            Self::System => Arc::new(System { dns }),
            Self::Sealed { seed, now } => Arc::new(Sealed { state: AtomicU64::new(*seed), now: *now }),
            Self::Given(host) => Arc::clone(host),
        }
    }
}

/// The machine's clock and randomness, and its resolver when DNS is on.
struct System {
    dns: bool,
}

impl Host for System {
    fn now(&self) -> (i64, u32) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
    }

    fn random(&self, bytes: &mut [u8]) {
        // Without a source of randomness no secret may be made: zeros would look like one.
        getrandom::fill(bytes).expect("the machine has a source of randomness");
    }

    fn resolve_host(&self, name: &str) -> String {
        if !self.dns {
            return String::new();
        }
        let addresses = (name, 0).to_socket_addrs();
        let first: Option<IpAddr> = addresses.ok().and_then(|mut found| found.next()).map(|found| found.ip());
        first.map(|address| address.to_string()).unwrap_or_default()
    }
}

/// A fixed time and a sequence that follows from a seed: for tests and reproducible output, not for secrets.
struct Sealed {
    state: AtomicU64,
    now: i64,
}

impl Sealed {
    /// SplitMix64.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Host for Sealed {
    fn now(&self) -> (i64, u32) {
        (self.now, 0)
    }

    fn random(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_host_repeats_itself_and_differs_by_seed() {
        let draw = |seed| {
            let host = World::Sealed { seed, now: 5 }.host(false);
            let mut bytes = [0; 20];
            host.random(&mut bytes);
            (bytes, host.now())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1).0, draw(2).0);
        assert_eq!(draw(1).1, (5, 0));
    }
}
