//! Whether a file is still the one that was read.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use chrono::{DateTime, Utc};

/// What changes when a file is written or another is put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: u64,
    written_at: DateTime<Utc>,
}

impl Stamp {
    pub(super) fn new(file: &Metadata) -> io::Result<Self> {
        Ok(Self { inode: file.ino(), bytes: file.len(), written_at: file.modified()?.into() })
    }

    pub(super) fn written_at(self) -> DateTime<Utc> {
        self.written_at
    }
}
