//! Where goods are sent, and for how much.

use insta::assert_snapshot;
use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::catalogue::Product;
use rfq_reference_agent::quote;
use rfq_reference_agent::shipping::{Rate, ShopShipping};
use rfq_sdk::DeclineReason;

use super::asking::noon;
use super::quote::{days, product, quote as quote_plainly, rate, refusal, rules, two, usd};

const BEYOND: Result<Option<&str>, DeclineReason> = Err(DeclineReason::NotShippable);
const UNSERVED: Result<Option<&str>, DeclineReason> = Err(DeclineReason::RegionNotServed);

/// What two units to `region` cost to send.
#[track_caller]
fn costs(
    product: &Product,
    toml: &str,
    region: &str,
    expected: Result<Option<&str>, DeclineReason>,
) {
    let quoted = quote::quote(product, &two(region), &rules(toml), 0, noon());
    let cost = quoted.map(|quoted| quoted.shipping_cost);
    assert_eq!(cost, expected.map(|cost| cost.map(usd)), "{region}");
}

#[test]
fn a_state_counts_before_its_country_and_an_unserved_region_declines() {
    let product =
        product(vec![rate(None, "6.99", days(2, 4)), rate(Some("AK"), "19.99", days(5, 9))]);
    let california = quote_plainly(&product, &two("CA-US")).unwrap();
    assert_eq!((california.shipping_cost, california.shipping_days), (Some(usd("6.99")), Some(5)));
    let alaska = quote_plainly(&product, &two("AK-US")).unwrap();
    assert_eq!((alaska.shipping_cost, alaska.shipping_days), (Some(usd("19.99")), Some(10)));
    assert_eq!(quote_plainly(&product, &two("ON-CA")), Err(DeclineReason::RegionNotServed));
    let one_state = self::product(vec![rate(Some("NY"), "1.00", None)]);
    assert_eq!(quote_plainly(&one_state, &two("CA-US")), Err(DeclineReason::RegionNotServed));
    let days = quote_plainly(&one_state, &two("NY-US")).unwrap().shipping_days;
    assert_eq!(days, None, "transit is unknown");
}

#[test]
fn of_rates_of_one_price_the_fastest_is_taken() {
    let product = product(vec![
        rate(None, "5.00", None),
        rate(None, "5.00", days(3, 6)),
        rate(None, "5.00", days(1, 2)),
    ]);
    assert_eq!(quote_plainly(&product, &two("CA-US")).unwrap().shipping_days, Some(3));
}

#[test]
fn zones_match_the_state_then_the_country_then_anywhere() {
    let toml = r#"
        [[shipping.zones]]
        regions = ["CA-US", "NV-US"]
        tiers = [{ cost_usd = 1.00 }]
        [[shipping.zones]]
        regions = ["US"]
        tiers = [{ cost_usd = 2 }]
        [[shipping.zones]]
        regions = ["*"]
        tiers = [{ cost_usd = 3.00 }]
        [[shipping.zones]]
        regions = ["AK-US"]
        tiers = []
    "#;
    let product = product(vec![]);
    costs(&product, toml, "CA-US", Ok(Some("1.00")));
    costs(&product, toml, "NV-US", Ok(Some("1.00")));
    costs(&product, toml, "NY-US", Ok(Some("2.00")));
    costs(&product, toml, "ON-CA", Ok(Some("3.00")));
    costs(&product, toml, "AK-US", UNSERVED);
    let only_us = "[[shipping.zones]]\nregions = [\"us\"]\ntiers = [{ cost_usd = 2.00 }]";
    costs(&product, only_us, "NY-US", Ok(Some("2.00")));
    costs(&product, only_us, "ON-CA", UNSERVED);
    let nowhere_known = Ask { region: None, ..two("CA-US") };
    let quoted = quote::quote(&product, &nowhere_known, &rules(toml), 0, noon()).unwrap();
    assert_eq!(quoted.shipping_cost, None, "the region is unknown, so is the cost");
}

#[test]
fn what_the_feed_says_of_a_product_counts_before_the_zones() {
    let toml = "[[shipping.zones]]\nregions = [\"*\"]\ntiers = [{ cost_usd = 2.00 }]";
    costs(&product(vec![rate(None, "6.99", None)]), toml, "CA-US", Ok(Some("6.99")));
    costs(&product(vec![rate(None, "6.99", None)]), toml, "ON-CA", UNSERVED);
    costs(&product(vec![]), toml, "ON-CA", Ok(Some("2.00")));
    costs(&product(vec![]), "", "ON-CA", Ok(None));
}

