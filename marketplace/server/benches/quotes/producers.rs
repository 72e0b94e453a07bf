//! The producers: a child of the benchmark.

use std::io::{Read as _, stdin};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use rfq_marketplace::net::{Network, Reply};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::child::start;
use crate::faulty::{Faulty, PRODUCERS};
use crate::market::Authority;
use crate::producer::{Peer, Producer, ok};

/// What each producer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// As [`Faulty`] says.
    Faulty,
    /// An offer after 5 to 50 ms.
    Good,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Faulty => "faulty",
            Self::Good => "good",
        }
    }
}

/// Ends when it is dropped, or with this process.
pub(super) struct Producers {
    child: Child,
    authority: Vec<u8>,
    addresses: Vec<SocketAddr>,
}

impl Producers {
    pub(super) fn start(role: Role) -> Self {
        let (child, line) = start(role.name());
        let mut words = line.split_whitespace();
        let digits = words.next().unwrap().as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let authority = digits.map(byte).collect();
        let addresses = words.map(|address| address.parse().unwrap()).collect();
        Self { child, authority, addresses }
    }

    pub(super) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.authority.clone())).unwrap();
        roots
    }

    /// `shop17.shops.example` leads to the seventeenth.
    pub(super) fn network(&self) -> Arc<dyn Network> {
        Arc::new(Names(self.addresses.clone()))
    }
}

impl Drop for Producers {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[derive(Debug)]
struct Names(Vec<SocketAddr>);

impl Network for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Reply<'a, Vec<IpAddr>> {
        let number = host.strip_prefix("shop").and_then(|rest| rest.split('.').next()).unwrap();
        let address = Ipv4Addr::new(93, 184, 215, number.parse().unwrap());
        Box::pin(async move { Ok(vec![IpAddr::V4(address)]) })
    }

    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream> {
        let IpAddr::V4(ip) = address.ip() else { unreachable!("{address}") };
        let [.., number] = ip.octets();
        Box::pin(TcpStream::connect(self.0[usize::from(number) - 1]))
    }
}

/// The child.
pub(super) async fn run(role: &str) {
    std::thread::spawn(|| {
        stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    let authority = Authority::new();
    let faulty;
    let mut good = Vec::new();
    let addresses = if role == Role::Faulty.name() {
        faulty = Faulty::start(&authority).await;
        faulty.addresses.clone()
    } else {
        let tls = authority.server(&["*.shops.example"]);
        for number in 1..=PRODUCERS {
            let delay = Duration::from_millis(5 + 45 * u64::from(number) / u64::from(PRODUCERS));
            let serve = move |peer| offer_after(peer, delay);
            good.push(Producer::start_tls(Arc::clone(&tls), serve).await);
        }
        good.iter().map(|producer| producer.address).collect()
    };
    let authority = authority.certificate().iter().map(|byte| format!("{byte:02x}"));
    let addresses = addresses.iter().map(|address| format!(" {address}"));
    println!("{}{}", authority.collect::<String>(), addresses.collect::<String>());
    std::future::pending::<()>().await;
}

async fn offer_after(mut peer: Peer, delay: Duration) {
    let answer = ok(crate::faulty::OFFER);
    while peer.request().await.is_some() {
        sleep(delay).await;
        if !peer.send(&answer).await {
            return;
        }
    }
}
