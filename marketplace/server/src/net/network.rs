//! The machine's network, as calls see it.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// What the network says, once it does.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Looks names up and opens connections. Injected, so that tests own what a name leads to. Neither
/// has a deadline or a guard of its own: callers bring both.
pub trait Network: Send + Sync + fmt::Debug + 'static {
    /// The addresses of `host`, a name in lower-case ASCII without a trailing dot.
    fn resolve<'a>(&'a self, host: &'a str) -> Reply<'a, Vec<IpAddr>>;

    /// Connects to exactly this address.
    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream>;
}

/// The network of the machine, with its own resolver.
#[derive(Debug)]
pub struct SystemNetwork {
    look_ups: Arc<Semaphore>,
}

impl SystemNetwork {
    /// Each look-up takes a thread until the system's resolver gives up, also when nobody waits for
    /// it any more. 64 leave room among the runtime's 512 threads for other work.
    const LOOK_UPS: usize = 64;
}

impl Default for SystemNetwork {
    fn default() -> Self {
        Self { look_ups: Arc::new(Semaphore::new(Self::LOOK_UPS)) }
    }
}

impl Network for SystemNetwork {
    fn resolve<'a>(&'a self, host: &'a str) -> Reply<'a, Vec<IpAddr>> {
        // With the dot the machine's search domains are left out.
        let host = format!("{host}.");
        Box::pin(async move {
            let place =
                Arc::clone(&self.look_ups).acquire_owned().await.map_err(io::Error::other)?;
            let look_up = move || {
                let _place = place;
                let addresses = (host.as_str(), 0).to_socket_addrs()?;
                Ok(addresses.map(|address| address.ip()).collect())
            };
            spawn_blocking(look_up).await.map_err(io::Error::other)?
        })
    }

    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream> {
        Box::pin(TcpStream::connect(address))
    }
}
