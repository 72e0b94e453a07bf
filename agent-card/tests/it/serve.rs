use rfq_agent_card::served::{AGENT_CARD_PATH, AGENT_JSON_PATH};
use rfq_agent_card::{AgentCard, CardStyle, ServedCard};

use crate::full_card;

fn served(name: &str) -> ServedCard {
    ServedCard::new(&AgentCard::builder(name, "b", "1").build().unwrap())
}

#[test]
fn paths_are_the_well_known_ones() {
    assert_eq!(AGENT_CARD_PATH, "/.well-known/agent-card.json");
    assert_eq!(AGENT_JSON_PATH, "/.well-known/agent.json");
}

#[test]
fn the_answer_is_the_card_with_its_headers() {
    let card = full_card(CardStyle::Superset).build().unwrap();
    let served = ServedCard::new(&card);
    assert_eq!(served.body(), card.as_json().as_bytes());
    assert_eq!(served.content_type(), "application/json");
    assert_eq!(served.cache_control(), "public, max-age=300");
}

#[test]
fn the_etag_is_strong_quoted_and_follows_the_bytes() {
    let etag = served("a").etag().to_owned();
    let hex = etag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap();
    assert_eq!(hex.len(), 64);
    assert!(hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    assert_eq!(etag, served("a").etag());
    assert_ne!(etag, served("b").etag());
}

#[test]
fn if_none_match() {
    let served = served("a");
    let tag = served.etag();
    let bare = tag.trim_matches('"');
    let table = [
        (tag.to_owned(), true),
        (format!("W/{tag}"), true),
        (format!("  {tag}\t"), true),
        ("*".to_owned(), true),
        (" * ".to_owned(), true),
        (format!(r#""x", {tag}"#), true),
        (format!(r#""x",{tag},"y""#), true),
        (format!(r#", ,"x" , W/{tag}"#), true),
        (format!(r#""a,b", {tag}"#), true),
        (format!(r#""", {tag}"#), true),
        (String::new(), false),
        (",".to_owned(), false),
        (r#""x""#.to_owned(), false),
        (r#""*""#.to_owned(), false),
        (bare.to_owned(), false),
        (format!("\"{bare}"), false),
        (format!("{bare}\""), false),
        (tag.to_uppercase(), false),
        (format!("w/{tag}"), false),
        (format!("W/ {tag}"), false),
        (format!("{tag}x"), false),
        (format!("x, {tag}"), false),
        (format!("*, {tag}"), false),
        (format!("\"x {tag}"), false),
        (format!("\"x,{tag}\""), false),
    ];
    for (header, expected) in table {
        assert_eq!(served.matches(&header), expected, "{header:?}");
    }
    assert!(!served.matches(b"\xff\"".as_slice()));
}
