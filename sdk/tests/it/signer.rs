//! Signing, and that no secret is printed.

use rfq_sdk::{Secret, SecretFile, Signer, Verifier};

const SECRET: &str = "a-secret-that-must-not-show";

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

#[test]
fn bearer_and_hmac_are_accepted_by_their_own_verifier_only() {
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    let hmac = Signer::hmac(&secret()).sign(b"{}", now);
    let bearer = Signer::bearer(&secret()).unwrap().sign(b"{}", now);
    let verifies_hmac = Verifier::hmac(secret()).build().unwrap();
    let verifies_bearer = Verifier::bearer(secret()).build().unwrap();
    assert!(verifies_hmac.verify(&hmac, b"{}", now).is_ok());
    assert!(verifies_bearer.verify(&bearer, b"{}", now).is_ok());
    assert!(verifies_hmac.verify(&bearer, b"{}", now).is_err());
    assert!(verifies_bearer.verify(&hmac, b"{}", now).is_err());
    assert!(Signer::bearer(&Secret::new("no header holds a \u{1F511}").unwrap()).is_err());
}

#[test]
fn a_time_before_1970_is_signed_and_refused() {
    let then = "1969-12-31T23:59:00Z".parse().unwrap();
    let headers = Signer::hmac(&secret()).sign(b"{}", then);
    assert!(Verifier::hmac(secret()).build().unwrap().verify(&headers, b"{}", then).is_err());
}

#[test]
fn debug_never_shows_a_secret() {
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    let file =
        SecretFile::parse(&format!("{SECRET}\nprevious 2027-01-01T00:00:00Z {SECRET}")).unwrap();
    let bearer = Signer::bearer(&secret()).unwrap();
    let shown = [
        format!("{:?}", secret()),
        format!("{file:?}"),
        format!("{:?}", Verifier::bearer(secret()).previous(secret(), now)),
        format!("{:?}", Verifier::bearer(secret()).build().unwrap()),
        format!("{:?}", Signer::hmac(&secret())),
        format!("{bearer:?}"),
        format!("{:?}", bearer.sign(b"{}", now)),
    ];
    for text in shown {
        assert!(!text.contains("must-not-show"), "{text}");
    }
}
