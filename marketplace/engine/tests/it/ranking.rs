//! The order of offers: its rules one by one, and that it is one for all inputs.

use std::cmp::Ordering;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rfq_engine::{HealthState, RankedOffer, RankingPolicy, Rule, rank};

use crate::offers::{Terms, offered};

fn ranked(offers: &[Terms]) -> Vec<RankedOffer> {
    let offers = offers.iter().map(Terms::accepted).collect();
    rank(offers, &RankingPolicy::default(), &"r-1".parse().unwrap())
}

fn order(offers: &[Terms]) -> Vec<String> {
    let name = |offer: &RankedOffer| offer.accepted.producer().to_string();
    ranked(offers).iter().map(name).collect()
}

/// The rule that puts the second behind the first.
fn decides(first: &Terms, second: &Terms) -> Rule {
    let ranked = ranked(&[second.clone(), first.clone()]);
    assert_eq!(ranked[0].accepted.producer().as_str(), first.producer, "{ranked:?}");
    assert_eq!(ranked[0].explanation.decided_by, None);
    ranked[1].explanation.decided_by.unwrap()
}

#[test]
fn each_rule_decides_where_those_before_it_do_not() {
    let (a, b) = (offered("a", 10_000), offered("b", 10_000));
    let out_of_stock = Terms { in_stock: false, price_cents: 1, ..b.clone() };
    assert_eq!(decides(&a, &out_of_stock), Rule::InStock);
    assert_eq!(decides(&a, &Terms { price_cents: 10_001, ..b.clone() }), Rule::Total);
    let shipped = Terms { price_cents: 9_500, shipping_cents: Some(501), ..b.clone() };
    assert_eq!(decides(&a, &shipped), Rule::Total);
    let unknown = Terms { price_cents: 9_000, shipping_cents: None, ..b.clone() };
    let known = Terms { price_cents: 9_000, shipping_cents: Some(1_000), ..a.clone() };
    // Ten dollars and a cent: the highest that is known, and a cent.
    assert_eq!(decides(&known, &unknown), Rule::Total);
    let cheaper = Terms { price_cents: 8_999, ..unknown.clone() };
    assert_eq!(decides(&known, &cheaper), Rule::KnownShipping);
    assert_eq!(decides(&a, &Terms { days: Some(4), ..b.clone() }), Rule::ShippingDays);
    assert_eq!(decides(&a, &Terms { days: None, ..b.clone() }), Rule::ShippingDays);
    let degraded = Terms { state: HealthState::Degraded, ..b.clone() };
    assert_eq!(decides(&a, &degraded), Rule::Total);
    assert_eq!(decides(&a, &Terms { valid_seconds: 3_599, ..b.clone() }), Rule::Expiry);
    let tied = ranked(&[a, b]);
    assert_eq!(tied[1].explanation.decided_by, Some(Rule::Shuffle));
}

#[test]
fn health_decides_where_a_handicap_of_nothing_ties() {
    let degraded = Terms { state: HealthState::Degraded, ..offered("a", 10_000) };
    let policy = RankingPolicy { handicap_basis_points: 0, ..RankingPolicy::default() };
    let offers = vec![degraded.accepted(), offered("b", 10_000).accepted()];
    let ranked = rank(offers, &policy, &"r-1".parse().unwrap());
    assert_eq!(ranked[1].accepted.producer().as_str(), "a");
    assert_eq!(ranked[1].explanation.decided_by, Some(Rule::Health));
}

#[test]
fn a_degraded_producer_must_be_two_percent_cheaper() {
    let degraded = |cents| Terms { state: HealthState::Degraded, ..offered("d", cents) };
    let healthy = offered("h", 10_200);
    assert_eq!(order(&[healthy.clone(), degraded(9_999)]), ["d", "h"]);
    // 100.00 and 2 % is 102.00: a tie, and the healthier wins it.
    assert_eq!(decides(&healthy, &degraded(10_000)), Rule::Health);
    assert_eq!(decides(&healthy, &degraded(10_001)), Rule::Total);
    let suspended = Terms { state: HealthState::Suspended, ..offered("s", 10_000) };
    assert_eq!(ranked(&[suspended])[0].explanation.handicap_basis_points, 200);
}

