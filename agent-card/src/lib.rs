#![doc = include_str!("../README.md")]

pub mod card;
pub mod check;
pub mod endpoint;
mod host;
pub mod reader;
pub mod served;
pub mod skill;

pub use crate::card::{AgentCard, CardStyle};
pub use crate::check::{VerifiedHost, check_card};
pub use crate::endpoint::{CardUrl, RfqEndpoint};
pub use crate::reader::ForeignCard;
pub use crate::served::ServedCard;
pub use crate::skill::RESPOND_TO_RFQ;

/// The largest card this crate reads or writes, in bytes: 64 KiB.
///
/// A full card of ours is under 4 KiB, so this leaves room for hundreds of skills, while a hostile
/// card costs little memory and a moment to read.
pub const MAX_CARD_BYTES: usize = 65_536;
