//! The agent without its process, one file per behaviour.

#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and short calls read better than exact signatures"
)]

mod admin;
mod asking;
mod calendar;
mod checkout;
mod claims;
mod command_line;
mod config;
mod config_init;
mod config_problems;
mod config_table;
mod feed;
mod importing;
mod ledger;
mod log;
mod message_send;
mod new_file;
mod pages;
mod postgres;
mod price_service;
mod pricing;
mod quote;
mod quote_invariants;
mod reading_log;
mod responder;
mod secret;
mod server;
mod shipping;
mod source;
mod sql_feed;
mod telemetry;
