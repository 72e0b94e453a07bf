use std::time::Duration;

use super::score::Score;
use super::state::HealthState;

/// How calls make a score, and scores a state. The defaults are those that the simulator found best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthPolicy {
    /// How much one call moves the score, above 0 and at most 1.
    pub weight: f64,
    /// A healthy producer whose score falls below is degraded.
    pub degrade_below: f64,
    /// A degraded producer whose score rises above is healthy again.
    pub recover_above: f64,
    /// A producer whose score falls below is suspended.
    pub suspend_below: f64,
    /// A suspended producer whose score rises above is degraded.
    pub resume_above: f64,
    /// The share of its requests that a suspended producer gets as probes.
    pub probe_share: f64,
    /// A suspended producer that had none for this long gets the next request as a probe.
    pub probe_after: Duration,
    /// Computes states for figures, and treats all producers as healthy.
    pub dry_run: bool,
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self {
            weight: 0.2,
            // Five bad calls in a row: 0.8 to the fifth is 0.33, to the fourth 0.41.
            degrade_below: 0.4,
            recover_above: 0.8,
            // Eight in a row.
            suspend_below: 0.2,
            resume_above: 0.4,
            probe_share: 0.1,
            probe_after: Duration::from_mins(1),
            dry_run: false,
        }
    }
}

/// Why a [`HealthPolicy`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HealthPolicyError {
    /// Scores would not move, or leave their range.
    #[error("weight: expected a number above 0 and at most 1")]
    Weight,
    /// States would contradict each other.
    #[error(
        "expected 0 <= suspend_below <= resume_above <= degrade_below <= recover_above < 1, as \
         scores go from 0 to 1"
    )]
    Thresholds,
    /// Not a share.
    #[error("probe_share: expected a number from 0 to 1")]
    ProbeShare,
}

impl HealthPolicy {
    pub(super) fn check(&self) -> Result<(), HealthPolicyError> {
        // Each comparison is false for what is not a number.
        if !(self.weight > 0.0 && self.weight <= 1.0) {
            return Err(HealthPolicyError::Weight);
        }
        let Self { suspend_below, resume_above, degrade_below, recover_above, .. } = *self;
        let thresholds = [0.0, suspend_below, resume_above, degrade_below, recover_above];
        if !(thresholds.is_sorted() && recover_above < 1.0) {
            return Err(HealthPolicyError::Thresholds);
        }
        if !(0.0..=1.0).contains(&self.probe_share) {
            return Err(HealthPolicyError::ProbeShare);
        }
        Ok(())
    }

    /// The state that follows `state`. It keeps to what it was while the score is between the
    /// threshold for worse and the one for better, so that it does not flap.
    pub(super) fn next(&self, state: HealthState, score: Score) -> HealthState {
        let score = score.get();
        let rises_to = if score > self.recover_above {
            HealthState::Healthy
        } else if score > self.resume_above {
            HealthState::Degraded
        } else {
            HealthState::Suspended
        };
        let falls_to = if score < self.suspend_below {
            HealthState::Suspended
        } else if score < self.degrade_below {
            HealthState::Degraded
        } else {
            HealthState::Healthy
        };
        // The better state is the lesser; in between, either is right.
        state.max(falls_to).min(rises_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_that_make_no_sense_are_refused() {
        let good = HealthPolicy::default();
        assert_eq!(good.check(), Ok(()));
        for weight in [0.0, -0.1, 1.1, f64::NAN] {
            assert_eq!(
                HealthPolicy { weight, ..good }.check(),
                Err(HealthPolicyError::Weight),
                "{weight}"
            );
        }
        for recover_above in [0.3, 1.0, f64::NAN] {
            let policy = HealthPolicy { recover_above, ..good };
            assert_eq!(policy.check(), Err(HealthPolicyError::Thresholds), "{recover_above}");
        }
        let policy = HealthPolicy { suspend_below: f64::NAN, ..good };
        assert_eq!(policy.check(), Err(HealthPolicyError::Thresholds));
        let policy = HealthPolicy { probe_share: f64::INFINITY, ..good };
        assert_eq!(policy.check(), Err(HealthPolicyError::ProbeShare));
    }

    #[test]
    fn states_keep_to_what_they_were_between_the_thresholds() {
        use HealthState::{Degraded, Healthy, Suspended};
        let policy = HealthPolicy {
            suspend_below: 0.2,
            resume_above: 0.4,
            degrade_below: 0.6,
            recover_above: 0.8,
            ..HealthPolicy::default()
        };
        for (score, from_healthy, from_degraded, from_suspended) in [
            (1.0, Healthy, Healthy, Healthy),
            (0.7, Healthy, Degraded, Degraded),
            (0.6, Healthy, Degraded, Degraded),
            (0.5, Degraded, Degraded, Degraded),
            (0.4, Degraded, Degraded, Suspended),
            (0.3, Degraded, Degraded, Suspended),
            (0.2, Degraded, Degraded, Suspended),
            (0.1, Suspended, Suspended, Suspended),
            (0.0, Suspended, Suspended, Suspended),
        ] {
            let next = |state| policy.next(state, Score::try_from(score).unwrap());
            assert_eq!(
                (next(Healthy), next(Degraded), next(Suspended)),
                (from_healthy, from_degraded, from_suspended),
                "{score}"
            );
        }
    }
}
