//! The rules of `sdk/vectors/README.md`, told again with nothing but SHA-256: another path to every
//! verdict. Plain and slow, and it compares in variable time, which no server may.

use sha2::{Digest, Sha256};

/// A verifier's configuration and one request.
pub(crate) struct Case<'a> {
    pub(crate) bearer: bool,
    pub(crate) secret: &'a str,
    pub(crate) now_ms: i64,
    pub(crate) tolerance_s: u64,
    pub(crate) body_limit: usize,
    pub(crate) headers: Vec<(&'a str, Vec<u8>)>,
    pub(crate) body: &'a [u8],
}

/// Why no verifier is built from this secret.
pub(crate) fn build_error(bearer: bool, secret: &str) -> Option<&'static str> {
    let edge = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let rules = [
        (secret.is_empty(), "Empty"),
        (secret.contains('\0'), "ContainsNul"),
        (secret.ends_with(['\n', '\r']), "TrailingNewline"),
        (secret.chars().all(char::is_whitespace), "Blank"),
        (secret.chars().count() < 16, "TooShort"),
        (bearer && !secret.is_ascii(), "NonAscii"),
        (bearer && secret.contains(|c: char| c.is_ascii_control()), "ControlCharacter"),
        (bearer && (edge(secret.chars().next()) || edge(secret.chars().last())), "EdgeWhitespace"),
    ];
    rules.into_iter().find(|(broken, _)| *broken).map(|(_, cause)| cause)
}

/// What a strict verifier answers.
pub(crate) fn verdict(case: &Case<'_>) -> Result<(), &'static str> {
    let values = |name: &str| -> Vec<&[u8]> {
        let named = case.headers.iter().filter(|(given, _)| given.to_ascii_lowercase() == name);
        named.map(|(_, value)| value.as_slice()).collect()
    };
    if case.bearer {
        return match values("authorization")[..] {
            [] => Err("Missing"),
            [value] => match token(value) {
                None => Err("BadAuthorization"),
                // Which of the secrets count is a question of time.
                Some(_) if case.now_ms < 0 => Err("Clock"),
                Some(token) if token != case.secret.as_bytes() => Err("Mismatch"),
                Some(_) if case.body.len() > case.body_limit => Err("TooLarge"),
                Some(_) => Ok(()),
            },
            _ => Err("Duplicate"),
        };
    }
    let (timestamps, signatures) =
        (values("x-productindex-timestamp"), values("x-productindex-signature"));
    if timestamps.is_empty() || signatures.is_empty() {
        return Err("Missing");
    }
    let ([timestamp], [signature]) = (&timestamps[..], &signatures[..]) else {
        return Err("Duplicate");
    };
    let seconds = str::from_utf8(timestamp).ok().and_then(|text| text.parse::<i64>().ok());
    let canonical = |seconds: &i64| {
        (1..=999_999_999_999).contains(seconds) && seconds.to_string().as_bytes() == *timestamp
    };
    let seconds = seconds.filter(canonical).ok_or("BadTimestamp")?;
    if signature.len() != 64 || !signature.iter().all(u8::is_ascii_hexdigit) {
        return Err("BadSignature");
    }
    let (age_ms, tolerance_ms) =
        (i128::from(case.now_ms) - i128::from(seconds) * 1000, i128::from(case.tolerance_s) * 1000);
    let rules = [
        (case.now_ms < 0, "Clock"),
        (age_ms > tolerance_ms, "Stale"),
        (age_ms < -tolerance_ms, "Future"),
        (case.body.len() > case.body_limit, "TooLarge"),
        (!signature.eq_ignore_ascii_case(&sign(case.secret, timestamp, case.body)), "Mismatch"),
    ];
    rules.into_iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, cause)| Err(cause))
}

/// The rest of the value after the word and the spaces.
fn token(value: &[u8]) -> Option<&[u8]> {
    let (word, rest) = value.split_at_checked("bearer".len())?;
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = &rest[spaces..];
    (word.eq_ignore_ascii_case(b"bearer") && spaces > 0 && !token.is_empty()).then_some(token)
}

/// HMAC-SHA256 (RFC 2104) of timestamp, `.` and body, in lower-case hex.
pub(crate) fn sign(secret: &str, timestamp: &[u8], body: &[u8]) -> Vec<u8> {
    let mut key = [0; 64];
    if secret.len() > key.len() {
        key[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        key[..secret.len()].copy_from_slice(secret.as_bytes());
    }
    let inner = [&key.map(|byte| byte ^ 0x36), timestamp, b".", body].concat();
    let outer = [&key.map(|byte| byte ^ 0x5c)[..], &Sha256::digest(inner)].concat();
    Sha256::digest(outer).iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}
