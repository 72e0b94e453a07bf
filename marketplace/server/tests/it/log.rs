//! What is written down of calls.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use rfq_marketplace::net::{Limits, Reach, Target};
use rfq_sdk::{Secret, Signer};
use tracing_subscriber::filter::LevelFilter;

use crate::market::{Authority, Internet, SECRET, ask, client, dev_client, dev_target, target};
use crate::producer::{OFFER, Producer, ok};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_refused_address_is_named_and_a_secret_never() {
    let log = Log::default();
    let of_subscriber = log.clone();
    let _guard = tracing::subscriber::set_default(
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(move || of_subscriber.clone())
            .without_time()
            .with_ansi(false)
            .finish(),
    );
    let internet = Arc::new(Internet::default());
    internet.say("shop.example", &["93.184.215.14", "10.0.0.1"]);
    let client = client(Reach::Public, internet.clone(), &Authority::new(), Limits::default());
    ask(&client, &target("https://shop.example/message:send", Reach::Public)).await.unwrap_err();

    let shop = Producer::start(|mut peer| async move {
        peer.reply(&ok(OFFER)).await;
        peer.request().await;
        peer.reset();
    })
    .await;
    let signer = Signer::bearer(&Secret::new(SECRET).unwrap()).unwrap();
    let endpoint = dev_target(shop.address).endpoint.clone();
    let target = Arc::new(Target { endpoint, signer: Arc::new(signer) });
    let dev_client = dev_client(Limits::default());
    ask(&dev_client, &target).await.unwrap();
    ask(&dev_client, &target).await.unwrap();

    let bytes = log.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    assert!(!format!("{target:?} {dev_client:?}").contains(SECRET));
    let port = shop.address.port().to_string();
    insta::assert_snapshot!(text.replace(&port, "PORT"), @"
    DEBUG rfq_marketplace::net::connect: A producer's address may not be called endpoint=https://shop.example/message:send refused=10.0.0.1 is private
    DEBUG rfq_marketplace::net::rfq_client: A held connection broke; the call is made again endpoint=http://shop.localhost:PORT/message:send
    ");
}
