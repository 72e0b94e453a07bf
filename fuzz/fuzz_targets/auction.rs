//! Answers as the marketplace reads them: what is accepted keeps the rules, and all that are accepted
//! have one order.
//!
//! The input is answers with a line feed between them. An answer is a letter and a body: the letter's
//! first three bits choose how the producer stands and the status, the rest of them nothing.

#![no_main]

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use libfuzzer_sys::fuzz_target;
use rfq_engine::{
    AcceptedOffer, Asked, HealthEffect, HealthState, HttpAnswer, Outcome, RankingPolicy, Verdict,
    loss_feedback, rank, validate,
};
use rfq_sdk::{Answer, Offer};

fuzz_target!(|data: &[u8]| {
    let now = DateTime::from_timestamp(1_780_315_200, 0).unwrap();
    let answers = data.split(|byte| *byte == b'\n').take(16).enumerate();
    let accepted: Vec<AcceptedOffer> =
        answers.filter_map(|(number, answer)| accepted(number, answer, now)).collect();

    let policy = RankingPolicy::default();
    let rfq_id = "8b0e6f0e".parse().unwrap();
    let ranked = rank(accepted.clone(), &policy, &rfq_id);
    let reversed = accepted.into_iter().rev().collect();
    assert_eq!(ranked, rank(reversed, &policy, &rfq_id), "whatever order they come in");
    for pair in ranked.windows(2) {
        let [above, below] = pair else { unreachable!() };
        assert_eq!(above.place + 1, below.place);
        assert!(below.explanation.decided_by.is_some());
        let in_stock = |offer: &AcceptedOffer| offer.offer().in_stock();
        assert!(in_stock(&above.accepted) || !in_stock(&below.accepted));
    }
    for (told, offer) in loss_feedback(&ranked).iter().zip(&ranked) {
        assert_eq!((told.place, &told.producer), (offer.place, offer.accepted.producer()));
    }
});

fn accepted(number: usize, answer: &[u8], now: DateTime<Utc>) -> Option<AcceptedOffer> {
    let (letter, body) = answer.split_first()?;
    let state = match letter & 3 {
        0 | 1 => HealthState::Healthy,
        2 => HealthState::Degraded,
        _ => HealthState::Suspended,
    };
    let status = if letter & 4 == 0 { 200 } else { 503 };
    let asked = Asked {
        // Some come twice, though an engine asks each once.
        producer: format!("p{}", number % 5).parse().unwrap(),
        claim_domains: std::iter::once("shop.example".parse().unwrap()).collect(),
        state,
    };
    let answer = HttpAnswer { status, body: Bytes::copy_from_slice(body) };
    match validate(&answer, &asked, now) {
        Ok(Verdict::Decline) => {
            assert!(matches!(Answer::parse(body, now), Ok(Answer::Decline(_))));
            None
        }
        Ok(Verdict::Offer(offer)) => {
            assert_eq!(status, 200);
            assert_eq!((offer.producer(), offer.state()), (&asked.producer, state));
            keeps_the_rules(offer.offer(), now);
            Some(offer)
        }
        Err(outcome) => {
            assert_eq!(outcome.health_effect(), HealthEffect::Bad, "{outcome}");
            assert_eq!(matches!(outcome, Outcome::HttpStatus(_)), status != 200);
            None
        }
    }
}

fn keeps_the_rules(offer: &Offer, now: DateTime<Utc>) {
    let valid = offer.expires_at() - now;
    assert!(valid >= TimeDelta::seconds(60) && valid <= TimeDelta::seconds(24 * 3600 + 300));
    let url = url::Url::parse(offer.claim_url().as_str()).unwrap();
    let host = url.host_str().unwrap().trim_end_matches('.');
    assert!(host == "shop.example" || host.ends_with(".shop.example"), "{url}");
    assert_eq!(url.scheme(), "https");
    assert!(!offer.in_stock() || offer.price().cents() > 0);
}
