//! When failures are not held against producers, since the fault is likely ours.

use std::time::Duration;

use rfq_engine::{CancelReason, HealthBoard, HealthPolicy, HealthState, Outcome, ProducerId};
use tokio::time::Instant;

use crate::market::id;

/// A board, and quotes a second apart.
struct Board {
    board: HealthBoard,
    now: Instant,
}

impl Board {
    fn new() -> Self {
        Self { board: HealthBoard::new(HealthPolicy::default()).unwrap(), now: Instant::now() }
    }

    fn quote(&mut self, calls: impl IntoIterator<Item = (ProducerId, Outcome)>) {
        self.now += Duration::from_secs(1);
        let calls: Vec<_> = calls.into_iter().collect();
        let calls = calls.iter().map(|(producer, outcome)| (producer, *outcome, None));
        self.board.record(calls, self.now);
    }

    /// A quote to `p0` and so on, of which the last `bad` fail.
    fn of(&mut self, producers: usize, bad: usize) {
        self.quote((0..producers).map(|n| (name(n), outcome(n + bad >= producers))));
    }

    fn state(&self, n: usize) -> HealthState {
        self.board.standing(&name(n), self.now).state
    }

    fn is_frozen(&self) -> bool {
        self.board.is_frozen(self.now)
    }
}

fn name(n: usize) -> ProducerId {
    id(&format!("p{n}"))
}

fn outcome(bad: bool) -> Outcome {
    if bad { Outcome::ConnectFailed } else { Outcome::Decline }
}

#[test]
fn an_outage_of_ours_is_held_against_nobody() {
    for producers in [3, 5, 50] {
        let mut board = Board::new();
        for _ in 0..20 {
            board.of(producers, 0);
        }
        for _ in 0..60 {
            board.of(producers, producers);
        }
        assert!(board.is_frozen());
        let healthy = |n| board.state(n) == HealthState::Healthy;
        assert!((0..producers).all(healthy), "of {producers}");
        for _ in 0..20 {
            board.of(producers, 0);
        }
        assert!(!board.is_frozen(), "of {producers}");
        for _ in 0..5 {
            board.of(producers, producers / 2);
        }
        assert_eq!(board.state(producers - 1), HealthState::Degraded, "less than half fail");
        assert_eq!(board.state(0), HealthState::Healthy);
    }
}

#[test]
fn a_great_quote_that_fails_at_once_changes_nothing() {
    let mut board = Board::new();
    board.of(200, 200);
    assert!(board.board.standing(&name(0), board.now).score.get() >= 1.0);
}

#[test]
fn one_or_two_producers_are_degraded_all_the_same() {
    let mut board = Board::new();
    for _ in 0..20 {
        board.of(2, 2);
        assert!(!board.is_frozen());
    }
    assert_ne!(board.state(0), HealthState::Healthy);
}

#[test]
fn those_that_are_simply_bad_are_found_out() {
    let mut board = Board::new();
    for _ in 0..60 {
        board.of(5, 3);
        assert_eq!(board.state(4), HealthState::Healthy, "the fault may be ours");
    }
    for _ in 0..5 {
        board.of(5, 3);
        assert!(!board.is_frozen());
    }
    let states = [0, 1, 2, 3, 4].map(|n| board.state(n));
    assert_eq!(states[..2], [HealthState::Healthy; 2]);
    assert_eq!(states[2..], [HealthState::Degraded; 3]);
}

#[test]
fn one_that_fails_now_and_then_does_not_excuse_two_that_are_dead() {
    let mut board = Board::new();
    for quote in 0..100 {
        board.quote([
            (name(0), outcome(true)),
            (name(1), outcome(true)),
            (name(2), outcome(quote % 7 == 0)),
        ]);
    }
    assert_eq!([0, 1, 2].map(|n| board.state(n) == HealthState::Healthy), [false, false, true]);
}

#[test]
fn a_freeze_that_had_its_time_does_not_begin_again_until_most_calls_succeed() {
    let mut board = Board::new();
    let frozen = |board: &mut Board, bad| {
        board.of(10, bad);
        board.is_frozen()
    };
    assert_eq!((0..200).filter(|_| frozen(&mut board, 8)).count(), 60);
    assert!((0..10).all(|_| !frozen(&mut board, 4)), "most succeed");
    assert!((0..10).any(|_| frozen(&mut board, 8)), "and now they do not");
}

#[test]
fn what_works_is_seen_during_a_freeze() {
    let mut board = Board::new();
    for _ in 0..9 {
        board.quote([(name(0), outcome(true))]);
    }
    assert_eq!(board.state(0), HealthState::Suspended);
    for _ in 0..10 {
        board.of(10, 9);
    }
    assert!(board.is_frozen());
    assert_eq!(board.state(0), HealthState::Healthy);
}

#[test]
fn the_degraded_end_of_a_great_quote_is_not_all_that_is_seen_of_it() {
    let mut board = Board::new();
    board.of(100, 15);
    board.of(1, 0);
    assert!(!board.is_frozen());
    board.of(10, 0);
    assert!(!board.is_frozen());
}

#[test]
fn a_quote_that_shows_nothing_changes_nothing() {
    let mut board = Board::new();
    board.of(100, 15);
    let closed = Outcome::Cancelled(CancelReason::ClosedEarly);
    board.quote((0..100).map(|n| (name(n), closed)));
    board.of(3, 3);
    assert!(!board.is_frozen());
}

#[test]
fn failures_of_long_ago_say_nothing_of_now() {
    let mut board = Board::new();
    for producer in 0..2 {
        board.quote([(name(producer), outcome(true))]);
    }
    board.now += Duration::from_mins(11);
    board.quote([(name(2), outcome(true))]);
    assert!(!board.is_frozen(), "three failed, but not together");
    for producer in 0..2 {
        board.quote([(name(producer), outcome(true))]);
    }
    assert!(board.is_frozen());
}
