//! Where a buyer pays: placeholders in a URL.

use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::config::CheckoutUrl;
use uuid::Uuid;

fn filled(template: &str, id: &str) -> String {
    let checkout: CheckoutUrl = template.parse().unwrap();
    checkout.fill(id, 3, Uuid::from_u128(7), "10.5".parse().unwrap()).into()
}

#[test]
fn placeholders_are_filled_behind_the_host() {
    let all = "https://shop.example/{id}/x?n={quantity}&o={offer_id}&p={price_usd}&{id}={id}#{id}";
    assert_snapshot!(
        filled(all, "A/B c?#%é"),
        @"https://shop.example/A%2FB%20c%3F%23%25%C3%A9/x?n=3&o=00000000-0000-0000-0000-000000000007&p=10.50&A%2FB%20c%3F%23%25%C3%A9=A%2FB%20c%3F%23%25%C3%A9#A%2FB%20c%3F%23%25%C3%A9"
    );
    assert_eq!(filled("https://shop.example", "A"), "https://shop.example/");
    assert_eq!(filled("http://127.0.0.1:8080/{id}", "A"), "http://127.0.0.1:8080/A");
    assert_eq!(
        filled("https://shop.example/?s={id}", "{quantity}"),
        "https://shop.example/?s=%7Bquantity%7D"
    );
}

#[test]
fn what_is_no_template_says_why() {
    let texts = [
        "",
        "shop.example",
        "https:shop.example",
        "https://",
        "https://shop.example/a b",
        "ftp://shop.example",
        "http://shop.example",
        "http://10.0.0.1/",
        "https://u:p@shop.example",
        "https://{id}.example",
        "https://shop.example:{quantity}/",
        "https://shop.example/{sku}",
        "https://shop.example/{}",
        "https://shop.example/{id",
        "https://shop.example/id}",
        "https://shop.example/{{id}}",
        "https://shop.example\\@other.example",
    ];
    let errors: Vec<String> = texts
        .iter()
        .map(|text| format!("{text}: {}", text.parse::<CheckoutUrl>().unwrap_err()))
        .collect();
    assert_snapshot!(errors.join("\n"), @r#"
    : expected an absolute URL such as https://shop.example/cart?sku={id}
    shop.example: expected an absolute URL such as https://shop.example/cart?sku={id}
    https:shop.example: expected an absolute URL such as https://shop.example/cart?sku={id}
    https://: expected an absolute URL such as https://shop.example/cart?sku={id}
    https://shop.example/a b: expected an absolute URL such as https://shop.example/cart?sku={id}
    ftp://shop.example: expected https://, or http:// on this machine only
    http://shop.example: expected https://, or http:// on this machine only
    http://10.0.0.1/: expected https://, or http:// on this machine only
    https://u:p@shop.example: expected a URL without user name and password
    https://{id}.example: expected placeholders behind the host only
    https://shop.example:{quantity}/: expected placeholders behind the host only
    https://shop.example/{sku}: {sku} is no placeholder; expected {id}, {quantity}, {offer_id} or {price_usd}
    https://shop.example/{}: {} is no placeholder; expected {id}, {quantity}, {offer_id} or {price_usd}
    https://shop.example/{id: a brace stands alone; expected placeholders such as {id}, and %7B for a brace
    https://shop.example/id}: a brace stands alone; expected placeholders such as {id}, and %7B for a brace
    https://shop.example/{{id}}: a brace stands alone; expected placeholders such as {id}, and %7B for a brace
    https://shop.example\@other.example: expected an absolute URL such as https://shop.example/cart?sku={id}
    "#);
}

proptest! {
    #[test]
    fn no_sku_adds_a_part_of_its_own(id in "\\PC{1,20}") {
        let url = filled("https://shop.example/cart?sku={id}&n={quantity}", &id);
        let url = url::Url::parse(&url).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(pairs, [("sku".to_owned(), id), ("n".to_owned(), "3".to_owned())]);
        prop_assert_eq!((url.host_str(), url.path()), (Some("shop.example"), "/cart"));
    }

    #[test]
    fn any_text_is_a_template_or_not(text in prop_oneof!["\\PC{0,40}", "https://[a-z.{}?#/@:]{0,30}"]) {
        if let Ok(checkout) = text.parse::<CheckoutUrl>() {
            let url = checkout.fill("id", 1, Uuid::nil(), "1".parse().unwrap());
            prop_assert!(["https", "http"].contains(&url.scheme()));
        }
    }
}
