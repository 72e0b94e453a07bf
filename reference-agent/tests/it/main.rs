//! The agent without its process, one file per behaviour.

#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and short calls read better than exact signatures"
)]

mod asking;
mod feed;
mod log_line;
mod message_send;
mod pages;
mod quote;
mod secret;
mod server;
