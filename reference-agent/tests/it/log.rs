//! Keeps what is logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::filter::LevelFilter;

/// Keeps what is logged. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Keeps all down to `level` that is logged on this thread until the guard goes.
    pub(crate) fn keep(&self, level: LevelFilter) -> DefaultGuard {
        self.keep_with(|writer| {
            let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(writer);
            lines.with_ansi(false).without_time().with_target(false).finish().into()
        })
    }

    /// The same, as `--log-format json` writes it.
    pub(crate) fn keep_json(&self, level: LevelFilter) -> DefaultGuard {
        self.keep_with(|writer| {
            let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(writer);
            lines.json().flatten_event(true).without_time().with_target(false).finish().into()
        })
    }

    fn keep_with(&self, subscriber: impl FnOnce(Mutex<Self>) -> Dispatch) -> DefaultGuard {
        // While there is one subscriber alone, a line that a thread without one is the first to log is
        // off for all threads.
        static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
        ANOTHER.get_or_init(|| Dispatch::new(NoSubscriber::default()));
        tracing::dispatcher::set_default(&subscriber(Mutex::new(self.clone())))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
