//! The quick way through a document that is as nearly all are: valid, no key twice, no backslash.
//!
//! It says nothing of the others but that it does not read them, so all that could go wrong here is to
//! accept what the thorough way refuses, or to read it differently; a property test compares the two.

use super::{Field, Shape, Slot};

/// Nobody nests an RFQ or an answer this deep.
const MAX_DEPTH: u32 = 16;

/// What the thorough way reads, or `None` if that is the one to read it.
pub(super) fn scan<'a, const COUNT: usize>(
    body: &'a [u8],
    shape: &'static Shape,
) -> Option<[Field<'a>; COUNT]> {
    let text = std::str::from_utf8(body).ok()?;
    let mut scanner = Scanner { text, at: 0 };
    let mut values = [Field::ABSENT; COUNT];
    scanner.pass_space();
    scanner.object(shape, &mut values)?;
    scanner.pass_space();
    (scanner.at == text.len()).then_some(values)
}

struct Scanner<'a> {
    text: &'a str,
    /// The byte to be looked at next.
    at: usize,
}

enum Key {
    /// Its place, and what it holds.
    OfShape(usize, &'static Slot),
    Other,
}

impl<'a> Scanner<'a> {
    fn object(&mut self, shape: &'static Shape, values: &mut [Field<'a>]) -> Option<()> {
        let (mut seen, mut next) = (0_u32, 0);
        self.list(b'{', b'}', |scanner| {
            let known = scanner.key(shape, next)?;
            scanner.colon()?;
            let Key::OfShape(index, slot) = known else { return scanner.value(1) };
            next = index + 1;
            if seen & (1 << index) != 0 {
                return None;
            }
            seen |= 1 << index;
            match slot {
                Slot::Value(at, _) => {
                    let start = scanner.at;
                    scanner.value(1)?;
                    let raw = scanner.text.get(start..scanner.at)?;
                    // Of several objects in a list the last counts, also if it says null.
                    *values.get_mut(*at)? =
                        if raw == "null" { Field::ABSENT } else { Field::unescaped(raw) };
                    Some(())
                }
                Slot::Object(shape) => scanner.object(shape, values),
                Slot::Objects(shape) => {
                    scanner.list(b'[', b']', |scanner| scanner.object(shape, values))
                }
            }
        })
    }

    /// A key. The `next` of the shape is looked for first, since most documents
    /// have their keys in the order of the shape.
    fn key(&mut self, shape: &'static Shape, next: usize) -> Option<Key> {
        let rest = self.text.as_bytes().get(self.at..)?.strip_prefix(b"\"")?;
        let is_here = |(_, (name, _)): &(usize, &(&str, Slot))| {
            rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"\""))
        };
        let places = shape.keys.iter().enumerate();
        let ahead = places.clone().skip(next).find(is_here);
        let Some((index, (name, slot))) = ahead.or_else(|| places.take(next).find(is_here)) else {
            return self.string().map(|_| Key::Other);
        };
        self.at += name.len() + 2;
        Some(Key::OfShape(index, slot))
    }

    fn colon(&mut self) -> Option<()> {
        self.pass_space();
        self.pass(b':')?;
        self.pass_space();
        Some(())
    }

    fn list(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.pass(open)?;
        self.pass_space();
        if self.pass(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            self.pass_space();
            if self.pass(close).is_some() {
                return Some(());
            }
            self.pass(b',')?;
            self.pass_space();
        }
    }

    /// Any value at all, at so many levels below the shape.
    fn value(&mut self, depth: u32) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' if depth < MAX_DEPTH => self.list(b'{', b'}', |scanner| {
                scanner.string()?;
                scanner.colon()?;
                scanner.value(depth + 1)
            }),
            b'[' if depth < MAX_DEPTH => self.list(b'[', b']', |scanner| scanner.value(depth + 1)),
            b't' => self.pass_word("true"),
            b'f' => self.pass_word("false"),
            b'n' => self.pass_word("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    /// A string's text, between its quotes.
    fn string(&mut self) -> Option<&'a str> {
        self.pass(b'"')?;
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = end_of_string(rest)?;
        let string = self.text.get(self.at..self.at + length)?;
        self.at += length;
        self.pass(b'"')?;
        Some(string)
    }

    /// RFC 8259, section 6.
    fn number(&mut self) -> Option<()> {
        let _ = self.pass(b'-');
        if self.pass(b'0').is_none() {
            self.digits()?;
        }
        if self.pass(b'.').is_some() {
            self.digits()?;
        }
        if self.pass(b'e').or_else(|| self.pass(b'E')).is_some() {
            let _ = self.pass(b'+').or_else(|| self.pass(b'-'));
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn pass_word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    fn pass(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn pass_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Where the first byte is that ends a string or needs a thorough look: a quote, a backslash or a
/// control character.
fn end_of_string(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let eight = |byte: u8| u64::from(byte) * ONES;
    // Eight at a time: subtracting one sets the high bit of a byte that was zero and had it not.
    let is_plain = |chunk: &[u8; 8]| {
        let word = u64::from_ne_bytes(*chunk);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(eight(0x20)) & !word;
        (zero(word ^ eight(b'"')) | zero(word ^ eight(b'\\')) | control) & HIGH == 0
    };
    let (chunks, _) = bytes.as_chunks::<8>();
    let plain = 8 * chunks.iter().take_while(|chunk| is_plain(chunk)).count();
    let rest = bytes.get(plain..)?;
    let end = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)?;
    Some(plain + end)
}
