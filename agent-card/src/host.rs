//! Host names in the one spelling that comparisons may use.

use url::Host;

/// Why a parsed host is not a name we work with.
#[derive(Debug)]
pub(crate) enum NotAName {
    /// An address, in whatever notation: `127.0.0.1`, `2130706433`, `[::1]`.
    IpLiteral(String),
    /// Not a DNS host name once written in ASCII.
    Invalid(String),
}

/// The host in lower case, as punycode, without its trailing dot.
///
/// The labels must be those of an Internet host (RFC 1123, section 2.1): letters, digits and inner
/// hyphens, 1 to 63 bytes each and 253 in all. The URL standard lets more through (`a..b`, `a_b`),
/// but no public certificate is issued for such names.
pub(crate) fn normalise<S: AsRef<str>>(host: &Host<S>) -> Result<String, NotAName> {
    let domain = match host {
        Host::Domain(domain) => domain.as_ref(),
        Host::Ipv4(address) => return Err(NotAName::IpLiteral(address.to_string())),
        Host::Ipv6(address) => return Err(NotAName::IpLiteral(format!("[{address}]"))),
    };
    let name = domain.strip_suffix('.').unwrap_or(domain);
    if name.len() <= 253 && name.split('.').all(is_label) {
        Ok(name.to_owned())
    } else {
        Err(NotAName::Invalid(name.to_owned()))
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}
