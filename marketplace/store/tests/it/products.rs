//! Products and the slugs that lead to them.

use rfq_store::{Product, ProductError, PutProducts, Store};

use crate::on_both;
use crate::place::{Place, at, name, product, product_id};

on_both!(
    come_back_as_they_were_put,
    are_found_by_every_slug_they_had,
    do_not_take_the_slugs_of_others,
    are_deleted_with_their_slugs,
    come_in_batches_of_a_thousand,
);

async fn put(store: &Store, products: &[Product]) -> PutProducts {
    store.put_products(products, at(0)).await.unwrap()
}

fn renamed(number: u32, slug: &str) -> Product {
    Product { slug: slug.parse().unwrap(), ..product(number) }
}

async fn come_back_as_they_were_put(place: Place) {
    let store = place.open().await;
    let odd = Product { name: name("Mühle \u{1f600} 'x' $1"), ..product(2) };
    let done = put(&store, &[odd.clone(), product(1), product(2), odd.clone()]).await;
    assert_eq!(done, PutProducts { changed: 2, slug_taken: vec![] });
    assert_eq!(store.product(&product_id(2)).await, Ok(Some(odd.clone())));
    assert_eq!(store.product(&product_id(3)).await, Ok(None));
    assert_eq!(store.products(None, 10).await, Ok(vec![product(1), odd.clone()]));
    assert_eq!(store.products(Some(&product_id(1)), 10).await, Ok(vec![odd]));
}

async fn are_found_by_every_slug_they_had(place: Place) {
    let store = place.open().await;
    put(&store, &[product(1)]).await;
    let renamed = renamed(1, "mills/model-one");
    put(&store, std::slice::from_ref(&renamed)).await;
    for slug in ["grinders/model-1", "mills/model-one"] {
        let found = store.product_by_slug(&slug.parse().unwrap()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&renamed), "{slug}");
    }
    assert_eq!(store.product_by_slug(&"mills/other".parse().unwrap()).await, Ok(None));
}

async fn do_not_take_the_slugs_of_others(place: Place) {
    let store = place.open().await;
    put(&store, &[product(1), renamed(2, "mills/two")]).await;
    let done = put(&store, &[renamed(2, "grinders/model-1"), product(3)]).await;
    assert_eq!(done, PutProducts { changed: 1, slug_taken: vec![product_id(2)] });
    assert_eq!(store.product(&product_id(2)).await, Ok(Some(renamed(2, "mills/two"))));
    assert_eq!(store.product(&product_id(3)).await, Ok(Some(product(3))), "others are not lost");
}

async fn are_deleted_with_their_slugs(place: Place) {
    let store = place.open().await;
    put(&store, &[product(1), product(2)]).await;
    let ids = [product_id(2), product_id(9), product_id(1), product_id(2)];
    assert_eq!(store.delete_products(&ids, at(1)).await, Ok(2));
    assert_eq!(store.products(None, 10).await, Ok(vec![]));
    // Its slug is free again.
    let done = put(&store, &[renamed(3, "grinders/model-1")]).await;
    assert_eq!(done.changed, 1);
}

async fn come_in_batches_of_a_thousand(place: Place) {
    let store = place.open().await;
    let products: Vec<_> = (0..1001).map(product).collect();
    assert_eq!(store.put_products(&products, at(0)).await, Err(ProductError::TooMany(1001)));
    assert_eq!(put(&store, &products[..1000]).await.changed, 1000);
    let ids: Vec<_> = (0..1001).map(product_id).collect();
    let error = store.delete_products(&ids, at(0)).await.unwrap_err();
    assert_eq!(error.to_string(), "1001 products in one batch; expected at most 1000");
    assert_eq!(store.delete_products(&ids[..1000], at(0)).await, Ok(1000));
}
