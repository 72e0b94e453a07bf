//! When a call is over, and whose fault it is.

use std::sync::Arc;
use std::time::Duration;

use rfq_engine::{Call, CallFailure, HttpAnswer, ProducerClient as _};
use rfq_marketplace::net::{Limits, Reach};
use tokio::time::{Instant, sleep, timeout};

use crate::market::{
    Authority, Internet, ask, call, call_of_quote, client, dev_client, dev_target, target,
};
use crate::producer::{OFFER, Producer, ok};

const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_mins(1);

async fn silent() -> Producer {
    Producer::start(|mut peer| async move { peer.gone().await }).await
}

async fn called(shop: &Producer, call: Call) -> Result<HttpAnswer, CallFailure> {
    let client = dev_client(Limits::default());
    timeout(LONG, client.call(dev_target(shop.address), call)).await.unwrap()
}

#[tokio::test]
async fn a_producer_that_says_nothing_is_late() {
    let shop = silent().await;
    let call = call(SHORT);
    let trace = call.trace.clone();
    assert_eq!(called(&shop, call).await, Err(CallFailure::Late));
    assert!(trace.sent().unwrap().elapsed() >= SHORT, "it had all of its time");
    assert_eq!(trace.timings().first_byte, None);
    shop.idle().await;
}

#[tokio::test]
async fn one_that_trickles_is_late_in_the_head_and_in_the_body() {
    for start in ["", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"] {
        let shop = Producer::start(move |mut peer| async move {
            peer.request().await.unwrap();
            peer.send(start).await;
            while peer.send("H").await {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        assert_eq!(called(&shop, call(SHORT)).await, Err(CallFailure::Late), "{start}");
    }
}

#[tokio::test]
async fn the_end_of_the_quote_is_not_the_producer_s_fault() {
    let shop = silent().await;
    let call = call_of_quote(LONG, SHORT);
    let trace = call.trace.clone();
    assert_eq!(called(&shop, call).await, Err(CallFailure::NoTime));
    assert!(trace.sent().is_some());

    let call = call_of_quote(LONG, Duration::ZERO);
    let trace = call.trace.clone();
    assert_eq!(called(&shop, call).await, Err(CallFailure::NoTime));
    assert_eq!(trace.sent(), None, "it was not asked");
    assert_eq!(shop.requests().len(), 0);
}

/// Of a time of ours: no socket is involved, so time may run ahead.
#[tokio::test(start_paused = true)]
async fn what_ends_while_it_connects_is_told_by_whose_time_was_over() {
    let internet = Arc::new(Internet::default());
    internet.swallow("one.example", &["93.184.215.14"]);
    internet.swallow("two.example", &["93.184.215.14", "93.184.215.15"]);
    let client = client(Reach::Public, internet, &Authority::new(), Limits::default());
    for name in ["one", "two"] {
        let target = target(&format!("https://{name}.example/message:send"), Reach::Public);
        for (left, failure) in [(SHORT, CallFailure::NoTime), (LONG, CallFailure::Connect)] {
            let call = call_of_quote(LONG, left);
            let trace = call.trace.clone();
            assert_eq!(client.call(Arc::clone(&target), call).await, Err(failure), "{name}");
            assert_eq!(trace.sent(), None);
        }
    }
}

#[tokio::test]
async fn a_producer_s_time_begins_with_the_first_byte_it_is_sent() {
    let shop = Producer::start(|mut peer| async move {
        peer.request().await;
        sleep(SHORT * 2).await;
        peer.send(ok(OFFER)).await;
    })
    .await;
    let client = Arc::new(dev_client(Limits { connections: 1, ..Limits::default() }));
    let asks: Vec<_> = (0..3)
        .map(|_| {
            let (client, target) = (Arc::clone(&client), dev_target(shop.address));
            // Waiting for the others and its own answer take longer than this.
            let call = call(SHORT * 5);
            let trace = call.trace.clone();
            (tokio::spawn(async move { client.call(target, call).await }), trace)
        })
        .collect();
    let mut queued = Vec::new();
    for (ask, trace) in asks {
        assert!(ask.await.unwrap().is_ok());
        queued.push(trace.timings().queue.unwrap());
    }
    assert!(queued[2] >= SHORT * 4, "{queued:?}");
}

#[tokio::test]
async fn waiting_for_a_place_ends_with_the_quote() {
    let shop = silent().await;
    let client = Arc::new(dev_client(Limits { per_producer: 1, ..Limits::default() }));
    let first = {
        let (client, target) = (Arc::clone(&client), dev_target(shop.address));
        tokio::spawn(async move { client.call(target, call(LONG)).await })
    };
    while shop.connections() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let second = call_of_quote(LONG, SHORT);
    let trace = second.trace.clone();
    let second = client.call(dev_target(shop.address), second).await;
    assert_eq!(second, Err(CallFailure::NoTime));
    assert!(trace.timings().queue.unwrap() >= SHORT, "what it waited for is told");
    first.abort();
    // The place is free again.
    assert!(first.await.unwrap_err().is_cancelled());
    let third = client.call(dev_target(shop.address), call(SHORT)).await;
    assert_eq!(third, Err(CallFailure::Late));
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    let shop = silent().await;
    let client = dev_client(Limits::default());
    for step in [Duration::from_millis(100), Duration::ZERO] {
        let call = client.call(dev_target(shop.address), call(LONG));
        assert!(timeout(step, call).await.is_err());
        timeout(LONG, shop.idle()).await.unwrap();
    }
}

#[tokio::test]
async fn each_part_is_timed() {
    let shop = Producer::start(|mut peer| async move {
        while peer.request().await.is_some() {
            sleep(SHORT).await;
            let answer = ok(OFFER);
            let (head, body) = answer.split_at(40);
            peer.send(head).await;
            sleep(SHORT).await;
            peer.send(body).await;
        }
    })
    .await;
    let client = dev_client(Limits::default());
    let first = call(LONG);
    let trace = first.trace.clone();
    let began = Instant::now();
    client.call(dev_target(shop.address), first).await.unwrap();
    let (took, timings) = (began.elapsed(), trace.timings());
    assert!(timings.first_byte.unwrap() >= SHORT && timings.body.unwrap() >= SHORT, "{timings:?}");
    assert!(timings.tls.is_none() && timings.connect.is_some() && timings.dns.is_some());
    let parts = [timings.queue, timings.dns, timings.connect, timings.first_byte, timings.body];
    assert!(parts.into_iter().flatten().sum::<Duration>() <= took, "{timings:?} in {took:?}");

    let second = call(LONG);
    let trace = second.trace.clone();
    client.call(dev_target(shop.address), second).await.unwrap();
    let timings = trace.timings();
    assert_eq!((timings.dns, timings.connect), (None, None), "its connection was there");
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    let shop = silent().await;
    let address = shop.address;
    drop(shop);
    sleep(Duration::from_millis(50)).await;
    let client = dev_client(Limits::default());
    assert_eq!(ask(&client, &dev_target(address)).await, Err(CallFailure::Connect));
}