#[test]
fn a_rate_of_the_feed_without_a_time_takes_that_of_its_zone() {
    let toml = r#"
        [lead_time]
        handling_days = [1, 1]
        [[shipping.zones]]
        regions = ["CA-US"]
        tiers = []
        transit_days = [2, 3]
    "#;
    let days = |transit, region| {
        let listed = Product { handling: None, ..product(vec![rate(None, "6.99", transit)]) };
        quote::quote(&listed, &two(region), &rules(toml), 0, noon()).unwrap().shipping_days
    };
    assert_eq!(days(None, "CA-US"), Some(4));
    assert_eq!(days(super::quote::days(0, 1), "CA-US"), Some(2), "its own counts before");
    assert_eq!(days(None, "NY-US"), None, "no zone, so nothing is known");
}

#[test]
fn places_that_look_like_a_country_in_front_of_its_state_are_read() {
    for place in ["US-SV", "CA-US", "NL-CA", "CA-CR", "13-JP", "PR", "XK", "GB"] {
        rules(&format!("[[shipping.zones]]\nregions = [{place:?}]\ntiers = []"));
    }
}

#[test]
fn tiers_go_by_the_worth_of_the_goods_after_discounts() {
    // Two units for 20.00.
    let tiers = |tiers: &str| format!("[[shipping.zones]]\nregions = [\"US\"]\ntiers = [{tiers}]");
    let product = product(vec![]);
    for (up_to, expected) in [
        ("19.99", Ok(Some("1.00"))),
        ("20.00", Ok(Some("5.00"))),
        ("20.01", Ok(Some("5.00"))),
        ("20", Ok(Some("5.00"))),
    ] {
        let two = format!("{{ up_to_usd = {up_to}, cost_usd = 5.00 }}, {{ cost_usd = 1.00 }}");
        costs(&product, &tiers(&two), "CA-US", expected);
    }
    let small_only =
        tiers("{ up_to_usd = 10.00, cost_usd = 5 }, { up_to_usd = 19.99, cost_usd = 6 }");
    costs(&product, &small_only, "CA-US", BEYOND);
    assert_eq!(DeclineReason::NotShippable.name(), "not_shippable");
}

#[test]
fn tiers_go_by_weight_which_may_be_unknown() {
    let toml = r#"
        [[shipping.zones]]
        regions = ["US"]
        tiers = [{ up_to_grams = 500, cost_usd = 5.00 }, { up_to_grams = 2000, cost_usd = 9.00 }]
        transit_days = [1, 2]
    "#;
    let weighing = |grams: Option<u64>| Product {
        weight_milligrams: grams.map(|grams| grams * 1000),
        ..product(vec![])
    };
    costs(&weighing(Some(0)), toml, "CA-US", Ok(Some("5.00")));
    costs(&weighing(Some(250)), toml, "CA-US", Ok(Some("5.00")));
    costs(&weighing(Some(251)), toml, "CA-US", Ok(Some("9.00")));
    costs(&weighing(Some(1000)), toml, "CA-US", Ok(Some("9.00")));
    costs(&weighing(Some(1001)), toml, "CA-US", BEYOND);
    costs(&weighing(Some(u64::MAX / 1000)), toml, "CA-US", BEYOND);
    costs(&weighing(None), toml, "CA-US", Ok(None));
    costs(&weighing(None), toml, "ON-CA", UNSERVED);
    let quoted = quote::quote(&weighing(None), &two("CA-US"), &rules(toml), 0, noon()).unwrap();
    assert_eq!(quoted.shipping_days, Some(3), "the days are known all the same");
}

#[test]
fn the_weight_is_rounded_up_once_for_the_whole_parcel() {
    let toml = r#"
        [[shipping.zones]]
        regions = ["US"]
        tiers = [{ up_to_grams = 499, cost_usd = 5.00 }, { up_to_grams = 2000, cost_usd = 9.00 }]
    "#;
    let weighing = |milligrams| Product { weight_milligrams: Some(milligrams), ..product(vec![]) };
    costs(&weighing(249_500), toml, "CA-US", Ok(Some("5.00")));
    costs(&weighing(249_501), toml, "CA-US", Ok(Some("9.00")));
}

