//! TLS towards producers.

use std::sync::Arc;

use rfq_engine::{CallFailure, ProducerClient as _};
use rfq_marketplace::net::{Limits, Reach, RfqClient};
use rustls::HandshakeKind;

use crate::market::{Authority, Internet, ask, call, client, target};
use crate::producer::{OFFER, Peer, Producer, answer, ok};

async fn closes(mut peer: Peer) {
    peer.reply(&answer("200 OK", "connection: close\r\n", OFFER)).await;
}

/// More names than a cache of the default size remembers.
const SHOPS: u8 = 40;

/// A client of shops behind `name1.example` and so on.
fn client_of(authority: &Authority, shop: &Producer) -> RfqClient {
    let internet = Internet::default();
    for number in 1..=SHOPS {
        internet.lead(
            &format!("name{number}.example"),
            &format!("93.184.215.{number}"),
            shop.address,
        );
    }
    client(Reach::Public, Arc::new(internet), authority, Limits::default())
}

fn names() -> Vec<String> {
    (1..=SHOPS).map(|number| format!("name{number}.example")).collect()
}

#[tokio::test]
async fn calls_go_over_tls_and_sessions_are_resumed() {
    let authority = Authority::new();
    let names = names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shop = Producer::start_tls(authority.server(&names), closes).await;
    let client = client_of(&authority, &shop);
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
        for name in &names {
            let target = target(&format!("https://{name}/message:send"), Reach::Public);
            let call = call(std::time::Duration::from_secs(20));
            let trace = call.trace.clone();
            let answer = client.call(target, call).await.unwrap();
            assert_eq!(answer.body, OFFER);
            assert!(trace.timings().tls.is_some());
        }
        let handshakes = shop.handshakes();
        let latest = &handshakes[handshakes.len() - names.len()..];
        assert!(latest.iter().all(|latest| *latest == kind), "{kind:?} of {latest:?}");
    }
}

#[tokio::test]
async fn a_held_connection_needs_no_handshake() {
    let authority = Authority::new();
    let shop = Producer::start_tls(authority.server(&["name1.example"]), |mut peer| async move {
        while peer.reply(&ok(OFFER)).await {}
    })
    .await;
    let client = client_of(&authority, &shop);
    let target = target("https://name1.example/message:send", Reach::Public);
    for _ in 0..5 {
        ask(&client, &target).await.unwrap();
    }
    assert_eq!(shop.handshakes(), [HandshakeKind::Full]);
}

#[tokio::test]
async fn a_certificate_of_another_name_or_a_stranger_is_refused_before_anything_is_sent() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for tls in [authority.server(&["name2.example"]), stranger.server(&["name1.example"])] {
        let shop = Producer::start_tls(tls, closes).await;
        let client = client_of(&authority, &shop);
        let target = target("https://name1.example/message:send", Reach::Public);
        assert_eq!(ask(&client, &target).await, Err(CallFailure::Tls));
        assert_eq!((shop.connections(), shop.requests().len()), (1, 0));
    }
}

#[tokio::test]
async fn an_answer_cut_off_without_a_goodbye_is_not_whole() {
    let authority = Authority::new();
    let shop = Producer::start_tls(authority.server(&["name1.example"]), |mut peer| async move {
        peer.request().await;
        // Of no said length, so only TLS can tell that it ends too early.
        peer.send("HTTP/1.1 200 OK\r\n\r\n{\"in_stock\":true}").await;
    })
    .await;
    let client = client_of(&authority, &shop);
    let target = target("https://name1.example/message:send", Reach::Public);
    assert_eq!(ask(&client, &target).await, Err(CallFailure::Io));
}
