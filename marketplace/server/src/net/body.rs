//! The body of an answer, read and decoded within its limit.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::Body as _;
use hyper::body::Incoming;
use rfq_engine::{CallProblem, HttpAnswer};
use tracing::debug;

use super::connection::Connection;

/// Reads a body of at most [`HttpAnswer::MAX_BYTES`], as sent and as decoded.
pub(super) async fn read(
    connection: &mut Connection,
    headers: &HeaderMap,
    mut body: Incoming,
) -> Result<Bytes, CallProblem> {
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > HttpAnswer::MAX_BYTES {
        return Err(CallProblem::BodyTooLarge);
    }
    let mut bytes = Vec::with_capacity(said);
    while let Some(frame) = connection.next_frame(&mut body).await {
        // What is no data is trailers, which mean nothing here.
        if let Ok(data) = frame?.into_data() {
            if bytes.len() + data.len() > HttpAnswer::MAX_BYTES {
                return Err(CallProblem::BodyTooLarge);
            }
            bytes.extend_from_slice(&data);
        }
    }
    if is_gzip(headers) { gunzip(bytes) } else { Ok(bytes.into()) }
}

/// Identity is asked for, but some servers compress all they send. What is compressed otherwise
/// stays as it is and is no JSON then.
fn is_gzip(headers: &HeaderMap) -> bool {
    let coding = headers.get(CONTENT_ENCODING).and_then(|coding| coding.to_str().ok());
    coding.is_some_and(|coding| {
        ["gzip", "x-gzip"].iter().any(|gzip| coding.trim().eq_ignore_ascii_case(gzip))
    })
}

/// At most 64 KiB in and out, so it takes well under a millisecond. What is no gzip, or not all of
/// it, stays as it is too: the connection is well, and the answer is no JSON.
fn gunzip(bytes: Vec<u8>) -> Result<Bytes, CallProblem> {
    // One byte more shows that there is more.
    let limit = u64::try_from(HttpAnswer::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut decoded = Vec::new();
    match MultiGzDecoder::new(bytes.as_slice()).take(limit).read_to_end(&mut decoded) {
        Ok(length) if length > HttpAnswer::MAX_BYTES => Err(CallProblem::BodyTooLarge),
        Ok(_) => Ok(decoded.into()),
        Err(error) => {
            debug!(%error, "A producer's gzip is broken");
            Ok(bytes.into())
        }
    }
}