#[test]
fn from_some_worth_on_the_rate_is_free_and_the_surcharge_stays() {
    let free_from = |from: &str| {
        format!(
            r#"
            [shipping]
            free_from_usd = {from}
            [[shipping.zones]]
            regions = ["US"]
            tiers = [{{ cost_usd = 6.99 }}]
            [[shipping.zones]]
            regions = ["HI-US"]
            tiers = [{{ cost_usd = 30.00 }}]
            [shipping.surcharges_usd]
            AK-US = 15.00
            HI-US = 15.00
            PR = 7
            "#
        )
    };
    let listed = product(vec![rate(None, "4.00", None), rate(Some("HI"), "30.00", None)]);
    let zoned = product(vec![]);
    for (product, base) in [(&listed, "4.00"), (&zoned, "6.99")] {
        costs(product, &free_from("20.01"), "CA-US", Ok(Some(base)));
        costs(product, &free_from("20.00"), "CA-US", Ok(Some("0.00")));
        costs(product, &free_from("20.00"), "AK-US", Ok(Some("15.00")));
        costs(product, &free_from("20.01"), "HI-US", Ok(Some("30.00")));
        costs(product, &free_from("20.00"), "HI-US", Ok(Some("15.00")));
        costs(product, &free_from("20.00"), "ON-CA", UNSERVED);
    }
    costs(&listed, &free_from("20.01"), "AK-US", Ok(Some("19.00")));
    costs(&zoned, &free_from("20.01"), "AK-US", Ok(Some("21.99")));
}

#[test]
fn a_surcharge_of_a_country_counts_for_its_states_without_one_of_their_own() {
    let toml = r#"
        [[shipping.zones]]
        regions = ["*"]
        tiers = [{ cost_usd = 10.00 }]
        [shipping.surcharges_usd]
        US = 1.00
        AK-US = 15.00
        PR = 7.50
    "#;
    costs(&product(vec![]), toml, "CA-US", Ok(Some("11.00")));
    costs(&product(vec![]), toml, "AK-US", Ok(Some("25.00")));
    costs(&product(vec![]), toml, "1-PR", Ok(Some("17.50")));
    costs(&product(vec![]), toml, "PR-US", Ok(Some("17.50")));
    costs(&product(vec![]), toml, "ON-CA", Ok(Some("10.00")));
}

#[test]
fn free_sending_never_costs_more_than_the_rate_of_the_state() {
    let toml = |free_from: &str| {
        format!(
            "[shipping]\nfree_from_usd = {free_from}\nsurcharges_usd = {{ HI-US = 15 }}\n\
             [[shipping.zones]]\nregions = [\"HI-US\"]\ntiers = [{{ cost_usd = 4 }}]"
        )
    };
    costs(&product(vec![]), &toml("20.01"), "HI-US", Ok(Some("4.00")));
    costs(&product(vec![]), &toml("20.00"), "HI-US", Ok(Some("4.00")));
}

#[test]
fn a_territory_of_the_us_is_one_place_however_it_is_spelled() {
    for territory in ["AS", "GU", "MP", "PR", "UM", "VI"] {
        let state = format!("{territory}-US");
        for written in [territory, &state, &territory.to_lowercase()] {
            let surcharged = format!(
                "[[shipping.zones]]\nregions = [\"US\"]\ntiers = [{{ cost_usd = 2 }}]\n\
                 [shipping.surcharges_usd]\n{written} = 15"
            );
            let zoned = format!(
                "[[shipping.zones]]\nregions = [\"US\"]\ntiers = [{{ cost_usd = 2 }}]\n\
                 [[shipping.zones]]\nregions = [\"{written}\"]\ntiers = [{{ cost_usd = 9 }}]"
            );
            let anywhere = rate(None, "3.00", None);
            let as_country = Rate { country: territory.into(), ..rate(None, "8.00", None) };
            let as_state = rate(Some(territory), "8.00", None);
            for asked in [state.clone(), format!("00-{territory}")] {
                costs(&product(vec![]), &surcharged, &asked, Ok(Some("17.00")));
                costs(&product(vec![]), &zoned, &asked, Ok(Some("9.00")));
                for rate in [&as_country, &as_state] {
                    let listed = product(vec![anywhere.clone(), rate.clone()]);
                    costs(&listed, &surcharged, &asked, Ok(Some("8.00")));
                }
                costs(&product(vec![anywhere.clone()]), &surcharged, &asked, Ok(Some("18.00")));
            }
        }
    }
}

