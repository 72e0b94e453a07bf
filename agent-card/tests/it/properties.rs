use proptest::collection::vec;
use proptest::prelude::*;
use rfq_agent_card::card::{AgentCardBuilder, AuthScheme, RfqExtension};
use rfq_agent_card::skill::Skill;
use rfq_agent_card::{
    AgentCard, CardStyle, CardUrl, ForeignCard, RESPOND_TO_RFQ, ServedCard, VerifiedHost,
    check_card,
};

/// Any text, quotes, controls and all.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("blank", |text| !text.trim().is_empty())
}

/// Nothing, or labels with a dot after each. Two hyphens in a row may be broken punycode.
fn subdomain() -> impl Strategy<Value = String> {
    "([a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?\\.){0,3}".prop_filter("punycode", |l| !l.contains("--"))
}

fn skill() -> impl Strategy<Value = Skill> {
    (text(), text(), text(), vec(text(), 1..4))
        .prop_map(|(id, name, description, tags)| Skill::new(id, name, description, tags))
}

prop_compose! {
    fn card()(
        name in text(),
        description in text(),
        version in text(),
        skills in vec(skill(), 0..4),
        strict in any::<bool>(),
        interfaces in any::<bool>(),
        bearer in any::<bool>(),
        extension in proptest::option::of((1_u16..=4_000, text())),
    ) -> AgentCardBuilder {
        let mut card = AgentCard::builder(name, description, version)
            .style(if strict { CardStyle::V1Strict } else { CardStyle::Superset });
        if interfaces {
            card = card.a2a_at("https://mystore.com");
        }
        if bearer {
            card = card.security(AuthScheme::Bearer);
        }
        if let Some((milliseconds, description)) = extension {
            let extension =
                RfqExtension::new().max_response_ms(milliseconds).description(description);
            card = card.rfq_extension(extension);
        }
        skills.into_iter().fold(card, AgentCardBuilder::skill)
    }
}

fn no_empty_list_or_text(value: &serde_json::Value, path: &str) {
    match value {
        serde_json::Value::String(text) => assert!(!text.is_empty(), "{path}"),
        serde_json::Value::Array(items) => {
            // The scopes in 0.3's `security`.
            assert!(!items.is_empty() || path == ".security[].bearer", "{path}");
            for item in items {
                no_empty_list_or_text(item, &format!("{path}[]"));
            }
        }
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                no_empty_list_or_text(value, &format!("{path}.{name}"));
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn what_is_built_is_read_and_checked(builder in card()) {
        let card = builder.build().unwrap();
        let served = ServedCard::new(&card);

        let read = ForeignCard::from_slice(served.body()).unwrap();
        prop_assert!(read.declares(RESPOND_TO_RFQ));
        prop_assert_eq!(read.skills()[0].id(), RESPOND_TO_RFQ);

        let card_url = CardUrl::parse("https://mystore.com/.well-known/agent.json").unwrap();
        let verified = VerifiedHost::parse("mystore.com").unwrap();
        let checked = check_card(served.body(), &card_url, &verified).unwrap();
        prop_assert_eq!(checked.card, read);
        prop_assert!(served.matches(served.etag()));

        no_empty_list_or_text(&serde_json::from_str(card.as_json()).unwrap(), "");
    }

    #[test]
    fn texts_come_back_as_they_went(name in text(), id in text(), description in text()) {
        let card = AgentCard::builder(&name, "b", "1")
            .skill(Skill::new(&id, "n", &description, ["t"]))
            .build()
            .unwrap();
        let read = ForeignCard::from_slice(card.as_json().as_bytes()).unwrap();
        prop_assert_eq!(read.name(), Some(name.as_str()));
        let last = read.skills().last().unwrap();
        prop_assert_eq!(last.id(), &id);
        prop_assert_eq!(last.description(), Some(description.as_str()));
    }

    #[test]
    fn reading_never_panics(bytes in vec(any::<u8>(), 0..200)) {
        let _ = ForeignCard::from_slice(&bytes);
    }

    #[test]
    fn reading_json_like_text_never_panics(
        text in r#"(\{|\}|\[|\]|:|,|"skills"|"id"|"respond-to-rfq"|"\\ud800"|1e999|null| ){0,40}"#
    ) {
        let _ = ForeignCard::from_slice(text.as_bytes());
    }

    #[test]
    fn parsing_any_text_as_url_or_host_never_panics(text in any::<String>()) {
        let _ = CardUrl::parse(&text);
        let _ = CardUrl::parse(&format!("https://{text}"));
        let _ = VerifiedHost::parse(&text);
    }

    #[test]
    fn matching_any_header_never_panics(bytes in vec(any::<u8>(), 0..100)) {
        let card = AgentCard::builder("a", "b", "1").build().unwrap();
        prop_assert!(!ServedCard::new(&card).matches(&bytes) || bytes.trim_ascii() == b"*");
    }

    #[test]
    fn normalising_is_idempotent(
        text in r"https://[a-zA-Z0-9.ßéüＡ%\-]{1,30}(:443)?(/[ -~]{0,20})?"
    ) {
        if let Ok(card_url) = CardUrl::parse(&text) {
            prop_assert_eq!(&CardUrl::parse(card_url.as_str()).unwrap(), &card_url);

            let endpoint = card_url.rfq_endpoint();
            let again = CardUrl::parse(endpoint.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), endpoint.as_str());
            prop_assert_eq!(again.rfq_endpoint(), endpoint);
        }
    }

    #[test]
    fn a_name_that_only_ends_alike_is_another_domain(
        glued in "[a-z0-9][a-z0-9-]{0,10}",
        below in subdomain(),
    ) {
        let verified = VerifiedHost::parse("mystore.com").unwrap();
        // `a-` + `mystore` is a label, and so is `xn--` + something; the latter may not parse.
        if let Ok(url) = CardUrl::parse(&format!("https://{below}{glued}mystore.com/")) {
            prop_assert!(verified.check(&url).is_err());
        }
        let url = CardUrl::parse(&format!("https://mystore.com.{below}evil.com/")).unwrap();
        prop_assert!(verified.check(&url).is_err());
    }

    #[test]
    fn a_true_subdomain_is_the_same_domain(below in subdomain()) {
        let verified = VerifiedHost::parse("mystore.com").unwrap();
        let url = CardUrl::parse(&format!("https://{below}mystore.com/")).unwrap();
        prop_assert_eq!(verified.check(&url), Ok(()));
    }
}
