//! Opening connections, within reach and in time.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rfq_engine::{CallProblem, CallTrace, Phase};
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::CertificateResult;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tracing::debug;

use super::connection::{Connection, Stream};
use super::endpoint::Endpoint;
use super::guard::Reach;
use super::limit::{Limit, Stop};
use super::look_up::{LookUp, LookUps};
use super::network::Network;

/// The authorities that the machine trusts. Reads files, so it is for the start of a program.
///
/// # Errors
/// When the machine has none.
pub fn native_roots() -> io::Result<RootCertStore> {
    trusted(rustls_native_certs::load_native_certs())
}

fn trusted(found: CertificateResult) -> io::Result<RootCertStore> {
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

pub(super) struct Connector {
    network: Arc<dyn Network>,
    look_ups: LookUps,
    reach: Reach,
    tls: TlsConnector,
    /// For look-up, connection and TLS together.
    timeout: Duration,
    /// How long a connection is used at most.
    age: Duration,
    opened: AtomicU32,
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
        age: Duration,
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
        let look_ups = LookUps::new(Arc::clone(&network));
        let (tls, opened) = (TlsConnector::from(Arc::new(tls)), AtomicU32::new(0));
        Ok(Self { network, look_ups, reach, tls, timeout, age, opened })
    }

    /// Connects to `endpoint`, at an address that may be called.
    pub(super) async fn connect(
        &self,
        endpoint: &Endpoint,
        trace: &CallTrace,
        limit: Limit,
    ) -> Result<Connection, Stop> {
        if endpoint.reach() != self.reach {
            debug!(%endpoint, reach = ?self.reach, "An endpoint is out of reach");
            return Err(CallProblem::OutOfReach.into());
        }
        let look_up = match self.reach {
            // Resolvers differ on `NAME.localhost` (RFC 6761, section 6.3), so none is asked.
            Reach::DevLoopback => LookUp::known(Ipv4Addr::LOCALHOST.into()),
            Reach::Public => self.look_up(endpoint, trace, limit).await?,
        };
        let started = Instant::now();
        let at = started + self.timeout;
        let to_look_up = limit.or_slow(at, CallProblem::LookUpSlow);
        let addresses = to_look_up.bound(self.addresses(endpoint, look_up)).await?;
        let found = Instant::now();
        trace.note(Phase::Dns, found - started);
        let to_connect = limit.or_slow(at, CallProblem::ConnectSlow);
        let stream = to_connect.bound(self.dial(endpoint, addresses, at)).await?;
        let connected = Instant::now();
        trace.note(Phase::Connect, connected - found);
        let stream: Box<dyn Stream> = match self.reach {
            Reach::DevLoopback => Box::new(stream),
            Reach::Public => {
                let to_agree = limit.or_slow(at, CallProblem::TlsSlow);
                let stream = to_agree.bound(self.agree(endpoint, stream)).await?;
                trace.note(Phase::Tls, connected.elapsed());
                Box::new(stream)
            }
        };
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Connection::over(stream, age_of(number, self.age)).await?)
    }

    /// Waits until the name is being looked up, which is not the producer's time.
    async fn look_up(
        &self,
        endpoint: &Endpoint,
        trace: &CallTrace,
        limit: Limit,
    ) -> Result<LookUp, Stop> {
        let started = Instant::now();
        let begun = async { Ok::<_, Stop>(self.look_ups.begin(endpoint.host()).await) };
        let begun = limit.bound(begun).await;
        let queued = trace.timings().queue.unwrap_or_default();
        trace.note(Phase::Queue, queued + started.elapsed());
        begun
    }

    /// Addresses of `endpoint` that may be called. They are what is then called, so it does not
    /// matter what the name says later.
    async fn addresses(
        &self,
        endpoint: &Endpoint,
        look_up: LookUp,
    ) -> Result<Vec<IpAddr>, CallProblem> {
        let mut addresses = look_up.found().await?;
        // One that is not public makes the whole name suspect: that is how names are rebound.
        for address in &addresses {
            if let Err(refused) = self.reach.check(*address) {
                debug!(%endpoint, %refused, "A producer's address may not be called");
                return Err(CallProblem::NotPublic(refused.kind));
            }
        }
        addresses.truncate(Self::MAX_ADDRESSES);
        Ok(addresses)
    }

    /// Connects to the first of `addresses` that answers, before `at`.
    async fn dial(
        &self,
        endpoint: &Endpoint,
        addresses: Vec<IpAddr>,
        at: Instant,
    ) -> Result<TcpStream, CallProblem> {
        let mut problem = CallProblem::NameNotFound;
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
            // A request is one write; waiting for more only delays it.
            match connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    debug!(%endpoint, %address, %error, "A producer is unreachable");
                    problem = match error.kind() {
                        io::ErrorKind::ConnectionRefused => CallProblem::Refused,
                        io::ErrorKind::TimedOut => CallProblem::ConnectSlow,
                        _ => CallProblem::Unreachable,
                    };
                }
            }
        }
        Err(problem)
    }

    async fn agree(
        &self,
        endpoint: &Endpoint,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, CallProblem> {
        // The endpoint's host is a name.
        let name = ServerName::try_from(endpoint.host().to_owned());
        let name = name.map_err(|_| CallProblem::CertificateName)?;
        self.tls.connect(name, stream).await.map_err(|error| {
            debug!(%endpoint, %error, "A producer's TLS failed");
            tls_problem(&error)
        })
    }
}

