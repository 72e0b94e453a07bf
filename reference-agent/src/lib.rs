//! A retailer's agent: answers requests for quotes from the shop's own product data.
//!
//! [`app::app`] is the whole of it as a router; the binary `rfq-agent` puts it on a socket.

pub mod app;
pub mod ask;
pub mod catalogue;
pub mod feed;
pub mod log_line;
pub mod pricing;
pub mod quote;
pub mod responder;
mod routes;
pub mod rules;
pub mod secret;
pub mod server;
pub mod shipping;
