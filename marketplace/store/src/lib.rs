#![doc = include_str!("../README.md")]

mod backend;
mod cards;
mod carries;
mod changes;
mod claims;
mod copy;
mod domains;
mod health;
mod key_ring;
mod name;
mod producers;
mod products;
mod public_id;
mod quotes;
mod retention;
mod scorecards;
mod secrets;
mod store;

pub use backend::{DatabaseError, DatabaseUrlError, OpenError};
pub use cards::{CardError, CardFetch, FetchOutcome, StoredCard};
pub use carries::{Carried, CarriesError};
pub use changes::{Change, ChangeKind, Changes, ChangesError};
pub use claims::{Claim, ClaimError};
pub use copy::{Copied, CopyError, copy};
pub use domains::{DomainError, VerifiedDomain};
pub use health::Health;
pub use key_ring::{KeyId, KeyIdError, KeyRing, KeyRingError, Nonce};
pub use name::{Name, NameError};
pub use producers::{Producer, ProducerError, ProducerState, ProducerUpdate};
pub use products::{Product, ProductError, ProductId, ProductIdError, PutProducts};
pub use public_id::{PublicId, PublicIdError};
pub use quotes::{CallRecord, OfferRecord, OutcomeRecord, QuoteError, QuoteRecord};
pub use scorecards::{Scorecard, Window};
pub use secrets::{Resealed, SecretsError};
pub use store::Store;