#[test]
fn an_unknown_weight_does_not_matter_where_the_rate_is_free() {
    let toml = r#"
        [shipping]
        free_from_usd = 20
        [[shipping.zones]]
        regions = ["US"]
        tiers = [{ up_to_grams = 500, cost_usd = 5.00 }]
    "#;
    costs(&product(vec![]), toml, "CA-US", Ok(Some("0.00")));
    let heavy = Product { weight_milligrams: Some(251_000), ..product(vec![]) };
    costs(&heavy, toml, "CA-US", BEYOND);
}

#[test]
fn amounts_are_read_to_the_cent() {
    for (written, expected) in [
        ("0.1", "0.10"),
        ("6.99", "6.99"),
        ("1e2", "100.00"),
        ("999999999999.99", "999999999999.99"),
        ("7", "7.00"),
        ("-0.0", "0.00"),
        ("6.990", "6.99"),
    ] {
        let zone =
            format!("[[shipping.zones]]\nregions = [\"*\"]\ntiers = [{{ cost_usd = {written} }}]");
        let read = format!("{:?}", rules(&zone).shipping);
        assert!(read.contains(&format!("cost: Usd({expected})")), "{written}: {read}");
    }
    assert_eq!(rules("[shipping]").shipping, ShopShipping::default());
}

