//! A file that is there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// So many files that crashes left behind are too many.
const ASIDE: u32 = 100;

/// Writes the file, with the permissions `mode` less the umask. It is written aside and then linked,
/// so that nobody reads half of it, whenever it crashes, and that what is there, even if another
/// process has just made it, is never overwritten.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is something at `path`, and whatever the system says.
pub fn write(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let (aside, mut file) = create_aside(path, mode)?;
    let written = file
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&aside, path));
    fs::remove_file(&aside)?;
    written?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// A new file beside `path`, of this call alone.
fn create_aside(path: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    let mut create = OpenOptions::new();
    create.write(true).create_new(true).mode(mode);
    for number in 0..ASIDE {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".new{number}"));
        match create.open(&name) {
            Ok(file) => return Ok((name.into(), file)),
            // Another's, or left behind by a crash.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    let message = format!("remove the files {}.new0 and so on", path.display());
    Err(io::Error::other(message))
}
