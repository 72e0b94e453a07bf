//! One file per route.

mod card;
mod cart;
mod healthz;
mod message_send;

pub(crate) use card::card;
pub(crate) use cart::{Cart, cart};
pub(crate) use healthz::healthz;
pub(crate) use message_send::message_send;
