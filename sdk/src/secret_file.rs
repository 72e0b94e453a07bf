//! Secrets kept in a file, and their rotation.

use std::io::Read as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretError};
use crate::verify::VerifierBuilder;
use crate::{Verifier, time};

/// What a secret file holds: the current secret, and those still accepted until their time.
///
/// The first line is the secret; each further line is `previous RFC3339-TIME SECRET`. The line
/// break at the end of a line is not part of the secret, all else is.
///
/// ```text
/// 5f0c...the current secret
/// previous 2026-06-02T00:00:00Z 93ab...the one it replaces
/// ```
///
/// ```
/// use rfq_sdk::SecretFile;
///
/// let file = SecretFile::parse("a-fresh-example-secret\nprevious 2026-06-02T00:00:00Z the-older-example-secret\n")?;
/// let verifier = file.into_hmac().build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SecretFile {
    current: Secret,
    previous: Vec<(Secret, DateTime<Utc>)>,
}

/// Why a secret file cannot be used. No variant holds any part of a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// The file cannot be opened or read.
    #[error("it cannot be read")]
    Io(#[from] std::io::Error),
    /// Larger than [`SecretFile::MAX_BYTES`], so most likely not a secret file.
    #[error("it is larger than {} bytes", SecretFile::MAX_BYTES)]
    TooLarge,
    /// Not UTF-8 text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// The secret on this line (counted from 1) is unfit.
    #[error("line {line}: {cause}")]
    Secret {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        cause: SecretError,
    },
    /// This line after the first (counted from 1) is not `previous RFC3339-TIME SECRET`.
    #[error("line {line}: expected `previous RFC3339-TIME SECRET`")]
    NotPrevious {
        /// Counted from 1.
        line: usize,
    },
}

/// More than [`SecretFile::MAX_BYTES`], by what reading to the end asks for beyond.
const BUFFER: usize = 17 * 1024;

impl SecretFile {
    /// The largest file read: a few secrets, not a log.
    pub const MAX_BYTES: u64 = 16 * 1024;

    /// Reads the file at `path`, blocking.
    ///
    /// # Errors
    /// [`SecretFileError`] when it cannot be read or holds no fit secret.
    pub fn read(path: &Path) -> Result<Self, SecretFileError> {
        // Room from the start: a buffer that grows leaves parts of itself behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(BUFFER));
        std::fs::File::open(path)?.take(Self::MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|size| size > Self::MAX_BYTES) {
            return Err(SecretFileError::TooLarge);
        }
        Self::parse(std::str::from_utf8(&bytes).map_err(|_| SecretFileError::NotText)?)
    }

    /// Reads the text of such a file. A line ends with LF or CR LF; empty lines after the first
    /// are passed over.
    ///
    /// # Errors
    /// [`SecretFileError`], naming the line.
    pub fn parse(text: &str) -> Result<Self, SecretFileError> {
        let secret =
            |text, line| Secret::new(text).map_err(|cause| SecretFileError::Secret { line, cause });
        let mut lines = text.lines().zip(1..);
        let (first, _) = lines.next().unwrap_or(("", 1));
        let current = secret(first, 1)?;
        let mut previous = Vec::new();
        for (text, line) in lines.filter(|(text, _)| !text.is_empty()) {
            let (until, old) = text
                .strip_prefix("previous ")
                .and_then(|rest| rest.split_once(' '))
                .ok_or(SecretFileError::NotPrevious { line })?;
            let until = time::parse(until).ok_or(SecretFileError::NotPrevious { line })?;
            previous.push((secret(old, line)?, until));
        }
        Ok(Self { current, previous })
    }

    /// A verifier of HMAC signatures with these secrets, still to be built.
    pub fn into_hmac(self) -> VerifierBuilder {
        let builder = Verifier::hmac(self.current);
        self.previous.into_iter().fold(builder, |b, (secret, until)| b.previous(secret, until))
    }

    /// A verifier of Bearer tokens with these secrets, still to be built.
    pub fn into_bearer(self) -> VerifierBuilder {
        let builder = Verifier::bearer(self.current);
        self.previous.into_iter().fold(builder, |b, (secret, until)| b.previous(secret, until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURRENT: &str = "current-secret-0123";

    #[test]
    fn the_line_break_is_not_part_of_the_secret() {
        for end in ["", "\n", "\r\n", "\n\n"] {
            let file = SecretFile::parse(&format!("{CURRENT}{end}")).unwrap();
            assert_eq!(file.current.expose(), CURRENT.as_bytes(), "{end:?}");
        }
        let file = SecretFile::parse(&format!(" {CURRENT} \n")).unwrap();
        assert_eq!(file.current.expose(), format!(" {CURRENT} ").as_bytes());
    }

    #[test]
    fn previous_secrets_have_a_time_and_may_hold_spaces() {
        let text =
            format!("{CURRENT}\nprevious 2026-06-02T00:00:00+02:00 old secret with spaces\n");
        let file = SecretFile::parse(&text).unwrap();
        let (old, until) = file.previous.first().unwrap();
        assert_eq!(old.expose(), b"old secret with spaces");
        assert_eq!(until.to_rfc3339(), "2026-06-01T22:00:00+00:00");
    }

    #[test]
    fn errors_name_the_line_and_never_the_secret() {
        let cases = [
            ("", "line 1: the secret is empty; expected at least 16 characters"),
            ("short", "line 1: the secret is too short; expected at least 16 characters"),
            (
                "current-secret-0123\nprevious tomorrow older-secret-0123",
                "line 2: expected `previous RFC3339-TIME SECRET`",
            ),
            (
                "current-secret-0123\n\nolder-secret-0123",
                "line 3: expected `previous RFC3339-TIME SECRET`",
            ),
            (
                "current-secret-0123\nprevious 2026-06-02T00:00:00Z short",
                "line 2: the secret is too short; expected at least 16 characters",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(SecretFile::parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_file_that_is_too_large_or_absent_is_an_error() {
        let missing = SecretFile::read(Path::new("no/such/file"));
        assert!(matches!(missing, Err(SecretFileError::Io(_))));
        let endless = SecretFile::read(Path::new("/dev/zero"));
        assert!(matches!(endless, Err(SecretFileError::TooLarge)));
    }
}
