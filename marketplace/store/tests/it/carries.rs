//! What producers carry, by whatever slug.

use rfq_sdk::ProductSlug;
use rfq_store::{Carried, CarriesError, Product, ProductId, Store};

use crate::on_both;
use crate::place::{Place, at, disable, producer, producer_id, product, product_id, register};

on_both!(
    unknown_slugs_wait_for_their_product,
    old_slugs_lead_to_the_product_too,
    only_enabled_producers_are_carriers,
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
    let carriers = store.carriers(product).await.unwrap();
    carriers.iter().map(|producer| producer.id.to_string()).collect()
}

async fn unknown_slugs_wait_for_their_product(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    carries(&store, 2, &["grinders/model-1", "grinders/model-2"]).await;
    carries(&store, 1, &["grinders/model-1"]).await;
    assert_eq!(carriers(&store, &product_id(1)).await, [""; 0]);
    store.put_products(&[product(1)], at(0)).await.unwrap();
    assert_eq!(carriers(&store, &product_id(1)).await, ["shop-1", "shop-2"]);
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
    assert_eq!(carriers(&store, &product_id(9)).await, ["shop-1", "shop-2"]);
}

async fn old_slugs_lead_to_the_product_too(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    carries(&store, 1, &["grinders/model-1"]).await;
    carries(&store, 2, &["mills/one"]).await;
    carries(&store, 3, &["mills/one", "grinders/model-1"]).await;
    store.put_products(&[product(1)], at(0)).await.unwrap();
    let renamed = Product { slug: slug("mills/one"), ..product(1) };
    store.put_products(&[renamed], at(1)).await.unwrap();
    assert_eq!(carriers(&store, &product_id(1)).await, ["shop-1", "shop-2", "shop-3"]);
}

async fn only_enabled_producers_are_carriers(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    store.put_products(&[product(1)], at(0)).await.unwrap();
    for number in [1, 2] {
        carries(&store, number, &["grinders/model-1"]).await;
    }
    disable(&store, 1).await;
    assert_eq!(store.carriers(&product_id(1)).await, Ok(vec![producer(2)]));
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
