//! The SDK from the outside, one file per behaviour.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that panics has failed, and what it prints is read"
)]

mod answering;
mod bit_flips;
mod compile_fail;
mod offer;
mod rfq;
mod router;
mod signer;
mod vectors;