#[test]
fn unknown_shipping_costs_the_most_that_is_usual_and_a_cent() {
    let imputed = |offers: &[Terms]| {
        let ranked = ranked(offers);
        let imputed = |offer: &RankedOffer| offer.explanation.imputed_shipping_usd;
        ranked.iter().find_map(imputed).unwrap().to_string()
    };
    let unknown = Terms { shipping_cents: None, ..offered("u", 10_000) };
    let shipped = |name, cents| Terms { shipping_cents: Some(cents), ..offered(name, 10_000) };
    assert_eq!(imputed(std::slice::from_ref(&unknown)), "10.00");
    assert_eq!(imputed(&[unknown.clone(), shipped("a", 500)]), "10.00");
    assert_eq!(imputed(&[unknown.clone(), shipped("a", 500), shipped("b", 2_000)]), "20.01");
    // A total of more than twice the lowest is absurd, and out of stock does not count.
    assert_eq!(imputed(&[unknown.clone(), shipped("a", 500), shipped("b", 90_000)]), "10.00");
    let out_of_stock = Terms { in_stock: false, ..shipped("b", 5_000) };
    assert_eq!(imputed(&[unknown, shipped("a", 500), out_of_stock]), "10.00");
}

/// The limit of the rule: what it costs to be silent is bounded, so that nobody can sink the rest.
#[test]
fn leaving_out_a_great_cost_of_shipping_can_pay() {
    let open = Terms { shipping_cents: Some(5_000), ..offered("open", 10_000) };
    let silent = Terms { shipping_cents: None, ..offered("silent", 10_000) };
    // An equal offer comes first, until somebody's total is less than half of the open one's.
    assert_eq!(order(&[open.clone(), silent.clone()]), ["open", "silent"]);
    let cheap = offered("cheap", 1_000);
    assert_eq!(order(&[open.clone(), silent.clone(), cheap]), ["cheap", "silent", "open"]);
    // Who has the highest shipping of all is compared with nobody's but its own.
    let imputed = |offers: &[Terms]| {
        let imputed = |offer: &RankedOffer| offer.explanation.imputed_shipping_usd;
        ranked(offers).iter().find_map(imputed).unwrap().to_string()
    };
    assert_eq!(imputed(&[silent.clone(), open]), "50.01");
    assert_eq!(imputed(&[silent, offered("free", 11_000)]), "10.00");
}

#[test]
fn offers_of_one_producer_have_one_order_too() {
    let cart = |path: &str| Terms { claim_path: path.to_owned(), ..offered("a", 10_000) };
    let split = Terms { price_cents: 9_500, shipping_cents: Some(500), ..cart("1") };
    let all = [cart("1"), cart("2"), split];
    let forwards = ranked(&all);
    assert_eq!(forwards[1].explanation.decided_by, Some(Rule::Shuffle));
    let mut backwards = all;
    backwards.reverse();
    assert_eq!(forwards, ranked(&backwards));
}

#[test]
fn the_largest_amounts_do_not_overflow() {
    let most = 99_999_999_999_999;
    let unknown =
        Terms { shipping_cents: None, state: HealthState::Degraded, ..offered("u", most) };
    assert_eq!(order(&[unknown, offered("a", most)]), ["a", "u"]);
}

fn terms() -> impl Strategy<Value = Terms> {
    let states = vec![HealthState::Healthy, HealthState::Degraded, HealthState::Suspended];
    (
        // Few values, so that ties are as usual as differences.
        prop_oneof![1..5_u64, 9_990..10_010_u64, 1..1_000_000_u64],
        option::of(prop_oneof![Just(0_u64), 990..1_010_u64, 0..200_000_u64]),
        prop::bool::weighted(0.8),
        option::of(0..4_u16),
        select(states),
        select(vec![120, 3_600, 3_601]),
    )
        .prop_map(|(price_cents, shipping_cents, in_stock, days, state, valid_seconds)| {
            Terms {
                producer: String::new(),
                price_cents,
                shipping_cents,
                in_stock,
                days,
                state,
                valid_seconds,
                claim_path: String::new(),
            }
        })
}

/// Some of one producer, and some of those alike but for where they are claimed: an engine asks each
/// once, but an order is one for all.
fn offers() -> impl Strategy<Value = Vec<Terms>> {
    let each = (terms(), 0..6_usize, 1..3_usize).prop_map(|(terms, name, copies)| {
        let claimed = move |copy| Terms {
            producer: format!("p{name}"),
            claim_path: format!("cart/{copy}"),
            ..terms.clone()
        };
        (0..copies).map(claimed).collect::<Vec<_>>()
    });
    vec(each, 0..8).prop_map(|all| all.concat())
}

