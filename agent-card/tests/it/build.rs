use insta::assert_snapshot;
use rfq_agent_card::card::{AgentCardBuilder, AuthScheme, RfqExtension, RfqRole};
use rfq_agent_card::skill::Skill;
use rfq_agent_card::{AgentCard, CardStyle, ForeignCard, RESPOND_TO_RFQ};

use crate::full_card;

#[test]
fn least_card() {
    let card = AgentCard::builder("My Store", "Sells bicycles", "1.0.0").build().unwrap();
    assert_snapshot!(card.as_json(), @r#"
    {
      "name": "My Store",
      "description": "Sells bicycles",
      "version": "1.0.0",
      "capabilities": {
        "streaming": false,
        "pushNotifications": false
      },
      "defaultInputModes": [
        "application/json",
        "text/plain"
      ],
      "defaultOutputModes": [
        "application/json",
        "text/plain"
      ],
      "skills": [
        {
          "id": "respond-to-rfq",
          "name": "Respond to RFQ",
          "description": "Responds to price quote requests with current pricing, availability, and shipping terms",
          "tags": [
            "rfq",
            "pricing",
            "availability",
            "shipping"
          ]
        }
      ]
    }
    "#);
}

#[test]
fn superset_without_interfaces() {
    let card = full_card(CardStyle::Superset).build().unwrap();
    assert_snapshot!(card.as_json(), @r#"
    {
      "name": "My Store",
      "description": "Sells bicycles and parts",
      "version": "1.4.0",
      "provider": {
        "organization": "My Store Inc.",
        "url": "https://mystore.com/"
      },
      "documentationUrl": "https://mystore.com/agents",
      "capabilities": {
        "streaming": false,
        "pushNotifications": false,
        "extensions": [
          {
            "uri": "urn:uuid:b5c41559-beda-4baf-8326-582896a8845a",
            "description": "Structured requests for quotes, answered with an offer or a decline",
            "required": false,
            "params": {
              "roles": [
                "responder"
              ],
              "currencies": [
                "USD"
              ],
              "max_response_ms": 3500,
              "auth": [
                "bearer",
                "hmac-sha256"
              ]
            }
          }
        ]
      },
      "securitySchemes": {
        "bearer": {
          "type": "http",
          "scheme": "bearer",
          "description": "A token agreed with the caller",
          "httpAuthSecurityScheme": {
            "description": "A token agreed with the caller",
            "scheme": "Bearer"
          }
        },
        "hmac-sha256": {
          "type": "apiKey",
          "in": "header",
          "name": "X-ProductIndex-Signature",
          "description": "HMAC-SHA256, in hexadecimal, of the Unix time in seconds, a full stop and the body as sent, keyed with the shared secret; that time goes in X-ProductIndex-Timestamp",
          "apiKeySecurityScheme": {
            "description": "HMAC-SHA256, in hexadecimal, of the Unix time in seconds, a full stop and the body as sent, keyed with the shared secret; that time goes in X-ProductIndex-Timestamp",
            "location": "header",
            "name": "X-ProductIndex-Signature"
          }
        }
      },
      "securityRequirements": [
        {
          "schemes": {
            "bearer": {}
          }
        },
        {
          "schemes": {
            "hmac-sha256": {}
          }
        }
      ],
      "security": [
        {
          "bearer": []
        },
        {
          "hmac-sha256": []
        }
      ],
      "defaultInputModes": [
        "application/json",
        "text/plain"
      ],
      "defaultOutputModes": [
        "application/json",
        "text/plain"
      ],
      "skills": [
        {
          "id": "respond-to-rfq",
          "name": "Respond to RFQ",
          "description": "Responds to price quote requests with current pricing, availability, and shipping terms",
          "tags": [
            "rfq",
            "pricing",
            "availability",
            "shipping"
          ]
        }
      ]
    }
    "#);
}

fn with_interfaces(style: CardStyle) -> AgentCard {
    AgentCard::builder("My Store", "Sells bicycles", "1.4.0")
        .style(style)
        .security(AuthScheme::Bearer)
        .a2a_at("https://mystore.com")
        .build()
        .unwrap()
}

#[test]
fn superset_with_interfaces() {
    let card = with_interfaces(CardStyle::Superset);
    assert_snapshot!(card.as_json(), @r#"
    {
      "name": "My Store",
      "description": "Sells bicycles",
      "version": "1.4.0",
      "supportedInterfaces": [
        {
          "url": "https://mystore.com",
          "protocolBinding": "HTTP+JSON",
          "protocolVersion": "1.0"
        },
        {
          "url": "https://mystore.com/a2a",
          "protocolBinding": "JSONRPC",
          "protocolVersion": "1.0"
        },
        {
          "url": "https://mystore.com/a2a",
          "protocolBinding": "JSONRPC",
          "protocolVersion": "0.3"
        }
      ],
      "protocolVersion": "0.3.0",
      "url": "https://mystore.com/a2a",
      "preferredTransport": "JSONRPC",
      "capabilities": {
        "streaming": false,
        "pushNotifications": false
      },
      "securitySchemes": {
        "bearer": {
          "type": "http",
          "scheme": "bearer",
          "description": "A token agreed with the caller",
          "httpAuthSecurityScheme": {
            "description": "A token agreed with the caller",
            "scheme": "Bearer"
          }
        }
      },
      "securityRequirements": [
        {
          "schemes": {
            "bearer": {}
          }
        }
      ],
      "security": [
        {
          "bearer": []
        }
      ],
      "defaultInputModes": [
        "application/json",
        "text/plain"
      ],
      "defaultOutputModes": [
        "application/json",
        "text/plain"
      ],
      "skills": [
        {
          "id": "respond-to-rfq",
          "name": "Respond to RFQ",
          "description": "Responds to price quote requests with current pricing, availability, and shipping terms",
          "tags": [
            "rfq",
            "pricing",
            "availability",
            "shipping"
          ]
        }
      ]
    }
    "#);
}

#[test]
fn v1_strict_without_interfaces() {
    let card = full_card(CardStyle::V1Strict).build().unwrap();
    assert_snapshot!(card.as_json(), @r#"
    {
      "name": "My Store",
      "description": "Sells bicycles and parts",
      "version": "1.4.0",
      "provider": {
        "organization": "My Store Inc.",
        "url": "https://mystore.com/"
      },
      "documentationUrl": "https://mystore.com/agents",
      "capabilities": {
        "streaming": false,
        "pushNotifications": false,
        "extensions": [
          {
            "uri": "urn:uuid:b5c41559-beda-4baf-8326-582896a8845a",
            "description": "Structured requests for quotes, answered with an offer or a decline",
            "required": false,
            "params": {
              "roles": [
                "responder"
              ],
              "currencies": [
                "USD"
              ],
              "max_response_ms": 3500,
              "auth": [
                "bearer",
                "hmac-sha256"
              ]
            }
          }
        ]
      },
      "securitySchemes": {
        "bearer": {
          "httpAuthSecurityScheme": {
            "description": "A token agreed with the caller",
            "scheme": "Bearer"
          }
        },
        "hmac-sha256": {
          "apiKeySecurityScheme": {
            "description": "HMAC-SHA256, in hexadecimal, of the Unix time in seconds, a full stop and the body as sent, keyed with the shared secret; that time goes in X-ProductIndex-Timestamp",
            "location": "header",
            "name": "X-ProductIndex-Signature"
          }
        }
      },
      "securityRequirements": [
        {
          "schemes": {
            "bearer": {}
          }
        },
        {
          "schemes": {
            "hmac-sha256": {}
          }
        }
      ],
      "defaultInputModes": [
        "application/json",
        "text/plain"
      ],
      "defaultOutputModes": [
        "application/json",
        "text/plain"
      ],
      "skills": [
        {
          "id": "respond-to-rfq",
          "name": "Respond to RFQ",
          "description": "Responds to price quote requests with current pricing, availability, and shipping terms",
          "tags": [
            "rfq",
            "pricing",
            "availability",
            "shipping"
          ]
        }
      ]
    }
    "#);
}

#[test]
fn v1_strict_with_interfaces() {
    let card = with_interfaces(CardStyle::V1Strict);
    assert_snapshot!(card.as_json(), @r#"
    {
      "name": "My Store",
      "description": "Sells bicycles",
      "version": "1.4.0",
      "supportedInterfaces": [
        {
          "url": "https://mystore.com",
          "protocolBinding": "HTTP+JSON",
          "protocolVersion": "1.0"
        },
        {
          "url": "https://mystore.com/a2a",
          "protocolBinding": "JSONRPC",
          "protocolVersion": "1.0"
        },
        {
          "url": "https://mystore.com/a2a",
          "protocolBinding": "JSONRPC",
          "protocolVersion": "0.3"
        }
      ],
      "capabilities": {
        "streaming": false,
        "pushNotifications": false
      },
      "securitySchemes": {
        "bearer": {
          "httpAuthSecurityScheme": {
            "description": "A token agreed with the caller",
            "scheme": "Bearer"
          }
        }
      },
      "securityRequirements": [
        {
          "schemes": {
            "bearer": {}
          }
        }
      ],
      "defaultInputModes": [
        "application/json",
        "text/plain"
      ],
      "defaultOutputModes": [
        "application/json",
        "text/plain"
      ],
      "skills": [
        {
          "id": "respond-to-rfq",
          "name": "Respond to RFQ",
          "description": "Responds to price quote requests with current pricing, availability, and shipping terms",
          "tags": [
            "rfq",
            "pricing",
            "availability",
            "shipping"
          ]
        }
      ]
    }
    "#);
}

#[test]
fn without_interfaces_no_key_names_one() {
    for style in [CardStyle::Superset, CardStyle::V1Strict] {
        let card = full_card(style).build().unwrap();
        let card: serde_json::Value = serde_json::from_str(card.as_json()).unwrap();
        for key in
            ["supportedInterfaces", "url", "preferredTransport", "protocolVersion", "interfaces"]
        {
            assert!(card.get(key).is_none(), "{key} in {style:?}");
        }
    }
}

#[test]
fn interface_urls_are_normalised() {
    for root in ["https://MyStore.com", "https://mystore.com:443/", "https://mystore.com./"] {
        let card = AgentCard::builder("a", "b", "1").a2a_at(root).build().unwrap();
        let card: serde_json::Value = serde_json::from_str(card.as_json()).unwrap();
        assert_eq!(card["supportedInterfaces"][0]["url"], "https://mystore.com", "{root}");
        assert_eq!(card["url"], "https://mystore.com/a2a", "{root}");
    }
}

#[test]
fn a_second_skill_stands_beside_and_a_second_text_replaces() {
    let card = AgentCard::builder("a", "b", "1")
        .skill(Skill::new("track-order", "Track order", "Where is my order?", ["orders"]))
        .skill(Skill::new(RESPOND_TO_RFQ, "Angebot", "Nennt Preise", ["preise"]))
        .build()
        .unwrap();
    let card = ForeignCard::from_slice(card.as_json().as_bytes()).unwrap();
    let skills: Vec<_> = card.skills().iter().map(|s| (s.id(), s.description())).collect();
    assert_eq!(
        skills,
        [("respond-to-rfq", Some("Nennt Preise")), ("track-order", Some("Where is my order?"))]
    );
}

#[test]
fn roles_currencies_and_uri_are_the_callers() {
    let extension = RfqExtension::new()
        .uri("https://example.com/rfq/v2")
        .description("Ours")
        .roles([RfqRole::Broker, RfqRole::Requestor])
        .currencies(["USD", "EUR"]);
    let card = AgentCard::builder("a", "b", "1").rfq_extension(extension).build().unwrap();
    let card: serde_json::Value = serde_json::from_str(card.as_json()).unwrap();
    assert_eq!(
        card["capabilities"]["extensions"],
        serde_json::json!([{
            "uri": "https://example.com/rfq/v2",
            "description": "Ours",
            "required": false,
            "params": {
                "roles": ["requestor", "broker"],
                "currencies": ["EUR", "USD"],
                "max_response_ms": 4000,
            },
        }])
    );
}

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
