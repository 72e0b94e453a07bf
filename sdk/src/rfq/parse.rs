//! The JSON-RPC envelope into an [`Rfq`].

use std::fmt;
use std::str::FromStr;

use std::sync::Arc;

use super::{Fields, Origin, Quantity, Rfq};
use crate::json::{self, Field, Problem, Shape, Slot};
use crate::time;

/// Why a verified body is not a request for a quote. Field names are paths into the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RfqError {
    /// Not a JSON document. The position is counted from 1; that of an empty body has column 0.
    #[error("not JSON at line {line}, column {column}")]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1, and 0 for an empty body.
        column: usize,
    },
    /// A JSON document, but not a `message/send` call for the skill `respond-to-rfq`.
    #[error("not a request for a quote: {field}: expected {expected}")]
    NotAnRfq {
        /// The field that says so.
        field: &'static str,
        /// What it holds in a request for a quote.
        expected: &'static str,
    },
    /// A required field is absent or null.
    #[error("{field}: missing, expected {expected}")]
    Missing {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A field holds something it must not.
    #[error("{field}: expected {expected}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A field comes twice, so that two readers could see two requests.
    #[error("{field}: comes more than once")]
    Duplicate {
        /// The field.
        field: &'static str,
    },
}

/// As long as any URL needs to be. A longer one is passed over: it informs, and every remembered offer
/// would keep it.
const MAX_REQUESTOR_BYTES: usize = 2048;

pub(super) fn parse(body: &[u8], origin: Origin) -> Result<Rfq, RfqError> {
    let fields: [Field<'_>; FIELDS] = json::read(body, &ENVELOPE)?;
    for (value, field, expected) in [
        (fields[JSONRPC], "jsonrpc", "2.0"),
        (fields[METHOD], "method", "message/send"),
        (fields[SKILL], "params.message.metadata.skill", "respond-to-rfq"),
    ] {
        if value.text().as_deref() != Some(expected) {
            return Err(RfqError::NotAnRfq { field, expected });
        }
    }
    if !is_call_id(fields[ID]) {
        return Err(RfqError::Invalid { field: "id", expected: "a string or an integer" });
    }
    Ok(Rfq(Arc::new(Fields {
        id: required(
            fields[RFQ_ID],
            "params.message.metadata.rfq_id",
            "a string of 1 to 128 visible ASCII characters",
        )?,
        product: required(
            fields[PRODUCT],
            "params.message.metadata.product_slug",
            "category/slug in lower-case letters, digits and hyphens, at most 200 bytes",
        )?,
        quantity: quantity(fields[QUANTITY])?,
        region: optional(
            fields[REGION],
            "params.message.metadata.delivery_region",
            "STATE-COUNTRY with ISO 3166 codes, such as CA-US",
            |text| text.parse().ok(),
        )?,
        deliver_by: optional(
            fields[DELIVER_BY],
            "params.message.metadata.deadline_iso",
            "a date and time with offset, such as 2026-06-01T12:00:00Z",
            time::parse,
        )?,
        requestor: optional(
            fields[REQUESTOR],
            "params.message.metadata.requestor",
            "a string",
            |text| Some(text.to_owned()),
        )?
        .filter(|requestor| requestor.len() <= MAX_REQUESTOR_BYTES),
        origin,
    })))
}

fn is_call_id(field: Field<'_>) -> bool {
    let is_integer = |raw: &str| {
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    field.is_string() || field.raw().is_some_and(is_integer)
}

fn required<T: FromStr>(
    field: Field<'_>,
    path: &'static str,
    expected: &'static str,
) -> Result<T, RfqError> {
    if field.raw().is_none() {
        return Err(RfqError::Missing { field: path, expected });
    }
    field
        .text()
        .and_then(|text| text.parse().ok())
        .ok_or(RfqError::Invalid { field: path, expected })
}

fn optional<T>(
    field: Field<'_>,
    path: &'static str,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, RfqError> {
    if field.raw().is_none() {
        return Ok(None);
    }
    let parsed = field.text().and_then(|text| parse(&text));
    parsed.map(Some).ok_or(RfqError::Invalid { field: path, expected })
}

fn quantity(field: Field<'_>) -> Result<Quantity, RfqError> {
    let Some(raw) = field.raw() else {
        return Ok(Quantity::ONE);
    };
    // JSON allows no leading zeros or plus sign, so digits that parse are an integer literal.
    raw.parse().ok().and_then(|number| Quantity::new(number).ok()).ok_or(RfqError::Invalid {
        field: "params.message.metadata.quantity",
        expected: "an integer from 1 to 1000000",
    })
}

impl RfqError {
    /// A short name for machines: `not_json`, `not_an_rfq`, `missing_field`, `invalid_field` or
    /// `duplicate_field`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not_json",
            Self::NotAnRfq { .. } => "not_an_rfq",
            Self::Missing { .. } => "missing_field",
            Self::Invalid { .. } => "invalid_field",
            Self::Duplicate { .. } => "duplicate_field",
        }
    }

    /// The body to answer with, under status 400: `error` holds the reason, `detail` the sentence.
    #[must_use]
    pub fn to_json(&self) -> String {
        error_json(self.reason(), self)
    }
}

