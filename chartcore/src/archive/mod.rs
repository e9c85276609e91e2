//! A chart as bytes that do not change.
