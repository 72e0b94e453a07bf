//! Secrets are sealed, opened on demand, and sealed again when keys change.

use rfq_sdk::{BuildError, KeySlot, Scheme, SecretError, Signer};
use rfq_store::{AgentError, KeyRing, NewAgent, Nonce, Resealed, SecretsError, Store};

use crate::on_both;
use crate::place::{Place, SECRET, at, producer_id, register};

on_both!(
    open_as_they_were_sealed,
    are_nowhere_in_the_database,
    are_sealed_again_when_keys_change,
    a_lost_key_is_a_clear_error,
    do_not_open_as_those_of_another,
    unfit_ones_are_refused,
    go_with_the_place_they_are_for,
);

const TEXT: &str = SECRET;
const URL: &str = "https://shop.example/.well-known/agent.json";
const OTHER: &str = "another example of a secret, 100 %";
const KEY_1: &str = "k1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const KEY_2: &str = "k2 ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

fn keys(lines: &[&str]) -> KeyRing {
    lines.join("\n").parse().unwrap()
}

/// Nonces as a test may make them: each another.
fn nonces(first: u8) -> impl FnMut() -> Nonce {
    let mut next = first;
    move || {
        next += 1;
        Nonce::from_random([next; 24])
    }
}

async fn put(store: &Store, keys: &KeyRing, number: u8, scheme: Scheme, text: &str) {
    let agent = NewAgent { card_url: URL, scheme, secret: text };
    let nonce = Nonce::from_random([number; 24]);
    store.put_agent(keys, &producer_id(number), &agent, nonce).await.unwrap();
}

/// What a secret is good for, as its text is shown to nobody.
async fn signature(store: &Store, keys: &KeyRing, number: u8) -> (Scheme, Vec<(String, String)>) {
    let sealed = store.agent(&producer_id(number)).await.unwrap().unwrap().secret;
    let shown = format!("{sealed:?}");
    assert!(shown.starts_with(&format!("SealedSecret(shop-{number}, k")), "{shown}");
    let secret = sealed.open(keys).unwrap();
    assert_eq!(format!("{secret:?}"), "Secret(redacted)");
    (sealed.scheme(), signed(&secret))
}

async fn unopened(store: &Store, keys: &KeyRing, number: u8) -> SecretsError {
    store.agent(&producer_id(number)).await.unwrap().unwrap().secret.open(keys).unwrap_err()
}

fn signed(secret: &rfq_sdk::Secret) -> Vec<(String, String)> {
    let headers = Signer::hmac(secret).sign(b"{}", at(0));
    headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn expected(scheme: Scheme, text: &str) -> (Scheme, Vec<(String, String)>) {
    (scheme, signed(&rfq_sdk::Secret::new(text).unwrap()))
}

async fn open_as_they_were_sealed(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    let keys = keys(&[KEY_1]);
    assert_eq!(store.agent(&producer_id(1)).await, Ok(None));
    put(&store, &keys, 1, Scheme::HmacSha256, TEXT).await;
    put(&store, &keys, 2, Scheme::Bearer, OTHER).await;
    assert_eq!(signature(&store, &keys, 1).await, expected(Scheme::HmacSha256, TEXT));
    assert_eq!(signature(&store, &keys, 2).await, expected(Scheme::Bearer, OTHER));
    put(&store, &keys, 1, Scheme::Bearer, OTHER).await;
    assert_eq!(signature(&store, &keys, 1).await, expected(Scheme::Bearer, OTHER));
}

async fn are_nowhere_in_the_database(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    put(&store, &keys(&[KEY_1]), 1, Scheme::HmacSha256, TEXT).await;
    let raw = match &place {
        Place::Sqlite(folder) => {
            let mut raw = Vec::new();
            for file in std::fs::read_dir(folder.path()).unwrap() {
                raw.extend(std::fs::read(file.unwrap().path()).unwrap());
            }
            raw
        }
        Place::Postgres(..) => {
            let rows = "SELECT s::text || encode(sealed, 'escape') || encode(nonce, 'escape')
                FROM agents AS s";
            place.texts(rows).await.concat().into_bytes()
        }
    };
    let holds = |part: &str| raw.windows(part.len()).any(|window| window == part.as_bytes());
    assert!(holds("hmac_sha256") && holds("k1"), "the row is there");
    let hex: String = TEXT.bytes().map(|byte| format!("{byte:02x}")).collect();
    for part in [TEXT, &TEXT[..8], &TEXT[20..], &hex[..16], &KEY_1[3..], "Y29ycmVjdCBob3Jz"] {
        assert!(!holds(part), "{part}");
    }
}

async fn are_sealed_again_when_keys_change(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    let (old, both, new) = (keys(&[KEY_1]), keys(&[KEY_2, KEY_1]), keys(&[KEY_2]));
    put(&store, &old, 1, Scheme::HmacSha256, TEXT).await;
    put(&store, &old, 2, Scheme::Bearer, OTHER).await;
    put(&store, &both, 3, Scheme::Bearer, TEXT).await;
    let sealed = "SELECT key_id || ' ' || CAST(LENGTH(sealed) AS TEXT) FROM agents
        ORDER BY producer_id";
    // The text's length and a tag of 16 bytes.
    assert_eq!(place.texts(sealed).await, ["k1 44", "k1 50", "k2 44"]);
    assert_eq!(signature(&store, &both, 1).await, expected(Scheme::HmacSha256, TEXT));
    let done = store.reseal_secrets(&both, &mut nonces(100)).await.unwrap();
    assert_eq!(done, Resealed { resealed: 2, unopened: vec![] });
    assert_eq!(place.texts(sealed).await, ["k2 44", "k2 50", "k2 44"]);
    assert_eq!(signature(&store, &new, 1).await, expected(Scheme::HmacSha256, TEXT));
    assert_eq!(signature(&store, &new, 2).await, expected(Scheme::Bearer, OTHER));
    let again = store.reseal_secrets(&both, &mut nonces(200)).await.unwrap();
    assert_eq!(again, Resealed::default());
}

async fn a_lost_key_is_a_clear_error(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    put(&store, &keys(&[KEY_1]), 1, Scheme::HmacSha256, TEXT).await;
    let third = "k3 aa0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";
    put(&store, &keys(&[third]), 2, Scheme::HmacSha256, OTHER).await;
    let without = keys(&[KEY_2, third]);
    let lost = unopened(&store, &without, 1).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(lost, @"the secret of the producer shop-1 is sealed with the key k1, which is not among the keys; restore the key file that belongs to this database, or have the producer register its secret again");
    }
    let done = store.reseal_secrets(&without, &mut nonces(100)).await.unwrap();
    assert_eq!(done, Resealed { resealed: 1, unopened: vec![lost] }, "the other is not held up");
}

