//! What strangers choose leads to public addresses or nowhere.

use std::sync::Arc;
use std::time::Duration;

use rfq_engine::{CallFailure, CallProblem, HttpAnswer, ProducerClient as _};
use rfq_marketplace::net::{Endpoint, Limits, Reach, SystemNetwork};

use crate::market::{Authority, Internet, ask, call, client, dev_client, dev_target, target};
use crate::producer::{Producer, answer, ok};

/// A public address, as far as the guard knows; tests lead it to a socket of their own.
const PUBLIC: &str = "93.184.215.14";

/// Written into the URL. Some are public, but a shop has a name.
const URLS: [&str; 40] = [
    "https://127.0.0.1/message:send",
    "https://127.1/message:send",
    "https://2130706433/message:send",
    "https://0x7f000001/message:send",
    "https://0x7f.0.0.1/message:send",
    "https://0177.0.0.1/message:send",
    "https://017700000001/message:send",
    "https://0/message:send",
    "https://0.0.0.0/message:send",
    "https://10.0.0.1/message:send",
    "https://169.254.169.254/message:send",
    "https://0xa9fea9fe/message:send",
    "https://2852039166/message:send",
    "https://255.255.255.255/message:send",
    "https://93.184.215.14/message:send",
    "https://127.0.0.1./message:send",
    "https://１２７.0.0.1/message:send",
    "https://127。0。0。1/message:send",
    "https://%31%32%37.0.0.1/message:send",
    "https://[::1]/message:send",
    "https://[::]/message:send",
    "https://[::ffff:127.0.0.1]/message:send",
    "https://[::ffff:a9fe:a9fe]/message:send",
    "https://[64:ff9b::7f00:1]/message:send",
    "https://[2002:7f00:1::]/message:send",
    "https://[fe80::1]/message:send",
    "https://[fe80::1%25eth0]/message:send",
    "https://[fd00:ec2::254]/message:send",
    "https://user@shop.example/message:send",
    "https://user:password@shop.example/message:send",
    "https://@shop.example/message:send",
    "https://shop.example\\@127.0.0.1/message:send",
    "https://shop.example:8443/message:send",
    "https://shop.example:22/message:send",
    "https://shop.example:0/message:send",
    "http://shop.example/message:send",
    "ftp://shop.example/message:send",
    "//127.0.0.1/message:send",
    "https://shop.example/message:send?to=127.0.0.1",
    "https://shop.example/admin",
];

/// What a name may lead to.
const ADDRESSES: [&[&str]; 36] = [
    &["127.0.0.1"],
    &["127.8.8.8"],
    &["0.0.0.0"],
    &["10.1.2.3"],
    &["172.16.0.1"],
    &["192.168.1.1"],
    &["169.254.169.254"],
    &["100.100.100.200"],
    &["168.63.129.16"],
    &["192.0.0.192"],
    &["100.64.0.1"],
    &["192.0.2.1"],
    &["198.51.100.1"],
    &["203.0.113.1"],
    &["198.18.0.1"],
    &["192.88.99.1"],
    &["224.0.0.1"],
    &["255.255.255.255"],
    &["240.0.0.1"],
    &["::1"],
    &["::"],
    &["::ffff:127.0.0.1"],
    &["::ffff:93.184.215.14"],
    &["::7f00:1"],
    &["64:ff9b::a9fe:a9fe"],
    &["64:ff9b:1::a00:1"],
    &["2002:7f00:1::1"],
    &["2001:0:7f00:1::1"],
    &["2001:470::5efe:10.0.0.1"],
    &["2620:4f:8000::1"],
    &["fe80::1"],
    &["fd00:ec2::254"],
    &["ff02::1"],
    &["2001:db8::1"],
    &[PUBLIC, "10.0.0.1"],
    &["fd00::1", PUBLIC],
];

