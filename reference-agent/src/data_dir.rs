//! The directory for what the agent keeps.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Makes the directory, for its owner only, unless it is there.
///
/// # Errors
/// What the system says.
pub(crate) fn make(directory: &Path) -> io::Result<()> {
    if directory.try_exists()? {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // What is kept here must not end up in a repository that the agent was tried in.
    fs::write(directory.join(".gitignore"), "*\n")
}
