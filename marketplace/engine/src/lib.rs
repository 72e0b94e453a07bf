#![doc = include_str!("../README.md")]

mod call;
mod health;
mod outcome;
mod producer;
mod request;

pub use call::{Call, CallFailure, CallTrace, HttpAnswer, Phase, ProducerClient, Timings};
pub use health::HealthState;
pub use outcome::{CancelReason, HealthEffect, Outcome};
pub use producer::{ClaimDomain, ClaimDomainError, ClaimDomains, ProducerId, ProducerIdError};
pub use request::QuoteRequest;
