//! What producers carry, by whatever slug.

use rfq_sdk::ProductSlug;
use rfq_store::{Carried, Carrier, CarriesError, Product, ProductId, Store};

use crate::on_both;
use crate::place::{Place, at, disable, give_agent, producer_id, product, product_id, register};

on_both!(
    unknown_slugs_wait_for_their_product,
    old_slugs_lead_to_the_product_too,
    only_those_are_carriers_that_can_be_asked,
    a_new_list_takes_the_place_of_the_old,
);

fn slug(text: &str) -> ProductSlug {
    text.parse().unwrap()
}

async fn carries(store: &Store, producer: u32, slugs: &[&str]) {
    let slugs: Vec<_> = slugs.iter().map(|text| slug(text)).collect();
    store.set_carried(&producer_id(producer), &slugs).await.unwrap();
}

async fn carriers(store: &Store, product: &ProductId) -> Vec<String> {
    let carriers = store.carriers(product, 100).await.unwrap();
    carriers.iter().map(|carrier| format!("{} {}", carrier.producer.id, carrier.slug)).collect()
}

async fn unknown_slugs_wait_for_their_product(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    for number in [1, 2] {
        give_agent(&store, number, "https://shop.example/").await;
    }
    carries(&store, 2, &["grinders/model-1", "grinders/model-2"]).await;
    carries(&store, 1, &["grinders/model-1"]).await;
    assert_eq!(carriers(&store, &product_id(1)).await, [""; 0]);
    store.put_products(&[product(1)], at(0)).await.unwrap();
    assert_eq!(
        carriers(&store, &product_id(1)).await,
        ["shop-1 grinders/model-1", "shop-2 grinders/model-1"]
    );
    let carried = store.carried(&producer_id(2), None, 10).await.unwrap();
    let waiting = Carried { slug: slug("grinders/model-2"), product: None };
    let bound = Carried { slug: slug("grinders/model-1"), product: Some(product_id(1)) };
    assert_eq!(carried, [bound, waiting.clone()]);
    let behind = store.carried(&producer_id(2), Some(&slug("grinders/model-1")), 10).await.unwrap();
    assert_eq!(behind, [waiting]);
    store.delete_products(&[product_id(1)], at(1)).await.unwrap();
    assert_eq!(carriers(&store, &product_id(1)).await, [""; 0]);
    let again = Product { id: product_id(9), ..product(1) };
    store.put_products(&[again], at(2)).await.unwrap();
    assert_eq!(
        carriers(&store, &product_id(9)).await,
        ["shop-1 grinders/model-1", "shop-2 grinders/model-1"]
    );
}

async fn old_slugs_lead_to_the_product_too(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    carries(&store, 1, &["grinders/model-1"]).await;
    for number in [1, 2, 3] {
        give_agent(&store, number, "https://shop.example/").await;
    }
    carries(&store, 2, &["mills/one"]).await;
    carries(&store, 3, &["mills/one", "grinders/model-1"]).await;
    store.put_products(&[product(1)], at(0)).await.unwrap();
    let renamed = Product { slug: slug("mills/one"), ..product(1) };
    store.put_products(&[renamed], at(1)).await.unwrap();
    // Each is asked for what it said it carries, and would decline another name.
    let own = ["shop-1 grinders/model-1", "shop-2 mills/one", "shop-3 grinders/model-1"];
    assert_eq!(carriers(&store, &product_id(1)).await, own);
    let two = store.carriers(&product_id(1), 2).await.unwrap();
    assert_eq!(two.len(), 2);
}

async fn only_those_are_carriers_that_can_be_asked(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    store.put_products(&[product(1)], at(0)).await.unwrap();
    for number in [1, 2, 3] {
        carries(&store, number, &["grinders/model-1"]).await;
    }
    for number in [1, 2] {
        give_agent(&store, number, "https://shop.example/").await;
    }
    let shop = "shop.example".parse().unwrap();
    store.verify_domain(&producer_id(2), &shop, at(0)).await.unwrap();
    disable(&store, 1).await;
    // The third has no agent to be asked.
    let expected = Carrier {
        producer: store.producer(&producer_id(2)).await.unwrap().unwrap(),
        slug: slug("grinders/model-1"),
        agent: store.agent(&producer_id(2)).await.unwrap().unwrap(),
    };
    assert!(expected.producer.domain.is_some());
    assert_eq!(store.carriers(&product_id(1), 10).await, Ok(vec![expected]));
}

async fn a_new_list_takes_the_place_of_the_old(place: Place) {
    let store = place.open().await;
    let unknown = store.set_carried(&producer_id(1), &[slug("mills/one")]).await;
    assert_eq!(unknown, Err(CarriesError::UnknownProducer(producer_id(1))));
    register(&store, 1).await;
    let many: Vec<_> = (0..1234).map(|number| slug(&format!("mills/{number}"))).collect();
    store.set_carried(&producer_id(1), &many).await.unwrap();
    assert_eq!(store.carried(&producer_id(1), None, 2000).await.unwrap().len(), 1234);
    carries(&store, 1, &["mills/one", "mills/one"]).await;
    assert_eq!(store.carried(&producer_id(1), None, 10).await.unwrap().len(), 1);
    carries(&store, 1, &[]).await;
    assert_eq!(store.carried(&producer_id(1), None, 10).await.unwrap(), []);
}
