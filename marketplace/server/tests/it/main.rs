//! The marketplace without its process, one file per behaviour.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and short calls read better than exact signatures"
)]

mod answers;
mod auctions;
mod deadlines;
mod faults;
mod faulty;
mod guard;
mod held;
mod log;
mod look_ups;
mod market;
mod problems;
mod producer;
mod scripts;
mod tls;
mod transcript;
