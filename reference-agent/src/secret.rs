//! The secret shared with the marketplace: read from its file, or made on the first start.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rfq_sdk::{SecretFile, SecretFileError};
use tracing::warn;
use zeroize::Zeroizing;

use crate::{data_dir, new_file};

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file is there, but cannot be used.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// No secret could be written.
    #[error("a new secret cannot be written")]
    Write(#[source] io::Error),
    /// The machine gave no random bytes.
    #[error("this machine gave no random bytes for a new secret")]
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
    let bytes = Zeroizing::new(random().map_err(SecretError::Random)?);
    match write_new(path, &*bytes) {
        Ok(()) => Ok((read(path)?, Provenance::Made)),
        // Another process was first; its secret counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok((read(path)?, Provenance::Found))
        }
        Err(error) => Err(SecretError::Write(error)),
    }
}

/// Writes the bytes in hex.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        data_dir::make(directory)?;
    }
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len() + 1));
    for digit in bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]) {
        text.extend(char::from_digit(digit.into(), 16));
    }
    text.push('\n');
    new_file::write(path, 0o600, text.as_bytes())
}
