//! The documented JSON object of an offer, written straight: serde's way takes four times as long.

use super::Offer;
use crate::time;

impl Offer {
    /// Appends what `Serialize` writes, byte for byte (property-tested with [`Answer::to_json`]).
    ///
    /// [`Answer::to_json`]: crate::Answer::to_json
    pub(crate) fn write_json(&self, json: &mut Vec<u8>) {
        json.extend_from_slice(b"{\"price_usd\":");
        self.price.write_json(json);
        if let Some(regular) = self.list_price {
            json.extend_from_slice(b",\"list_price_usd\":");
            regular.write_json(json);
        }
        json.extend_from_slice(b",\"in_stock\":");
        json.extend_from_slice(if self.in_stock { b"true" } else { b"false" });
        if let Some(days) = self.shipping_days {
            json.extend_from_slice(b",\"estimated_shipping_days\":");
            write_integer(days.into(), json);
        }
        if let Some(cost) = self.shipping_cost {
            json.extend_from_slice(b",\"shipping_cost_usd\":");
            cost.write_json(json);
        }
        if let Some(id) = self.offer_id {
            json.extend_from_slice(b",\"offer_id\":\"");
            let mut digits = uuid::Uuid::encode_buffer();
            json.extend_from_slice(id.hyphenated().encode_lower(&mut digits).as_bytes());
            json.push(b'"');
        }
        json.extend_from_slice(b",\"offer_expires_at\":\"");
        json.extend_from_slice(time::format(self.expires_at).as_bytes());
        json.extend_from_slice(b"\",\"claim_url\":");
        write_string(self.claim_url.as_str(), json);
        if let Some(terms) = &self.terms {
            json.extend_from_slice(b",\"terms\":");
            write_string(terms.as_str(), json);
        }
        json.push(b'}');
    }
}

/// Appends the decimal digits of `number`.
pub(crate) fn write_integer(number: u64, json: &mut Vec<u8>) {
    json.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn write_string(text: &str, json: &mut Vec<u8>) {
    let escapes = text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\');
    if escapes {
        json.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    } else {
        json.push(b'"');
        json.extend_from_slice(text.as_bytes());
        json.push(b'"');
    }
}
