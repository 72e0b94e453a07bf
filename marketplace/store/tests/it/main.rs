//! What the store promises, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod cards;
mod carries;
mod changes;
mod claims;
mod copy;
mod domains;
mod health;
mod opening;
mod outage;
mod place;
mod postgres;
mod producers;
mod products;
mod quotes;
mod retention;
mod scorecards;
mod secrets;

/// Runs each case, a function that takes a [`place::Place`], on both databases.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::place::Place::sqlite()).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::place::Place::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
