//! What goes out to other machines. Every connection leaves through [`connect`](self), which calls
//! only addresses that [`guard`](self) lets pass; the addresses that were checked are the ones that
//! are called, so a name that changes in between changes nothing.
//!
//! [`RfqClient`] asks producers for quotes, over connections that it holds.

mod body;
mod connect;
mod connection;
mod endpoint;
mod guard;
mod limit;
mod look_up;
mod network;
mod pool;
mod rfq_client;

pub use connect::native_roots;
pub use endpoint::{Endpoint, EndpointError};
pub use guard::{Reach, Refused};
pub use network::{Network, Reply, SystemNetwork};
pub use rfq_client::{Limits, RfqClient, Setup, Target};
