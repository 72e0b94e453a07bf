use rfq_agent_card::check::{CheckError, SameDomainError};
use rfq_agent_card::reader::ReadError;
use rfq_agent_card::{CardUrl, VerifiedHost, check_card};

const MINIMAL: &[u8] = br#"{"skills":[{"id":"respond-to-rfq","description":".."}]}"#;

fn check(bytes: &[u8], card_url: &str) -> Result<String, CheckError> {
    let card_url = CardUrl::parse(card_url).unwrap();
    let verified = VerifiedHost::parse("mystore.com").unwrap();
    check_card(bytes, &card_url, &verified).map(|checked| checked.endpoint.to_string())
}

#[test]
fn the_seeds_minimal_card_passes() {
    assert_eq!(
        check(MINIMAL, "https://mystore.com/.well-known/agent.json"),
        Ok("https://mystore.com/message:send".to_owned())
    );
    assert_eq!(
        check(MINIMAL, "https://rfq.mystore.com/card?v=1"),
        Ok("https://rfq.mystore.com/message:send".to_owned())
    );
}

#[test]
fn the_domain_is_checked_before_the_bytes() {
    assert_eq!(
        check(b"not json", "https://evilmystore.com/"),
        Err(CheckError::Domain(SameDomainError::OtherDomain {
            card_host: "evilmystore.com".to_owned(),
            verified_host: "mystore.com".to_owned(),
        }))
    );
}

#[test]
fn what_is_no_card_is_refused() {
    assert_eq!(
        check(br#"{"name":"My Store"}"#, "https://mystore.com/"),
        Err(CheckError::Card(ReadError::Missing {
            field: "skills".to_owned(),
            expected: "an array of skills",
        }))
    );
}

#[test]
fn a_card_without_the_skill_is_told_what_it_declares() {
    let error =
        check(br#"{"skills":[{"id":"Respond-To-RFQ"},{"id":"a\n"}]}"#, "https://mystore.com/")
            .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"`skills` declares ["Respond-To-RFQ", "a\n"], expected a skill with exactly the id `respond-to-rfq`"#
    );
    let many: Vec<_> = (0..500).map(|n| format!(r#"{{"id":"{n}"}}"#)).collect();
    let many = format!(r#"{{"skills":[{}]}}"#, many.join(","));
    assert_eq!(
        check(many.as_bytes(), "https://mystore.com/"),
        Err(CheckError::SkillNotDeclared { declared: (0..8).map(|n| n.to_string()).collect() })
    );
}