/// `{"error":reason,"detail":sentence}`.
pub(crate) fn error_json(reason: &str, detail: &impl fmt::Display) -> String {
    let detail = serde_json::Value::from(detail.to_string());
    format!(r#"{{"error":"{reason}","detail":{detail}}}"#)
}

impl From<Problem> for RfqError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NotJson { line, column } => Self::NotJson { line, column },
            Problem::NotAnObject { field: "params.message.parts" } => {
                Self::Invalid { field: "params.message.parts", expected: "a list of objects" }
            }
            Problem::NotAnObject { field } => Self::Invalid { field, expected: "an object" },
            Problem::Duplicate { field } => Self::Duplicate { field },
        }
    }
}

const JSONRPC: usize = 0;
const METHOD: usize = 1;
const ID: usize = 2;
const MESSAGE_ID: usize = 3;
const ROLE: usize = 4;
const KIND: usize = 5;
const TEXT: usize = 6;
const SKILL: usize = 7;
const RFQ_ID: usize = 8;
const PRODUCT: usize = 9;
const QUANTITY: usize = 10;
const REGION: usize = 11;
const DELIVER_BY: usize = 12;
const REQUESTOR: usize = 13;
const FIELDS: usize = 14;

static ENVELOPE: Shape = Shape {
    name: "the body",
    keys: &[
        ("jsonrpc", Slot::Value(JSONRPC, "jsonrpc")),
        ("method", Slot::Value(METHOD, "method")),
        ("id", Slot::Value(ID, "id")),
        ("params", Slot::Object(&PARAMS)),
    ],
};
static PARAMS: Shape = Shape { name: "params", keys: &[("message", Slot::Object(&MESSAGE))] };
static MESSAGE: Shape = Shape {
    name: "params.message",
    keys: &[
        ("messageId", Slot::Value(MESSAGE_ID, "params.message.messageId")),
        ("role", Slot::Value(ROLE, "params.message.role")),
        ("parts", Slot::Objects(&PART)),
        ("metadata", Slot::Object(&METADATA)),
    ],
};
static PART: Shape = Shape {
    name: "params.message.parts",
    keys: &[
        ("kind", Slot::Value(KIND, "params.message.parts.kind")),
        ("text", Slot::Value(TEXT, "params.message.parts.text")),
    ],
};
static METADATA: Shape = Shape {
    name: "params.message.metadata",
    keys: &[
        ("skill", Slot::Value(SKILL, "params.message.metadata.skill")),
        ("rfq_id", Slot::Value(RFQ_ID, "params.message.metadata.rfq_id")),
        ("product_slug", Slot::Value(PRODUCT, "params.message.metadata.product_slug")),
        ("quantity", Slot::Value(QUANTITY, "params.message.metadata.quantity")),
        ("delivery_region", Slot::Value(REGION, "params.message.metadata.delivery_region")),
        ("deadline_iso", Slot::Value(DELIVER_BY, "params.message.metadata.deadline_iso")),
        ("requestor", Slot::Value(REQUESTOR, "params.message.metadata.requestor")),
    ],
};

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::{Value, json};

    use super::*;
    use crate::Caller;

    fn origin() -> Origin {
        Origin::Verified(Caller::default())
    }

    /// The request the seed prints, as a value to change.
    fn seed_request() -> Value {
        json!({
            "jsonrpc": "2.0",
            "method": "message/send",
            "id": "8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11",
            "params": { "message": {
                "messageId": "0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12",
                "role": "user",
                "parts": [{ "kind": "text", "text": "Request for quote: qty 1" }],
                "metadata": {
                    "skill": "respond-to-rfq",
                    "rfq_id": "8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11",
                    "product_slug": "coffee-grinders/baratza-encore-esp",
                    "quantity": 1,
                    "delivery_region": "CA-US",
                    "deadline_iso": "2026-06-01T12:00:00Z",
                    "requestor": "https://market.example/.well-known/agent.json"
                }
            } }
        })
    }

    fn read(request: &Value) -> Result<Rfq, RfqError> {
        parse(request.to_string().as_bytes(), origin())
    }

    /// The seed's request with the value at `pointer` replaced, or removed when there is none.
    fn with(pointer: &str, value: Option<Value>) -> Value {
        let mut request = seed_request();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = request.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(key.to_owned(), value),
            None => parent.remove(key),
        };
        request
    }

    const METADATA: &str = "/params/message/metadata";

    #[test]
    fn the_request_of_the_seed_is_read_whole() {
        let rfq = read(&seed_request()).unwrap();
        assert_eq!(rfq.id().as_str(), "8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11");
        assert_eq!(rfq.product().as_str(), "coffee-grinders/baratza-encore-esp");
        assert_eq!(rfq.quantity().get(), 1);
        assert_eq!(rfq.region().unwrap().to_string(), "CA-US");
        assert_eq!(rfq.deliver_by().unwrap().timestamp(), 1_780_315_200);
        assert_eq!(rfq.requestor(), Some("https://market.example/.well-known/agent.json"));
    }

    #[test]
    fn optional_fields_may_be_absent_or_null() {
        for value in [None, Some(Value::Null)] {
            for key in ["quantity", "delivery_region", "deadline_iso", "requestor"] {
                let rfq = read(&with(&format!("{METADATA}/{key}"), value.clone())).unwrap();
                assert_eq!(rfq.quantity().get(), 1, "{key}");
            }
            for key in ["messageId", "role"] {
                assert!(read(&with(&format!("/params/message/{key}"), value.clone())).is_ok());
            }
        }
        assert!(read(&with("/params/message/parts", None)).is_ok());
        assert!(read(&with("/id", Some(json!(7)))).is_ok());
    }

    #[test]
    fn a_requestor_longer_than_any_url_is_passed_over() {
        let requestor = |bytes: usize| {
            let value = json!("x".repeat(bytes));
            read(&with(&format!("{METADATA}/requestor"), Some(value)))
                .unwrap()
                .requestor()
                .map(str::len)
        };
        assert_eq!((requestor(2048), requestor(2049)), (Some(2048), None));
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let request = with(&format!("{METADATA}/price_basis"), Some(json!("total")));
        assert_eq!(read(&request), read(&seed_request()));
    }

    #[test]
    fn each_wrong_field_is_named() {
        let cases = [
            ("/jsonrpc", None),
            ("/jsonrpc", Some(json!("1.0"))),
            ("/method", Some(json!("SendMessage"))),
            ("/params/message/metadata/skill", Some(json!("other"))),
            ("/id", None),
            ("/id", Some(json!(1.5))),
            ("/id", Some(json!({}))),
            ("/params", None),
            ("/params", Some(Value::Null)),
            ("/params/message", Some(json!([]))),
            ("/params/message/parts", Some(json!("text"))),
            ("/params/message/metadata/rfq_id", None),
            ("/params/message/metadata/rfq_id", Some(json!(""))),
            ("/params/message/metadata/rfq_id", Some(json!("a b"))),
            ("/params/message/metadata/rfq_id", Some(json!("x".repeat(129)))),
            ("/params/message/metadata/product_slug", Some(json!("Baratza"))),
            ("/params/message/metadata/quantity", Some(json!(0))),
            ("/params/message/metadata/quantity", Some(json!(-1))),
            ("/params/message/metadata/quantity", Some(json!(1.5))),
            ("/params/message/metadata/quantity", Some(json!(1.0))),
            ("/params/message/metadata/quantity", Some(json!("1"))),
            ("/params/message/metadata/quantity", Some(json!(1_000_001))),
            ("/params/message/metadata/delivery_region", Some(json!("California"))),
            ("/params/message/metadata/deadline_iso", Some(json!("2026-06-01"))),
            ("/params/message/metadata/requestor", Some(json!(1))),
        ];
        let errors: Vec<String> = cases
            .into_iter()
            .map(|(pointer, value)| read(&with(pointer, value)).unwrap_err().to_json())
            .collect();
        assert_snapshot!(errors.join("\n"), @r#"
        {"error":"not_an_rfq","detail":"not a request for a quote: jsonrpc: expected 2.0"}
        {"error":"not_an_rfq","detail":"not a request for a quote: jsonrpc: expected 2.0"}
        {"error":"not_an_rfq","detail":"not a request for a quote: method: expected message/send"}
        {"error":"not_an_rfq","detail":"not a request for a quote: params.message.metadata.skill: expected respond-to-rfq"}
        {"error":"invalid_field","detail":"id: expected a string or an integer"}
        {"error":"invalid_field","detail":"id: expected a string or an integer"}
        {"error":"invalid_field","detail":"id: expected a string or an integer"}
        {"error":"not_an_rfq","detail":"not a request for a quote: params.message.metadata.skill: expected respond-to-rfq"}
        {"error":"invalid_field","detail":"params: expected an object"}
        {"error":"invalid_field","detail":"params.message: expected an object"}
        {"error":"invalid_field","detail":"params.message.parts: expected a list of objects"}
        {"error":"missing_field","detail":"params.message.metadata.rfq_id: missing, expected a string of 1 to 128 visible ASCII characters"}
        {"error":"invalid_field","detail":"params.message.metadata.rfq_id: expected a string of 1 to 128 visible ASCII characters"}
        {"error":"invalid_field","detail":"params.message.metadata.rfq_id: expected a string of 1 to 128 visible ASCII characters"}
        {"error":"invalid_field","detail":"params.message.metadata.rfq_id: expected a string of 1 to 128 visible ASCII characters"}
        {"error":"invalid_field","detail":"params.message.metadata.product_slug: expected category/slug in lower-case letters, digits and hyphens, at most 200 bytes"}
        {"error":"invalid_field","detail":"params.message.metadata.quantity: expected an integer from 1 to 1000000"}
        {"error":"invalid_field","detail":"params.message.metadata.quantity: expected an integer from 1 to 1000000"}
        {"error":"invalid_field","detail":"params.message.metadata.quantity: expected an integer from 1 to 1000000"}
        {"error":"invalid_field","detail":"params.message.metadata.quantity: expected an integer from 1 to 1000000"}
        {"error":"invalid_field","detail":"params.message.metadata.quantity: expected an integer from 1 to 1000000"}
        {"error":"invalid_field","detail":"params.message.metadata.quantity: expected an integer from 1 to 1000000"}
        {"error":"invalid_field","detail":"params.message.metadata.delivery_region: expected STATE-COUNTRY with ISO 3166 codes, such as CA-US"}
        {"error":"invalid_field","detail":"params.message.metadata.deadline_iso: expected a date and time with offset, such as 2026-06-01T12:00:00Z"}
        {"error":"invalid_field","detail":"params.message.metadata.requestor: expected a string"}
        "#);
    }

    #[test]
    fn a_field_that_comes_twice_is_refused() {
        let body = seed_request().to_string();
        for (key, field) in [
            ("jsonrpc", "jsonrpc"),
            ("params", "params"),
            ("messageId", "params.message.messageId"),
            ("kind", "params.message.parts.kind"),
            ("quantity", "params.message.metadata.quantity"),
            ("product_slug", "params.message.metadata.product_slug"),
        ] {
            let twice =
                body.replacen(&format!("\"{key}\":"), &format!("\"{key}\":null,\"{key}\":"), 1);
            let expected = match key {
                // An object where null is no object either: the first of the two is at fault.
                "params" => RfqError::Invalid { field, expected: "an object" },
                _ => RfqError::Duplicate { field },
            };
            assert_eq!(parse(twice.as_bytes(), origin()), Err(expected), "{key}");
        }
        let twice = body.replacen("\"params\":", "\"params\":{},\"params\":", 1);
        assert_eq!(parse(twice.as_bytes(), origin()), Err(RfqError::Duplicate { field: "params" }));
    }

    #[test]
    fn what_is_not_json_is_told_where() {
        let error = parse(b"{\"jsonrpc\":\"2.0\",}", origin()).unwrap_err();
        assert_snapshot!(error.to_json(), @r#"{"error":"not_json","detail":"not JSON at line 1, column 18"}"#);
        assert!(parse("\u{feff}{}".as_bytes(), origin()).is_err(), "a byte order mark is not JSON");
    }

    #[test]
    fn the_fingerprint_covers_what_is_asked_for_and_nothing_else() {
        let base = read(&seed_request()).unwrap().fingerprint();
        let same = [
            ("/id", json!(1)),
            ("/params/message/messageId", json!("other")),
            ("/params/message/metadata/requestor", json!("other")),
            ("/params/message/metadata/rfq_id", json!("other")),
            ("/params/message/metadata/deadline_iso", json!("2026-06-01T14:00:00+02:00")),
        ];
        for (pointer, value) in same {
            assert_eq!(read(&with(pointer, Some(value))).unwrap().fingerprint(), base, "{pointer}");
        }
        let other = [
            ("/params/message/metadata/product_slug", json!("coffee-grinders/other")),
            ("/params/message/metadata/quantity", json!(2)),
            ("/params/message/metadata/delivery_region", json!("NY-US")),
            ("/params/message/metadata/delivery_region", json!(null)),
            ("/params/message/metadata/deadline_iso", json!("2026-06-01T12:00:01Z")),
            ("/params/message/metadata/deadline_iso", json!(null)),
        ];
        for (pointer, value) in other {
            assert_ne!(read(&with(pointer, Some(value))).unwrap().fingerprint(), base, "{pointer}");
        }
    }
}
