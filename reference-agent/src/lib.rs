//! A retailer's agent: answers requests for quotes from the shop's own product data.
//!
//! [`app::app`] is the whole of it as a router; the binary `rfq-agent` puts it on a socket.

pub mod admin;
pub mod app;
pub mod ask;
pub mod calendar;
pub mod catalogue;
pub mod checkout;
pub mod config;
mod configured;
mod data_dir;
pub mod feed;
pub mod ledger;
pub mod new_file;
pub mod price_service;
pub mod pricing;
pub mod quote;
pub mod responder;
mod routes;
pub mod rules;
pub mod secret;
pub mod server;
pub mod shipping;
pub mod source;
pub mod stock;
pub mod telemetry;
