//! A request for a quote, as parsed from a verified request (seed, "RFQ Request").

mod id;
mod ids;
mod parse;
mod quantity;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

pub use id::{RfqId, RfqIdError};
pub use ids::MessageIds;
pub use parse::RfqError;
#[cfg(feature = "answer")]
pub(crate) use parse::error_json;
pub use quantity::{Quantity, QuantityError};

use crate::caller::Caller;
use crate::region::Region;
use crate::slug::ProductSlug;
use crate::verify::Verified;

/// A request for a quote: what is asked for, and where the request came from.
///
/// The only way to one is [`Rfq::from_verified`]. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Rfq(Arc<Fields>);

#[derive(Debug, PartialEq, Eq)]
struct Fields {
    id: RfqId,
    product: ProductSlug,
    quantity: Quantity,
    region: Option<Region>,
    deliver_by: Option<DateTime<Utc>>,
    requestor: Option<String>,
    origin: Origin,
}

/// How a request reached us. Offers are remembered per origin: one never reads another's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// Authenticated by a [`Verifier`](crate::Verifier).
    Verified(Caller),
}

/// A digest of what was asked for: product, quantity, region and delivery date. The same RFQ id
/// with another fingerprint is an error of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Rfq {
    /// Parses a verified body.
    ///
    /// Unknown fields are ignored; a field that matters and comes twice is refused.
    ///
    /// # Errors
    /// [`RfqError`], naming the field. Answer it with status 400 and [`RfqError::to_json`].
    pub fn from_verified(verified: &Verified<'_>) -> Result<Self, RfqError> {
        parse::parse(verified.body(), Origin::Verified(verified.caller().clone()))
    }

    /// The marketplace's id of this request. The same id asked again gets the same offer.
    #[must_use]
    pub fn id(&self) -> &RfqId {
        &self.0.id
    }

    /// The product asked for.
    #[must_use]
    pub fn product(&self) -> &ProductSlug {
        &self.0.product
    }

    /// The units asked for. An offer's price is for all of them together.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.0.quantity
    }

    /// Where to deliver. `None` means it is unknown, and shipping may then be left out.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.0.region.as_ref()
    }

    /// The latest acceptable *delivery* (not the time to answer by), as `deadline_iso` gives it.
    /// Decline what cannot be delivered by then.
    #[must_use]
    pub fn deliver_by(&self) -> Option<DateTime<Utc>> {
        self.0.deliver_by
    }

    /// Who asks through the marketplace, usually the address of an agent card. It is only a
    /// claim: nothing verifies it. One of more than 2048 bytes is passed over.
    #[must_use]
    pub fn requestor(&self) -> Option<&str> {
        self.0.requestor.as_deref()
    }

    /// How the request reached us.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// The digest of product, quantity, region and delivery date.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        // Fixed widths and separators, so that no two requests share a text.
        let mut digest = Sha256::new();
        digest.update(self.0.product.as_str());
        digest.update(b"\n");
        digest.update(self.0.quantity.get().to_be_bytes());
        if let Some(region) = &self.0.region {
            digest.update(region.state());
            digest.update(b"-");
            digest.update(region.country());
        }
        digest.update(b"\n");
        if let Some(time) = self.0.deliver_by {
            digest.update(time.timestamp_micros().to_be_bytes());
        }
        Fingerprint(digest.finalize().into())
    }
}

impl Fingerprint {
    /// The digest's bytes, to be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Fingerprint {
    /// From bytes stored earlier.
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// A stable text, different for any two origins: the key to store offers under. For one verified
/// with the caller `marketplace` it is `verified:marketplace`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(caller) => write!(f, "verified:{caller}"),
        }
    }
}

impl fmt::Debug for Rfq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
