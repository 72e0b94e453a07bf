use rfq_agent_card::reader::ReadError;
use rfq_agent_card::{ForeignCard, MAX_CARD_BYTES, RESPOND_TO_RFQ};

const MINIMAL: &str = r#"{"skills":[{"id":"respond-to-rfq","description":".."}]}"#;

fn read(text: &str) -> Result<ForeignCard, ReadError> {
    ForeignCard::from_slice(text.as_bytes())
}

fn declares(text: &str) -> bool {
    read(text).unwrap().declares(RESPOND_TO_RFQ)
}

#[test]
fn the_seeds_minimal_card_is_read() {
    let card = read(MINIMAL).unwrap();
    assert_eq!(card.name(), None);
    assert_eq!(card.description(), None);
    assert_eq!(card.skills()[0].id(), "respond-to-rfq");
    assert_eq!(card.skills()[0].description(), Some(".."));
}

#[test]
fn what_is_not_needed_may_hold_anything() {
    for member in [
        r#""name":5"#,
        r#""name":1e400"#,
        r#""name":"\ud800""#,
        r#""description":{"a":[]}"#,
        r#""version":null"#,
        r#""capabilities":"none""#,
        r#""supportedInterfaces":7"#,
        r#""securitySchemes":[[[]]]"#,
        r#""url":-0.0e-99999"#,
        r#""n":123456789012345678901234567890123456789012345678901234567890"#,
        r#""skillz":null"#,
        r#""name":"a","name":"b""#,
        r#""":"""#,
    ] {
        assert!(declares(&format!(r#"{{{member},"skills":[{{"id":"respond-to-rfq"}}]}}"#)));
        assert!(declares(&format!(r#"{{"skills":[{{{member},"id":"respond-to-rfq"}}]}}"#)));
    }
}

#[test]
fn texts_are_taken_when_they_are_texts() {
    let card = read(r#"{"name":"a","name":"Äb\n","description":5,"skills":[]}"#).unwrap();
    assert_eq!(card.name(), Some("Äb\n"));
    assert_eq!(card.description(), None);
    assert_eq!(card.skills(), []);
}

#[test]
fn the_skill_is_matched_exactly() {
    assert!(declares(r#"{"skills":[{"id":"a"},{"id":"respond-to-rfq"}]}"#));
    assert!(declares(r#"{"skills":[{"id":"\u0072espond-to-rfq"}]}"#));
    for id in ["Respond-To-RFQ", "respond_to_rfq", " respond-to-rfq", "respond-to-rfq ", "rfq", ""]
    {
        assert!(!declares(&format!(r#"{{"skills":[{{"id":"{id}"}}]}}"#)), "{id}");
    }
    assert!(!declares(r#"{"skills":[{"id":"a","name":"respond-to-rfq"}],"id":"respond-to-rfq"}"#));
}

#[test]
fn a_byte_order_mark_is_skipped_once() {
    assert!(declares(&format!("\u{feff}{MINIMAL}")));
    assert!(matches!(
        read(&format!("\u{feff}\u{feff}{MINIMAL}")),
        Err(ReadError::NotJson { line: 1, column: 1, .. })
    ));
    assert!(matches!(
        read(&format!(" \u{feff}{MINIMAL}")),
        Err(ReadError::NotJson { line: 1, column: 2, .. })
    ));
}

#[test]
fn other_encodings_are_refused() {
    let utf16: Vec<u8> = MINIMAL.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(
        ForeignCard::from_slice(&utf16),
        Err(ReadError::NotJson { line: 1, column: 2, .. })
    ));
    let with_mark: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16).collect();
    assert_eq!(ForeignCard::from_slice(&with_mark), Err(ReadError::NotUtf8 { offset: 0 }));
    assert_eq!(
        ForeignCard::from_slice(b"{\"name\":\"\xff\",\"skills\":[]}"),
        Err(ReadError::NotUtf8 { offset: 9 })
    );
}

#[test]
fn errors_say_where_and_what() {
    let table = [
        ("", "the card is not JSON: EOF while parsing a value at line 1, column 0"),
        ("{", "the card is not JSON: EOF while parsing an object at line 1, column 1"),
        ("<html>", "the card is not JSON: expected value at line 1, column 1"),
        (
            "{\n  \"skills\": [],\n}",
            "the card is not JSON: key must be a string at line 3, column 1",
        ),
        ("{\"skills\":[]} x", "the card is not JSON: trailing characters at line 1, column 15"),
        ("{'skills':[]}", "the card is not JSON: key must be a string at line 1, column 2"),
        ("[]", "the card is not a JSON object"),
        (" 1e400 ", "the card is not a JSON object"),
        ("null", "the card is not a JSON object"),
        ("{}", "`skills` is missing, expected an array of skills"),
        (r#"{"Skills":[]}"#, "`skills` is missing, expected an array of skills"),
        (r#"{"skills":null}"#, "`skills` has the wrong type, expected an array of skills"),
        (r#"{"skills":{}}"#, "`skills` has the wrong type, expected an array of skills"),
        (r#"{"skills":1e400}"#, "`skills` has the wrong type, expected an array of skills"),
        (
            r#"{"skills":["respond-to-rfq"]}"#,
            "`skills[0]` has the wrong type, expected an object with an `id`",
        ),
        (r#"{"skills":[{"id":"a"},{}]}"#, "`skills[1].id` is missing, expected a string"),
        (r#"{"skills":[{"id":5}]}"#, "`skills[0].id` has the wrong type, expected a string"),
        (r#"{"skills":[{"id":"\ud800"}]}"#, "`skills[0].id` has the wrong type, expected a string"),
        (
            r#"{"skills":[],"skills":[{"id":"respond-to-rfq"}]}"#,
            "`skills` is there more than once, expected one",
        ),
        (
            r#"{"skills":[{"id":"respond-to-rfq","\u0069d":"x"}]}"#,
            "`skills[0].id` is there more than once, expected one",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn the_limit_is_64_kib() {
    let mut card = MINIMAL.to_owned();
    card.push_str(&" ".repeat(MAX_CARD_BYTES - card.len()));
    assert!(declares(&card));
    card.push(' ');
    assert_eq!(read(&card), Err(ReadError::TooLarge { bytes: 65_537 }));
}

#[test]
fn depth_costs_no_stack() {
    let deep =
        |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    for nested in [deep("[", "]", 32_000), deep(r#"{"a":"#, "}", 10_000)] {
        // Where it is not needed it is passed over, and elsewhere it is the wrong type.
        assert!(declares(&format!(r#"{{"x":{nested},"skills":[{{"id":"respond-to-rfq"}}]}}"#)));
        assert!(declares(&format!(r#"{{"skills":[{{"id":"respond-to-rfq","x":{nested}}}]}}"#)));
        assert!(read(&format!(r#"{{"skills":{nested}}}"#)).is_err());
        assert!(read(&format!(r#"{{"skills":[{{"id":{nested}}}]}}"#)).is_err());
        assert!(read(&nested).is_err());
    }
    assert!(matches!(read(&"[".repeat(65_536)), Err(ReadError::NotJson { .. })));
    assert!(matches!(read(&r#"{"a":"#.repeat(13_000)), Err(ReadError::NotJson { .. })));
}
