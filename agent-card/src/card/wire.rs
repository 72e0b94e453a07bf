//! The JSON of a card. Field names are A2A 1.0's (§4.4, §4.5; its JSON mapping of the protobuf
//! definitions) unless a comment says 0.3.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::CardStyle;
use super::builder::AgentCardBuilder;
use super::extension::RfqExtension;
use super::security::{AuthScheme, SIGNATURE_HEADER};

/// What an agent reads and writes: the RFQ as data, and a line of text beside it.
const MODES: [&str; 2] = ["application/json", "text/plain"];

/// Writes a card whose fields were checked. `a2a_host` is the host of the A2A interfaces, if any.
pub(super) fn write(
    card: &AgentCardBuilder,
    a2a_host: Option<&str>,
) -> Result<String, serde_json::Error> {
    let superset = card.style == CardStyle::Superset;
    let root = a2a_host.map(|host| format!("https://{host}"));
    let json_rpc = root.as_ref().map(|root| format!("{root}/a2a"));
    let v03_url = json_rpc.as_deref().filter(|_| superset);

    serde_json::to_string_pretty(&Card {
        name: &card.name,
        description: &card.description,
        version: &card.version,
        provider: card.provider.as_ref().map(|(organization, url)| Provider { organization, url }),
        documentation_url: card.documentation_url.as_deref(),
        supported_interfaces: match (&root, &json_rpc) {
            (Some(root), Some(json_rpc)) => vec![
                Interface { url: root, protocol_binding: "HTTP+JSON", protocol_version: "1.0" },
                Interface { url: json_rpc, protocol_binding: "JSONRPC", protocol_version: "1.0" },
                Interface { url: json_rpc, protocol_binding: "JSONRPC", protocol_version: "0.3" },
            ],
            _ => Vec::new(),
        },
        protocol_version: v03_url.map(|_| "0.3.0"),
        url: v03_url,
        preferred_transport: v03_url.map(|_| "JSONRPC"),
        capabilities: Capabilities {
            streaming: false,
            push_notifications: false,
            extensions: card.rfq_extension.iter().map(extension).collect(),
        },
        security_schemes: card
            .security
            .iter()
            .map(|scheme| (scheme.as_str(), security_scheme(*scheme, superset)))
            .collect(),
        security_requirements: card
            .security
            .iter()
            .map(|scheme| Requirement {
                schemes: Scheme { name: scheme.as_str(), scopes: NoList {} },
            })
            .collect(),
        security: card
            .security
            .iter()
            .filter(|_| superset)
            .map(|scheme| Scheme { name: scheme.as_str(), scopes: [] })
            .collect(),
        default_input_modes: MODES,
        default_output_modes: MODES,
        skills: card
            .skills
            .iter()
            .map(|skill| Skill {
                id: &skill.id,
                name: &skill.name,
                description: &skill.description,
                tags: &skill.tags,
            })
            .collect(),
    })
}

fn extension(extension: &RfqExtension) -> Extension<'_> {
    Extension {
        uri: &extension.uri,
        description: &extension.description,
        required: false,
        params: ExtensionParams {
            roles: extension.roles.iter().map(|role| role.as_str()).collect(),
            currencies: extension.currencies.iter().map(String::as_str).collect(),
            max_response_ms: extension.max_response_ms,
            auth: extension.auth.iter().map(|scheme| scheme.as_str()).collect(),
        },
    }
}

fn security_scheme(scheme: AuthScheme, superset: bool) -> SecurityScheme {
    match scheme {
        AuthScheme::Bearer => {
            let description = "A token agreed with the caller";
            SecurityScheme::Http {
                v03: superset.then_some(HttpV03 { r#type: "http", scheme: "bearer", description }),
                http_auth_security_scheme: HttpAuth { description, scheme: "Bearer" },
            }
        }
        AuthScheme::HmacSha256 => {
            let description = "HMAC-SHA256, in hexadecimal, of the Unix time in seconds, a full \
                               stop and the body as sent, keyed with the shared secret; that time \
                               goes in X-ProductIndex-Timestamp";
            let name = SIGNATURE_HEADER;
            SecurityScheme::ApiKey {
                v03: superset.then_some(ApiKeyV03 {
                    r#type: "apiKey",
                    r#in: "header",
                    name,
                    description,
                }),
                api_key_security_scheme: ApiKey { description, location: "header", name },
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Card<'a> {
    name: &'a str,
    description: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Provider<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    supported_interfaces: Vec<Interface<'a>>,
    /// 0.3, like the next two: what `supportedInterfaces` replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_transport: Option<&'static str>,
    capabilities: Capabilities<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    security_schemes: BTreeMap<&'static str, SecurityScheme>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_requirements: Vec<Requirement>,
    /// 0.3. A scheme without scopes has an empty list here by definition (`OpenAPI` 3.0,
    /// Security Requirement Object): the one empty list that is ever written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security: Vec<Scheme<[(); 0]>>,
    default_input_modes: [&'static str; 2],
    default_output_modes: [&'static str; 2],
    skills: Vec<Skill<'a>>,
}

#[derive(Serialize)]
struct Provider<'a> {
    organization: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Interface<'a> {
    url: &'a str,
    protocol_binding: &'static str,
    protocol_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities<'a> {
    streaming: bool,
    push_notifications: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extensions: Vec<Extension<'a>>,
}

#[derive(Serialize)]
struct Extension<'a> {
    uri: &'a str,
    description: &'a str,
    required: bool,
    params: ExtensionParams<'a>,
}

/// The parameters are ours, so their names are not A2A's camel case but the seed's snake case.
#[derive(Serialize)]
struct ExtensionParams<'a> {
    roles: Vec<&'static str>,
    currencies: Vec<&'a str>,
    max_response_ms: u16,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    auth: Vec<&'static str>,
}

#[derive(Serialize)]
struct Skill<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    tags: &'a [String],
}

/// 1.0 tells the schemes apart by the name of the one member, 0.3 by `type`.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum SecurityScheme {
    Http {
        #[serde(flatten)]
        v03: Option<HttpV03>,
        http_auth_security_scheme: HttpAuth,
    },
    ApiKey {
        #[serde(flatten)]
        v03: Option<ApiKeyV03>,
        api_key_security_scheme: ApiKey,
    },
}

#[derive(Serialize)]
struct HttpV03 {
    r#type: &'static str,
    scheme: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct ApiKeyV03 {
    r#type: &'static str,
    r#in: &'static str,
    name: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct HttpAuth {
    description: &'static str,
    scheme: &'static str,
}

#[derive(Serialize)]
struct ApiKey {
    description: &'static str,
    location: &'static str,
    name: &'static str,
}

/// One of several alternatives.
#[derive(Serialize)]
struct Requirement {
    schemes: Scheme<NoList>,
}

/// An object with one member: the name of a scheme and the scopes it needs, of which ours have none.
struct Scheme<S> {
    name: &'static str,
    scopes: S,
}

impl<S: Serialize> Serialize for Scheme<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        serializer.collect_map([(self.name, &self.scopes)])
    }
}

/// A `StringList` without entries, which the protobuf JSON mapping writes as `{}`.
#[derive(Serialize)]
struct NoList {}
