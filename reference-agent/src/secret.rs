//! The secret shared with the marketplace: read from its file, or made on the first start.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rfq_sdk::{SecretFile, SecretFileError};
use tracing::warn;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file is there, but cannot be used.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// No secret could be written.
    #[error("a new secret cannot be written: {0}")]
    Write(#[source] io::Error),
    /// The machine gave no random bytes.
    #[error("no random bytes for a new secret: {0}")]
    Random(#[source] io::Error),
}

/// Whether a secret was there or has just been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// It was there.
    Found,
    /// It is new, and the marketplace does not know it yet.
    Made,
}

/// Reads the secret file at `path`. Warns when others than its owner may read it.
///
/// # Errors
/// [`SecretError::File`].
pub fn read(path: &Path) -> Result<SecretFile, SecretError> {
    let file = SecretFile::read(path)?;
    if let Ok(meta) = path.metadata()
        && meta.permissions().mode() & 0o077 != 0
    {
        warn!(path = %path.display(), "Others may read the secret file; run chmod 600 on it");
    }
    Ok(file)
}

/// Reads the secret file at `path`, and makes it first if there is none: 32 random bytes in hex,
/// readable by its owner only.
///
/// # Errors
/// [`SecretError`].
pub fn read_or_make(
    path: &Path,
    random: fn() -> io::Result<[u8; 32]>,
) -> Result<(SecretFile, Provenance), SecretError> {
    if path.try_exists().map_err(SecretFileError::from)? {
        return Ok((read(path)?, Provenance::Found));
    }
    let bytes = random().map_err(SecretError::Random)?;
    let text = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match write_new(path, &text) {
        Ok(()) => Ok((read(path)?, Provenance::Made)),
        // Another process was first; its secret counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok((read(path)?, Provenance::Found))
        }
        Err(error) => Err(SecretError::Write(error)),
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // Written aside and linked into place, so that a crash leaves no half a secret behind.
    let aside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    let written = writeln!(file, "{text}")
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&aside, path));
    let removed = std::fs::remove_file(&aside);
    written.and(removed)?;
    File::open(directory)?.sync_all()
}
