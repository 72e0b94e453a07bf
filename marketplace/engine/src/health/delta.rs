use crate::producer::ProducerId;

use super::score::Score;

/// What calls changed in a producer's score since the store last heard: `score = scale * score +
/// shift`. Deltas of several servers apply one after the other, in any order, and each leaves a score
/// from 0 to 1 in that range.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthDelta {
    /// Whose score.
    pub producer: ProducerId,
    /// What the score is multiplied by, from 0 to 1.
    pub scale: f64,
    /// What is then added, from 0 to `1 - scale`.
    pub shift: f64,
    /// Of how many calls this is the sum.
    pub calls: u32,
}

/// What some calls do to a score. An exponentially weighted average is an affine map of what it was,
/// and such maps compose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    pub(super) scale: f64,
    pub(super) shift: f64,
    pub(super) calls: u32,
}

impl Change {
    pub(super) const NONE: Self = Self { scale: 1.0, shift: 0.0, calls: 0 };

    /// That of one good call, which moves the score by `weight` of the way to 1.
    pub(super) const fn good(weight: f64) -> Self {
        Self { scale: 1.0 - weight, shift: weight, calls: 1 }
    }

    /// That of one bad call, which moves the score by `weight` of the way to 0.
    pub(super) const fn bad(weight: f64) -> Self {
        Self { scale: 1.0 - weight, shift: 0.0, calls: 1 }
    }

    /// This one, and then `next`.
    pub(super) const fn then(self, next: Self) -> Self {
        let scale = self.scale * next.scale;
        // Rounding must not lift a score of 1 above it.
        let shift = (next.scale * self.shift + next.shift).clamp(0.0, 1.0 - scale);
        Self { scale, shift, calls: self.calls.saturating_add(next.calls) }
    }

    pub(super) const fn apply(self, score: Score) -> Score {
        score.changed(self.scale, self.shift)
    }

    pub(super) fn of(self, producer: ProducerId) -> HealthDelta {
        let Self { scale, shift, calls } = self;
        HealthDelta { producer, scale, shift, calls }
    }
}

impl From<&HealthDelta> for Change {
    fn from(delta: &HealthDelta) -> Self {
        Self { scale: delta.scale, shift: delta.shift, calls: delta.calls }
    }
}
