//! Producers come back as they were put.

use rfq_engine::ProducerId;
use rfq_store::{Producer, ProducerError, ProducerState, ProducerUpdate};

use crate::on_both;
use crate::place::{Place, at, name, producer, producer_id};

on_both!(
    come_back_as_they_were_put,
    an_id_is_given_once,
    each_field_is_changed_alone,
    come_in_pages,
    come_in_the_order_of_their_ids,
    claim_on_their_domains
);

/// How long a proof counts, in seconds.
const MONTH: i64 = 30 * 24 * 60 * 60;

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
    store.create_producer(&whole()).await.unwrap();
    store.create_producer(&producer(2)).await.unwrap();
    assert_eq!(store.producer(&producer_id(1)).await, Ok(Some(whole())));
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.producer(&producer_id(1)).await, Ok(Some(whole())));
    assert_eq!(store.producer(&producer_id(2)).await, Ok(Some(producer(2))));
}

async fn an_id_is_given_once(place: Place) {
    let store = place.open().await;
    store.create_producer(&whole()).await.unwrap();
    let taken = store.create_producer(&producer(1)).await.unwrap_err();
    assert_eq!(taken, ProducerError::Taken(producer_id(1)));
    assert_eq!(store.producer(&producer_id(1)).await, Ok(Some(whole())), "it is as it was");
}

/// As two servers that each change one thing must not undo each other.
async fn each_field_is_changed_alone(place: Place) {
    let store = place.open().await;
    let update = async |update| store.update_producer(&producer_id(1), &update).await;
    let unknown = update(ProducerUpdate::default()).await;
    assert_eq!(unknown, Err(ProducerError::Unknown(producer_id(1))));
    store.create_producer(&producer(1)).await.unwrap();
    let Producer { name, state, claim_domains, regions, .. } = whole();
    let none = ProducerUpdate::default;
    let steps = [
        (ProducerUpdate { name: Some(name.clone()), ..none() }, Producer { name, ..producer(1) }),
        (ProducerUpdate { state: Some(state), ..none() }, Producer { state, ..producer(1) }),
        (
            ProducerUpdate { claim_domains: Some(claim_domains.clone()), ..none() },
            Producer { claim_domains, ..producer(1) },
        ),
        (
            ProducerUpdate { regions: Some(regions.clone()), ..none() },
            Producer { regions, ..producer(1) },
        ),
    ];
    let back = ProducerUpdate {
        name: Some(producer(1).name),
        state: Some(ProducerState::Enabled),
        claim_domains: Some(Vec::new()),
        regions: Some(Vec::new()),
    };
    for (step, expected) in steps {
        update(step).await.unwrap();
        assert_eq!(store.producer(&producer_id(1)).await, Ok(Some(expected)));
        update(back.clone()).await.unwrap();
        assert_eq!(store.producer(&producer_id(1)).await, Ok(Some(producer(1))));
    }
}

async fn come_in_pages(place: Place) {
    let store = place.open().await;
    for number in [3, 1, 2] {
        store.create_producer(&producer(number)).await.unwrap();
    }
    assert_eq!(store.producers(None, 2).await, Ok(vec![producer(1), producer(2)]));
    assert_eq!(store.producers(Some(&producer_id(2)), 2).await, Ok(vec![producer(3)]));
    assert_eq!(store.producers(Some(&producer_id(3)), 2).await, Ok(vec![]));
}

/// In the order of bytes, whatever the locale of the database.
async fn come_in_the_order_of_their_ids(place: Place) {
    let store = place.open().await;
    let ids = ["Shop-2", "a-b", "aa", "shop-10", "shop-9", "shop1", "shop_1"];
    for id in ids {
        store.create_producer(&Producer { id: id.parse().unwrap(), ..producer(1) }).await.unwrap();
    }
    let mut seen = Vec::new();
    while let Some(next) = store.producers(seen.last(), 1).await.unwrap().pop() {
        seen.push(next.id);
    }
    assert!(seen.is_sorted());
    assert_eq!(seen.iter().map(ProducerId::as_str).collect::<Vec<_>>(), ids);
    if let Place::Postgres(_) = place {
        // An upgrade of the system may change what a locale's order is, and so break its indexes.
        let other = "SELECT table_name || '.' || column_name FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name NOT LIKE '#_%' ESCAPE '#'
                AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
                AND (column_name IN ('id', 'slug', 'domain') OR column_name LIKE '%#_id' ESCAPE '#')";
        assert_eq!(place.texts(other).await, [""; 0]);
    }
}

async fn claim_on_their_domains(place: Place) {
    let store = place.open().await;
    store.create_producer(&whole()).await.unwrap();
    store.verify_domain(&producer_id(1), &"shop.example".parse().unwrap(), at(0)).await.unwrap();
    let kept = store.producer(&producer_id(1)).await.unwrap().unwrap();
    let (proved, due) = (kept.claimed_at(at(MONTH - 1)), kept.claimed_at(at(MONTH)));
    for (url, covered) in [
        ("https://www.shop.example/1", true),
        ("https://cart.example/1", true),
        ("https://other.example/1", false),
    ] {
        assert_eq!(proved.cover(&url.parse().unwrap()), covered, "{url}");
        let besides = covered && !url.contains("shop.example");
        assert_eq!(due.cover(&url.parse().unwrap()), besides, "{url}, whose proof is too old");
    }
}
