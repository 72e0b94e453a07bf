//! Scores and states.

use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use rfq_engine::{
    CancelReason, HealthBoard, HealthDelta, HealthDeltaError, HealthEffect, HealthPolicy,
    HealthPolicyError, HealthState, Outcome, Score, Standing,
};
use tokio::time::Instant;

use crate::market::id;

fn board() -> HealthBoard {
    HealthBoard::new(HealthPolicy::default()).unwrap()
}

fn record(board: &HealthBoard, producer: &str, outcome: Outcome) {
    board.record([(&id(producer), outcome, None)], Instant::now());
}

fn standing(board: &HealthBoard, producer: &str) -> Standing {
    board.standing(&id(producer), Instant::now())
}

fn score(board: &HealthBoard, producer: &str) -> f64 {
    standing(board, producer).score.get()
}

#[test]
fn ten_late_answers_in_a_row_degrade() {
    let board = board();
    for _ in 0..100 {
        record(&board, "a", Outcome::Offer);
    }
    let mut needed = 0;
    while standing(&board, "a").state == HealthState::Healthy {
        record(&board, "a", Outcome::Late);
        needed += 1;
    }
    assert!((3..=10).contains(&needed), "{needed} are too many, or too few for bad luck");
}

#[test]
fn declines_are_good_and_what_we_cut_ourselves_counts_for_nothing() {
    let board = board();
    for outcome in [
        Outcome::Decline,
        Outcome::Cancelled(CancelReason::QuoteDeadline),
        Outcome::Cancelled(CancelReason::ClosedEarly),
        Outcome::Cancelled(CancelReason::CallerGone),
        Outcome::SkippedNoTime,
        Outcome::SkippedSuspended,
        Outcome::Panicked,
    ] {
        record(&board, "a", outcome);
        assert!(score(&board, "a") >= 1.0, "{outcome}");
    }
    for outcome in [Outcome::Late, Outcome::HttpStatus(503), Outcome::InvalidField("price_usd")] {
        let before = score(&board, "a");
        record(&board, "a", outcome);
        assert!(score(&board, "a") < before, "{outcome}");
    }
}

#[test]
fn updates_at_once_stay_in_range_and_none_is_lost() {
    let board = board();
    let calls = 5_000;
    thread::scope(|scope| {
        for writer in 0..4 {
            let board = &board;
            scope.spawn(move || {
                for n in 0..calls {
                    let bad = (n * 7 + writer) % 3 == 0;
                    record(board, "a", if bad { Outcome::Late } else { Outcome::Offer });
                    let score = score(board, "a");
                    assert!((0.0..=1.0).contains(&score), "{score}");
                }
            });
        }
        scope.spawn(|| {
            for n in 0..calls {
                let score = f64::from(n % 2);
                board.rebase(&id("a"), Score::try_from(score).unwrap());
            }
        });
    });
    let deltas = board.take_deltas();
    assert_eq!(deltas.values().map(|delta| delta.calls()).collect::<Vec<_>>(), [4 * calls]);
}

#[test]
fn servers_share_health_through_their_deltas() {
    let servers = [board(), board()];
    let mut stored = 1.0;
    for second in 0..20 {
        for (server, board) in servers.iter().enumerate() {
            for n in 0..3 {
                let bad = (second + server + n) % 4 != 0;
                record(board, "a", if bad { Outcome::Late } else { Outcome::Offer });
            }
        }
        for board in &servers {
            for (producer, delta) in board.take_deltas() {
                assert_eq!((&producer, delta.calls()), (&id("a"), 3));
                stored = delta.scale() * stored + delta.shift();
                board.rebase(&producer, Score::try_from(stored).unwrap());
            }
        }
        servers[0].rebase(&id("a"), Score::try_from(stored).unwrap());
        for board in &servers {
            assert!((score(board, "a") - stored).abs() < 1e-9);
        }
    }
    assert!(servers.iter().all(|board| board.take_deltas().is_empty()));
}

#[test]
fn a_delta_that_could_not_be_stored_goes_with_the_next() {
    let (board, other) = (board(), board());
    for outcome in [Outcome::Late, Outcome::Offer, Outcome::Late, Outcome::Late, Outcome::Offer] {
        record(&other, "a", outcome);
    }
    record(&board, "a", Outcome::Late);
    record(&board, "a", Outcome::Offer);
    let lost = board.take_deltas();
    record(&board, "a", Outcome::Late);
    board.put_back(&id("a"), lost[&id("a")]);
    record(&board, "a", Outcome::Late);
    record(&board, "a", Outcome::Offer);
    assert!((score(&board, "a") - score(&other, "a")).abs() < 1e-9);
    let (delta, expected) = (board.take_deltas()[&id("a")], other.take_deltas()[&id("a")]);
    assert_eq!(delta.calls(), 5);
    assert!((delta.scale() - expected.scale()).abs() < 1e-9);
    assert!((delta.shift() - expected.shift()).abs() < 1e-9);
}

#[test]
fn what_the_store_knows_is_the_state_from_the_start() {
    let stored = |board: &HealthBoard, score| {
        board.rebase(&id("a"), Score::try_from(score).unwrap());
        standing(board, "a")
    };
    // Between the thresholds it may have been either, and is taken to be the worse.
    for (score, state) in [
        (0.05, HealthState::Suspended),
        (0.25, HealthState::Suspended),
        (0.41, HealthState::Degraded),
        (0.6, HealthState::Degraded),
        (0.81, HealthState::Healthy),
    ] {
        let board = board();
        let standing = stored(&board, score);
        assert_eq!(standing.state, state, "{score}");
        assert_eq!(standing.probe_due, state == HealthState::Suspended, "{score}");
        assert!(board.take_deltas().is_empty(), "it is not news to the store");
    }
    let board = board();
    assert_eq!(stored(&board, 0.9).state, HealthState::Healthy);
    assert_eq!(stored(&board, 0.6).state, HealthState::Healthy, "this board knows that it was");
    for score in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(Score::try_from(score).is_err(), "{score}");
    }
}

