//! How well a producer answers, and what follows from it.

mod board;
mod delta;
mod freeze;
mod latency;
mod policy;
mod score;
mod state;

pub(crate) use board::Turn;
pub use board::{HealthBoard, Standing};
pub use delta::{HealthDelta, HealthDeltaError};
pub use latency::Latency;
pub use policy::{HealthPolicy, HealthPolicyError};
pub use score::{Score, ScoreError};
pub use state::HealthState;
