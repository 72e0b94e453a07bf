//! Cards as other people's servers send them, one per version of A2A.

use rfq_agent_card::reader::ForeignSkill;
use rfq_agent_card::{CardUrl, ForeignCard, VerifiedHost, check_card};

fn check(card: &str) -> ForeignCard {
    let card_url = CardUrl::parse("https://tools.example.com/.well-known/agent.json").unwrap();
    let verified = VerifiedHost::parse("example.com").unwrap();
    check_card(card.as_bytes(), &card_url, &verified).unwrap().card
}

fn ids(card: &ForeignCard) -> Vec<&str> {
    card.skills().iter().map(ForeignSkill::id).collect()
}

#[test]
fn a2a_0_2() {
    let card = check(
        r#"{
          "name": "Tool Shed",
          "description": "Power tools, shipped from Ohio",
          "url": "https://tools.example.com/",
          "provider": { "organization": "Tool Shed LLC" },
          "version": "0.9.1",
          "authentication": { "schemes": ["Bearer"], "credentials": null },
          "capabilities": { "streaming": true, "stateTransitionHistory": false },
          "defaultInputModes": ["text"],
          "defaultOutputModes": ["text"],
          "skills": [
            { "id": "chat", "name": "Chat", "description": null, "tags": null, "examples": [] },
            { "id": "respond-to-rfq", "description": "Quotes", "inputModes": ["text", "data"] }
          ]
        }"#,
    );
    assert_eq!(card.name(), Some("Tool Shed"));
    assert_eq!(ids(&card), ["chat", "respond-to-rfq"]);
    assert_eq!(card.skills()[0].description(), None);
}

#[test]
fn a2a_0_3() {
    let card = check(
        r#"{
          "protocolVersion": "0.3.0",
          "name": "Tool Shed",
          "description": "Power tools, shipped from Ohio",
          "url": "https://tools.example.com/a2a/v1",
          "preferredTransport": "JSONRPC",
          "additionalInterfaces": [
            { "url": "https://tools.example.com/a2a/v1", "transport": "JSONRPC" },
            { "url": "https://tools.example.com/a2a/grpc", "transport": "GRPC" }
          ],
          "iconUrl": "https://tools.example.com/icon.png",
          "version": "2.0.0",
          "capabilities": {
            "streaming": true,
            "extensions": [{ "uri": "https://standards.example/geo/v1", "required": true }]
          },
          "securitySchemes": {
            "google": { "type": "openIdConnect", "openIdConnectUrl": "https://accounts.example/" },
            "key": { "type": "apiKey", "in": "header", "name": "X-API-Key" }
          },
          "security": [{ "google": ["openid"] }, { "key": [] }],
          "defaultInputModes": ["application/json"],
          "defaultOutputModes": ["application/json"],
          "skills": [
            {
              "id": "respond-to-rfq",
              "name": "Quotes",
              "description": "Quotes prices",
              "tags": ["rfq"],
              "security": [{ "key": [] }]
            }
          ],
          "supportsAuthenticatedExtendedCard": true,
          "signatures": [{ "protected": "eyJhbGciOiJFUzI1NiJ9", "signature": "QFdkNLNszlGj3z3u" }]
        }"#,
    );
    assert_eq!(card.description(), Some("Power tools, shipped from Ohio"));
    assert_eq!(ids(&card), ["respond-to-rfq"]);
}

#[test]
fn a2a_1_0() {
    let card = check(
        r#"{
          "name": "Tool Shed",
          "description": "Power tools, shipped from Ohio",
          "supportedInterfaces": [
            {
              "url": "https://tools.example.com/a2a",
              "protocolBinding": "JSONRPC",
              "protocolVersion": "1.0",
              "tenant": "shop-7"
            },
            { "url": "tools.example.com:50051", "protocolBinding": "GRPC", "protocolVersion": "1.0" }
          ],
          "provider": { "organization": "Tool Shed LLC", "url": "https://tools.example.com" },
          "version": "3.1.0",
          "capabilities": { "pushNotifications": false, "extendedAgentCard": true },
          "securitySchemes": {
            "oauth": {
              "oauth2SecurityScheme": {
                "flows": {
                  "clientCredentials": {
                    "tokenUrl": "https://auth.example.com/token",
                    "scopes": { "rfq": "Ask for quotes" }
                  }
                }
              }
            }
          },
          "securityRequirements": [{ "schemes": { "oauth": { "list": ["rfq"] } } }],
          "defaultInputModes": ["text/plain"],
          "defaultOutputModes": ["text/plain"],
          "skills": [
            {
              "id": "respond-to-rfq",
              "name": "Quotes",
              "description": "Quotes prices",
              "tags": ["rfq"],
              "securityRequirements": [{ "schemes": { "oauth": {} } }]
            }
          ]
        }"#,
    );
    assert_eq!(card.name(), Some("Tool Shed"));
    assert_eq!(ids(&card), ["respond-to-rfq"]);
}
