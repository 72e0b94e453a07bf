//! What of a call is kept for those who may see it.

use std::sync::Arc;
use std::time::Duration;

use rfq_engine::{CallTrace, ProducerClient as _};
use rfq_marketplace::net::{Limits, Target};
use rfq_sdk::{Secret, Signer};

use crate::market::{SECRET, call, dev_client, dev_target};
use crate::producer::{OFFER, Producer, ok};

#[tokio::test]
async fn what_is_sent_is_kept_on_demand_without_what_is_or_proves_a_secret() {
    let shop = Producer::answering(ok(OFFER)).await;
    let client = dev_client(Limits::default());
    let hmac = dev_target(shop.address);
    let bearer = Signer::bearer(&Secret::new(SECRET).unwrap()).unwrap();
    let bearer = Target { signer: Arc::new(bearer), ..(*hmac).clone() };
    let mut kept = Vec::new();
    for target in [hmac, Arc::new(bearer)] {
        for trace in [CallTrace::with_request(), CallTrace::default()] {
            let call = rfq_engine::Call { trace, ..call(Duration::from_secs(20)) };
            let trace = call.trace.clone();
            client.call(Arc::clone(&target), call).await.unwrap();
            kept.push(trace.request());
        }
    }
    assert_eq!((&kept[1], &kept[3]), (&None, &None), "only on demand");

    let requests = shop.requests();
    for (kept, sent) in [(&kept[0], &requests[0]), (&kept[2], &requests[2])] {
        let text = String::from_utf8(kept.clone().unwrap().to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body.as_bytes(), sent.body);
        let secret = ["authorization", "x-productindex-signature", "x-productindex-timestamp"];
        for line in head.lines().skip(1) {
            let (name, value) = line.split_once(": ").unwrap();
            let value_sent = sent.header(name).unwrap();
            assert_eq!(value, if secret.contains(&name) { "(removed)" } else { value_sent });
        }
        assert!(!text.contains(SECRET));
    }
    let text = String::from_utf8(kept[0].clone().unwrap().to_vec()).unwrap();
    let port = shop.address.port().to_string();
    let head = text.split_once("\r\n\r\n").unwrap().0.replace('\r', "");
    insta::assert_snapshot!(head.replace(&port, "PORT"), @r"
    POST /message:send HTTP/1.1
    host: shop.localhost:PORT
    user-agent: rfq-marketplace/0.1.0
    accept: application/json
    accept-encoding: identity
    content-type: application/json
    x-productindex-timestamp: (removed)
    x-productindex-signature: (removed)
    ");
}
