//! When a request is tried again, and how long to wait before.

use std::time::Duration;

use super::Clock;

/// How often and how patiently a request is tried again.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryOptions {
    /// How many times a request is sent at most; 1 means never again.
    pub attempts: u32,
    /// The wait before the second attempt; each further one is twice as long.
    pub first_delay: Duration,
    /// The longest wait that doubling reaches.
    pub longest_delay: Duration,
    /// The longest `Retry-After` that is honoured; a server that asks for more gets no second attempt.
    pub longest_retry_after: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(8),
            longest_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryOptions {
    /// Sends everything once.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The wait after the `attempt`-th failure (from 1): doubling, less up to half of it by chance.
    pub(super) fn delay(&self, attempt: u32, clock: &dyn Clock) -> Duration {
        let doubled = self.first_delay.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let longest = doubled.min(self.longest_delay);
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(millis - clock.random() % (millis / 2 + 1))
    }

    /// The wait a server asked for with `Retry-After`: seconds, or a date as HTTP writes it.
    ///
    /// `None` when the server asked for nothing sensible, `Some(None)` when it asked for too long.
    pub(super) fn retry_after(&self, header: Option<&str>, clock: &dyn Clock) -> Option<Option<Duration>> {
        let text = header?.trim();
        let seconds = match text.parse::<u64>() {
            Ok(seconds) => seconds,
            Err(_) => {
                let at = http_date(text)?;
                u64::try_from(at.saturating_sub(clock.unix_seconds())).unwrap_or(0)
            }
        };
        let wait = Duration::from_secs(seconds);
        Some((wait <= self.longest_retry_after).then_some(wait))
    }
}

/// Whether a status says that the same request may do better later.
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<i64> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    parser.parse_timestamp(text).ok().map(|at| at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Still(u64);

    impl Clock for Still {
        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
        fn unix_seconds(&self) -> i64 {
            784_111_777
        }
        fn sleep(&self, _: Duration) {}
        fn random(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let options = RetryOptions::default();
        let delays: Vec<u128> = (1..8).map(|attempt| options.delay(attempt, &Still(0)).as_millis()).collect();
        assert_eq!(delays, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        for chance in [1, 250, 251, u64::MAX] {
            let delay = options.delay(1, &Still(chance)).as_millis();
            assert!((250..=500).contains(&delay), "{delay}");
        }
        assert_eq!(options.delay(u32::MAX, &Still(0)).as_millis(), 8000);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let options = RetryOptions::default();
        for (text, expected) in [
            ("0", Some(Some(0))),
            (" 7 ", Some(Some(7))),
            ("60", Some(Some(60))),
            ("61", Some(None)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(Some(10))),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(Some(0))),
            ("Sun, 06 Nov 2094 08:49:07 GMT", Some(None)),
            ("soon", None),
            ("-1", None),
        ] {
            let found = options.retry_after(Some(text), &Still(0));
            assert_eq!(found, expected.map(|wait| wait.map(Duration::from_secs)), "{text}");
        }
        assert_eq!(options.retry_after(None, &Still(0)), None);
    }
}
