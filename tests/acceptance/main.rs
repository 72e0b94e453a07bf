//! The agent with a shop's worth of real products. Run by `tests/acceptance.sh DIR`, where DIR
//! holds the product data, which is not part of the project.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and what it prints is read"
)]

mod formats;
mod load;
mod products;
mod served;
mod shop;
/// Writes products in every format, also for the agent's own tests.
#[path = "../../reference-agent/tests/it/feed/writer.rs"]
mod writer;
