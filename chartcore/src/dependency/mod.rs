//! Dependencies: ranges to a lock; pure.
