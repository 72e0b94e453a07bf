//! How far beyond the budget the decline of a late responder comes, over the wire:
//! `cargo bench -p rfq-sdk --bench deadline`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

use std::time::Duration;

use rfq_sdk::axum::router;
use rfq_sdk::{Budget, Clock as _, DeclineReason, Rfq, Secret, Signer, SystemClock, Verifier};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

const SECRET: &str = "an example of a secret, 32 bytes";
const AT_ONCE: usize = 200;
const ROUNDS: usize = 3;
const BODY: &str = include_str!("../vectors/rfq.json");

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
    let app = router(verifier, |_: Rfq| async {
        sleep(Duration::from_secs(10)).await;
        Ok(DeclineReason::NotCarried.into())
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut excess = Vec::new();
    for round in 0..ROUNDS {
        let asks: Vec<_> = (0..AT_ONCE)
            .map(|n| {
                let body = BODY.replace("8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11", &format!("{round}-{n}"));
                tokio::spawn(async move {
                    let headers = Signer::hmac(&Secret::new(SECRET).unwrap())
                        .sign(body.as_bytes(), SystemClock.now());
                    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                    let length = body.len();
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    let start = Instant::now();
                    stream.write_all(format!("POST /message:send HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}").as_bytes()).await.unwrap();
                    let mut answer = String::new();
                    stream.read_to_string(&mut answer).await.unwrap();
                    let took = start.elapsed();
                    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""in_stock":false"#));
                    took
                })
            })
            .collect();
        for ask in asks {
            excess.push(ask.await.unwrap().saturating_sub(Budget::default().get()));
        }
    }
    excess.sort();
    let at = |part: usize| excess.get((excess.len() - 1) * part / 100).unwrap();
    println!(
        "{} late answers, {AT_ONCE} at once, beyond the budget of {:?}:",
        excess.len(),
        Budget::default().get()
    );
    println!("excess p50 {:?}, p99 {:?}, max {:?}", at(50), at(99), at(100));
}
