//! How well a producer answers, and what follows from it.

mod state;

pub use state::HealthState;
