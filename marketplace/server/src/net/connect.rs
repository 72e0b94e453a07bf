//! Opening connections, within reach and in time.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rfq_engine::{CallFailure, CallTrace, Phase};
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tracing::debug;

use super::connection::Connection;
use super::endpoint::Endpoint;
use super::guard::Reach;
use super::network::Network;

/// The authorities that the machine trusts. Reads files, so it is for the start of a program.
///
/// # Errors
/// When the machine has none.
pub fn native_roots() -> io::Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(io::Error::other(format!(
            "this machine trusts no certificate authority; install its ca-certificates package{why}"
        )));
    }
    Ok(roots)
}

/// When something must be over, and what it has become then.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) at: Instant,
    pub(super) then: CallFailure,
}

impl Limit {
    /// Whichever of the two is earlier.
    fn or(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }

    pub(super) async fn bound<T>(
        self,
        work: impl Future<Output = Result<T, CallFailure>>,
    ) -> Result<T, CallFailure> {
        timeout_at(self.at, work).await.unwrap_or(Err(self.then))
    }
}

pub(super) struct Connector {
    network: Arc<dyn Network>,
    reach: Reach,
    tls: TlsConnector,
    /// For look-up, connection and TLS together.
    timeout: Duration,
}

impl Connector {
    /// The addresses of one name that are tried: with more, none would have the time it takes.
    const MAX_ADDRESSES: usize = 4;

    pub(super) fn new(
        network: Arc<dyn Network>,
        reach: Reach,
        roots: RootCertStore,
        producers: usize,
        timeout: Duration,
    ) -> Result<Self, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A producer has up to eight tickets. The default remembers 32 names.
        let sessions = ClientSessionMemoryCache::new(producers.saturating_mul(8));
        tls.resumption = Resumption::store(Arc::new(sessions));
        Ok(Self { network, reach, tls: TlsConnector::from(Arc::new(tls)), timeout })
    }

    /// Connects to `endpoint`, at an address that may be called.
    pub(super) async fn connect(
        &self,
        endpoint: &Endpoint,
        trace: &CallTrace,
        limit: Limit,
    ) -> Result<Connection, CallFailure> {
        let at = Instant::now() + self.timeout;
        let to_connect = limit.or(Limit { at, then: CallFailure::Connect });
        let stream = to_connect.bound(self.dial(endpoint, trace, to_connect.at)).await?;
        match self.reach {
            Reach::DevLoopback => Connection::over(Box::new(stream)).await,
            Reach::Public => {
                let started = Instant::now();
                let handshake = async {
                    let name = ServerName::try_from(endpoint.host().to_owned());
                    let name = name.map_err(|_| CallFailure::Tls)?;
                    let stream = self.tls.connect(name, stream).await;
                    stream.map_err(|error| {
                        debug!(%endpoint, %error, "A producer's TLS failed");
                        CallFailure::Tls
                    })
                };
                let to_agree = limit.or(Limit { at, then: CallFailure::Tls });
                let stream = to_agree.bound(handshake).await?;
                trace.note(Phase::Tls, started.elapsed());
                Connection::over(Box::new(stream)).await
            }
        }
    }

    async fn dial(
        &self,
        endpoint: &Endpoint,
        trace: &CallTrace,
        at: Instant,
    ) -> Result<TcpStream, CallFailure> {
        let started = Instant::now();
        let addresses = self.addresses(endpoint).await?;
        let found = Instant::now();
        trace.note(Phase::Dns, found - started);
        for (count, address) in (1..=addresses.len()).rev().zip(addresses) {
            let address = SocketAddr::new(address, endpoint.port());
            let connecting = self.network.connect(address);
            let connected = if count == 1 {
                // The last has all that is left. Whoever waits knows what its end means.
                connecting.await
            } else {
                // The later ones must have their share of the time.
                let left = at.saturating_duration_since(Instant::now());
                let share = left / u32::try_from(count).unwrap_or(1);
                let slow = |_| Err(io::ErrorKind::TimedOut.into());
                timeout(share, connecting).await.unwrap_or_else(slow)
            };
            match connected {
                Ok(stream) => {
                    // A request is one write; waiting for more only delays it.
                    stream.set_nodelay(true).map_err(|_| CallFailure::Connect)?;
                    trace.note(Phase::Connect, found.elapsed());
                    return Ok(stream);
                }
                Err(error) => debug!(%endpoint, %address, %error, "A producer is unreachable"),
            }
        }
        Err(CallFailure::Connect)
    }

    /// Addresses of `endpoint` that may be called. They are what is then called, so it does not
    /// matter what the name says later.
    async fn addresses(&self, endpoint: &Endpoint) -> Result<Vec<IpAddr>, CallFailure> {
        if endpoint.reach() != self.reach {
            debug!(%endpoint, reach = ?self.reach, "An endpoint is out of reach");
            return Err(CallFailure::Connect);
        }
        let mut addresses = match self.reach {
            // Resolvers differ on `NAME.localhost` (RFC 6761, section 6.3), so none is asked.
            Reach::DevLoopback => vec![Ipv4Addr::LOCALHOST.into()],
            Reach::Public => self.network.resolve(endpoint.host()).await.map_err(|error| {
                debug!(%endpoint, %error, "A producer's name was not found");
                CallFailure::Connect
            })?,
        };
        // One that is not public makes the whole name suspect: that is how names are rebound.
        for address in &addresses {
            if let Err(refused) = self.reach.check(*address) {
                debug!(%endpoint, %refused, "A producer's address may not be called");
                return Err(CallFailure::Connect);
            }
        }
        addresses.truncate(Self::MAX_ADDRESSES);
        Ok(addresses)
    }
}
