//! What is asked for, and how it goes to producers.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use rfq_sdk::{ProductSlug, Quantity, Region, RfqId};
use serde::Serialize;
use uuid::Uuid;

/// A consumer's request for quotes of one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteRequest {
    /// The name of this quote towards producers, made for it alone.
    pub rfq_id: RfqId,
    /// The product.
    pub product: ProductSlug,
    /// What the product is called, for the text part that people and models read.
    pub product_name: String,
    /// How many units. Offers are for all of them together.
    pub quantity: Quantity,
    /// Where to; without it agents may leave out shipping.
    pub region: Option<Region>,
    /// The latest acceptable date of delivery.
    pub deliver_by: Option<DateTime<Utc>>,
}

impl QuoteRequest {
    /// The same request, of the product by the slug that a producer knows it by.
    pub(crate) fn asked_as(self: &Arc<Self>, product: ProductSlug) -> Arc<Self> {
        if product == self.product {
            return Arc::clone(self);
        }
        Arc::new(Self { product, ..Self::clone(self) })
    }

    /// The JSON-RPC request that producers get (seed, "RFQ Request"): `message_id` is that of one
    /// call, `requestor` the URL of the marketplace's agent card.
    #[must_use]
    pub fn to_json(&self, message_id: Uuid, requestor: &str) -> Vec<u8> {
        let rfq_id = self.rfq_id.as_str();
        let request = JsonRpc {
            jsonrpc: "2.0",
            method: "message/send",
            id: rfq_id,
            params: Params {
                message: A2aMessage {
                    message_id,
                    role: "user",
                    parts: [Part { kind: "text", text: self.text() }],
                    metadata: Metadata {
                        skill: "respond-to-rfq",
                        rfq_id,
                        product_slug: self.product.as_str(),
                        quantity: self.quantity.get(),
                        price_basis: "total",
                        delivery_region: self.region.as_ref().map(Region::to_string),
                        deadline_iso: self.deliver_by.map(seconds),
                        requestor,
                    },
                },
            },
        };
        // Room for the usual request, at once instead of in steps.
        let mut json = Vec::with_capacity(1_024);
        // Neither can fail: texts and numbers, written to memory.
        serde_json::to_writer(&mut json, &request).unwrap_or_default();
        json
    }

    fn text(&self) -> String {
        let region = self.region.as_ref();
        let region = region.map(|region| format!(", ship to {region}")).unwrap_or_default();
        let quantity = self.quantity.get();
        let name = &self.product_name;
        format!(
            "Request for quote: {name}, qty {quantity}{region}, price as total for the quantity"
        )
    }
}

fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[derive(Serialize)]
struct JsonRpc<'a> {
    jsonrpc: &'static str,
    method: &'static str,
    id: &'a str,
    params: Params<'a>,
}

#[derive(Serialize)]
struct Params<'a> {
    message: A2aMessage<'a>,
}

#[derive(Serialize)]
struct A2aMessage<'a> {
    #[serde(rename = "messageId")]
    message_id: Uuid,
    role: &'static str,
    parts: [Part; 1],
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Part {
    kind: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Metadata<'a> {
    skill: &'static str,
    rfq_id: &'a str,
    product_slug: &'a str,
    quantity: u32,
    price_basis: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_iso: Option<String>,
    requestor: &'a str,
}
