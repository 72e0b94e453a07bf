use std::collections::VecDeque;

use crate::producer::ProducerId;

/// The last calls of all producers, to tell when the fault is likely ours.
///
/// Quotes come in whole: late answers are the last of a quote, and a window that ended within one
/// would see nothing but them.
#[derive(Debug, Default)]
pub(super) struct RecentCalls {
    calls: VecDeque<(ProducerId, bool)>,
    bad: usize,
}

/// Few enough that it is noticed in time when the fault is ours: three producers alone have four bad
/// calls each until then, which degrades none of them. Enough that a quarter of bad calls is hardly
/// taken for half by chance.
const WINDOW: usize = 24;
/// One or two producers that fail are their own fault even if there are no others.
const PRODUCERS: usize = 3;

impl RecentCalls {
    pub(super) fn add(&mut self, quote: &[(&ProducerId, bool)]) {
        for &(producer, bad) in quote {
            self.calls.push_back((producer.clone(), bad));
            self.bad += usize::from(bad);
        }
        while self.calls.len() > WINDOW.max(quote.len()) {
            let bad = self.calls.pop_front().is_some_and(|(_, bad)| bad);
            self.bad -= usize::from(bad);
        }
    }

    /// Whether more than half of the calls failed, and those of several producers.
    pub(super) fn mostly_fail(&self) -> bool {
        self.bad * 2 > self.calls.len() && {
            let mut producers = Vec::with_capacity(PRODUCERS);
            for (producer, _) in self.calls.iter().filter(|(_, bad)| *bad) {
                if producers.len() < PRODUCERS && !producers.contains(&producer) {
                    producers.push(producer);
                }
            }
            producers.len() == PRODUCERS
        }
    }
}
