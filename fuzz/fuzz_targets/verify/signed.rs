//! What `Signer` makes is accepted as it is, and refused with any one change that matters.

use arbitrary::{Arbitrary, Unstructured};
use chrono::DateTime;
use rfq_sdk::{KeySlot, Secret, Signer};

use crate::{builder, model, name};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    bearer: bool,
    secret: &'a str,
    /// Signed with the secret before, which counts until so many milliseconds from now.
    rotated: Option<(&'a str, i16)>,
    at: i64,
    skew_ms: i32,
    change: Change<'a>,
    body: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Change<'a> {
    Nothing,
    /// Signed and verified at any time, whether a timestamp can say it or not.
    AnyTime,
    Clock {
        ahead: bool,
        by_ms: u32,
    },
    OtherSecret(&'a str),
    Drop(bool),
    Repeat(bool),
    ValueBit(bool, u16),
    MacBit(u8),
    BodyBit(u16),
    Append(u8),
    /// Moves the period that parts timestamp and body: the bytes signed stay the same.
    ShiftSplit,
}

pub(crate) fn against_the_signer(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let bearer = input.bearer;
    let mut current = padded(input.secret);
    let signing = input.rotated.map_or_else(|| current.clone(), |(old, _)| padded(old));
    if !fit(bearer, &current) || !fit(bearer, &signing) {
        return;
    }

    let seconds = 1 + input.at.rem_euclid(999_999_999_999);
    let mut signed_at = DateTime::from_timestamp(seconds, 0).unwrap();
    let mut now_ms = seconds * 1000 + i64::from(input.skew_ms % 300_001);
    let mut genuine = now_ms >= 0;
    match input.change {
        Change::AnyTime => {
            signed_at = DateTime::from_timestamp_millis(input.at % 8_000_000_000_000_000).unwrap();
            now_ms = signed_at.timestamp_millis();
            genuine = now_ms >= 0;
            genuine &= bearer || (1..=999_999_999_999).contains(&signed_at.timestamp());
        }
        Change::Clock { ahead, by_ms } => {
            let by_ms = 300_001 + i64::from(by_ms);
            now_ms = seconds * 1000 + if ahead { by_ms } else { -by_ms };
            genuine = bearer && now_ms >= 0;
        }
        _ => {}
    }

    let secret = Secret::new(&signing).unwrap();
    let signer = if bearer { Signer::bearer(&secret).unwrap() } else { Signer::hmac(&secret) };
    let mut body = input.body.to_vec();
    let headers = signer.sign(&body, signed_at);
    let mut headers: Vec<(&str, Vec<u8>)> =
        headers.iter().map(|(name, value)| (name, value.as_bytes().to_vec())).collect();
    let place = |second: bool| usize::from(second && !bearer);
    match input.change {
        Change::OtherSecret(text) => current = padded(text),
        Change::Drop(second) => {
            headers.remove(place(second));
            genuine = false;
        }
        Change::Repeat(second) => {
            headers.push(headers[place(second)].clone());
            genuine = false;
        }
        Change::ValueBit(second, bit) => {
            let value = &mut headers[place(second)].1;
            let before = value.clone();
            flip(value, bit.into());
            // Hex digits may be in either case. A changed token is looked up below.
            genuine &= bearer || value.eq_ignore_ascii_case(&before);
        }
        Change::MacBit(bit) if !bearer => {
            let digit = &mut headers[1].1[usize::from(bit / 4)];
            let flipped = char::from(*digit).to_digit(16).unwrap() ^ (1 << (bit % 4));
            *digit = format!("{flipped:x}").as_bytes()[0];
            genuine = false;
        }
        Change::BodyBit(bit) if !body.is_empty() => {
            flip(&mut body, bit.into());
            genuine &= bearer;
        }
        Change::Append(byte) => {
            body.push(byte);
            genuine &= bearer;
        }
        Change::ShiftSplit if !bearer && body.contains(&b'.') => {
            let dot = body.iter().position(|byte| *byte == b'.').unwrap();
            headers[0].1.push(b'.');
            headers[0].1.extend(body.drain(..=dot).take(dot));
            genuine = false;
        }
        _ => {}
    }
    if !fit(bearer, &current) {
        return;
    }

    // One changed bit can make a token of one secret that of the other.
    let mut used = signing.into_bytes();
    if bearer && let Some((_, value)) = headers.first() {
        let (word, token) = value.split_at("bearer".len());
        genuine &= word.eq_ignore_ascii_case(b"bearer") && token.starts_with(b" ");
        used = token.iter().copied().skip_while(|byte| *byte == b' ').collect();
    }
    let mut slot = (used == current.as_bytes()).then_some(KeySlot::Current);
    let mut builder = builder(bearer, Secret::new(&current).unwrap());
    if let Some((old, left_ms)) = input.rotated {
        let not_after = DateTime::from_timestamp_millis(now_ms + i64::from(left_ms)).unwrap();
        builder = builder.previous(Secret::new(&padded(old)).unwrap(), not_after);
        let live = left_ms >= 0 && used == padded(old).as_bytes();
        slot = slot.or(live.then_some(KeySlot::Previous(0)));
    }

    let (verifier, now) = (builder.build().unwrap(), DateTime::from_timestamp_millis(now_ms));
    let verdict = verifier.verify(&headers, &body, now.unwrap());
    assert_eq!(verdict.map(|verified| verified.key()).ok(), slot.filter(|_| genuine), "{input:?}");
    if let Ok(verified) = verdict {
        assert_eq!(verified.body(), body);
        let signed_at = (!bearer).then(|| signed_at.timestamp());
        assert_eq!(verified.signed_at().map(|at| at.timestamp()), signed_at);
    }
}

/// Most texts that the fuzzer comes up with are too short for a secret.
fn padded(text: &str) -> String {
    format!("{text}{}", "~".repeat(16_usize.saturating_sub(text.chars().count())))
}

/// Whether the text is a secret, on which SDK and model must agree.
fn fit(bearer: bool, text: &str) -> bool {
    let secret = Secret::new(text).map_err(|error| name(&error));
    let built = secret.and_then(|it| builder(bearer, it).build().map_err(|error| name(&error)));
    assert_eq!(built.as_ref().err().map(String::as_str), model::build_error(bearer, text));
    built.is_ok()
}

fn flip(bytes: &mut [u8], bit: usize) {
    let place = bit / 8 % bytes.len();
    bytes[place] ^= 1 << (bit % 8);
}
