use insta::assert_snapshot;
use rfq_agent_card::card::{AuthScheme, RfqExtension, RfqRole};
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
