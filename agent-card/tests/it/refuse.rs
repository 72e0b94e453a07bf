use rfq_agent_card::card::{AgentCardBuilder, RfqExtension};
use rfq_agent_card::skill::Skill;
use rfq_agent_card::{AgentCard, RESPOND_TO_RFQ};

#[test]
fn an_invalid_card_cannot_be_built() {
    fn card() -> AgentCardBuilder {
        AgentCard::builder("a", "b", "1")
    }
    fn extension(extension: RfqExtension) -> AgentCardBuilder {
        card().rfq_extension(extension)
    }
    let skill = |id: &str, name: &str, description: &str, tags: &[&str]| {
        card().skill(Skill::new(id, name, description, tags.iter().copied()))
    };
    let rfq = RfqExtension::new;
    let table = [
        (AgentCard::builder(" \n", "b", "1"), "`name` is empty"),
        (AgentCard::builder("a", "", "1"), "`description` is empty"),
        (AgentCard::builder("a", "b", ""), "`version` is empty"),
        (card().provider("", "https://a.com"), "`provider.organization` is empty"),
        (
            card().provider("A", "http://a.com"),
            r#"`provider.url` is "http://a.com", expected an absolute https URL without user information"#,
        ),
        (
            card().documentation_url("https://u:p@a.com/"),
            r#"`documentationUrl` is "https://u:p@a.com/", expected an absolute https URL without user information"#,
        ),
        (
            card().documentation_url("/docs"),
            r#"`documentationUrl` is "/docs", expected an absolute https URL without user information"#,
        ),
        (skill("", "n", "d", &["t"]), "`skills[1].id` is empty"),
        (skill("x", "", "d", &["t"]), "`skills[1].name` is empty"),
        (skill("x", "n", "\t", &["t"]), "`skills[1].description` is empty"),
        (skill("x", "n", "d", &[]), "`skills[1].tags` is empty"),
        (skill("x", "n", "d", &["t", ""]), "`skills[1].tags` is empty"),
        (skill(RESPOND_TO_RFQ, "", "d", &["t"]), "`skills[0].name` is empty"),
        (
            card().a2a_at("http://a.com"),
            "the domain root of the A2A interfaces: expected a URL that begins with https://",
        ),
        (
            card().a2a_at("https://a.com:8443"),
            "the domain root of the A2A interfaces: the URL names port 8443, expected 443",
        ),
        (
            card().a2a_at("https://a.com/message:send"),
            r#"the domain root of the A2A interfaces is "https://a.com/message:send", expected https://HOST only"#,
        ),
        (
            card().a2a_at("https://a.com/?x"),
            r#"the domain root of the A2A interfaces is "https://a.com/?x", expected https://HOST only"#,
        ),
        (
            card().a2a_at("https://a.com#x"),
            r#"the domain root of the A2A interfaces is "https://a.com#x", expected https://HOST only"#,
        ),
        (extension(rfq().uri("")), "`capabilities.extensions[0].uri` is empty"),
        (
            extension(rfq().uri("rfq/v1")),
            r#"`capabilities.extensions[0].uri` is "rfq/v1", expected an absolute URI"#,
        ),
        (
            extension(rfq().uri("urn:x ")),
            r#"`capabilities.extensions[0].uri` is "urn:x ", expected an absolute URI"#,
        ),
        (extension(rfq().description("")), "`capabilities.extensions[0].description` is empty"),
        (extension(rfq().roles([])), "`capabilities.extensions[0].params.roles` is empty"),
        (
            extension(rfq().currencies([""; 0])),
            "`capabilities.extensions[0].params.currencies` is empty",
        ),
        (
            extension(rfq().currencies(["usd"])),
            r#"`capabilities.extensions[0].params.currencies` has "usd", expected ISO 4217 codes"#,
        ),
        (
            extension(rfq().max_response_ms(0)),
            "`capabilities.extensions[0].params.max_response_ms` is 0, expected 1 to 4000",
        ),
        (
            extension(rfq().max_response_ms(4_001)),
            "`capabilities.extensions[0].params.max_response_ms` is 4001, expected 1 to 4000",
        ),
    ];
    for (builder, expected) in table {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_card_that_readers_would_refuse_for_its_size_cannot_be_built() {
    let error = AgentCard::builder("a", "b".repeat(65_536), "1").build().unwrap_err();
    assert!(error.to_string().ends_with("bytes, expected at most 65536"), "{error}");
}
