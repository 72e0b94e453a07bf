//! Cards of strangers and our own, the URLs they lie at and the hosts they speak for.
//!
//! Input that begins with `{` or a byte order mark is a card; with `@`, the rest of line 1 is a
//! verified host, line 2 the URL of a card and the rest the card; other input makes a card with the
//! builder.

#![no_main]

mod built;

use libfuzzer_sys::fuzz_target;
use rfq_agent_card::reader::{ForeignSkill, ReadError};
use rfq_agent_card::{
    CardUrl, ForeignCard, MAX_CARD_BYTES, RESPOND_TO_RFQ, VerifiedHost, check_card,
};
use serde_json::Value;
use url::Url;

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((b'{' | 0xef, _)) => reads(data),
        Some((b'@', rest)) => checks(rest),
        _ => built::reads_back(data),
    }
});

fn reads(bytes: &[u8]) {
    // A byte order mark at the start is the one thing the reader takes and `Value` does not.
    let document = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let seen = serde_json::from_slice::<Value>(document);
    match ForeignCard::from_slice(bytes) {
        Ok(card) => {
            if let Some(rest) = document.strip_prefix(b"{") {
                let twice = [br#"{"skills":[],"#, rest].concat();
                let refused = ForeignCard::from_slice(&twice).unwrap_err();
                assert!(matches!(refused, ReadError::Repeated { .. } | ReadError::TooLarge { .. }));
            }
            // What `Value` cannot hold, the reader passes over.
            let Ok(seen) = seen else { return };
            let ids: Vec<&str> = card.skills().iter().map(ForeignSkill::id).collect();
            let seen_ids = seen["skills"].as_array().unwrap().iter();
            assert_eq!(
                ids,
                seen_ids.clone().map(|it| it["id"].as_str().unwrap()).collect::<Vec<_>>()
            );
            for (skill, seen) in card.skills().iter().zip(seen_ids) {
                assert_eq!(skill.description(), seen["description"].as_str());
            }
            assert_eq!(card.declares(RESPOND_TO_RFQ), ids.contains(&RESPOND_TO_RFQ));
            assert_eq!(card.name(), seen["name"].as_str());
            assert_eq!(card.description(), seen["description"].as_str());
        }
        Err(ReadError::NotJson { .. } | ReadError::NotUtf8 { .. }) => assert!(seen.is_err()),
        Err(ReadError::TooLarge { bytes: length }) => {
            assert!(length == bytes.len() && length > MAX_CARD_BYTES);
        }
        // Without surprises, a card is refused only for its skills.
        Err(error) => {
            let Ok(seen) = seen else { return };
            let mut skills = seen["skills"].as_array().into_iter().flatten();
            let fine = seen["skills"].is_array() && skills.all(|skill| skill["id"].is_string());
            assert!(!fine || matches!(error, ReadError::Repeated { .. }), "{error}");
        }
    }
}

fn checks(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut line = || str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let (host, text) = (VerifiedHost::parse(line()), line());
    let url = CardUrl::parse(text);
    let bytes = lines.next().unwrap_or_default();

    if let Ok(host) = &host {
        is_host(host.as_str());
        assert!(host.as_str().contains('.'));
        assert_eq!(VerifiedHost::parse(host.as_str()).as_ref(), Ok(host));
        // Whoever proved a host speaks for it: no suffix lies between a host and itself.
        host.check(&CardUrl::parse(&format!("https://{host}")).unwrap()).unwrap();
    }
    if let Ok(url) = &url {
        is_card_url(url);
        is_what_others_call(url, text);
    }
    let (Ok(host), Ok(url)) = (host, url) else { return };
    let checked = check_card(bytes, &url, &host);
    let is_same = url.host() == host.as_str() || url.host().ends_with(&format!(".{host}"));
    assert!(is_same || host.check(&url).is_err());
    let card = ForeignCard::from_slice(bytes);
    let declares = card.as_ref().is_ok_and(|card| card.declares(RESPOND_TO_RFQ));
    assert_eq!(checked.is_ok(), host.check(&url).is_ok() && declares);
    if let Ok(checked) = checked {
        assert_eq!(checked.endpoint, url.rfq_endpoint());
        assert_eq!(Ok(checked.card), card);
    }
}

fn is_card_url(url: &CardUrl) {
    is_host(url.host());
    assert_eq!(CardUrl::parse(url.as_str()).as_ref(), Ok(url));
    let endpoint = url.rfq_endpoint();
    assert_eq!(endpoint.as_str(), format!("https://{}/message:send", url.host()));
    for (text, path) in [(url.as_str(), None), (endpoint.as_str(), Some("/message:send"))] {
        // What an HTTP client makes of it.
        let seen = Url::parse(text).unwrap();
        assert_eq!(seen.as_str(), text);
        assert_eq!(
            (seen.scheme(), seen.host_str(), seen.port()),
            ("https", Some(url.host()), None)
        );
        assert!(seen.username().is_empty() && seen.password().is_none());
        assert!(seen.fragment().is_none() && path.is_none_or(|path| seen.path() == path));
    }
}

/// An HTTP client that was given the text itself would go to the same place.
fn is_what_others_call(url: &CardUrl, text: &str) {
    let (ours, theirs) = (Url::parse(url.as_str()).unwrap(), Url::parse(text).unwrap());
    assert_eq!(theirs.host_str().map(|host| host.trim_end_matches('.')), ours.host_str());
    assert_eq!(theirs.port(), None);
    assert!(theirs.username().is_empty() && theirs.password().is_none());
    assert_eq!((theirs.path(), theirs.query()), (ours.path(), ours.query()));
}

/// A host name of the Internet, in the one spelling that may be compared.
fn is_host(host: &str) {
    assert!(matches!(url::Host::parse(host), Ok(url::Host::Domain(same)) if same == host));
    assert!(
        host.len() <= 253
            && host.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            })
    );
}
