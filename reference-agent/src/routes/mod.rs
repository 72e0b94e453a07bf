//! One file or folder per route.

mod card;
mod cart;
mod healthz;
mod message_send;
mod metrics;
mod orders;

pub(crate) use card::card;
pub(crate) use cart::{Cart, claim_offer, show_offer};
pub(crate) use healthz::{Health, healthz};
pub(crate) use message_send::{Declines, MessageSend, message_send};
pub(crate) use metrics::metrics;
pub(crate) use orders::{Orders, mark_sold, show_order};
