//! Overrides and defaults to the one tree templates see.
