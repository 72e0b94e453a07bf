/// How well a producer answers, from 0 (never) to 1 (always): an exponentially weighted share of good
/// calls.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(f64);

/// Not a [`Score`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from 0 to 1")]
pub struct ScoreError;

impl Score {
    /// That of a producer of which nothing is known yet.
    pub const NEW: Self = Self(1.0);

    /// The score as a number from 0 to 1.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// `scale * score + shift`, kept in the range where rounding would leave it.
    pub(super) const fn changed(self, scale: f64, shift: f64) -> Self {
        Self((scale * self.0 + shift).clamp(0.0, 1.0))
    }
}

impl TryFrom<f64> for Score {
    type Error = ScoreError;

    fn try_from(value: f64) -> Result<Self, ScoreError> {
        (0.0..=1.0).contains(&value).then_some(Self(value)).ok_or(ScoreError)
    }
}
