//! The whole thing from the outside, one file per behaviour.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that panics has failed, and what it prints is read"
)]

mod browser;
mod claims;
mod clock;
mod commands;
mod configuration;
mod crash;
mod curl;
mod faults;
mod logs;
mod node;
mod raw_socket;
mod reload;
mod slow_responder;
mod stopping;
