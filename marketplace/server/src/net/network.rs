//! The machine's network, as calls see it.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;

use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

/// What the network says, once it does.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Looks names up and opens connections. Injected, so that tests own what a name leads to. Neither
/// has a deadline or a guard of its own: callers bring both.
pub trait Network: Send + Sync + fmt::Debug + 'static {
    /// The addresses of `host`, a name in lower-case ASCII without a trailing dot. Names are looked
    /// up one at a time each, and few at a time in all.
    fn resolve<'a>(&'a self, host: &'a str) -> Reply<'a, Vec<IpAddr>>;

    /// Connects to exactly this address.
    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream>;
}

/// The network of the machine, with its own resolver.
#[derive(Debug, Default)]
pub struct SystemNetwork;

impl Network for SystemNetwork {
    /// Takes a thread until the resolver gives up, also when nobody waits for it any more.
    fn resolve<'a>(&'a self, host: &'a str) -> Reply<'a, Vec<IpAddr>> {
        // With the dot the machine's search domains are left out.
        let host = format!("{host}.");
        let look_up = move || {
            let addresses = (host.as_str(), 0).to_socket_addrs()?;
            Ok(addresses.map(|address| address.ip()).collect())
        };
        Box::pin(async { spawn_blocking(look_up).await.map_err(io::Error::other)? })
    }

    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream> {
        Box::pin(TcpStream::connect(address))
    }
}
