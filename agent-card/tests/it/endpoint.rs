use rfq_agent_card::CardUrl;
use rfq_agent_card::endpoint::CardUrlError;

/// `Ok` holds what to fetch, and the endpoint; `Err` the message.
fn derive(text: &str) -> Result<(String, String), String> {
    CardUrl::parse(text).map(|url| (url.to_string(), url.rfq_endpoint().to_string())).map_err(
        |error| match error {
            // The rest of the message is the `url` crate's.
            CardUrlError::Malformed(_) => "not a URL".to_owned(),
            error => error.to_string(),
        },
    )
}

#[test]
fn accepted_and_normalised() {
    let table = [
        // The seed's own example.
        (
            "https://mystore.com/.well-known/agent.json",
            "https://mystore.com/.well-known/agent.json",
        ),
        ("https://mystore.com", "https://mystore.com/"),
        ("https://mystore.com/", "https://mystore.com/"),
        ("HTTPS://MyStore.COM/Agent.JSON", "https://mystore.com/Agent.JSON"),
        ("https://mystore.com:443/a", "https://mystore.com/a"),
        ("https://mystore.com:0443/a", "https://mystore.com/a"),
        ("https://mystore.com:/a", "https://mystore.com/a"),
        ("https://mystore.com./a", "https://mystore.com/a"),
        ("https://mystore.com.:443", "https://mystore.com/"),
        ("https://mystore.com/deep/er/../card", "https://mystore.com/deep/card"),
        ("https://mystore.com/a@b", "https://mystore.com/a@b"),
        // The query is for fetching only; the fragment is for nobody.
        ("https://mystore.com/card?id=5", "https://mystore.com/card?id=5"),
        ("https://mystore.com?id=5#@evil.com", "https://mystore.com/?id=5"),
        ("https://mystore.com#evil.com", "https://mystore.com/"),
        ("https://mystore%2Ecom/", "https://mystore.com/"),
    ];
    for (text, fetched) in table {
        let expected = (fetched.to_owned(), "https://mystore.com/message:send".to_owned());
        assert_eq!(derive(text), Ok(expected), "{text}");
    }
}

#[test]
fn names_that_are_not_ascii_become_punycode() {
    for (text, endpoint) in [
        ("https://Bücher.de/card", "https://xn--bcher-kva.de/message:send"),
        ("https://xn--bcher-kva.de/card", "https://xn--bcher-kva.de/message:send"),
        ("https://食狮.中国/card", "https://xn--85x722f.xn--fiqs8s/message:send"),
        ("https://mystore。com/card", "https://mystore.com/message:send"),
        ("https://ｍystore.com/card", "https://mystore.com/message:send"),
    ] {
        assert_eq!(derive(text).map(|(_, endpoint)| endpoint), Ok(endpoint.to_owned()), "{text}");
    }
}

