use rfq_agent_card::check::{SameDomainError, VerifiedHostError};
use rfq_agent_card::{CardUrl, VerifiedHost};

#[test]
fn hosts_are_normalised() {
    for (text, host) in [
        ("mystore.com", "mystore.com"),
        ("MyStore.COM.", "mystore.com"),
        ("shop.mystore.co.uk", "shop.mystore.co.uk"),
        ("mystore.co.uk", "mystore.co.uk"),
        ("octocat.github.io", "octocat.github.io"),
        ("Bücher.de", "xn--bcher-kva.de"),
        ("食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        // An exception to the rule `*.ck`.
        ("www.ck", "www.ck"),
    ] {
        assert_eq!(VerifiedHost::parse(text).unwrap().as_str(), host);
    }
}

#[test]
fn public_suffixes_are_nobodys() {
    for (text, host) in [
        ("com", "com"),
        ("co.uk", "co.uk"),
        ("CO.UK.", "co.uk"),
        ("github.io", "github.io"),
        ("s3.amazonaws.com", "s3.amazonaws.com"),
        ("公司.cn", "xn--55qx5d.cn"),
        ("xn--55qx5d.cn", "xn--55qx5d.cn"),
        ("anything.ck", "anything.ck"),
        ("localhost", "localhost"),
        ("intranet", "intranet"),
    ] {
        assert_eq!(
            VerifiedHost::parse(text),
            Err(VerifiedHostError::PublicSuffix { host: host.to_owned() }),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_host_name_is_refused() {
    let long = "a.".repeat(507);
    let table = [
        ("", "not a host"),
        (".", "\"\" is not a DNS host name"),
        ("127.0.0.1", "127.0.0.1 is an address, expected a host name"),
        ("2130706433", "127.0.0.1 is an address, expected a host name"),
        ("0x7f.1", "127.0.0.1 is an address, expected a host name"),
        ("[::1]", "[::1] is an address, expected a host name"),
        ("::1", "not a host"),
        ("https://mystore.com", "not a host"),
        ("mystore.com:443", "not a host"),
        ("mystore.com/", "not a host"),
        ("u@mystore.com", "not a host"),
        ("my store.com", "not a host"),
        ("mystore.com\n", "not a host"),
        ("mystore..com", "\"mystore..com\" is not a DNS host name"),
        ("*.mystore.com", "\"*.mystore.com\" is not a DNS host name"),
        (&long, "the host has 1014 bytes, expected a host name"),
    ];
    for (text, expected) in table {
        let message = match VerifiedHost::parse(text).unwrap_err() {
            // The rest of the message is the `url` crate's.
            VerifiedHostError::Malformed(_) => "not a host".to_owned(),
            error => error.to_string(),
        };
        assert_eq!(message, expected, "{text:?}");
    }
}

#[test]
fn the_host_and_its_subdomains_only() {
    let table = [
        ("mystore.com", "https://mystore.com/", true),
        ("mystore.com", "https://MYSTORE.com.:443/x", true),
        ("mystore.com", "https://a.b.mystore.com/", true),
        ("shop.mystore.com", "https://shop.mystore.com/", true),
        ("bücher.de", "https://xn--bcher-kva.de/", true),
        ("octocat.github.io", "https://rfq.octocat.github.io/", true),
        ("mystore.com", "https://evilmystore.com/", false),
        ("mystore.com", "https://evil-mystore.com/", false),
        ("mystore.com", "https://mystore.com.evil.com/", false),
        ("mystore.com", "https://mystore.co/", false),
        ("mystore.com", "https://ystore.com/", false),
        ("mystore.com", "https://com/", false),
        // A parent or a sibling was not verified.
        ("shop.mystore.com", "https://mystore.com/", false),
        ("shop.mystore.com", "https://www.mystore.com/", false),
        ("octocat.github.io", "https://other.github.io/", false),
        ("mystore.com", "https://evil.com/mystore.com", false),
        ("mystore.com", "https://evil.com/?https://mystore.com", false),
        // Cyrillic о.
        ("mystore.com", "https://myst\u{43e}re.com/", false),
    ];
    for (host, url, expected) in table {
        let host = VerifiedHost::parse(host).unwrap();
        let url = CardUrl::parse(url).unwrap();
        assert_eq!(host.check(&url).is_ok(), expected, "{host} {url}");
    }
}

#[test]
fn a_suffix_below_the_host_belongs_to_others() {
    let host = VerifiedHost::parse("amazonaws.com").unwrap();
    let check = |url: &str| host.check(&CardUrl::parse(url).unwrap());
    assert_eq!(check("https://rfq.amazonaws.com/"), Ok(()));
    for card_host in ["someone.s3.amazonaws.com", "s3.amazonaws.com"] {
        assert_eq!(
            check(&format!("https://{card_host}/")),
            Err(SameDomainError::OtherOwner {
                card_host: card_host.to_owned(),
                public_suffix: "s3.amazonaws.com".to_owned(),
            })
        );
    }
}
