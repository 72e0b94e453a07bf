//! The keys that seal secrets.

use std::fmt;
use std::str::FromStr;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// The keys that seal secrets (XChaCha20-Poly1305): one seals, all open.
///
/// As a text, which comes from a file or the environment, it has a line `ID KEY` for each key, the key
/// as 64 hex digits. The first one seals. To rotate, put a new line in front, restart, seal everything
/// again with [`Store::reseal_secrets`], and only then remove the old line. Lines that begin with `#`
/// and empty ones are passed over.
///
/// ```
/// use rfq_store::KeyRing;
///
/// let text = "2026-11 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
/// let keys: KeyRing = text.parse()?;
/// assert_eq!(format!("{keys:?}"), "KeyRing(2026-11)");
/// # Ok::<(), rfq_store::KeyRingError>(())
/// ```
///
/// [`Store::reseal_secrets`]: crate::Store::reseal_secrets
pub struct KeyRing {
    sealing: Entry,
    others: Vec<Entry>,
}

struct Entry {
    id: KeyId,
    /// Wiped when dropped.
    cipher: XChaCha20Poly1305,
}

/// Which key: 1 to [`KeyId::MAX_BYTES`] ASCII letters, digits, `-` and `_`, but not 64 hex digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyId(Box<str>);

/// Not a [`KeyId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected 1 to {} ASCII letters, digits, hyphens and underscores, and not a key",
    KeyId::MAX_BYTES
)]
pub struct KeyIdError;

/// Why a text is not a [`KeyRing`]. No variant holds any part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// No key in it.
    #[error("expected at least one line with a key's id and the key as 64 hex digits")]
    Empty,
    /// A line that is something else.
    #[error("line {line}: expected a key's id, a space, and the key as 64 hex digits")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// An id that no key may have.
    #[error("line {line}: the key's id: {error}")]
    Id {
        /// Counted from 1.
        line: usize,
        /// What was expected.
        error: KeyIdError,
    },
    /// An id that another key has.
    #[error("line {line}: another key has this id")]
    Twice {
        /// Counted from 1.
        line: usize,
    },
}

/// 192 random bits that no two sealings share. They are many enough to be drawn blindly.
#[derive(Clone, Copy)]
pub struct Nonce([u8; 24]);

impl Nonce {
    /// The nonce made of these bytes, which must come from the system's source of randomness, anew for
    /// each sealing: two secrets sealed with the same one give each other away.
    #[must_use]
    pub const fn from_random(bytes: [u8; 24]) -> Self {
        Self(bytes)
    }
}

/// A sealed text and what is needed, beside the key, to open it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) key_id: KeyId,
    pub(crate) nonce: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
}

/// Why a sealed text was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// No key has the id.
    LostKey,
    /// The key does not fit: it, the sealed text, or what it belongs to is another than when sealed.
    Changed,
}

impl KeyRing {
    /// The key that seals.
    #[must_use]
    pub fn sealing_key(&self) -> &KeyId {
        &self.sealing.id
    }

    /// Seals a text that belongs to `owner`; it opens only as that of the same.
    pub(crate) fn seal(
        &self,
        text: &str,
        owner: [&str; 2],
        nonce: Nonce,
    ) -> Result<Sealed, Unopened> {
        let Entry { id, cipher } = &self.sealing;
        let aad = associated(owner, id);
        let payload = Payload { msg: text.as_bytes(), aad: &aad };
        // Fails for texts of 256 GiB.
        let bytes =
            cipher.encrypt(&XNonce::from(nonce.0), payload).map_err(|_| Unopened::Changed)?;
        Ok(Sealed { key_id: id.clone(), nonce: nonce.0.to_vec(), bytes })
    }

    pub(crate) fn open(
        &self,
        sealed: &Sealed,
        owner: [&str; 2],
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let mut keys = std::iter::once(&self.sealing).chain(&self.others);
        let key = keys.find(|key| key.id == sealed.key_id).ok_or(Unopened::LostKey)?;
        let nonce: [u8; 24] = sealed.nonce.as_slice().try_into().map_err(|_| Unopened::Changed)?;
        let aad = associated(owner, &key.id);
        let payload = Payload { msg: &sealed.bytes, aad: &aad };
        let opened = key.cipher.decrypt(&XNonce::from(nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| Unopened::Changed)
    }
}

/// What is authenticated beside the text, so that nobody who can write to the database can give one
/// producer the secret of another. None of the parts can contain a NUL.
fn associated([producer, scheme]: [&str; 2], key: &KeyId) -> Vec<u8> {
    ["rfq-store secret", producer, scheme, &key.0].join("\0").into_bytes()
}

impl FromStr for KeyRing {
    type Err = KeyRingError;

    fn from_str(text: &str) -> Result<Self, KeyRingError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let line = index + 1;
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (id, digits) = text.split_once(' ').ok_or(KeyRingError::Line { line })?;
            let id: KeyId = id.parse().map_err(|error| KeyRingError::Id { line, error })?;
            if entries.iter().any(|entry| entry.id == id) {
                return Err(KeyRingError::Twice { line });
            }
            let key = key(digits.trim()).ok_or(KeyRingError::Line { line })?;
            entries.push(Entry { id, cipher: XChaCha20Poly1305::new(&Key::from(*key)) });
        }
        let mut entries = entries.into_iter();
        let sealing = entries.next().ok_or(KeyRingError::Empty)?;
        Ok(Self { sealing, others: entries.collect() })
    }
}

