//! Claims of offers.

use rfq_store::{Claim, ClaimError};

use crate::place::{Place, at, public_id, register};
use crate::{on_both, quotes};

on_both!(are_noted_once_each);

async fn are_noted_once_each(place: Place) {
    let store = place.open().await;
    let claim =
        |id, seconds| Claim { id: public_id(id), offer: public_id(1001), claimed_at: at(seconds) };
    assert_eq!(store.put_claim(&claim(1, 0)).await, Err(ClaimError::UnknownOffer));
    register(&store, 1).await;
    quotes::keep(&store, 1..=2).await;
    assert_eq!(store.put_claim(&claim(2, 9)).await, Ok(true));
    assert_eq!(store.put_claim(&claim(1, 5)).await, Ok(true));
    assert_eq!(store.put_claim(&claim(1, 7)).await, Ok(false), "it is there already");
    assert_eq!(store.claims(public_id(1001)).await, Ok(vec![claim(1, 5), claim(2, 9)]));
    assert_eq!(store.claims(public_id(1002)).await, Ok(vec![]));
}
