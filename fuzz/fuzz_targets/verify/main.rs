//! `Verifier`: genuine requests are accepted, all others are refused.
//!
//! Input that begins with `hmac ` or `bearer ` is a request as text, judged by `model` as well.
//! Other input is a secret, a body and one change to what `Signer` makes of them.

#![no_main]

mod model;
mod signed;
mod text;

use libfuzzer_sys::fuzz_target;
use rfq_sdk::{Secret, Verifier, VerifierBuilder};

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"hmac ") || data.starts_with(b"bearer ") {
        text::against_the_model(data);
    } else {
        signed::against_the_signer(data);
    }
});

fn builder(bearer: bool, secret: Secret) -> VerifierBuilder {
    if bearer { Verifier::bearer(secret) } else { Verifier::hmac(secret) }
}

/// The name of an error without what it holds.
fn name(error: &impl std::fmt::Debug) -> String {
    format!("{error:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or("").to_owned()
}
