//! HMAC-SHA256 over `"{timestamp}.{raw body}"` (seed, "HMAC Verification").

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::secret::Secret;

/// The most digits a timestamp may have: enough for the year 33,658.
const MAX_DIGITS: usize = 12;

/// The keyed state, made once and cloned for each request: keying again would cost two more
/// blocks of SHA-256. It is wiped when dropped.
#[derive(Clone)]
pub(crate) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    #[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length, RFC 2104")]
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Hmac::new_from_slice(secret.expose()).expect("HMAC takes keys of every length"))
    }

    /// The MAC of a request.
    #[inline]
    pub(crate) fn mac(&self, timestamp: &Timestamp, body: &[u8]) -> [u8; 32] {
        self.mac_of([timestamp.with_period(), body])
    }

    /// The MAC over the pieces, one behind the other.
    pub(crate) fn mac_of<const COUNT: usize>(&self, pieces: [&[u8]; COUNT]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for piece in pieces {
            mac.update(piece);
        }
        mac.finalize().into_bytes().into()
    }
}

/// A timestamp header of the canonical form `[1-9][0-9]{0,11}`, so that the text received and the
/// number printed again are the same bytes.
#[derive(Clone, Copy)]
pub(crate) struct Timestamp {
    /// The digits, and the period that follows them in what is signed.
    text: [u8; MAX_DIGITS + 1],
    len: usize,
    seconds: i64,
}

impl Timestamp {
    #[inline]
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let mut text = [b'.'; MAX_DIGITS + 1];
        if value.len() > MAX_DIGITS || value.first() == Some(&b'0') {
            return None;
        }
        text.get_mut(..value.len())?.copy_from_slice(value);
        let mut seconds = 0;
        for &byte in value {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            seconds = seconds * 10 + i64::from(digit);
        }
        (!value.is_empty()).then_some(Self { text, len: value.len() + 1, seconds })
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.seconds
    }

    fn with_period(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }
}

/// Whether a refused timestamp looks like milliseconds, the usual slip of JavaScript callers.
pub(crate) fn looks_like_milliseconds(value: &[u8]) -> bool {
    value.len() == 13 && value.iter().all(u8::is_ascii_digit)
}

/// Writes lower-case hex digits.
#[cfg(feature = "sign")]
pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Reads exactly 64 hex digits of either case.
#[inline]
pub(crate) fn decode_hex(value: &[u8]) -> Option<[u8; 32]> {
    let value: &[u8; 64] = value.try_into().ok()?;
    // One step at a time for all digits, and one test at the end: so the compiler vectorises it.
    let nibbles = value.map(nibble);
    let invalid = nibbles.iter().fold(0, |all, nibble| all | nibble) & 0xf0 != 0;
    let mut decoded = [0; 32];
    for (byte, [high, low]) in decoded.iter_mut().zip(nibbles.as_chunks().0) {
        *byte = high << 4 | low;
    }
    (!invalid).then_some(decoded)
}

/// Whether two digests are the same, in constant time: by words, since `subtle` on slices goes
/// through a barrier for every byte.
pub(crate) fn same_digest(a: &[u8; 32], b: &[u8; 32]) -> Choice {
    let (a, b) = (a.as_chunks().0, b.as_chunks().0);
    let words = a.iter().zip(b).map(|(a, b)| u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b));
    words.fold(0, |all, difference| all | difference).ct_eq(&0)
}

/// 0 to 15, or 0xff for what is not a hex digit.
fn nibble(character: u8) -> u8 {
    let digit = character.wrapping_sub(b'0');
    let letter = (character | 0x20).wrapping_sub(b'a');
    if digit < 10 {
        digit
    } else if letter < 6 {
        letter + 10
    } else {
        0xff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_the_standard_library_would() {
        for character in u8::MIN..=u8::MAX {
            let expected = char::from(character).to_digit(16).filter(|_| character.is_ascii());
            let expected = expected.and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0xff);
            assert_eq!(nibble(character), expected, "{character:#x}");
        }
        let text = "00ff".repeat(16);
        assert_eq!(
            decode_hex(text.as_bytes()).map(|bytes| bytes[..4].to_vec()),
            Some(vec![0, 255, 0, 255])
        );
        for position in 0..64 {
            let mut text = text.clone().into_bytes();
            text[position] = b'g';
            assert_eq!(decode_hex(&text), None, "{position}");
        }
        assert_eq!(decode_hex(&text.as_bytes()[..63]), None);
    }

    #[test]
    fn digests_are_the_same_only_if_every_bit_is() {
        let digest: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        assert!(bool::from(same_digest(&digest, &digest)));
        for bit in 0..256 {
            let mut other = digest;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!bool::from(same_digest(&digest, &other)), "{bit}");
        }
    }

    #[test]
    fn timestamps_are_canonical() {
        for (text, seconds) in
            [("1", 1), ("1780315200", 1_780_315_200), ("999999999999", 999_999_999_999)]
        {
            let timestamp = Timestamp::parse(text.as_bytes()).unwrap();
            assert_eq!(timestamp.seconds(), seconds);
            assert_eq!(timestamp.with_period(), format!("{text}.").as_bytes());
        }
        for text in
            ["", "0", "01", "1000000000000", "-1", "+1", "1.5", "1e9", "1_0", " 1", "1 ", "٣"]
        {
            assert!(Timestamp::parse(text.as_bytes()).is_none(), "{text:?}");
        }
    }
}