proptest! {
    #[test]
    fn the_order_does_not_depend_on_the_order_of_arrival(
        (offers, shuffled) in offers().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        prop_assert_eq!(ranked(&offers), ranked(&shuffled));
    }

    /// With what is imputed held fixed by two anchors, any two of three are in the order they have
    /// beside the third: so the order is transitive and antisymmetric.
    #[test]
    fn two_offers_keep_their_order_beside_a_third(three in vec(terms(), 3)) {
        let named = |name: &str, terms: &Terms| Terms { producer: name.to_owned(), ..terms.clone() };
        // The lowest total, and the highest shipping of those near it.
        let anchors = [
            Terms { shipping_cents: Some(0), price_cents: 1, ..offered("low", 1) },
            Terms { shipping_cents: Some(1), price_cents: 1, ..offered("near", 1) },
        ];
        // Dearer than twice the lowest, so that what is imputed stays.
        let three: Vec<Terms> = three.iter().zip(["x", "y", "z"]).map(|(terms, name)| {
            named(name, &Terms { price_cents: terms.price_cents + 10, ..terms.clone() })
        }).collect();
        let with = |some: &[&Terms]| {
            let mut all = anchors.to_vec();
            all.extend(some.iter().copied().cloned());
            let order = order(&all);
            order.into_iter().filter(|name| name.len() == 1).collect::<Vec<_>>()
        };
        let all = with(&[&three[0], &three[1], &three[2]]);
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let pair = with(&[&three[one], &three[other]]);
            let kept: Vec<_> = all.iter().filter(|name| pair.contains(name)).cloned().collect();
            prop_assert_eq!(pair, kept);
        }
    }

    #[test]
    fn each_explanation_agrees_with_its_place(offers in offers()) {
        let ranked = ranked(&offers);
        prop_assert_eq!(ranked.len(), offers.len());
        for (index, offer) in ranked.iter().enumerate() {
            prop_assert_eq!(offer.place, index + 1);
            let explanation = &offer.explanation;
            let own = offer.accepted.offer();
            prop_assert_eq!(explanation.total_usd, own.total());
            prop_assert_eq!(explanation.imputed_shipping_usd.is_some(), own.shipping_cost().is_none());
            let healthy = offer.accepted.state() == HealthState::Healthy;
            prop_assert_eq!(explanation.handicap_basis_points, if healthy { 0 } else { 200 });
            let Some(above) = index.checked_sub(1).and_then(|above| ranked.get(above)) else {
                prop_assert_eq!(explanation.decided_by, None);
                continue;
            };
            prop_assert_eq!(explanation.decided_by, Some(first_difference(above, offer)));
        }
    }

    #[test]
    fn leaving_shipping_out_does_not_pay_within_twice_the_lowest_total(
        others in offers(),
        price in 1..100_000_u64,
        shipping in 0..200_000_u64,
    ) {
        let open = Terms { shipping_cents: Some(shipping), ..offered("open", price) };
        let silent = Terms { shipping_cents: None, ..offered("silent", price) };
        let in_stock = others.iter().filter(|other| other.in_stock);
        let totals = in_stock.filter_map(|other| Some(other.price_cents + other.shipping_cents?));
        let lowest = totals.min().unwrap_or(u64::MAX);
        let near = price + shipping <= lowest.saturating_mul(2);
        let mut all = others;
        all.extend([silent, open]);
        let order = order(&all);
        let place = |name: &str| order.iter().position(|other| other == name).unwrap();
        // Whatever the others do, it does not pay either where shipping is below the default.
        if near || shipping <= 999 {
            prop_assert!(place("open") < place("silent"), "{:?}", order);
        }
    }
}

/// The first rule that tells two offers apart, by what can be seen of them.
fn first_difference(above: &RankedOffer, below: &RankedOffer) -> Rule {
    let (one, other) = (above.accepted.offer(), below.accepted.offer());
    let days = |days: Option<u16>| days.unwrap_or(u16::MAX);
    let better = |rule: Rule| match rule {
        Rule::InStock => one.in_stock().cmp(&other.in_stock()).reverse(),
        Rule::Total => effective(above).cmp(&effective(below)),
        Rule::KnownShipping => one.shipping_cost().is_none().cmp(&other.shipping_cost().is_none()),
        Rule::ShippingDays => days(one.shipping_days()).cmp(&days(other.shipping_days())),
        Rule::Health => above.accepted.state().cmp(&below.accepted.state()),
        Rule::Expiry => one.expires_at().cmp(&other.expires_at()).reverse(),
        Rule::Shuffle => Ordering::Less,
    };
    let rules = [
        Rule::InStock,
        Rule::Total,
        Rule::KnownShipping,
        Rule::ShippingDays,
        Rule::Health,
        Rule::Expiry,
        Rule::Shuffle,
    ];
    let first = rules.into_iter().find(|rule| better(*rule) != Ordering::Equal).unwrap();
    assert_eq!(better(first), Ordering::Less, "{above:?} above {below:?} by {first:?}");
    first
}

/// The total that counts, in ten-thousandths of a cent, from what the explanation says.
fn effective(offer: &RankedOffer) -> u128 {
    let own = offer.accepted.offer();
    let shipping = own.shipping_cost().or(offer.explanation.imputed_shipping_usd).unwrap();
    let total = u128::from(own.price().cents()) + u128::from(shipping.cents());
    total * (10_000 + u128::from(offer.explanation.handicap_basis_points))
}
