//! The engine's behaviours, one file each.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod closing;
mod fanning_out;
mod feedback;
mod freezing;
mod health;
mod market;
mod offers;
mod probing;
mod provisional;
mod ranking;
mod request;
mod validating;
