//! How far a transfer is.

/// Is told how transfers come along; `task` names one of them, such as `nginx-1.2.3.tgz`.
///
/// Several tasks may run at once, from several threads.
pub trait Progress: Send + Sync {
    /// A transfer begins, of `total` bytes where that is known.
    fn started(&self, task: &str, total: Option<u64>);

    /// So many more bytes have come or gone.
    fn advanced(&self, task: &str, bytes: u64);

    /// The transfer has ended, well or not.
    fn finished(&self, task: &str);
}

/// Looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn started(&self, _: &str, _: Option<u64>) {}
    fn advanced(&self, _: &str, _: u64) {}
    fn finished(&self, _: &str) {}
}
