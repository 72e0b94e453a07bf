//! A process of the benchmark's own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// Starts this program again, as `role`, and returns it with the first line it says. It ends once its
/// standard input does, so with this process.
pub(super) fn start(role: &str) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--child", role])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}
