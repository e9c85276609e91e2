//! To and from serde.
