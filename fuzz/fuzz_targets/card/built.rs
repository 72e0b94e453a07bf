//! A card out of the builder: others read back what was put in.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};
use rfq_agent_card::card::{AuthScheme, RfqExtension, RfqRole};
use rfq_agent_card::reader::ForeignSkill;
use rfq_agent_card::skill::Skill;
use rfq_agent_card::{
    AgentCard, CardStyle, CardUrl, ForeignCard, MAX_CARD_BYTES, RESPOND_TO_RFQ, ServedCard,
    VerifiedHost, check_card,
};
use serde_json::Value;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    strict: bool,
    texts: [&'a str; 3],
    a2a_at: Option<&'a str>,
    provider: Option<(&'a str, &'a str)>,
    documentation: Option<&'a str>,
    security: Vec<bool>,
    skills: Vec<(&'a str, &'a str, Vec<&'a str>)>,
    extension: Option<Extension<'a>>,
    if_none_match: &'a [u8],
}

#[derive(Arbitrary, Debug)]
struct Extension<'a> {
    uri: Option<&'a str>,
    description: &'a str,
    roles: Vec<u8>,
    currencies: Vec<&'a str>,
    max_response_ms: u16,
    auth: Vec<bool>,
}

/// Empty texts are what the fuzzer tries most, and they all end in the same error.
fn filled<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

fn https(text: &str) -> String {
    format!("https://{}", filled(text, "mystore.com"))
}

fn schemes(bearer: &[bool]) -> impl Iterator<Item = AuthScheme> {
    bearer.iter().map(|bearer| if *bearer { AuthScheme::Bearer } else { AuthScheme::HmacSha256 })
}

fn extension(input: &Extension<'_>) -> RfqExtension {
    const ROLES: [RfqRole; 3] = [RfqRole::Responder, RfqRole::Requestor, RfqRole::Broker];
    let mut extension = RfqExtension::new()
        .description(filled(input.description, "RFQs"))
        .max_response_ms(input.max_response_ms)
        .auth(schemes(&input.auth));
    if !input.roles.is_empty() {
        extension = extension.roles(input.roles.iter().map(|role| ROLES[usize::from(*role) % 3]));
    }
    if !input.currencies.is_empty() {
        extension = extension.currencies(input.currencies.iter().map(|code| filled(code, "USD")));
    }
    input.uri.map_or(extension.clone(), |uri| extension.uri(uri))
}

fn build(input: &Input<'_>) -> Option<AgentCard> {
    let [name, description, version] = input.texts.map(|text| filled(text, "x"));
    let mut builder = AgentCard::builder(name, description, version);
    if input.strict {
        builder = builder.style(CardStyle::V1Strict);
    }
    if let Some(root) = input.a2a_at {
        builder = builder.a2a_at(https(root));
    }
    if let Some((organization, url)) = input.provider {
        builder = builder.provider(filled(organization, "x"), https(url));
    }
    if let Some(url) = input.documentation {
        builder = builder.documentation_url(https(url));
    }
    for scheme in schemes(&input.security) {
        builder = builder.security(scheme);
    }
    for (id, name, tags) in &input.skills {
        let tags = tags.iter().map(|tag| filled(tag, "x")).chain(["rfq"]);
        builder =
            builder.skill(Skill::new(filled(id, RESPOND_TO_RFQ), filled(name, "x"), "x", tags));
    }
    builder = match &input.extension {
        Some(given) => builder.rfq_extension(extension(given)),
        None => builder,
    };
    builder.build().ok()
}

pub(crate) fn reads_back(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let Some(card) = build(&input) else { return };
    assert_eq!(build(&input).as_ref(), Some(&card), "the same input is the same card");
    let bytes = card.as_json().as_bytes();
    assert!(bytes.len() <= MAX_CARD_BYTES);

    let url = CardUrl::parse("https://mystore.com/.well-known/agent.json").unwrap();
    let checked = check_card(bytes, &url, &VerifiedHost::parse("mystore.com").unwrap()).unwrap();
    let read = ForeignCard::from_slice(bytes).unwrap();
    assert_eq!(read, checked.card);
    assert_eq!(read.name(), Some(filled(input.texts[0], "x")));
    assert_eq!(read.description(), Some(filled(input.texts[1], "x")));
    let ids: Vec<&str> = read.skills().iter().map(ForeignSkill::id).collect();
    let given = input.skills.iter().map(|(id, ..)| filled(id, RESPOND_TO_RFQ));
    assert_eq!(ids.first(), Some(&RESPOND_TO_RFQ));
    assert_eq!(BTreeSet::from_iter(ids.clone()), given.chain([RESPOND_TO_RFQ]).collect());
    assert_eq!(BTreeSet::from_iter(ids.clone()).len(), ids.len(), "an id is there twice");
    is_wire(&serde_json::from_slice(bytes).unwrap(), input.strict);

    let served = ServedCard::new(&card);
    assert_eq!(served.body(), bytes);
    assert!(served.matches(served.etag()) && served.matches("*"));
    let (but_a_digit, _) = served.etag().split_at(served.etag().len() - 2);
    assert!(!served.matches(format!("{but_a_digit}\"")));
    // No value the fuzzer can think of holds a SHA-256 of the card.
    assert_eq!(served.matches(input.if_none_match), input.if_none_match.trim_ascii() == b"*");
}

fn is_wire(card: &Value, strict: bool) {
    assert!(card["skills"].as_array().unwrap().iter().all(|skill| {
        ["id", "name", "description"].iter().all(|key| !skill[key].as_str().unwrap().is_empty())
            && !skill["tags"].as_array().unwrap().is_empty()
    }));
    let v03 = ["protocolVersion", "url", "preferredTransport", "security"];
    assert!(!strict || v03.iter().all(|key| card.get(key).is_none()));
    let mut urls = vec![card.get("url"), card.get("documentationUrl"), card["provider"].get("url")];
    let interfaces = card["supportedInterfaces"].as_array().into_iter().flatten();
    urls.extend(interfaces.map(|interface| interface.get("url")));
    for url in urls.into_iter().flatten() {
        assert!(url.as_str().unwrap().starts_with("https://"), "{url}");
    }
}