async fn do_not_open_as_those_of_another(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    let keys = keys(&[KEY_1]);
    put(&store, &keys, 1, Scheme::HmacSha256, TEXT).await;
    place.run("UPDATE agents SET producer_id = 'shop-2'").await;
    let changed = unopened(&store, &keys, 2).await;
    assert!(matches!(changed, SecretsError::Changed { .. }));
    insta::allow_duplicates! {
        insta::assert_snapshot!(changed, @"the secret of the producer shop-2 does not open with the key k1: the key is another than when it was sealed, or the database was changed by other means; restore both from one backup, or have the producer register its secret again");
    }
    place.run("UPDATE agents SET producer_id = 'shop-1', scheme = 'bearer'").await;
    let changed = unopened(&store, &keys, 1).await;
    assert!(matches!(changed, SecretsError::Changed { .. }), "by a weaker scheme");
    place.run("UPDATE agents SET scheme = 'hmac_sha256'").await;
    assert_eq!(signature(&store, &keys, 1).await, expected(Scheme::HmacSha256, TEXT));
}

async fn unfit_ones_are_refused(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    let keys = keys(&[KEY_1]);
    let put = async |producer: u8, scheme, text: &str| {
        let agent = NewAgent { card_url: URL, scheme, secret: text };
        assert!(!format!("{agent:?}").contains(text), "{agent:?}");
        let nonce = Nonce::from_random([1; 24]);
        store.put_agent(&keys, &producer_id(producer), &agent, nonce).await
    };
    let (hmac, bearer) = (Scheme::HmacSha256, Scheme::Bearer);
    let too_short = AgentError::Secret(SecretError::TooShort);
    assert_eq!(put(1, hmac, "too short").await, Err(too_short));
    assert_eq!(put(2, bearer, TEXT).await, Err(AgentError::UnknownProducer(producer_id(2))));
    // What no header can carry cannot be sent.
    let emoji = "another example of a secret, \u{1f600}";
    let beyond = AgentError::Bearer(BuildError::NonAscii(KeySlot::Current));
    assert_eq!(put(1, bearer, emoji).await, Err(beyond));
    assert_eq!(store.agent(&producer_id(1)).await, Ok(None));
    put(1, hmac, emoji).await.unwrap();
    assert_eq!(signature(&store, &keys, 1).await, expected(hmac, emoji));
}

/// A quote must never send the old secret to the new place, nor the new one to the old.
async fn go_with_the_place_they_are_for(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    let keys = keys(&[KEY_1]);
    let put = async |card_url, secret, nonce| {
        let agent = NewAgent { card_url, scheme: Scheme::HmacSha256, secret };
        let nonce = Nonce::from_random([nonce; 24]);
        store.put_agent(&keys, &producer_id(1), &agent, nonce).await.unwrap();
    };
    let places = [("https://old.example/", TEXT), ("https://new.example/", OTHER)];
    put(places[0].0, places[0].1, 0).await;
    let [old, new] = places.map(|(url, text)| (url, expected(Scheme::HmacSha256, text).1));
    let writing = async {
        for round in 1..=20 {
            let (url, text) = places[usize::from(round % 2)];
            put(url, text, round).await;
        }
    };
    let reading = async {
        for _ in 0..50 {
            let agent = store.agent(&producer_id(1)).await.unwrap().unwrap();
            let signed = signed(&agent.secret.open(&keys).unwrap());
            let seen = (&*agent.card_url, signed);
            assert!(seen == old || seen == new, "{agent:?}");
        }
    };
    tokio::join!(writing, reading);
    let agent = store.agent(&producer_id(1)).await.unwrap().unwrap();
    assert_eq!(store.agent(&producer_id(1)).await.unwrap().as_ref(), Some(&agent));
    put(places[0].0, places[0].1, 99).await;
    let sealed_anew = store.agent(&producer_id(1)).await.unwrap().unwrap();
    assert_ne!(agent.secret, sealed_anew.secret, "what is kept of the old one goes");
}
