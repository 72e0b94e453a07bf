//! A developer's own responder, over the wire: late and panicking ones are declines in time.

use std::net::SocketAddr;
use std::time::Duration;

use rfq_sdk::axum::router;
use rfq_sdk::{DeclineReason, Rfq, Secret, Signer, Verifier};
use rfq_tests::{DECLINE, now, rfq};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

const SECRET: &str = "an example of a secret, 32 bytes";

async fn start() -> SocketAddr {
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
    let app = router(verifier, |rfq: Rfq| async move {
        match rfq.product().slug() {
            "sleeps" => tokio::time::sleep(Duration::from_secs(10)).await,
            // The runtime waits for it at the end of the test.
            "blocks" => std::thread::sleep(Duration::from_secs(5)),
            _ => panic!("the responder of this test panics"),
        }
        Ok(DeclineReason::NotCarried.into())
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn ask(address: SocketAddr, slug: &str) -> (String, Duration) {
    let body = rfq(slug, &format!("test/{slug}"), 1).to_string();
    let signed = Signer::hmac(&Secret::new(SECRET).unwrap()).sign(body.as_bytes(), now());
    let headers: String =
        signed.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "POST /message:send HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer, start.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn late_and_panicking_responders_are_declines_well_inside_four_seconds() {
    let address = start().await;
    let (sleeps, blocks, panics) =
        tokio::join!(ask(address, "sleeps"), ask(address, "blocks"), ask(address, "panics"));
    for (answer, took) in [&sleeps, &blocks, &panics] {
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.ends_with(DECLINE), "{answer}");
        assert!(*took < Duration::from_millis(3900), "{took:?}");
    }
    assert!(panics.1 < Duration::from_secs(1), "a panic is not waited for: {:?}", panics.1);
    println!("sleeping {:?}, blocking {:?}, panicking {:?}", sleeps.1, blocks.1, panics.1);
}
