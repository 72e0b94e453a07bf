use super::score::Score;

/// What some calls do to a score: `scale * score + shift`. An exponentially weighted average is such a
/// map of what it was, and so are several of them one after another. A score from 0 to 1 stays there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthDelta {
    scale: f64,
    shift: f64,
    calls: u32,
}

/// Not a [`HealthDelta`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a scale from 0 to 1, and a shift from 0 to what is left to 1")]
pub struct HealthDeltaError;

impl HealthDelta {
    pub(super) const NONE: Self = Self { scale: 1.0, shift: 0.0, calls: 0 };

    /// The map `scale * score + shift`, made by so many calls.
    ///
    /// # Errors
    /// [`HealthDeltaError`] if it could lead a score out of [0, 1].
    pub fn new(scale: f64, shift: f64, calls: u32) -> Result<Self, HealthDeltaError> {
        // What several rounded maps add up to may be a little more than it should.
        let in_range = (0.0..=1.0).contains(&scale) && (0.0..=1.0).contains(&shift);
        let fits = in_range && scale + shift <= 1.0 + 1e-9;
        fits.then_some(Self { scale, shift, calls }).ok_or(HealthDeltaError)
    }

    /// What a score is multiplied by, from 0 to 1.
    #[must_use]
    pub const fn scale(self) -> f64 {
        self.scale
    }

    /// What is then added, from 0 to `1 - scale`.
    #[must_use]
    pub const fn shift(self) -> f64 {
        self.shift
    }

    /// Of how many calls this is the sum.
    #[must_use]
    pub const fn calls(self) -> u32 {
        self.calls
    }

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

    /// What comes of `score`.
    #[must_use]
    pub const fn apply(self, score: Score) -> Score {
        score.changed(self.scale, self.shift)
    }
}
