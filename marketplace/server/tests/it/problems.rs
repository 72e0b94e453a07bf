//! What is wrong with a producer is told by name.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, date_time_ymd};
use rfq_engine::{CallProblem, HttpAnswer, ProducerClient as _};
use rfq_marketplace::net::{Limits, Reach};
use rustls::server::ServerConfig;

use crate::market::{Authority, Internet, call, client, dev_client, dev_target, target};
use crate::producer::{OFFER, Producer, answer, ok};

const NAME: &str = "shop.example";
const PUBLIC: &str = "93.184.215.14";

/// The problem of one call, which fails as the problem says.
async fn problem(authority: &Authority, internet: Internet) -> CallProblem {
    let client = client(Reach::Public, Arc::new(internet), authority, Limits::default());
    let call = call(Duration::from_secs(20));
    let trace = call.trace.clone();
    let target = target(&format!("https://{NAME}/message:send"), Reach::Public);
    let failure = client.call(target, call).await.unwrap_err();
    let problem = trace.problem().unwrap();
    assert_eq!(failure, problem.failure());
    assert_eq!(trace.sent(), None, "it never came that far");
    problem
}

#[tokio::test(start_paused = true)]
async fn of_names_and_addresses() {
    let authority = Authority::new();
    let told = |internet| problem(&authority, internet);
    assert_eq!(told(Internet::default()).await, CallProblem::NameNotFound);
    let internet = Internet::default();
    internet.say(NAME, &[]);
    assert_eq!(told(internet).await, CallProblem::NameNotFound);
    let internet = Internet::default();
    internet.say(NAME, &[PUBLIC, "10.0.0.1"]);
    assert_eq!(told(internet).await, CallProblem::NotPublic("private"));
    let internet = Internet::default();
    internet.say(NAME, &[PUBLIC]);
    assert_eq!(told(internet).await, CallProblem::Refused);
    let internet = Internet::default();
    internet.swallow(NAME, &[PUBLIC]);
    assert_eq!(told(internet).await, CallProblem::ConnectSlow);
}

async fn of_producer(authority: &Authority, shop: &Producer) -> CallProblem {
    let internet = Internet::default();
    internet.lead(NAME, PUBLIC, shop.address);
    problem(authority, internet).await
}

#[tokio::test]
async fn of_certificates() {
    let (ours, stranger) = (Authority::new(), Authority::new());
    let dated = |from, to| {
        let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        ours.server_with(&params)
    };
    for (tls, problem) in [
        (ours.server(&["other.example"]), CallProblem::CertificateName),
        (stranger.server(&[NAME]), CallProblem::CertificateIssuer),
        (dated(2019, 2020), CallProblem::CertificateTime),
        (dated(2998, 2999), CallProblem::CertificateTime),
    ] {
        let shop = Producer::start_tls(tls, |_| async {}).await;
        assert_eq!(of_producer(&ours, &shop).await, problem);
    }
}

#[tokio::test]
async fn of_tls() {
    let authority = Authority::new();
    let mut other = ServerConfig::clone(&authority.server(&[NAME]));
    other.alpn_protocols = vec![b"h2".to_vec()];
    let shop = Producer::start_tls(Arc::new(other), |_| async {}).await;
    assert_eq!(of_producer(&authority, &shop).await, CallProblem::TlsRefused);

    let shop = Producer::start(|mut peer| async move {
        peer.send("HTTP/1.1 400 Bad Request\r\n\r\nThis is no TLS.").await;
        peer.gone().await;
    })
    .await;
    assert_eq!(of_producer(&authority, &shop).await, CallProblem::NotTls);

    let shop = Producer::start(|peer| async move { drop(peer) }).await;
    assert_eq!(of_producer(&authority, &shop).await, CallProblem::TlsBroken);

    let shop = Producer::start(|mut peer| async move { peer.gone().await }).await;
    assert_eq!(of_producer(&authority, &shop).await, CallProblem::TlsSlow);
}

/// The problem of a call that is answered with `sent`.
async fn of_answer(sent: String) -> Option<CallProblem> {
    let shop = Producer::start(move |mut peer| {
        let sent = sent.clone();
        async move {
            peer.reply(&sent).await;
        }
    })
    .await;
    let call = call(Duration::from_secs(20));
    let trace = call.trace.clone();
    let answer = dev_client(Limits::default()).call(dev_target(shop.address), call).await;
    assert_eq!(answer.err(), trace.problem().map(CallProblem::failure));
    trace.problem()
}

#[tokio::test]
async fn of_answers() {
    let too_long = "x".repeat(HttpAnswer::MAX_BYTES + 1);
    let long_head = format!("x-long: {too_long}\r\n");
    for (sent, problem) in [
        (ok(OFFER), None),
        (answer("503 Busy", "", "later"), None),
        (String::new(), Some(CallProblem::Broken)),
        (ok(OFFER)[..60].to_owned(), Some(CallProblem::Broken)),
        ("220 mail.example ESMTP\r\n".to_owned(), Some(CallProblem::NotHttp)),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n".to_owned(),
            Some(CallProblem::NotHttp),
        ),
        (answer("200 OK", &long_head, OFFER), Some(CallProblem::HeadTooLarge)),
        (ok(&too_long), Some(CallProblem::BodyTooLarge)),
    ] {
        assert_eq!(of_answer(sent.clone()).await, problem, "{sent:.80}");
    }
}

#[tokio::test]
async fn of_time_and_of_what_the_second_try_mends_there_is_none() {
    let silent = Producer::start(|mut peer| async move { peer.gone().await }).await;
    let late = call(Duration::from_millis(50));
    let trace = late.trace.clone();
    let client = dev_client(Limits::default());
    client.call(dev_target(silent.address), late).await.unwrap_err();
    assert_eq!(trace.problem(), None);

    let breaks = Producer::start(|mut peer| async move {
        peer.reply(&ok(OFFER)).await;
        peer.request().await;
        peer.reset();
    })
    .await;
    for _ in 0..2 {
        let call = call(Duration::from_secs(20));
        let trace = call.trace.clone();
        client.call(dev_target(breaks.address), call).await.unwrap();
        assert_eq!(trace.problem(), None);
    }
    assert_eq!(breaks.requests().len(), 3);
}

#[test]
fn each_says_what_it_is() {
    let named = [
        CallProblem::NotPublic("private"),
        CallProblem::NameNotFound,
        CallProblem::CertificateIssuer,
        CallProblem::TlsRefused,
    ];
    insta::assert_snapshot!(named.map(|problem| problem.to_string()).join("\n"), @"
    the name leads to an address that is private
    the name was not found
    no trusted authority vouches for the certificate, or its chain is incomplete
    no agreement on TLS was reached (1.2 and 1.3 are offered, and HTTP/1.1)
    ");
}
