//! The lines of a file, however long they are.

use std::io::{self, BufRead as _, BufReader, Read};

/// The most bytes a row, a line or an element may have: a thousand times what a product needs, and
/// little beside what the catalogue takes.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// A line.
#[derive(Debug)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// Without its line break; empty when it is too long.
    pub(super) text: Vec<u8>,
    /// Whether it has more than [`MOST_BYTES`].
    pub(super) is_too_long: bool,
    /// Whether a line break ends it; only the last one may do without.
    pub(super) is_ended: bool,
}

/// The lines of `R`.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: BufReader<R>,
    number: u64,
    bytes: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(source: R) -> Self {
        Self { source: BufReader::with_capacity(1 << 16, source), number: 0, bytes: 0 }
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line. A byte order mark before the first is passed over.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line =
            Line { number: self.number + 1, text: Vec::new(), is_too_long: false, is_ended: false };
        let mut is_end = true;
        while !line.is_ended {
            let available = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                available => available?,
            };
            if available.is_empty() {
                break;
            }
            is_end = false;
            let found = available.iter().position(|byte| *byte == b'\n');
            let (part, used) = match found {
                None => (available, available.len()),
                Some(at) => (available.get(..at).unwrap_or_default(), at + 1),
            };
            line.is_too_long |= line.text.len() + part.len() > MOST_BYTES;
            if line.is_too_long {
                line.text = Vec::new();
            } else {
                line.text.extend_from_slice(part);
            }
            line.is_ended = found.is_some();
            self.source.consume(used);
            self.bytes = self.bytes.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        }
        if is_end {
            return Ok(None);
        }
        if line.text.last() == Some(&b'\r') {
            line.text.pop();
        }
        if self.number == 0 && line.text.starts_with(b"\xef\xbb\xbf") {
            line.text.drain(..3);
        }
        self.number += 1;
        Ok(Some(line))
    }
}
