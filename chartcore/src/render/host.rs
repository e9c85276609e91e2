//! Where time and randomness come from: the machine, a seed, or somebody else.

use std::sync::Arc;

use crate::template::{Host, SealedHost, SystemHost};

/// The clock, randomness, DNS and cluster of a render, shared between threads.
pub type SharedHost = Arc<dyn Host + Send + Sync>;

/// What a render asks for the world.
#[derive(Clone, Default)]
pub(super) enum World {
    /// The machine.
    #[default]
    System,
    /// A seed and a fixed time; each render starts the sequence anew.
    Sealed { seed: Arc<[u8]>, now: Option<i64> },
    /// Somebody else's.
    Given(SharedHost),
}

impl World {
    /// The host of one render.
    pub(super) fn host(&self, dns: bool) -> SharedHost {
        match self {
            Self::System if dns => Arc::new(SystemHost::new().with_dns()),
            Self::System => Arc::new(SystemHost::new()),
            Self::Sealed { seed, now } => {
                let host = SealedHost::new(seed);
                Arc::new(match now {
                    Some(now) => host.at(*now),
                    None => host,
                })
            }
            Self::Given(host) => Arc::clone(host),
        }
    }
}
