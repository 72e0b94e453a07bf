//! Which addresses may be called.
//!
//! Strangers choose the names that we call, and DNS may say anything of a name: that it is this
//! machine, a neighbour in our own network, or the metadata service that hands out our credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far calls may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The Internet and nothing else: https on port 443.
    Public,
    /// This machine and nothing else: `http://NAME.localhost:PORT`, for development.
    DevLoopback,
}

/// An address that may not be called, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {kind}")]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// What it is instead of a public address.
    pub kind: &'static str,
}

impl Reach {
    /// Lets `address` pass.
    ///
    /// IPv4 passes when it is in none of the blocks that the IANA registry of special addresses
    /// (RFC 6890) keeps from the Internet; IPv6 when it is global unicast (`2000::/3`) and outside
    /// the special blocks there. The known forms that carry an IPv4 address inside (mapped,
    /// compatible, translated, NAT64 with its well-known prefixes, 6to4, Teredo, ISATAP) are refused
    /// whatever they carry: no shop has one.
    ///
    /// What cannot be told from any other address is NAT64 with a prefix that a network took from
    /// its own addresses (RFC 6052, section 2.2). Where such a translator serves this machine, it
    /// must itself refuse to translate to private addresses.
    ///
    /// # Errors
    /// [`Refused`] when `address` is outside this reach.
    pub fn check(self, address: IpAddr) -> Result<(), Refused> {
        let problem = match (self, address) {
            (Self::Public, IpAddr::V4(address)) => not_public_v4(address),
            (Self::Public, IpAddr::V6(address)) => not_public_v6(address),
            (Self::DevLoopback, _) if address.is_loopback() => None,
            (Self::DevLoopback, _) => Some("not of this machine"),
        };
        problem.map_or(Ok(()), |kind| Err(Refused { address, kind }))
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |&(block, bits, _): &(Ipv4Addr, u32, _)| {
        (address.to_bits() ^ block.to_bits()).leading_zeros() >= bits
    };
    NOT_PUBLIC_V4.iter().find(|block| within(block)).map(|(_, _, kind)| *kind)
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within = |&(block, bits, _): &(Ipv6Addr, u32, _)| {
        (address.to_bits() ^ block.to_bits()).leading_zeros() >= bits
    };
    let special = NOT_PUBLIC_V6.iter().find(|block| within(block)).map(|(_, _, kind)| *kind);
    let global = within(&(v6(0x2000, 0, 0, 0), 3, ""));
    special.or((!global).then_some("not global unicast")).or(is_isatap(address).then_some("ISATAP"))
}

/// An interface id that holds an IPv4 address, below any prefix (RFC 5214, section 6.1). The bit left
/// out says whether that address is unique.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    (high & !0x0200, low) == (0, 0x5efe)
}

const NOT_PUBLIC_V4: [(Ipv4Addr, u32, &str); 20] = [
    (Ipv4Addr::UNSPECIFIED, 8, "of this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "behind a carrier's NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, as metadata services are"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "for AS112"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "for AMT"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "for AS112"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::BROADCAST, 32, "broadcast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
    // Public by its number, but every virtual machine of Azure is answered there by its host.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a metadata service"),
];

const NOT_PUBLIC_V6: [(Ipv6Addr, u32, &str); 17] = [
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (v6(0, 0, 0, 0), 96, "IPv4-compatible"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "IPv4-mapped"),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, "IPv4-translated"),
    (v6(0x64, 0xff9b, 0, 0), 96, "NAT64"),
    (v6(0x64, 0xff9b, 1, 0), 48, "NAT64"),
    (v6(0x100, 0, 0, 0), 64, "discarded"),
    // Teredo, benchmarks, ORCHID, and what else that block holds.
    (v6(0x2001, 0, 0, 0), 23, "for protocols"),
    (v6(0x2001, 0xdb8, 0, 0), 32, "for documentation"),
    (v6(0x2002, 0, 0, 0), 16, "6to4"),
    (v6(0x2620, 0x4f, 0x8000, 0), 48, "for AS112"),
    (v6(0x3fff, 0, 0, 0), 20, "for documentation"),
    (v6(0xfc00, 0, 0, 0), 7, "unique local"),
    (v6(0xfe80, 0, 0, 0), 10, "link-local"),
    (v6(0xfec0, 0, 0, 0), 10, "site-local"),
    (v6(0xff00, 0, 0, 0), 8, "multicast"),
];

