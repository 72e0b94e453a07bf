//! Producers come back as they were put.

use rfq_engine::ProducerId;
use rfq_store::{Producer, ProducerError, ProducerState};

use crate::on_both;
use crate::place::{Place, at, name, producer, producer_id};

on_both!(
    come_back_as_they_were_put,
    are_enabled_and_disabled,
    come_in_pages,
    claim_on_their_domains
);

fn whole() -> Producer {
    Producer {
        name: name("Kaffee & Mühlen \u{2014} \u{1f600} 'quoted' \"twice\""),
        state: ProducerState::Disabled,
        claim_domains: ["cart.example", "xn--bcher-kva.de"].map(|d| d.parse().unwrap()).into(),
        regions: ["CA-US", "NY-US"].map(|region| region.parse().unwrap()).into(),
        ..producer(1)
    }
}

async fn come_back_as_they_were_put(place: Place) {
    let store = place.open().await;
    assert_eq!(store.producer(&producer_id(1)).await, Ok(None));
    store.put_producer(&whole(), at(0)).await.unwrap();
    assert_eq!(store.producer(&producer_id(1)).await, Ok(Some(whole())));
    store.put_producer(&producer(1), at(1)).await.unwrap();
    assert_eq!(store.producer(&producer_id(1)).await, Ok(Some(producer(1))));
    store.close().await;
    assert_eq!(place.open().await.producer(&producer_id(1)).await, Ok(Some(producer(1))));
}

async fn are_enabled_and_disabled(place: Place) {
    let store = place.open().await;
    let disable =
        async |id: &ProducerId| store.set_producer_state(id, ProducerState::Disabled, at(1)).await;
    let unknown = disable(&producer_id(1)).await.unwrap_err();
    assert_eq!(unknown, ProducerError::Unknown(producer_id(1)));
    store.put_producer(&producer(1), at(0)).await.unwrap();
    disable(&producer_id(1)).await.unwrap();
    let disabled = Producer { state: ProducerState::Disabled, ..producer(1) };
    assert_eq!(store.producer(&producer_id(1)).await, Ok(Some(disabled)));
}

async fn come_in_pages(place: Place) {
    let store = place.open().await;
    for number in [3, 1, 2] {
        store.put_producer(&producer(number), at(0)).await.unwrap();
    }
    assert_eq!(store.producers(None, 2).await, Ok(vec![producer(1), producer(2)]));
    assert_eq!(store.producers(Some(&producer_id(2)), 2).await, Ok(vec![producer(3)]));
    assert_eq!(store.producers(Some(&producer_id(3)), 2).await, Ok(vec![]));
}

async fn claim_on_their_domains(place: Place) {
    let store = place.open().await;
    store.put_producer(&whole(), at(0)).await.unwrap();
    store.verify_domain(&producer_id(1), &"shop.example".parse().unwrap(), at(0)).await.unwrap();
    let domains = store.producer(&producer_id(1)).await.unwrap().unwrap().claimed_at();
    for (url, covered) in [
        ("https://www.shop.example/1", true),
        ("https://cart.example/1", true),
        ("https://other.example/1", false),
    ] {
        assert_eq!(domains.cover(&url.parse().unwrap()), covered, "{url}");
    }
}
