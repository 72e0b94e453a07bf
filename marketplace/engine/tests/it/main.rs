//! The engine's behaviours, one file each.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod feedback;
mod offers;
mod ranking;
mod request;
mod validating;
