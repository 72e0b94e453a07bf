//! The rows of a table, tab-separated or comma-separated (RFC 4180).
//!
//! A quote that is left open must not swallow the rows behind it: a row whose quotes do not work out
//! is given up, and reading goes on in the line after the one it began in.

use std::collections::VecDeque;
use std::io::{self, Read};

use crate::feed::lines::{Line, Lines, MOST_BYTES};

/// What separates the values of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) enum Separator {
    /// Then a value may stand in double quotes, but cannot hold a tab or a line break.
    Tab,
    /// Then a value in double quotes may hold anything, with its double quotes doubled.
    Comma,
}

/// The values of a row.
#[derive(Debug, Default)]
pub(in crate::feed) struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Record {
    pub(in crate::feed) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(in crate::feed) fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.bytes.get(start.unwrap_or(0)..end)
    }

    pub(in crate::feed) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn end_value(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

/// A row, or what should have been one.
#[derive(Debug)]
pub(in crate::feed) struct Taken {
    /// The line it begins in.
    pub(in crate::feed) line: u64,
    /// Whether a line break ends it.
    pub(in crate::feed) is_ended: bool,
    /// Why it is none.
    pub(in crate::feed) broken: Option<&'static str>,
}

/// The rows of `R`.
#[derive(Debug)]
pub(in crate::feed) struct Records<R> {
    lines: Lines<R>,
    separator: Separator,
    /// Lines that were read as part of a row that was given up.
    again: VecDeque<Line>,
    /// Up to this line a row that goes on into the next line is known to be given up in the end, so
    /// that no line is looked at more than twice.
    hopeless_up_to: u64,
    /// Whether a quote was open at the end of the file.
    is_open_at_end: bool,
}

const TOO_LONG: &str = "longer than 1 MiB";
const OPEN: &str = "a double quote opens a value here and is not closed before a comma or the end of \
                    the row; double the quotes inside a quoted value";

impl<R: Read> Records<R> {
    pub(in crate::feed) fn of(source: R, separator: Separator) -> Self {
        Self {
            lines: Lines::of(source),
            separator,
            again: VecDeque::new(),
            hopeless_up_to: 0,
            is_open_at_end: false,
        }
    }

    /// Bytes read so far.
    pub(in crate::feed) fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// Whether a quote was open at the end of the file.
    pub(in crate::feed) fn is_open_at_end(&self) -> bool {
        self.is_open_at_end
    }

    /// Reads the next row into `record`; rows without any value are passed over.
    pub(in crate::feed) fn next(&mut self, record: &mut Record) -> io::Result<Option<Taken>> {
        loop {
            let Some(first) = self.next_line()? else { return Ok(None) };
            let taken = self.record(&first, record)?;
            let is_blank = |value: &[u8]| value.iter().all(u8::is_ascii_whitespace);
            if taken.broken.is_some() || !record.iter().all(is_blank) {
                return Ok(Some(taken));
            }
        }
    }

    fn record(&mut self, first: &Line, record: &mut Record) -> io::Result<Taken> {
        record.clear();
        let (line, is_ended) = (first.number, first.is_ended);
        let broken = |reason| Taken { line, is_ended, broken: Some(reason) };
        if first.is_too_long {
            return Ok(broken(TOO_LONG));
        }
        if self.separator == Separator::Tab {
            for value in first.text.split(|byte| *byte == b'\t') {
                record.bytes.extend_from_slice(value);
                record.end_value();
            }
            return Ok(Taken { line, is_ended, broken: None });
        }
        match split(&first.text, State::Start, record) {
            Split::Complete => Ok(Taken { line, is_ended, broken: None }),
            Split::Malformed => Ok(broken(OPEN)),
            Split::Open if line <= self.hopeless_up_to => Ok(broken(OPEN)),
            Split::Open => self.go_on(line, record).map(|end| match end {
                Ok(is_ended) => Taken { line, is_ended, broken: None },
                Err(reason) => broken(reason),
            }),
        }
    }

    /// Goes on with a row that began in `line` and whose quote is open. In the end, whether a line
    /// break ends it, or why it is given up.
    fn go_on(&mut self, line: u64, record: &mut Record) -> io::Result<Result<bool, &'static str>> {
        let mut held: VecDeque<Line> = VecDeque::new();
        let mut last_open = line;
        let reason = loop {
            let Some(next) = self.next_line()? else {
                self.is_open_at_end = true;
                break OPEN;
            };
            let is_ended = next.is_ended;
            let is_too_long =
                next.is_too_long || record.bytes.len() + next.text.len() >= MOST_BYTES;
            let split =
                if is_too_long { Split::Open } else { split(&next.text, State::Quoted, record) };
            match split {
                Split::Complete => return Ok(Ok(is_ended)),
                Split::Malformed => {
                    held.push_back(next);
                    break OPEN;
                }
                Split::Open => {
                    last_open = next.number;
                    held.push_back(next);
                    if is_too_long {
                        break TOO_LONG;
                    }
                }
            }
        };
        self.hopeless_up_to = self.hopeless_up_to.max(last_open);
        held.append(&mut self.again);
        self.again = held;
        Ok(Err(reason))
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        match self.again.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quote that ends the value, or is the first of two.
    Closed,
}

enum Split {
    Complete,
    /// A quote is open at the end of the line.
    Open,
    Malformed,
}

/// Adds the values of a line to `record`. A quote inside a value that does not begin with one stands
/// for itself.
fn split(line: &[u8], mut state: State, record: &mut Record) -> Split {
    for byte in line {
        state = match (state, *byte) {
            (State::Start, b'"') => State::Quoted,
            (State::Start | State::Plain | State::Closed, b',') => {
                record.end_value();
                State::Start
            }
            (State::Quoted, b'"') => State::Closed,
            (State::Closed, b'"') | (State::Quoted, _) => {
                record.bytes.push(*byte);
                State::Quoted
            }
            (State::Closed, _) => return Split::Malformed,
            (State::Start | State::Plain, _) => {
                record.bytes.push(*byte);
                State::Plain
            }
        };
    }
    if state == State::Quoted {
        record.bytes.push(b'\n');
        return Split::Open;
    }
    record.end_value();
    Split::Complete
}
