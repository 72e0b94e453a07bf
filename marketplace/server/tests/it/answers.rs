//! What producers answer, and what is made of it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use rfq_engine::{CallFailure, HttpAnswer};
use rfq_marketplace::net::Limits;

use crate::market::{ask, dev_client, dev_target};
use crate::producer::{OFFER, Producer, answer, ok};

async fn asked(sent: Vec<u8>) -> Result<HttpAnswer, CallFailure> {
    let shop = Producer::start(move |mut peer| {
        let sent = sent.clone();
        async move {
            peer.request().await.unwrap();
            peer.send(sent).await;
        }
    })
    .await;
    ask(&dev_client(Limits::default()), &dev_target(shop.address)).await
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

async fn gzipped(plain: &[u8]) -> Result<HttpAnswer, CallFailure> {
    sent_as_gzip(gzip(plain)).await
}

async fn sent_as_gzip(body: Vec<u8>) -> Result<HttpAnswer, CallFailure> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: GZIP\r\ncontent-length: {length}\r\n\r\n");
    asked([head.into_bytes(), body].concat()).await
}

fn of(body: &str) -> HttpAnswer {
    HttpAnswer { status: 200, body: body.to_owned().into() }
}

#[tokio::test]
async fn the_request_is_signed_and_says_what_it_takes() {
    let shop = Producer::answering(ok(OFFER)).await;
    let answer = ask(&dev_client(Limits::default()), &dev_target(shop.address)).await;
    assert_eq!(answer, Ok(of(OFFER)));

    let request = &shop.requests()[0];
    assert!(request.is_signed());
    let head = request.head.replace(&shop.address.port().to_string(), "PORT");
    let signature = request.header("x-productindex-signature").unwrap();
    insta::assert_snapshot!(head.replace(signature, "SIGNATURE"), @"
    POST /message:send HTTP/1.1
    host: shop.localhost:PORT
    user-agent: rfq-marketplace/0.1.0
    accept: application/json
    accept-encoding: identity
    content-type: application/json
    x-productindex-timestamp: 1780315200
    x-productindex-signature: SIGNATURE
    content-length: 560
    ");
    insta::assert_snapshot!(String::from_utf8_lossy(&request.body), @r#"{"jsonrpc":"2.0","method":"message/send","id":"8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11","params":{"message":{"messageId":"00000000-0000-0000-0000-000000000001","role":"user","parts":[{"kind":"text","text":"Request for quote: Baratza Encore ESP, qty 2, ship to CA-US, price as total for the quantity"}],"metadata":{"skill":"respond-to-rfq","rfq_id":"8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11","product_slug":"coffee-grinders/baratza-encore-esp","quantity":2,"price_basis":"total","delivery_region":"CA-US","requestor":"https://market.example/.well-known/agent.json"}}}}"#);
}

#[tokio::test]
async fn any_status_is_an_answer() {
    for status in [200, 201, 204, 301, 400, 401, 404, 429, 500, 503] {
        let sent = answer(&format!("{status} Text"), "", if status == 204 { "" } else { "text" });
        let answer = asked(sent.into_bytes()).await.unwrap();
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_body_may_come_in_chunks_or_end_with_the_connection() {
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(asked(chunked.into()).await, Ok(of("abcde")));
    let closing = "HTTP/1.1 200 OK\r\n\r\nabcde";
    assert_eq!(asked(closing.into()).await, Ok(of("abcde")));
    let old = "HTTP/1.0 200 OK\r\n\r\nabcde";
    assert_eq!(asked(old.into()).await, Ok(of("abcde")));
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    assert_eq!(asked(early.into()).await, Ok(of("ok")));
}

#[tokio::test]
async fn a_body_has_at_most_64_kib() {
    let full = "x".repeat(HttpAnswer::MAX_BYTES);
    assert_eq!(asked(ok(&full).into()).await, Ok(of(&full)));
    let more = "x".repeat(HttpAnswer::MAX_BYTES + 1);
    assert_eq!(asked(ok(&more).into()).await, Err(CallFailure::TooLarge));
    let unsaid = format!("HTTP/1.1 200 OK\r\n\r\n{more}");
    assert_eq!(asked(unsaid.into()).await, Err(CallFailure::TooLarge));
    // It is not waited for: the length says it.
    let said = "HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n";
    assert_eq!(asked(said.into()).await, Err(CallFailure::TooLarge));
    let page = answer("502 Bad Gateway", "", &more);
    let of_proxy = HttpAnswer { status: 502, body: "".into() };
    assert_eq!(asked(page.into()).await, Ok(of_proxy), "its status says more than its length");
}

#[tokio::test]
async fn gzip_is_decoded_up_to_64_kib() {
    assert_eq!(gzipped(OFFER.as_bytes()).await, Ok(of(OFFER)));
    let full = "x".repeat(HttpAnswer::MAX_BYTES);
    assert_eq!(gzipped(full.as_bytes()).await, Ok(of(&full)));
    let bomb = vec![0; 10_000_000];
    assert_eq!(gzipped(&bomb).await, Err(CallFailure::TooLarge));
    let other = answer("200 OK", "content-encoding: br\r\n", "left as it is");
    assert_eq!(asked(other.into()).await, Ok(of("left as it is")));
}

#[tokio::test]
async fn gzip_may_have_several_members() {
    let (start, end) = OFFER.split_at(10);
    let members = [gzip(start.as_bytes()), gzip(end.as_bytes())].concat();
    assert_eq!(sent_as_gzip(members).await, Ok(of(OFFER)));
    let members = [gzip(OFFER.as_bytes()), gzip(&vec![b' '; 10_000_000])].concat();
    assert_eq!(sent_as_gzip(members).await, Err(CallFailure::TooLarge));
}

/// The connection is well; the answer is what it is: no JSON.
#[tokio::test]
async fn broken_gzip_is_an_answer_as_it_came() {
    let whole = gzip(OFFER.as_bytes());
    let mut wrong_sum = whole.clone();
    let at = wrong_sum.len() - 5;
    wrong_sum[at] ^= 1;
    for broken in [
        b"no gzip".to_vec(),
        whole[..whole.len() - 10].to_vec(),
        wrong_sum,
        [whole.clone(), b"more".to_vec()].concat(),
        [whole.clone(), vec![0; 20]].concat(),
    ] {
        let answer = HttpAnswer { status: 200, body: broken.clone().into() };
        assert_eq!(sent_as_gzip(broken).await, Ok(answer));
    }
}

#[tokio::test]
async fn what_is_not_whole_or_not_http_is_a_broken_connection() {
    for sent in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"price",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{16}\u{3}\u{1}\0\u{5}",
    ] {
        assert_eq!(asked(sent.into()).await, Err(CallFailure::Io), "{sent:?}");
    }
}

#[tokio::test]
async fn a_head_is_bounded_in_bytes_and_in_lines() {
    let long = format!("x-long: {}\r\n", "x".repeat(20_000));
    let many = "x-many: 1\r\n".repeat(200);
    let endless = format!("HTTP/1.1 200 {}", "x".repeat(100_000));
    for sent in [answer("200 OK", &long, "{}"), answer("200 OK", &many, "{}"), endless] {
        assert_eq!(asked(sent.into()).await, Err(CallFailure::TooLarge));
    }
    let usual = "x-usual: some text that stands for what proxies add\r\n".repeat(50);
    assert_eq!(asked(answer("200 OK", &usual, "{}").into()).await, Ok(of("{}")));
}