fn key(digits: &str) -> Option<Zeroizing<[u8; 32]>> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = Zeroizing::new([0; 32]);
    for (index, byte) in key.iter_mut().enumerate() {
        let pair = digits.get(2 * index..2 * index + 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(key)
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(is_allowed);
        // Ids are shown and stored, keys must not be.
        (fits && key(text).is_none()).then(|| Self(text.into())).ok_or(KeyIdError)
    }
}

impl KeyId {
    /// The most bytes an id may have: a date or a UUID fits.
    pub const MAX_BYTES: usize = 64;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The ids of the keys alone.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({}", self.sealing.id)?;
        self.others.iter().try_for_each(|key| write!(f, ", {}", key.id))?;
        f.write_str(")")
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const B: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF";
    const OWNER: [&str; 2] = ["shop-1", "bearer"];

    fn ring(text: &str) -> KeyRing {
        text.parse().unwrap()
    }

    fn sealed(ring: &KeyRing) -> Sealed {
        ring.seal("an example of a secret", OWNER, Nonce::from_random([7; 24])).unwrap()
    }

    #[test]
    fn every_key_of_the_ring_opens_and_the_first_one_seals() {
        let (old, both) = (ring(&format!("a {A}")), ring(&format!("# new\nb {B}\n\na {A}\n")));
        let sealed_by_old = sealed(&old);
        assert_eq!(&**both.open(&sealed_by_old, OWNER).unwrap(), b"an example of a secret");
        let sealed_by_both = sealed(&both);
        assert_eq!(sealed_by_both.key_id.as_str(), "b");
        assert_eq!(old.open(&sealed_by_both, OWNER).unwrap_err(), Unopened::LostKey);
        assert_ne!(sealed_by_old.bytes, sealed_by_both.bytes);
    }

    #[test]
    fn nothing_opens_that_is_not_just_as_it_was_sealed() {
        let ring = ring(&format!("a {A}\nb {B}"));
        let is_changed =
            |sealed: &Sealed, owner| ring.open(sealed, owner).unwrap_err() == Unopened::Changed;
        let whole = sealed(&ring);
        assert!(is_changed(&whole, ["shop-2", "bearer"]), "another producer's");
        assert!(is_changed(&whole, ["shop-1", "hmac_sha256"]), "of another scheme");
        assert!(is_changed(&whole, ["shop-1\0bearer", ""]), "parts that run together");
        assert!(is_changed(&Sealed { key_id: "b".parse().unwrap(), ..sealed(&ring) }, OWNER));
        assert!(is_changed(&Sealed { nonce: vec![8; 24], ..sealed(&ring) }, OWNER));
        assert!(is_changed(&Sealed { nonce: vec![7; 23], ..sealed(&ring) }, OWNER));
        for bit in 0..whole.bytes.len() * 8 {
            let mut bytes = whole.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(is_changed(&Sealed { bytes, ..sealed(&ring) }, OWNER), "bit {bit}");
        }
    }

    #[test]
    fn the_format_stays_as_it_is() {
        // Found the same by a second implementation, in Python, of the draft. A change of the format
        // would lose every secret.
        let sealed = sealed(&ring(&format!("a {A}")));
        let hex: String = sealed.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex, @"87d17bbd2608a9e410ff554826071800eba6a5430f95f193989eef6fd74b63a896f1a9dd43cb");
    }

    #[test]
    fn says_what_a_line_should_be_and_repeats_no_key() {
        let said = [
            String::new(),
            "# nothing".to_owned(),
            A.to_owned(),
            format!("a {}", &A[1..]),
            format!("a {A}0"),
            format!("a {}", A.replace('0', "g")),
            format!("a.b {A}"),
            format!("a {A}\na {B}"),
            format!("{A} {B}"),
        ]
        .map(|text| text.parse::<KeyRing>().unwrap_err().to_string());
        assert!(!said.iter().any(|said| said.contains("0102")), "{said:?}");
        insta::assert_debug_snapshot!(said, @r#"
        [
            "expected at least one line with a key's id and the key as 64 hex digits",
            "expected at least one line with a key's id and the key as 64 hex digits",
            "line 1: expected a key's id, a space, and the key as 64 hex digits",
            "line 1: expected a key's id, a space, and the key as 64 hex digits",
            "line 1: expected a key's id, a space, and the key as 64 hex digits",
            "line 1: expected a key's id, a space, and the key as 64 hex digits",
            "line 1: the key's id: expected 1 to 64 ASCII letters, digits, hyphens and underscores, and not a key",
            "line 2: another key has this id",
            "line 1: the key's id: expected 1 to 64 ASCII letters, digits, hyphens and underscores, and not a key",
        ]
        "#);
        assert_eq!(format!("{:?}", ring(&format!("b {B}\na {A}"))), "KeyRing(b, a)");
    }
}
