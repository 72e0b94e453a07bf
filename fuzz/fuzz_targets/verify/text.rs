//! A request as text: whatever is in it, the verifier says what the model says.

use std::time::Duration;

use chrono::DateTime;
use http::{HeaderMap, HeaderName, HeaderValue};
use rfq_sdk::{Secret, VerifierBuilder};

use crate::model::{self, Case};
use crate::{builder, name};

pub(crate) fn against_the_model(data: &[u8]) {
    let Some(case) = read(data) else { return };
    let Some(now) = DateTime::from_timestamp_millis(case.now_ms) else { return };

    let built = Secret::new(case.secret).map_err(|error| name(&error)).and_then(|secret| {
        let builder = builder(case.bearer, secret).body_limit(case.body_limit);
        let tolerance = Duration::from_secs(case.tolerance_s);
        builder.tolerance(tolerance).build().map_err(|error| name(&error))
    });
    let in_range = (1..=300).contains(&case.tolerance_s)
        && (1..=VerifierBuilder::MAX_BODY_LIMIT).contains(&case.body_limit);
    let verifier = match (built, model::build_error(case.bearer, case.secret)) {
        (Ok(verifier), None) if in_range => verifier,
        (Err(error), Some(expected)) if in_range => return assert_eq!(error, expected),
        (built, _) => return assert!(built.is_err() && !in_range, "{built:?}"),
    };

    let answer = verifier.verify(&case.headers, case.body, now).map(|_| ());
    let expected = model::verdict(&case).map_err(str::to_owned);
    assert_eq!(answer.map_err(|refusal| name(&refusal)), expected);

    // The same in the type that servers hold headers in, when it can.
    let mut map = HeaderMap::new();
    for (name, value) in &case.headers {
        let (Ok(name), Ok(value)) =
            (HeaderName::try_from(*name), HeaderValue::try_from(value.as_slice()))
        else {
            return;
        };
        map.append(name, value);
    }
    assert_eq!(verifier.verify(&map, case.body, now).map(|_| ()), answer);
}

/// Line 1: scheme, clock, tolerance, body limit. Line 2: the secret. Then `NAME:VALUE` lines, an
/// empty line and the body. A value of `@` stands for the genuine one, which no fuzzer finds.
fn read(data: &[u8]) -> Option<Case<'_>> {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut words = str::from_utf8(lines.next()?).ok()?.split(' ');
    let mut case = Case {
        bearer: words.next()? == "bearer",
        now_ms: words.next()?.parse().ok()?,
        tolerance_s: words.next()?.parse().ok()?,
        body_limit: words.next()?.parse().ok()?,
        secret: str::from_utf8(lines.next()?).ok()?,
        headers: Vec::new(),
        body: lines.next()?,
    };
    loop {
        let end = case.body.iter().position(|byte| *byte == b'\n')?;
        let line = &case.body[..end];
        case.body = &case.body[end + 1..];
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        case.headers.push((str::from_utf8(&line[..colon]).ok()?, line[colon + 1..].to_vec()));
    }
    let is_timestamp = |name: &str| name.eq_ignore_ascii_case("x-productindex-timestamp");
    let timestamp = case.headers.iter().find(|(name, _)| is_timestamp(name));
    let timestamp = timestamp.map(|(_, value)| value.clone()).unwrap_or_default();
    for (_, value) in case.headers.iter_mut().filter(|(_, value)| value == b"@") {
        *value = if case.bearer {
            format!("Bearer {}", case.secret).into_bytes()
        } else {
            model::sign(case.secret, &timestamp, case.body)
        };
    }
    Some(case)
}