const fn v6(a: u16, b: u16, c: u16, d: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_public(address: impl Into<IpAddr>) -> bool {
        Reach::Public.check(address.into()).is_ok()
    }

    #[test]
    fn blocks_end_where_they_should() {
        let public = [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.15",
            "168.63.129.17",
            "2000::",
            "2001:200::",
            "2001:db7::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "3ffe::",
            "3fff:1000::",
            "2620:4f:7fff::1",
            "2620:4f:8001::1",
            "2001:470::5eff:10.0.0.1",
            "2001:470:0:5efe::1",
        ];
        for address in public {
            assert_eq!(Reach::Public.check(address.parse().unwrap()), Ok(()), "{address}");
        }
        let special = [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.0",
            "127.255.255.255",
            "169.254.0.0",
            "169.254.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.255",
            "192.0.2.255",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "224.0.0.0",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::2",
            "::a00:1",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1::a00:1",
            "100::1",
            "1fff::",
            "2001::1",
            "2001:2::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:808:808::1",
            "3fff:fff::1",
            "4000::",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "2620:4f:8000::",
            "2620:4f:8000:ffff::1",
            "2001:470::5efe:10.0.0.1",
            "2001:470::200:5efe:8.8.8.8",
            "2606:4700:1:2:0:5efe:a9fe:a9fe",
        ];
        for address in special {
            let refused = Reach::Public.check(address.parse().unwrap());
            assert!(refused.is_err(), "{address}");
        }
    }

    #[test]
    fn a_refusal_says_what_the_address_is() {
        let refused = Reach::Public.check("169.254.169.254".parse().unwrap()).unwrap_err();
        insta::assert_snapshot!(refused, @"169.254.169.254 is link-local, as metadata services are");
    }

    #[test]
    fn development_reaches_this_machine_only() {
        for address in ["127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(Reach::DevLoopback.check(address.parse().unwrap()), Ok(()), "{address}");
        }
        for address in ["8.8.8.8", "10.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1", "fe80::1"] {
            assert!(Reach::DevLoopback.check(address.parse().unwrap()).is_err(), "{address}");
        }
    }

    proptest! {
        /// What the standard library knows to be special is refused.
        #[test]
        fn the_standard_library_agrees(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_unspecified();
            prop_assert!(!(special && is_public(address)), "{address}");
        }

        /// An IPv4 address inside an IPv6 address never passes, wherever it stands.
        #[test]
        fn embedded_addresses_are_refused(bits: u32, low: u64) {
            let inner = u128::from(bits);
            let shapes = [
                inner,
                (0xffff << 32) | inner,
                (0xffff << 48) | inner,
                (0x64_ff9b << 96) | inner,
                (0x2002 << 112) | (inner << 80) | u128::from(low),
                (0x2001 << 112) | (inner << 64) | u128::from(low),
                (0x2001_0470 << 96) | (u128::from(low) << 64) | (0x5efe << 32) | inner,
                (0x2606_4700 << 96) | (u128::from(low) << 64) | (0x0200_5efe << 32) | inner,
            ];
            for shape in shapes.map(Ipv6Addr::from_bits) {
                prop_assert!(!is_public(shape), "{shape}");
            }
        }

        #[test]
        fn only_global_unicast_passes(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            prop_assert!(!is_public(address) || bits >> 125 == 1, "{address}");
        }
    }
}