/// How old the connection of this number may grow: from three quarters of the `longest` to all of it.
fn age_of(number: u32, longest: Duration) -> Duration {
    const STEPS: u32 = 64;
    longest.saturating_sub(longest / (4 * STEPS) * (number % STEPS))
}

fn tls_problem(error: &io::Error) -> CallProblem {
    use rustls::{CertificateError, Error};
    let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    match error {
        None => CallProblem::TlsBroken,
        Some(Error::InvalidMessage(_)) => CallProblem::NotTls,
        Some(Error::InvalidCertificate(error)) => match error {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                CallProblem::CertificateName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => CallProblem::CertificateTime,
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                CallProblem::CertificateIssuer
            }
            _ => CallProblem::Certificate,
        },
        Some(Error::NoCertificatesPresented) => CallProblem::Certificate,
        Some(_) => CallProblem::TlsRefused,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rcgen::generate_simple_self_signed;
    use rustls_native_certs::{Error, ErrorKind};

    use super::*;

    #[test]
    fn connections_that_were_opened_together_do_not_end_together() {
        let longest = Duration::from_mins(5);
        let ages: BTreeSet<_> = (0..1_000).map(|number| age_of(number, longest)).collect();
        assert_eq!(ages.len(), 64);
        assert_eq!(ages.last(), Some(&longest));
        assert!(ages.first().unwrap() >= &(longest / 4 * 3), "{ages:?}");
        assert_eq!(age_of(u32::MAX, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn authorities_that_can_be_read_are_trusted() {
        let ours = generate_simple_self_signed(["an authority".to_owned()]).unwrap();
        let mut found = CertificateResult::default();
        found.certs = vec![vec![1, 2, 3].into(), ours.cert.der().clone()];
        assert_eq!(trusted(found).unwrap().len(), 1);
    }

    #[test]
    fn who_trusts_nobody_is_told_what_to_install() {
        let mut found = CertificateResult::default();
        found.certs = vec![vec![1, 2, 3].into()];
        let inner = io::ErrorKind::PermissionDenied.into();
        let kind = ErrorKind::Io { inner, path: "/etc/ssl/certs".into() };
        found.errors = vec![Error { context: "a file could not be read", kind }];
        insta::assert_snapshot!(trusted(found).unwrap_err(), @"this machine trusts no certificate authority; install its ca-certificates package: a file could not be read: permission denied at '/etc/ssl/certs'");
    }
}
