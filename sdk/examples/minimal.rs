//! A whole agent: answers RFQs for one product, at a fixed price.
//!
//! `cargo run -p rfq-sdk --example minimal` starts it, asks it once as the marketplace would, and
//! ends. `cargo run -p rfq-sdk --example minimal -- serve` keeps it running.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use rfq_sdk::{
    Answer, Clock as _, DeclineReason, Offer, ResponderError, Rfq, Secret, Signer, SystemClock,
    Usd, Verifier,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "an example of a secret, 32 bytes";

async fn respond(rfq: Rfq) -> Result<Answer, ResponderError> {
    if rfq.product().as_str() != "coffee-grinders/baratza-encore-esp" {
        return Ok(DeclineReason::NotCarried.into());
    }
    // The price of the whole quantity, not of one unit.
    let unit: Usd = "169.99".parse()?;
    let price = unit.checked_mul(rfq.quantity().get()).ok_or("more than any price can be")?;
    let offer = Offer::builder(price, "https://shop.example/cart?offer=7".parse()?)
        .list_price("189.99".parse()?)
        .shipping_cost(Usd::ZERO)
        .shipping_days(3)
        .terms("Free returns within 30 days".parse()?);
    Ok(offer.build(SystemClock.now())?.into())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In production: SecretFile::read(path)?.into_hmac().build()?
    let verifier = Verifier::hmac(Secret::new(SECRET)?).build()?;
    let app = rfq_sdk::axum::router(verifier, respond);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("answering at http://{}/message:send", listener.local_addr()?);
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return Ok(server.await??);
    }

    let answer = ask(address).await?;
    println!("{answer}");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#""price_usd":169.99"#));
    Ok(())
}

/// Asks as the marketplace does. Any HTTP client will do; this one needs no further dependency.
async fn ask(address: std::net::SocketAddr) -> Result<String, Box<dyn Error>> {
    let body = include_str!("../vectors/rfq.json");
    let signed = Signer::hmac(&Secret::new(SECRET)?).sign(body.as_bytes(), SystemClock.now());
    let headers: String =
        signed.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "POST /message:send HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
