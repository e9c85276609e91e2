//! The one door through which the outside world comes in.

use crate::data::Value;

/// Clock, randomness, DNS and cluster, as templates may ask for them.
pub trait Host {
    /// Now: seconds and nanoseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> (i64, u32);

    /// The local time zone's name in the IANA database, `UTC` unless set.
    fn time_zone(&self) -> &str {
        "UTC"
    }

    /// Fills `bytes` from the source of randomness (seeded or not).
    fn random(&self, bytes: &mut [u8]);

    /// Whether the render is to be given up; asked now and then while templates run.
    fn stopped(&self) -> bool {
        false
    }

    /// `getHostByName`: an address of `name`, or the empty text when DNS is off.
    fn resolve_host(&self, _name: &str) -> String {
        String::new()
    }

    /// `lookup`: the object, or the empty map when there is no cluster or no such object.
    ///
    /// # Errors
    /// The cluster's own text.
    fn lookup(
        &self,
        _api_version: &str,
        _kind: &str,
        _namespace: &str,
        _name: &str,
    ) -> Result<Value, String> {
        Ok(Value::empty_map())
    }
}
