#![doc = include_str!("../README.md")]

mod call;
mod engine;
mod fan_out;
mod feedback;
mod health;
mod outcome;
mod problem;
mod producer;
mod rank;
mod request;
mod select;
mod validate;

pub use call::{Call, CallFailure, CallTrace, HttpAnswer, Phase, ProducerClient, Timings};
pub use engine::{
    ClosePolicy, Engine, EnginePolicy, EnginePolicyError, Provisional, Quote, QuoteOutcome,
};
pub use fan_out::CallRecord;
pub use feedback::{LossFeedback, PriceToWin, loss_feedback};
pub use health::{
    HealthBoard, HealthDelta, HealthDeltaError, HealthPolicy, HealthPolicyError, HealthState,
    Latency, Score, ScoreError, Standing,
};
pub use outcome::{CancelReason, HealthEffect, Outcome};
pub use problem::CallProblem;
pub use producer::{ClaimDomain, ClaimDomainError, ClaimDomains, ProducerId, ProducerIdError};
pub use rank::{Explanation, RankedOffer, RankingPolicy, Rule, rank};
pub use request::QuoteRequest;
pub use select::{Candidate, DeliveryArea, TrackRecord};
pub use validate::{AcceptedOffer, Asked, Verdict, validate};