#[test]
fn urls_that_name_no_shop_are_refused() {
    for url in URLS {
        assert!(Endpoint::parse(url, Reach::Public).is_err(), "{url}");
    }
    let endpoint =
        Endpoint::parse("https://Shop.Example.:443/message:send", Reach::Public).unwrap();
    assert_eq!(endpoint.to_string(), "https://shop.example/message:send");
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_not_called() {
    let internet = Arc::new(Internet::default());
    let client = client(Reach::Public, internet.clone(), &Authority::new(), Limits::default());
    for (number, addresses) in ADDRESSES.iter().enumerate() {
        let name = format!("shop{number}.example");
        internet.say(&name, addresses);
        let target = target(&format!("https://{name}/message:send"), Reach::Public);
        assert_eq!(ask(&client, &target).await, Err(CallFailure::Connect), "{addresses:?}");
        assert_eq!(internet.dialled(), [], "{addresses:?}");
        assert_eq!(internet.look_ups().len(), number + 1);
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_called() {
    let authority = Authority::new();
    let tls = authority.server(&["shop.example"]);
    let shop = Producer::start_tls(tls, |mut peer| async move {
        peer.reply(&answer("200 OK", "connection: close\r\n", "{}")).await;
    })
    .await;
    let internet = Arc::new(Internet::default());
    internet.lead("shop.example", PUBLIC, shop.address);
    internet.say("shop.example", &["127.0.0.1"]);
    let client = client(Reach::Public, internet.clone(), &authority, Limits::default());
    let target = target("https://shop.example/message:send", Reach::Public);

    assert!(ask(&client, &target).await.is_ok());
    assert_eq!(internet.look_ups(), ["shop.example"], "it is not asked again");
    let public = format!("{PUBLIC}:443").parse().unwrap();
    assert_eq!(internet.dialled(), [public]);

    assert_eq!(
        ask(&client, &target).await,
        Err(CallFailure::Connect),
        "each connection is checked"
    );
    assert_eq!(internet.dialled(), [public]);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Producer::answering(ok("{}")).await;
    let port = elsewhere.address.port();
    for location in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://elsewhere.localhost:{port}/message:send"),
        format!("//127.0.0.1:{port}/"),
        "/other".to_owned(),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let header = format!("location: {location}\r\n");
            let shop = Producer::answering(answer(&format!("{status} Moved"), &header, "")).await;
            let client = dev_client(Limits::default());
            let answer = ask(&client, &dev_target(shop.address)).await.unwrap();
            assert_eq!(answer, HttpAnswer { status, body: "".into() });
            assert_eq!((shop.requests().len(), elsewhere.connections()), (1, 0), "{location}");
        }
    }
}

#[tokio::test]
async fn the_machine_s_own_resolver_leads_nowhere_private_either() {
    let client = client(
        Reach::Public,
        Arc::new(SystemNetwork),
        &Authority::new(),
        Limits { connect: Duration::from_secs(5), ..Limits::default() },
    );
    let target = target("https://localhost/message:send", Reach::Public);
    let call = call(Duration::from_secs(20));
    let trace = call.trace.clone();
    assert_eq!(client.call(target, call).await, Err(CallFailure::Connect));
    // Some resolvers do not know the name with its last dot. Where it is known, nobody listening
    // there would be another problem.
    let problem = trace.problem().unwrap();
    let told = [CallProblem::NotPublic("loopback"), CallProblem::NameNotFound];
    assert!(told.contains(&problem), "{problem:?}");
}

#[test]
fn development_takes_names_of_this_machine_only() {
    for url in ["http://shop.localhost:8080/message:send", "http://a.b-1.localhost:1/message:send"]
    {
        assert_eq!(Endpoint::parse(url, Reach::DevLoopback).unwrap().to_string(), url);
    }
    for url in [
        "https://shop.localhost:8080/message:send",
        "http://localhost:8080/message:send",
        "http://127.0.0.1:8080/message:send",
        "http://[::1]:8080/message:send",
        "http://shop.example:8080/message:send",
        "http://shop.localhost.example:8080/message:send",
        "http://localhost.evil.example/message:send",
        "http://shop.localhost:0/message:send",
        "http://user@shop.localhost:8080/message:send",
        "http://shop.localhost:8080/message:send?a",
        "http://shop.localhost:8080/",
        "http://shop.localhost:8080\\@10.0.0.1/message:send",
        "http://shop.loc\talhost:8080/message:send",
        "http://%73hop.localhost:8080/message:send",
        "",
    ] {
        assert!(Endpoint::parse(url, Reach::DevLoopback).is_err(), "{url}");
    }
}

#[tokio::test]
async fn an_endpoint_of_development_is_out_of_reach_in_public_and_the_other_way_round() {
    let shop = Producer::answering(ok("{}")).await;
    let internet = Arc::new(Internet::default());
    internet.lead("shop.example", PUBLIC, shop.address);
    for (reach, target) in [
        (Reach::Public, dev_target(shop.address)),
        (Reach::DevLoopback, target("https://shop.example/message:send", Reach::Public)),
    ] {
        let client = client(reach, internet.clone(), &Authority::new(), Limits::default());
        assert_eq!(ask(&client, &target).await, Err(CallFailure::Connect), "{reach:?}");
    }
    assert_eq!((shop.connections(), internet.dialled()), (0, vec![]));
}

#[test]
fn errors_say_what_is_expected() {
    let error = |url, reach| Endpoint::parse(url, reach).unwrap_err().to_string();
    insta::assert_snapshot!(error("https://shop.example/", Reach::Public), @"expected the path /message:send and nothing after it");
    insta::assert_snapshot!(error("https://10.0.0.1/message:send", Reach::Public), @"the URL names the address 10.0.0.1, expected a host name");
    insta::assert_snapshot!(error("https://shop.example/message:send", Reach::DevLoopback), @"expected http://NAME.localhost:PORT/message:send, since only this machine may be called");
}