#[test]
fn refused() {
    let long = format!("https://mystore.com/{}", "a".repeat(2_048));
    let long_label = format!("https://{}.com/", "a".repeat(64));
    let long_name = format!("https://{}com/", "a123456789.".repeat(23));
    let https = "expected a URL that begins with https://";
    let not_a_url = "not a URL";
    let user = "the URL has user information before its host, expected none";
    let address = |a| format!("the URL names the address {a}, expected a host name");
    let label = |host| format!("{host:?} is not a DNS host name");
    let character =
        |c: char| format!("the URL contains {c:?}, which must be percent-encoded or left out");
    let table = [
        ("", https.to_owned()),
        ("mystore.com", https.to_owned()),
        ("//mystore.com/", https.to_owned()),
        ("/.well-known/agent.json", https.to_owned()),
        ("http://mystore.com/", https.to_owned()),
        ("http://2130706433/", https.to_owned()),
        ("ftp://mystore.com/", https.to_owned()),
        ("file:///etc/passwd", https.to_owned()),
        ("javascript:alert(1)", https.to_owned()),
        ("https:mystore.com", https.to_owned()),
        ("https:/mystore.com", https.to_owned()),
        ("https://user@mystore.com/", user.to_owned()),
        ("https://user:password@mystore.com/", user.to_owned()),
        ("https://@mystore.com/", user.to_owned()),
        ("https://:@mystore.com/", user.to_owned()),
        ("https://mystore.com@evil.com/", user.to_owned()),
        ("https://mystore.com:80/", "the URL names port 80, expected 443".to_owned()),
        ("https://mystore.com:8443/", "the URL names port 8443, expected 443".to_owned()),
        ("https://mystore.com:0/", "the URL names port 0, expected 443".to_owned()),
        ("https://mystore.com:65536/", not_a_url.to_owned()),
        ("https://mystore.com:x/", not_a_url.to_owned()),
        ("https://127.0.0.1/", address("127.0.0.1")),
        ("https://127.0.0.1./", address("127.0.0.1")),
        ("https://2130706433/", address("127.0.0.1")),
        ("https://0x7f000001/", address("127.0.0.1")),
        ("https://0177.0.0.1/", address("127.0.0.1")),
        ("https://127.1/", address("127.0.0.1")),
        ("https://%31%32%37.1/", address("127.0.0.1")),
        ("https://１２７.0.0.1/", address("127.0.0.1")),
        ("https://8.8.8.8/", address("8.8.8.8")),
        ("https://[::1]/", address("[::1]")),
        ("https://[::ffff:127.0.0.1]/", address("[::ffff:127.0.0.1]")),
        ("https://1.2.3.4.5/", not_a_url.to_owned()),
        ("https://[::1/", not_a_url.to_owned()),
        ("https://", not_a_url.to_owned()),
        ("https://?x", not_a_url.to_owned()),
        ("https:///mystore.com", not_a_url.to_owned()),
        ("https:////user@mystore.com", not_a_url.to_owned()),
        ("https://.", label("")),
        ("https://mystore..com/", label("mystore..com")),
        ("https://mystore.com../", label("mystore.com.")),
        ("https://.mystore.com/", label(".mystore.com")),
        ("https://my_store.com/", label("my_store.com")),
        ("https://-mystore.com/", label("-mystore.com")),
        ("https://mystore-.com/", label("mystore-.com")),
        ("https://*.mystore.com/", label("*.mystore.com")),
        (&long_label, label(&"a".repeat(64)).replace("\" is", ".com\" is")),
        (&long_name, label(&format!("{}com", "a123456789.".repeat(23)))),
        ("https://xn--0.com/", not_a_url.to_owned()),
        (" https://mystore.com/", character(' ')),
        ("https://mystore.com/ ", character(' ')),
        ("https://my\nstore.com/", character('\n')),
        ("ht\ttps://mystore.com/", character('\t')),
        ("https://mystore.com/\0", character('\0')),
        ("https://mystore.com\u{a0}/", character('\u{a0}')),
        ("https:\\\\mystore.com\\", character('\\')),
        ("https://mystore.com\\@evil.com/", character('\\')),
        (&long, "the URL has 2068 bytes, expected at most 2048".to_owned()),
    ];
    for (text, expected) in table {
        assert_eq!(derive(text), Err(expected), "{text:?}");
    }
}

#[test]
fn one_host_has_one_endpoint() {
    let endpoint = |text| CardUrl::parse(text).unwrap().rfq_endpoint();
    assert_eq!(endpoint("https://mystore.com/a"), endpoint("https://MYSTORE.com.:443/b?c#d"));
    assert_ne!(endpoint("https://mystore.com/a"), endpoint("https://www.mystore.com/a"));
}

#[test]
fn a_url_that_grows_too_long_when_normalised_is_refused() {
    let fits = format!("https://mystore.com/{}", "\u{e9}".repeat(330));
    let url = CardUrl::parse(&fits).unwrap();
    assert_eq!(CardUrl::parse(url.as_str()).unwrap(), url);
    let grows = format!("https://mystore.com/{}", "\u{e9}".repeat(1000));
    assert_eq!(CardUrl::parse(&grows), Err(CardUrlError::TooLong { bytes: 6020 }));
}
