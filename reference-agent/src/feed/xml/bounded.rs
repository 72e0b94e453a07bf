//! A document that is read piece by piece, each of a bounded length, its lines counted.

use std::io::{self, BufRead, BufReader, Read};

/// The most bytes of a tag or a text. What is too long for a product is rejected long before; this
/// only keeps the memory bounded that a document takes which never ends a text.
const MOST_BYTES: usize = 16 << 20;

/// A document that is read piece by piece.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    source: BufReader<R>,
    left: usize,
    line: u64,
    bytes: u64,
}

impl<R: Read> Bounded<R> {
    pub(super) fn of(source: R) -> Self {
        Self {
            source: BufReader::with_capacity(1 << 16, source),
            left: MOST_BYTES,
            line: 1,
            bytes: 0,
        }
    }

    /// Begins the next piece.
    pub(super) fn begin(&mut self) {
        self.left = MOST_BYTES;
    }

    /// The line read now, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(out)?;
        self.consume(len);
        Ok(len)
    }
}

impl<R: Read> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "a tag or a text of more than 16 MiB",
            ));
        }
        let available = self.source.fill_buf()?;
        available.get(..available.len().min(self.left)).ok_or_else(|| io::ErrorKind::Other.into())
    }

    fn consume(&mut self, len: usize) {
        let read = self.source.buffer().get(..len).unwrap_or_default();
        for byte in read {
            self.line += u64::from(*byte == b'\n');
        }
        self.bytes += u64::try_from(len).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(len);
        self.source.consume(len);
    }
}