#[test]
fn latency_is_measured_per_producer() {
    let board = board();
    assert_eq!(standing(&board, "a").latency, None);
    for n in 1..=100 {
        let latency = Some(Duration::from_millis(n));
        board.record([(&id("a"), Outcome::Offer, latency)], Instant::now());
    }
    let latency = standing(&board, "a").latency.unwrap();
    let ms = Duration::from_millis;
    assert!((ms(50)..ms(60)).contains(&latency.p50), "{latency:?}");
    assert!((ms(95)..ms(114)).contains(&latency.p95), "{latency:?}");
}

#[test]
fn failing_fast_is_not_answering_fast() {
    let board = board();
    let record = |outcome, ms| {
        let call = (&id("a"), outcome, Some(Duration::from_millis(ms)));
        board.record([call], Instant::now());
    };
    for _ in 0..100 {
        record(Outcome::HttpStatus(503), 3);
        record(Outcome::InvalidField("price_usd"), 3);
        record(Outcome::Decline, 500);
    }
    let latency = standing(&board, "a").latency.unwrap();
    assert!(latency.p50 >= Duration::from_millis(500), "{latency:?}");
    for _ in 0..100 {
        record(Outcome::Late, 4000);
    }
    let latency = standing(&board, "a").latency.unwrap();
    assert!(latency.p95 >= Duration::from_secs(4), "{latency:?}");
}

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    let policy = HealthPolicy { weight: 0.0, ..HealthPolicy::default() };
    let refused = HealthBoard::new(policy).unwrap_err();
    assert_eq!(refused, HealthPolicyError::Weight);
    insta::assert_snapshot!(refused, @"weight: expected a number above 0 and at most 1");
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Call(Outcome),
    Store(f64),
    Flush,
    FailToFlush,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        Just(Outcome::Offer),
        Just(Outcome::Decline),
        Just(Outcome::Late),
        Just(Outcome::ClaimDomain),
        Just(Outcome::Panicked),
        any::<u16>().prop_map(Outcome::HttpStatus),
    ];
    prop_oneof![
        8 => outcome.prop_map(Step::Call),
        1 => (0.0..=1.0).prop_map(Step::Store),
        1 => Just(Step::Flush),
        1 => Just(Step::FailToFlush),
    ]
}

#[test]
fn deltas_cannot_lead_out_of_the_range() {
    for (factor, term) in [(0.0, 1.0), (1.0, 0.0), (0.7, 0.3), (0.0, 0.0)] {
        assert!(HealthDelta::new(factor, term, 1).is_ok(), "{factor} {term}");
    }
    for (factor, term) in [
        (1.1, 0.0),
        (-0.1, 0.5),
        (0.5, 0.6),
        (0.5, -0.1),
        (f64::NAN, 0.0),
        (0.0, f64::NAN),
        (f64::INFINITY, 0.0),
        (0.0, f64::NEG_INFINITY),
    ] {
        assert_eq!(HealthDelta::new(factor, term, 1), Err(HealthDeltaError), "{factor} {term}");
    }
}

proptest! {
    #[test]
    fn weighted_averages_are_deltas(weights in proptest::collection::vec((0.0..=1.0, any::<bool>()), 0..50)) {
        let (mut factor, mut term) = (1.0, 0.0);
        for (weight, good) in weights {
            factor *= 1.0 - weight;
            term = term * (1.0 - weight) + if good { weight } else { 0.0 };
        }
        prop_assert!(HealthDelta::new(factor, term, 1).is_ok(), "{} {}", factor, term);
    }

    #[test]
    fn scores_stay_in_range_and_states_follow_them(
        weight in prop_oneof![0.001..=1.0, Just(1.0)],
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let policy = HealthPolicy { weight, ..HealthPolicy::default() };
        let board = HealthBoard::new(policy).unwrap();
        let mut last = 1.0;
        for step in steps {
            match step {
                Step::Call(outcome) => record(&board, "a", outcome),
                Step::Store(score) => board.rebase(&id("a"), Score::try_from(score).unwrap()),
                Step::Flush | Step::FailToFlush => {
                    for (producer, delta) in board.take_deltas() {
                        prop_assert!((0.0..=1.0).contains(&delta.scale()), "{delta:?}");
                        prop_assert!(delta.shift() >= 0.0 && delta.scale() + delta.shift() <= 1.0, "{delta:?}");
                        if matches!(step, Step::FailToFlush) {
                            board.put_back(&producer, delta);
                        }
                    }
                }
            }
            let standing = standing(&board, "a");
            let score = standing.score.get();
            prop_assert!((0.0..=1.0).contains(&score), "{score}");
            if let Step::Call(outcome) = step {
                match outcome.health_effect() {
                    HealthEffect::Good => prop_assert!(score >= last),
                    HealthEffect::Bad => prop_assert!(score <= last),
                    HealthEffect::Neutral => prop_assert!(score.to_bits() == last.to_bits()),
                }
            }
            last = score;
            match standing.state {
                HealthState::Healthy => prop_assert!(score >= policy.degrade_below),
                HealthState::Degraded => {
                    prop_assert!((policy.suspend_below..=policy.recover_above).contains(&score));
                }
                HealthState::Suspended => prop_assert!(score <= policy.resume_above),
            }
        }
    }
}
