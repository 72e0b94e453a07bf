#![doc = include_str!("../README.md")]

mod answer;
mod bearer;
mod caller;
mod clock;
mod headers;
mod json;
mod offer;
mod region;
mod rfq;
mod secret;
mod secret_file;
mod signature;
mod slug;
mod time;
mod usd;
mod verify;

pub use answer::{Answer, AnswerError, Decline, DeclineReason};
pub use caller::{Caller, CallerError};
pub use clock::{Clock, ManualClock, SystemClock};
pub use headers::{AuthHeader, HeaderSource};
pub use offer::{ClaimUrl, ClaimUrlError, Offer, OfferBuilder, OfferError, Terms, TermsError};
pub use region::{Region, RegionError};
pub use rfq::{Fingerprint, Origin, Quantity, QuantityError, Rfq, RfqError, RfqId, RfqIdError};
pub use secret::{Secret, SecretError};
pub use secret_file::{SecretFile, SecretFileError};
pub use slug::{ProductSlug, SlugError};
pub use usd::{Usd, UsdError};
pub use verify::{
    BuildError, CheckedHeaders, KeySlot, Refusal, Scheme, Verified, Verifier, VerifierBuilder,
};
