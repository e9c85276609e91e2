//! Releases: records, plans and their execution.
