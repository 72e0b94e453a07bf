//! What is printed for whoever ran a command.

use std::fmt::Arguments;
use std::io::{self, Write as _};

use tracing::warn;

/// Prints a line as `println!` does, but goes on when nobody reads it any more, as behind `| head -1`:
/// what a command does must not depend on whether it can tell of it.
macro_rules! say {
    () => { $crate::cli::say::line(format_args!("")) };
    ($($text:tt)+) => { $crate::cli::say::line(format_args!($($text)+)) };
}

pub(super) use say;

pub(super) fn line(text: Arguments<'_>) {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            warn!(%error, "A line could not be printed");
        }
        Ok(()) | Err(_) => {}
    }
}