#[test]
fn shipping_that_does_not_hold_together_is_refused() {
    let zones = [
        "regions = [\"CA-US\", \"US\", \"ca-us\"]\ntiers = []",
        "regions = [\"US\"]\ntiers = []\n[[shipping.zones]]\nregions = [\"US\"]\ntiers = []",
        "regions = []\ntiers = []",
        "regions = [\"USA\"]\ntiers = []",
        "regions = [\"US-CA\"]\ntiers = []",
        "regions = [\"us-ny\"]\ntiers = []",
        "regions = [\"CA-ON\"]\ntiers = []",
        "regions = [\"CA-NL\"]\ntiers = []",
        "regions = [\"XX\"]\ntiers = []",
        "regions = [\"CA-UK\"]\ntiers = []",
        "regions = [\"hw-us\"]\ntiers = []",
        "regions = [\"OT-CA\"]\ntiers = []",
        "regions = [5]\ntiers = []",
        "regions = [\"US\"]",
        "regions = [\"US\"]\ntiers = [{ cost_usd = 1 }, { up_to_usd = 5, cost_usd = 1 }]",
        "regions = [\"US\"]\ntiers = [{ cost_usd = 1 }, { cost_usd = 2 }]",
        "regions = [\"US\"]\ntiers = [{ up_to_usd = 5, cost_usd = 1 }, { up_to_usd = 5.00, cost_usd = 1 }]",
        "regions = [\"US\"]\ntiers = [{ up_to_usd = 5, cost_usd = 1 }, { up_to_grams = 6, cost_usd = 1 }]",
        "regions = [\"US\"]\ntiers = [{ up_to_usd = 5, up_to_grams = 6, cost_usd = 1 }]",
        "regions = [\"US\"]\ntiers = [{ up_to_grams = -6, cost_usd = 1 }]",
        "regions = [\"US\"]\ntiers = [{ up_to_usd = 5 }]",
        "regions = [\"US\"]\ntiers = [{ cost_usd = -1 }]",
        "regions = [\"US\"]\ntiers = [{ cost_usd = 1.005 }]",
        "regions = [\"US\"]\ntiers = [{ cost_usd = nan }]",
        "regions = [\"US\"]\ntiers = [{ cost_usd = 1e300 }]",
        "regions = [\"US\"]\ntiers = [{ cost_usd = \"6.99\" }]",
        "regions = [\"US\"]\ntiers = [{ cost_usd = true }]",
        "regions = [\"US\"]\ntiers = []\ntransit_days = [5, 2]",
        "regions = [\"US\"]\ntiers = []\ntransit_days = [2]",
        "regions = [\"US\"]\ntiers = []\ntransit_days = [-1, 366]",
    ];
    let zones = zones.map(|zone| refusal(&format!("[[shipping.zones]]\n{zone}")));
    assert_snapshot!(zones.join("\n"), @r#"
    zones: CA-US stands in the zones twice; expected each region once
    zones: US stands in the zones twice; expected each region once
    zones: zone 1 has no regions; expected some, such as ["CA-US", "US", "*"]
    "USA": expected a state such as CA-US, a country such as US, or *
    US-CA: did you mean CA-US? Regions are written STATE-COUNTRY
    us-ny: did you mean NY-US? Regions are written STATE-COUNTRY
    CA-ON: did you mean ON-CA? Regions are written STATE-COUNTRY
    CA-NL: did you mean NL-CA? Regions are written STATE-COUNTRY
    XX: XX is no country of ISO 3166; expected a state such as CA-US, or a country such as GB
    CA-UK: UK is no country of ISO 3166; expected a state such as CA-US, or a country such as GB
    hw-us: US has no state HW; expected one such as CA-US or ON-CA
    OT-CA: CA has no state OT; expected one such as CA-US or ON-CA
    invalid type: integer `5`, expected a string
    missing field `tiers`
    tier 1 has no limit, but only the last may have none
    tier 1 has no limit, but only the last may have none
    the limit of tier 2 is not above the one before it; limits must rise
    up_to_usd and up_to_grams in one zone; expected one of the two kinds of limit
    up_to_usd and up_to_grams in one zone; expected one of the two kinds of limit
    invalid value: integer `-6`, expected a whole number of grams
    missing field `cost_usd`
    -1: expected an amount of at least 0 US dollars
    1.005: expected whole cents, so at most two decimals
    NaN: expected an amount in US dollars such as 169.99
    1e300: expected at most 999999999999.99 US dollars
    invalid type: string "6.99", expected an amount in US dollars such as 6.99
    invalid type: boolean `true`, expected an amount in US dollars such as 6.99
    [5, 2]: expected the fewest and the most business days, such as [2, 5], from 0 to 365
    [2]: expected the fewest and the most business days, such as [2, 5], from 0 to 365
    [-1, 366]: expected the fewest and the most business days, such as [2, 5], from 0 to 365
    "#);
    let surcharges = [
        "\"*\" = 1",
        "USA = 1",
        "US-AK = 1",
        "XX = 1",
        "HW-US = 1",
        "ak-us = 1\nAK-US = 2",
        "PR = 1\nPR-US = 2",
        "AK-US = -1",
        "AK-US = '1'",
    ];
    let surcharges = surcharges.map(|line| refusal(&format!("[shipping.surcharges_usd]\n{line}")));
    assert_snapshot!(surcharges.join("\n"), @r#"
    surcharges_usd "*": expected a state such as AK-US or a country such as CA
    surcharges_usd "USA": expected a state such as CA-US, a country such as US, or *
    surcharges_usd US-AK: did you mean AK-US? Regions are written STATE-COUNTRY
    surcharges_usd XX: XX is no country of ISO 3166; expected a state such as CA-US, or a country such as GB
    surcharges_usd HW-US: US has no state HW; expected one such as CA-US or ON-CA
    surcharges_usd: ak-us stands there twice
    surcharges_usd: PR-US stands there twice
    -1: expected an amount of at least 0 US dollars
    invalid type: string "1", expected an amount in US dollars such as 6.99
    "#);
    assert_snapshot!(refusal("[shipping]\nfree_from = 5"), @r#"unknown field `free_from`, expected one of `free_from_usd`, `zones`, `surcharges_usd`"#);
}

#[test]
fn of_several_rates_without_a_time_none_takes_that_of_the_zone() {
    let toml = r#"
        [[shipping.zones]]
        regions = ["US"]
        tiers = []
        transit_days = [3, 5]
    "#;
    let days = |rates| quote::quote(&product(rates), &two("CA-US"), &rules(toml), 0, noon());
    let ground = || rate(None, "6.99", None);
    let both = days(vec![ground(), rate(Some("CA"), "29.99", None)]).unwrap();
    assert_eq!(both.shipping_cost, Some(usd("29.99")), "that of the state alone");
    assert!(both.shipping_days.is_some());
    let both = days(vec![ground(), rate(None, "29.99", None)]).unwrap();
    assert_eq!(both.shipping_days, None, "either may be the overnight one");
}

#[test]
fn all_that_stands_for_a_state_in_an_address_is_a_region() {
    let regions = ["HI-US", "DC-US", "PR-US", "PR", "AE-US", "MH-US", "QC-CA", "NSW-AU", "XYZ-DE"];
    for region in regions {
        let zone = format!("zones = [{{ regions = [\"{region}\"], tiers = [] }}]");
        toml::from_str::<ShopShipping>(&zone).unwrap();
    }
}
