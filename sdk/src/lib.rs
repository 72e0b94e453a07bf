#![doc = include_str!("../README.md")]

mod answer;
#[cfg(feature = "answer")]
mod answers;
#[cfg(feature = "axum")]
pub mod axum;
mod bearer;
mod caller;
mod clock;
#[cfg(any(feature = "answer", feature = "tower"))]
mod deadline;
mod headers;
mod json;
mod offer;
mod region;
#[cfg(feature = "answer")]
mod respond;
mod rfq;
mod secret;
mod secret_file;
#[cfg(feature = "sign")]
mod sign;
mod signature;
mod slug;
mod time;
#[cfg(feature = "tower")]
pub mod tower;
mod usd;
mod verify;

pub use answer::{Answer, AnswerError, Decline, DeclineReason};
pub use caller::{Caller, CallerError};
pub use clock::{Clock, ManualClock, SystemClock};
pub use headers::{AuthHeader, HeaderSource};
pub use offer::{ClaimUrl, ClaimUrlError, Offer, OfferBuilder, OfferError, Terms, TermsError};
pub use region::{Region, RegionError};
pub use rfq::{
    Fingerprint, MessageIds, Origin, Quantity, QuantityError, Rfq, RfqError, RfqId, RfqIdError,
};
pub use secret::{Secret, SecretError};
pub use secret_file::{SecretFile, SecretFileError};
pub use slug::{ProductSlug, SlugError};
pub use time::parse as parse_time;
pub use usd::{Usd, UsdError};
pub use verify::{
    BuildError, CheckedHeaders, KeySlot, Refusal, Scheme, Verified, Verifier, VerifierBuilder,
};

#[cfg(feature = "answer")]
pub use answers::{AnswerStore, MemoryStore, Remembered, StoreError};
#[cfg(any(feature = "answer", feature = "tower"))]
pub use deadline::{Budget, BudgetError, Deadline, ReceivedAt};
#[cfg(feature = "answer")]
pub use respond::{Answerer, MAX_IN_FLIGHT, Responder, ResponderError, RfqIdReused};
#[cfg(feature = "sign")]
pub use sign::{SignedHeaders, Signer};
