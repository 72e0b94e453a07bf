/// What a producer's health means for it: the better state comes first in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthState {
    /// Called, and ranked by its offers alone.
    Healthy,
    /// Called after the healthy ones when not all can be, and its offers rank with a handicap.
    Degraded,
    /// Only probed: a few real calls, whose offers rank as those of a degraded one.
    Suspended,
}

impl HealthState {
    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Suspended => "suspended",
        }
    }
}
