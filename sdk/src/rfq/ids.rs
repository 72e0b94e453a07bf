//! What a message can be found again by.

use serde_json::Value;

use super::RfqId;
use crate::verify::Verified;

/// The ids of a verified message, for the log: also of one that is no RFQ. Each is there if it is a string of
/// 1 to 128 visible ASCII characters, and that of the call also if it is a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageIds {
    /// `rfq_id` of the message's metadata.
    pub rfq_id: Option<String>,
    /// `messageId` of the message.
    pub message_id: Option<String>,
    /// `id` of the JSON-RPC call.
    pub call_id: Option<String>,
}

impl MessageIds {
    /// The ids in a body, none when it is not JSON.
    #[must_use]
    pub fn of(verified: &Verified<'_>) -> Self {
        let body: Value = serde_json::from_slice(verified.body()).unwrap_or_default();
        let message = body.pointer("/params/message").or_else(|| body.get("message"));
        let in_message = |path| message.and_then(|message| message.pointer(path));
        Self {
            rfq_id: text(in_message("/metadata/rfq_id")),
            message_id: text(in_message("/messageId")),
            call_id: text(body.get("id")),
        }
    }
}

fn text(id: Option<&Value>) -> Option<String> {
    match id? {
        Value::String(id) => id.parse::<RfqId>().ok().map(|id| id.to_string()),
        Value::Number(id) => Some(id.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
