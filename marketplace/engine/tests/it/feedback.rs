//! What losers learn.

use rfq_engine::{LossFeedback, PriceToWin, RankingPolicy, Rule, loss_feedback, rank};

use crate::offers::{Terms, offered};

fn feedback(offers: &[Terms]) -> Vec<LossFeedback> {
    let offers = offers.iter().map(Terms::accepted).collect();
    loss_feedback(&rank(offers, &RankingPolicy::default(), &"r-1".parse().unwrap()))
}

#[test]
fn the_price_to_win_is_a_band() {
    for (price, band) in [
        (10_001, PriceToWin::LessThan2Percent),
        (10_204, PriceToWin::LessThan2Percent),
        (10_205, PriceToWin::From2To5Percent),
        (10_527, PriceToWin::From5To10Percent),
        (11_112, PriceToWin::From10To25Percent),
        (13_334, PriceToWin::MoreThan25Percent),
        (9_000_000, PriceToWin::MoreThan25Percent),
    ] {
        let told = feedback(&[offered("a", 10_000), offered("b", price)]);
        assert_eq!(told[1].price_to_win, Some(band), "{price}");
    }
}

#[test]
fn everybody_is_compared_with_the_winner() {
    let out_of_stock = Terms { in_stock: false, ..offered("c", 9_000) };
    let told = feedback(&[out_of_stock, offered("a", 10_000), offered("b", 10_100)]);
    let places: Vec<_> = told
        .iter()
        .map(|told| (told.producer.as_str(), told.place, told.of, told.lost_by, told.price_to_win))
        .collect();
    assert_eq!(
        places,
        [
            ("a", 1, 3, None, None),
            ("b", 2, 3, Some(Rule::Total), Some(PriceToWin::LessThan2Percent)),
            ("c", 3, 3, Some(Rule::InStock), None),
        ]
    );
    assert_eq!(feedback(&[]), []);
}

#[test]
fn what_is_told_names_no_rival() {
    let told = feedback(&[offered("rival-1", 12_345), offered("b", 20_000)]);
    insta::assert_snapshot!(serde_json::to_string(&told[1]).unwrap(), @r#"{"place":2,"of":2,"lost_by":"total","price_to_win":"more_than_25_percent"}"#);
}
