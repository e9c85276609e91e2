//! The door through which time and chance come into the network code.

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What waiting and retrying need of the world.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;

    /// Seconds since 1970-01-01T00:00:00Z.
    fn unix_seconds(&self) -> i64;

    /// Lets `duration` pass.
    fn sleep(&self, duration: Duration);

    /// A number that spreads the retries of many clients.
    fn random(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

static START: OnceLock<Instant> = OnceLock::new();

#[allow(clippy::disallowed_methods, reason = "this is the network code's one door to the clock")]
impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        START.get_or_init(Instant::now).elapsed()
    }

    fn unix_seconds(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // Without randomness retries are merely not spread.
        let _ = getrandom::fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}
