//! The template of the checkout's address.

use proptest::prelude::*;
use rfq_reference_agent::checkout::{Checkout, CheckoutError};
use rfq_sdk::Usd;
use uuid::Uuid;

fn fill(template: &str, id: &str) -> String {
    let checkout: Checkout = template.parse().unwrap();
    checkout.fill(id, 5, Uuid::from_u128(7), "849.95".parse().unwrap()).to_string()
}

#[test]
fn every_place_is_filled_wherever_it_stands() {
    let id = "00000000-0000-0000-0000-000000000007";
    for (template, filled) in [
        ("https://shop.example", "https://shop.example/".to_owned()),
        ("HTTPS://Shop.Example?o={offer_id}", format!("https://shop.example/?o={id}")),
        ("https://shop.example/cart/{id}:{quantity}", "https://shop.example/cart/A%2F1:5".into()),
        (
            "https://shop.example/c?p={price_usd}&n={quantity}",
            "https://shop.example/c?p=849.95&n=5".into(),
        ),
        ("https://shop.example/#/{id}/{id}", "https://shop.example/#/A%2F1/A%2F1".into()),
        ("http://127.0.0.1:9000/x?{offer_id}", format!("http://127.0.0.1:9000/x?{id}")),
        ("http://[::1]:9000/", "http://[::1]:9000/".into()),
        ("http://localhost/buy?a=%7Bid%7D", "http://localhost/buy?a=%7Bid%7D".into()),
    ] {
        assert_eq!(fill(template, "A/1"), filled, "{template}");
    }
}

#[test]
fn what_is_no_template_says_why() {
    let unknown = |place: &str| CheckoutError::UnknownPlace { place: place.to_owned() };
    for (template, error) in [
        ("", CheckoutError::NotAUrl),
        ("/cart?offer={offer_id}", CheckoutError::NotAUrl),
        ("https:shop.example/", CheckoutError::NotAUrl),
        ("https:///", CheckoutError::NotAUrl),
        ("https://shop.example/a b", CheckoutError::NotAUrl),
        ("https://shop.example\\@evil.example/", CheckoutError::NotAUrl),
        ("http://shop.example/", CheckoutError::NotHttps),
        ("http://127.0.0.1.evil.example/", CheckoutError::NotHttps),
        ("javascript://shop.example/%0aalert(1)", CheckoutError::NotHttps),
        ("https://me:secret@shop.example/", CheckoutError::UserInfo),
        ("https://{id}.example/", CheckoutError::PlaceInHost),
        ("https://shop.example/{sku}", unknown("{sku}")),
        ("https://shop.example/?q={Quantity}", unknown("{Quantity}")),
        ("https://shop.example/#{}", unknown("{}")),
        ("https://shop.example/{id", CheckoutError::LoneBrace),
        ("https://shop.example/id}", CheckoutError::LoneBrace),
        ("https://shop.example/{id}}", CheckoutError::LoneBrace),
    ] {
        assert_eq!(template.parse::<Checkout>(), Err(error), "{template}");
    }
}

#[test]
fn errors_never_show_a_password() {
    let error = "https://me:secret@shop.example/".parse::<Checkout>().unwrap_err();
    assert!(!error.to_string().contains("secret") && !format!("{error:?}").contains("secret"));
}

proptest! {
    #[test]
    fn whatever_the_sku_it_stays_in_its_place(id in "\\PC{0,20}", cents in 1..10_000_000_u64, units: u32) {
        let checkout: Checkout = "https://shop.example:8443/p/x{id}/buy?sku={id}&n={quantity}&usd={price_usd}#{id}".parse().unwrap();
        let price = Usd::from_cents(cents).unwrap();
        let url = checkout.fill(&id, units, Uuid::nil(), price);
        prop_assert_eq!(url.origin().ascii_serialization(), "https://shop.example:8443");
        prop_assert_eq!(url.path_segments().unwrap().count(), 3);
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let pair = |key: &str, value: String| (key.to_owned(), value);
        prop_assert_eq!(pairs, vec![
            pair("sku", id),
            pair("n", units.to_string()),
            pair("usd", price.to_string()),
        ]);
    }

    #[test]
    fn a_template_survives_its_own_text(path in "(/[a-z{}]{0,6}|/\\{id\\}|\\?[a-z]=\\{offer_id\\}|#x){0,3}") {
        if let Ok(checkout) = format!("https://shop.example{path}").parse::<Checkout>() {
            prop_assert_eq!(checkout.to_string().parse::<Checkout>().unwrap(), checkout);
        }
    }
}
