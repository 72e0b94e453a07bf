//! Products and the slugs that lead to them.

use rfq_store::{Product, ProductError, PutProducts, Store};

use crate::on_both;
use crate::place::{Place, at, name, producer_id, product, product_id, register};

on_both!(
    come_back_as_they_were_put,
    are_found_by_every_slug_they_had,
    do_not_take_the_slugs_of_others,
    are_deleted_with_their_slugs,
    come_in_batches_of_a_thousand,
    are_put_and_deleted_at_once,
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

/// Nobody waits for somebody who waits for it, whatever the order of slugs.
async fn are_put_and_deleted_at_once(place: Place) {
    let store = place.open().await;
    let there: Vec<_> = (1..200).map(product).collect();
    // Ids one way and slugs the other.
    let turned: Vec<_> =
        (1..200).map(|n| Product { id: product_id(600 - n), ..product(n + 300) }).collect();
    let straight: Vec<_> =
        (1..200).map(|n| Product { id: product_id(400 + n), ..product(n + 300) }).collect();
    let ids: Vec<_> = (1..600).map(product_id).collect();
    let put = async |products: &[Product]| {
        for _ in 0..10 {
            store.put_products(products, at(0)).await.unwrap();
        }
    };
    let delete = async || {
        for _ in 0..10 {
            store.delete_products(&ids, at(0)).await.unwrap();
        }
    };
    tokio::join!(put(&there), delete(), put(&turned), put(&straight), delete());
    // Each product has its slug, and each slug its product.
    let products = store.products(None, 1000).await.unwrap();
    for product in &products {
        assert_eq!(store.product_by_slug(&product.slug).await.unwrap().as_ref(), Some(product));
    }
    let slugs = place.texts("SELECT slug FROM product_slugs").await;
    assert!(slugs.len() >= products.len());
}

/// An import of what is there already is no work for Postgres, nor something to vacuum later.
#[tokio::test]
async fn what_is_as_it_was_is_not_written() {
    let place = Place::postgres().await;
    let store = place.open().await;
    register(&store, 1).await;
    let products: Vec<_> = (0..600).map(product).collect();
    let slugs: Vec<_> = products.iter().map(|product| product.slug.clone()).collect();
    put(&store, &products).await;
    store.set_carried(&producer_id(1), &slugs).await.unwrap();
    let versions = async || {
        let sql = "SELECT xmin || ' ' || slug FROM products UNION ALL
            SELECT xmin || ' ' || slug FROM product_slugs UNION ALL
            SELECT xmin || ' ' || slug FROM carries ORDER BY 1";
        place.texts(sql).await
    };
    let before = versions().await;
    assert_eq!(before.len(), 1800);
    assert_eq!(put(&store, &products).await, PutProducts::default());
    store.set_carried(&producer_id(1), &slugs).await.unwrap();
    assert_eq!(versions().await, before);
}
