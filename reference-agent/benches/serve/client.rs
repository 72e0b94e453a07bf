//! The marketplace's side: signed RFQs on 64 connections, one in flight on each.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use rfq_sdk::{Clock as _, Secret, Signer, SystemClock};

use super::server::{ANSWER_BYTES, Mode, SECRET};

const CONNECTIONS: usize = 64;

/// `count` whole requests, signed now, each of an id that was never used before.
pub(super) fn signed(count: u32) -> Vec<Vec<u8>> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let signer = Signer::hmac(&Secret::new(SECRET).unwrap());
    let now = SystemClock.now();
    let deliver_by = (now + TimeDelta::days(30)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let request = |_| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let body = include_str!("../../../sdk/vectors/rfq.json")
            .replace(
                "8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11",
                &format!("8b0e6f0e-6f0c-4c4e-9a51-{number:012x}"),
            )
            .replace("2026-06-10T12:00:00Z", &deliver_by);
        let headers = signer.sign(body.as_bytes(), now);
        let headers: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        format!(
            "POST /message:send HTTP/1.1\r\nhost: shop.example\r\nuser-agent: marketplace/1.0\r\n\
             accept: application/json\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
        )
        .into_bytes()
    };
    (0..count).map(request).collect()
}

pub(super) struct Client(Vec<TcpStream>);

impl Client {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let connect = |_| {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream
        };
        Self((0..CONNECTIONS).map(connect).collect())
    }

    /// Sends `requests`, the next one on a connection as soon as that one's answer is there, and
    /// checks that each answer is an offer.
    pub(super) fn ask(&mut self, requests: &[Vec<u8>], mode: Mode) {
        let mut waves = requests.chunks(CONNECTIONS);
        let mut asked = waves.next().unwrap().len();
        for (stream, request) in self.0.iter_mut().zip(requests) {
            stream.write_all(request).unwrap();
        }
        for wave in waves.chain([&[][..]]) {
            let mut next = wave.iter();
            for stream in self.0.iter_mut().take(asked) {
                take_offer(stream, mode);
                if let Some(request) = next.next() {
                    stream.write_all(request).unwrap();
                }
            }
            asked = wave.len();
        }
    }
}

fn take_offer(stream: &mut TcpStream, mode: Mode) {
    let mut bytes = [0; 2048];
    let mut filled = 0;
    let answer = loop {
        let came = stream.read(bytes.get_mut(filled..).unwrap()).unwrap();
        filled += came;
        let answer = std::str::from_utf8(bytes.get(..filled).unwrap()).unwrap();
        assert_ne!(came, 0, "{mode:?} closed after {answer:?}");
        // Every answer is one flat object.
        if answer.ends_with('}') {
            break answer;
        }
    };
    let is_offer = answer.starts_with("HTTP/1.1 200 ")
        && answer.contains(&format!("\r\ncontent-length: {ANSWER_BYTES}\r\n"))
        && answer.contains("\r\n\r\n{\"price_usd\":");
    assert!(is_offer, "{mode:?} answered {answer}");
}
