//! Ctrl-C during a long call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chartcore::data::Value;
use chartcore::render::SharedHost;
use chartcore::template::Host;
use pyo3::prelude::*;

/// Whether a call is to go on. Python's signals are looked at by the thread that called; others are told.
#[derive(Default)]
pub(crate) struct Watch {
    told: AtomicBool,
    caught: Mutex<Option<PyErr>>,
}

impl Watch {
    /// Tells all who work that the call is over.
    pub(crate) fn stop(&self) {
        self.told.store(true, Ordering::Relaxed);
    }

    /// Whether to stop. Signals reach Python's main thread alone: in others the look is for nothing, and cheap.
    pub(crate) fn stopped(&self) -> bool {
        if self.told.load(Ordering::Relaxed) {
            return true;
        }
        match Python::attach(|py| py.check_signals()) {
            Ok(()) => false,
            Err(signal) => {
                *self.caught.lock().unwrap_or_else(PoisonError::into_inner) = Some(signal);
                self.stop();
                true
            }
        }
    }

    /// Whether others said that it is over.
    pub(crate) fn told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    /// What a signal raised.
    pub(crate) fn caught(&self) -> Option<PyErr> {
        self.caught.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A host of renders that can be stopped.
pub(crate) struct Watched {
    pub(crate) host: SharedHost,
    pub(crate) watch: Arc<Watch>,
}

impl Host for Watched {
    fn now(&self) -> (i64, u32) {
        self.host.now()
    }

    fn time_zone(&self) -> &str {
        self.host.time_zone()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.host.random(bytes);
    }

    fn stopped(&self) -> bool {
        self.watch.stopped()
    }

    fn resolve_host(&self, name: &str) -> String {
        self.host.resolve_host(name)
    }

    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, String> {
        self.host.lookup(api_version, kind, namespace, name)
    }
}
