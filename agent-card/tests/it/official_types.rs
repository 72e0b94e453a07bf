//! Our cards through the official Rust types of A2A 1.0 (`a2a-lf`).

use rfq_agent_card::CardStyle;
use serde_json::{Value, json};

use crate::full_card;

fn ours(style: CardStyle) -> Value {
    let card = full_card(style).a2a_at("https://mystore.com").build().unwrap();
    serde_json::from_str(card.as_json()).unwrap()
}

fn through_official_types(card: &Value) -> Value {
    let card: a2a::AgentCard = serde_json::from_value(card.clone()).unwrap();
    serde_json::to_value(card).unwrap()
}

/// They write an empty list of scopes as `{"list":[]}`, and read it as `{}` too: the same in the
/// protobuf JSON mapping.
fn with_written_out_scopes(mut card: Value) -> Value {
    for requirement in card["securityRequirements"].as_array_mut().unwrap() {
        for scopes in requirement["schemes"].as_object_mut().unwrap().values_mut() {
            assert_eq!(*scopes, json!({}));
            *scopes = json!({ "list": [] });
        }
    }
    card
}

#[test]
fn a_strict_card_comes_back_whole() {
    let card = ours(CardStyle::V1Strict);
    assert_eq!(through_official_types(&card), with_written_out_scopes(card));
}

#[test]
fn a_superset_is_accepted_and_comes_back_as_the_strict_card() {
    let superset = ours(CardStyle::Superset);
    for key in ["url", "preferredTransport", "protocolVersion", "security"] {
        assert!(superset.get(key).is_some(), "{key}");
    }
    // The keys of 0.3 are dropped without complaint, those of 1.0 are all kept.
    assert_eq!(
        through_official_types(&superset),
        with_written_out_scopes(ours(CardStyle::V1Strict))
    );
}

#[test]
fn they_understand_what_we_declare() {
    let card: a2a::AgentCard = serde_json::from_value(ours(CardStyle::Superset)).unwrap();

    let interfaces: Vec<_> = card
        .supported_interfaces
        .iter()
        .map(|i| (i.protocol_binding.as_str(), i.protocol_version.as_str(), i.url.as_str()))
        .collect();
    assert_eq!(
        interfaces,
        [
            (a2a::TRANSPORT_PROTOCOL_HTTP_JSON, a2a::VERSION, "https://mystore.com"),
            (a2a::TRANSPORT_PROTOCOL_JSONRPC, a2a::VERSION, "https://mystore.com/a2a"),
            (a2a::TRANSPORT_PROTOCOL_JSONRPC, "0.3", "https://mystore.com/a2a"),
        ]
    );

    let schemes = card.security_schemes.unwrap();
    assert!(matches!(&schemes["bearer"], a2a::SecurityScheme::HttpAuth(s) if s.scheme == "Bearer"));
    assert!(matches!(
        &schemes["hmac-sha256"],
        a2a::SecurityScheme::ApiKey(s)
            if s.location == "header" && s.name == "X-ProductIndex-Signature"
    ));
    // Two entries are alternatives; one entry with both would ask for both.
    assert_eq!(card.security_requirements.unwrap().len(), 2);

    let extension = &card.capabilities.extensions.unwrap()[0];
    assert_eq!(extension.uri, rfq_agent_card::card::RFQ_EXTENSION_URI);
    assert_eq!(extension.required, Some(false));
    assert_eq!(extension.params.as_ref().unwrap()["max_response_ms"], 3_500);
}

#[test]
fn a_card_without_interfaces_is_none_of_theirs() {
    for style in [CardStyle::Superset, CardStyle::V1Strict] {
        let card = full_card(style).build().unwrap();
        let error = serde_json::from_str::<a2a::AgentCard>(card.as_json()).unwrap_err();
        assert!(error.to_string().starts_with("missing field `supportedInterfaces`"), "{error}");
    }
}
