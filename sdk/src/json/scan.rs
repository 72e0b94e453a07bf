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
    let mut values = [const { Field(None) }; COUNT];
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

impl<'a> Scanner<'a> {
    fn object(&mut self, shape: &'static Shape, values: &mut [Field<'a>]) -> Option<()> {
        let mut seen = 0_u32;
        self.members(|scanner, key| {
            let known = shape.keys.iter().enumerate().find(|(_, (name, _))| *name == key);
            let Some((index, (_, slot))) = known else { return scanner.value(1) };
            if seen & (1 << index) != 0 {
                return None;
            }
            seen |= 1 << index;
            match slot {
                Slot::Value(at, _) => {
                    let start = scanner.at;
                    scanner.value(1)?;
                    let raw = scanner.text.get(start..scanner.at)?;
                    *values.get_mut(*at)? = Field((raw != "null").then_some(raw));
                    Some(())
                }
                Slot::Object(shape) => scanner.object(shape, values),
                Slot::Objects(shape) => scanner.elements(|scanner| scanner.object(shape, values)),
            }
        })
    }

    /// `{"key": member, ..}`
    fn members(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.list(b'{', b'}', |scanner| {
            let key = scanner.string()?;
            scanner.pass_space();
            scanner.pass(b':')?;
            scanner.pass_space();
            member(scanner, key)
        })
    }

    /// `[element, ..]`
    fn elements(&mut self, element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.list(b'[', b']', element)
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
            b'{' if depth < MAX_DEPTH => self.members(|scanner, _| scanner.value(depth + 1)),
            b'[' if depth < MAX_DEPTH => self.elements(|scanner| scanner.value(depth + 1)),
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
        let length = rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20)?;
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
