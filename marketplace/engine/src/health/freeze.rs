use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::producer::ProducerId;

/// Tells when the fault is likely ours: while most calls of several producers fail, what fails is not
/// held against them.
///
/// It cannot tell our fault from that of producers that are simply bad, so it soon ends, and does not
/// begin again until most calls have succeeded: those that go on failing are found out.
#[derive(Debug, Default)]
pub(super) struct Freeze {
    recent: RecentCalls,
    state: State,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// It may begin.
    #[default]
    Ready,
    /// It lasts until then at most.
    Frozen(Instant),
    /// It had its time, and most calls fail still.
    Spent,
}

/// What a freeze did that an operator should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FreezeEvent {
    Began,
    /// Most calls succeed.
    Thawed,
    /// Most calls fail still.
    RanOut,
}

impl Freeze {
    /// Long enough for a network to come back, short enough that nobody hides behind it.
    const LONGEST: Duration = Duration::from_mins(1);

    /// Takes in how the calls of one quote ended at `now`: whose they were, and whether they failed.
    pub(super) fn add(
        &mut self,
        quote: Vec<(ProducerId, bool)>,
        now: Instant,
    ) -> Option<FreezeEvent> {
        self.recent.add(quote, now);
        let (state, event) = match self.state {
            State::Ready if self.recent.mostly_fail_of_several() => {
                (State::Frozen(now + Self::LONGEST), Some(FreezeEvent::Began))
            }
            State::Frozen(_) if !self.recent.mostly_fail() => {
                (State::Ready, Some(FreezeEvent::Thawed))
            }
            State::Frozen(until) if now >= until => (State::Spent, Some(FreezeEvent::RanOut)),
            State::Spent if !self.recent.mostly_fail() => (State::Ready, None),
            state @ (State::Ready | State::Frozen(_) | State::Spent) => (state, None),
        };
        self.state = state;
        event
    }

    pub(super) fn is_on(&self, now: Instant) -> bool {
        matches!(self.state, State::Frozen(until) if now < until)
    }
}

/// The last calls of all producers, in whole quotes: within one, those of degraded producers come
/// last, and a window that ended there would see nothing but them.
#[derive(Debug, Default)]
struct RecentCalls {
    quotes: VecDeque<(Instant, Vec<(ProducerId, bool)>)>,
    calls: usize,
    bad: usize,
}

/// Few enough that it is noticed in time when the fault is ours: three producers alone have four bad
/// calls each until then, which degrades none of them. Enough that a quarter of bad calls is hardly
/// taken for half by chance.
const WINDOW: usize = 24;
/// One or two producers that fail are their own fault even if there are no others.
const PRODUCERS: usize = 3;

impl RecentCalls {
    /// What is older says nothing of now.
    const OLDEST: Duration = Duration::from_mins(10);

    fn add(&mut self, quote: Vec<(ProducerId, bool)>, now: Instant) {
        // Of a quote without one it learns nothing.
        if quote.is_empty() {
            return;
        }
        self.calls += quote.len();
        self.bad += bad(&quote).count();
        self.quotes.push_back((now, quote));
        while let Some((ended, oldest)) = self.quotes.front()
            && (self.calls - oldest.len() >= WINDOW || *ended + Self::OLDEST < now)
        {
            self.calls -= oldest.len();
            self.bad -= bad(oldest).count();
            self.quotes.pop_front();
        }
    }

    fn mostly_fail(&self) -> bool {
        self.bad * 2 > self.calls
    }

    fn mostly_fail_of_several(&self) -> bool {
        self.mostly_fail() && {
            let mut producers = Vec::with_capacity(PRODUCERS);
            for producer in self.quotes.iter().flat_map(|(_, quote)| bad(quote)) {
                if producers.len() < PRODUCERS && !producers.contains(&producer) {
                    producers.push(producer);
                }
            }
            producers.len() == PRODUCERS
        }
    }
}

fn bad(quote: &[(ProducerId, bool)]) -> impl Iterator<Item = &ProducerId> {
    quote.iter().filter(|(_, bad)| *bad).map(|(producer, _)| producer)
}
