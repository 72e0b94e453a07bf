//! The configuration: what counts before what, and what is said of what cannot be used.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::config::{Auth, Config, ConfigError, FeedSource};
use tempfile::TempDir;

/// Loads a file of this text, under these variables and flags.
fn load(text: &str, variables: &[(&str, &str)], flags: &str) -> Result<Config, String> {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("rfq-agent.toml");
    std::fs::write(&file, text).unwrap();
    let environment = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Config::load(Some(&file), environment, flags.parse().unwrap())
        .map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

fn refusal(text: &str) -> String {
    load(text, &[], "").unwrap_err()
}

fn refused_variable(name: &str, value: &str) -> String {
    load("", &[(name, value)], "").unwrap_err()
}

fn port(config: &Config) -> u16 {
    config.bind.port()
}

#[test]
fn told_nothing_the_agent_does_what_its_default_says() {
    let bare = Config::load(None, std::iter::empty(), toml::Table::new()).unwrap();
    assert_eq!(format!("{bare:?}"), format!("{:?}", Config::default()));
    assert_eq!(bare.bind, SocketAddr::from(([127, 0, 0, 1], 8787)));
    assert_eq!(bare.data_dir, Path::new("rfq-agent-data"));
    assert!(matches!(bare.feed.source, FeedSource::Sample));
    assert_eq!(bare.budget.get(), Duration::from_millis(3500));
    let empty = load("", &[("PATH", "/bin"), ("RFQ_AGENT_LOG", "info")], "").unwrap();
    assert!(empty.data_dir.ends_with("rfq-agent-data") && empty.data_dir.is_absolute());
}

#[test]
fn flags_count_before_variables_and_these_before_the_file() {
    let file = "bind = '127.0.0.1:1'\nauth = 'bearer'\n[stock]\nsoft_hold_percent = 1\nhard_hold_minutes = 1";
    let variable = ("RFQ_AGENT_BIND", "127.0.0.1:2");
    let flag = "bind = '127.0.0.1:3'";
    assert_eq!(port(&load("", &[], "").unwrap()), 8787);
    assert_eq!(port(&load(file, &[], "").unwrap()), 1);
    assert_eq!(port(&load(file, &[variable], "").unwrap()), 2);
    assert_eq!(port(&load(file, &[variable], flag).unwrap()), 3);
    assert_eq!(port(&load("", &[], flag).unwrap()), 3);
    // A layer hides what it sets and no more.
    let stock = [("RFQ_AGENT_STOCK_SOFT_HOLD_PERCENT", "2")];
    let config = load(file, &stock, "[stock]\nhard_hold_minutes = 3").unwrap();
    assert_eq!(config.auth, Auth::Bearer);
    assert_eq!(config.stock.soft_hold.get(), 2);
    assert_eq!(config.stock.hard_hold, Duration::from_mins(3));
    assert_eq!(config.stock.hard_holds_per_product, 20);
}

#[test]
fn a_table_may_be_set_in_parts_by_several_layers() {
    let query = ("RFQ_AGENT_FEED_SQL_QUERY", "SELECT 1");
    let config = load("feed.sql.url = 'sqlite:a.db'", &[query], "").unwrap();
    assert!(matches!(config.feed.source, FeedSource::Sql(_)), "{config:?}");
}

#[test]
fn variables_hold_text_and_numbers_without_quotes() {
    let variables = [
        ("RFQ_AGENT_SHIPPING_FREE_FROM_USD", "49.90"),
        ("RFQ_AGENT_FEED_CHECK_SECONDS", "0"),
        ("RFQ_AGENT_NAME", "17"),
        ("RFQ_AGENT_CHECKOUT_URL", "https://shop.example/{id}"),
    ];
    let config = load("", &variables, "").unwrap();
    assert_eq!(config.name, "17");
    assert_eq!(config.feed.check_every, None);
    assert!(config.checkout.url.is_some());
    assert!(format!("{:?}", config.shipping).contains("49.90"), "{:?}", config.shipping);
}

#[test]
fn relative_paths_begin_at_the_folder_of_the_file_that_names_them() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("rfq-agent.toml");
    let text =
        "secret_file = 'secret'\n[feed]\nfile = '../products.tsv'\nmapping_file = '/etc/map.csv'";
    std::fs::write(&file, text).unwrap();
    let load = |variables: &[(&str, &str)], flags: &str| {
        let environment = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Config::load(Some(&file), environment, flags.parse().unwrap()).unwrap()
    };
    let feed = |config: &Config| match &config.feed.source {
        FeedSource::File { path, .. } => path.clone(),
        other => panic!("{other:?}"),
    };
    let config = load(&[], "");
    assert_eq!(config.secret_file, Some(dir.path().join("secret")));
    assert_eq!(feed(&config), dir.path().join("../products.tsv"));
    assert_eq!(config.feed.mapping_file, Some(PathBuf::from("/etc/map.csv")));
    assert_eq!(config.data_dir, dir.path().join("rfq-agent-data"));
    let config = load(&[("RFQ_AGENT_FEED_FILE", "here.tsv")], "data_dir = 'there'");
    assert_eq!((feed(&config), config.data_dir), ("here.tsv".into(), "there".into()));
}

#[test]
fn the_file_of_a_database_is_such_a_path() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("rfq-agent.toml");
    std::fs::write(&file, "feed.sql = { url = 'sqlite:shop.db', query = 'SELECT 1' }").unwrap();
    let config = Config::load(Some(&file), std::iter::empty(), toml::Table::new()).unwrap();
    let FeedSource::Sql(sql) = config.feed.source else { panic!() };
    let shown = format!("{sql:?}");
    assert!(shown.contains(&*dir.path().join("shop.db").to_string_lossy()), "{shown}");
}

#[test]
fn every_kind_of_wrong_value_has_its_sentence() {
    let values = [
        "bind = 'here'",
        "bind = 8787",
        "\nadmin_bind = '127.0.0.1:8787'",
        "public_url = 'http://shop.example'",
        "public_url = 'https://shop.example/agent'",
        "auth = 'HMAC'",
        "secret_file = ''",
        "data_dir = ['a']",
        "budget_ms = 4001",
        "budget_ms = 0",
        "budget_ms = 3.5",
        "budget_ms = '3500'",
        "budget_ms = 99999999999999999999",
        "name = ' '",
        "description = true",
        "feed = 'products.tsv'",
        "[feed]\n\n\nformat = 'tsv'",
        "[feed]\nslug_column = ''",
        "[feed]\ncheck_seconds = -1",
        "[feed]\nmax_shrink_percent = 101",
        "[feed]\nfile = 'a'\nsql = { url = 'sqlite:a', query = 'SELECT 1' }",
        "[feed.sql]\nurl = 'sqlite:a'",
        "[feed]\nsql = 'sqlite:a'",
        "[price_service]\ntimeout_ms = 5",
        "[offers]\nvalid_minutes = 1436",
        "[offers]\nout_of_stock = 1979-05-27",
        "[shipping]\nfree_from_usd = -1",
        "[shipping]\nfree_from_usd = 1.005",
        "[shipping]\nfree_from_usd = nan",
        "[shipping]\nsurcharges_usd = 5",
        "[shipping]\nzones = ['US']",
        "[[shipping.zones]]\nregions = ['US']\n[[shipping.zones]]\ntiers = []",
        "[[shipping.zones]]\nregions = ['US']\ntiers = [{ cost_usd = 1 },\n { cost_usd = 'free' }]",
        "[lead_time]\ntime_zone = 'Mars'",
        "[lead_time]\ncut_off = 14:00:00",
        "[lead_time]\nholidays = '2026-12-25'",
        "[stock]\nsoft_hold_percent = 200",
        "[stock]\nhard_hold_minutes = 0",
        "[checkout]\nurl = 'http://shop.example/{id}'",
        "[checkout]\nurl = 'https://shop.example/{sku}'",
        "[ledger]\nkeep_days = 0",
    ];
    let sentences: Vec<String> = values.iter().map(|text| refusal(text)).collect();
    assert_snapshot!(sentences.join("\n"), @"");
}

#[test]
fn every_kind_of_wrong_variable_has_its_sentence() {
    let variables = [
        ("RFQ_AGENT_BIND", "8787"),
        ("RFQ_AGENT_AUTH", "token"),
        ("RFQ_AGENT_BUDGET_MS", "3.5 s"),
        ("RFQ_AGENT_BUDGET_MS", ""),
        ("RFQ_AGENT_PUBLIC_URL", "shop.example"),
        ("RFQ_AGENT_SHIPPING_FREE_FROM_USD", "$50"),
        ("RFQ_AGENT_SHIPPING_ZONES", "US"),
        ("RFQ_AGENT_LEAD_TIME_TIME_ZONE", "Mars"),
        ("RFQ_AGENT_FEED_SQL_URL", "sqlite:a"),
        ("RFQ_AGENT_CHECKOUT_URL", "https://shop.example/{"),
    ];
    let sentences: Vec<String> =
        variables.iter().map(|(name, value)| refused_variable(name, value)).collect();
    assert_snapshot!(sentences.join("\n"), @"");
    let bytes = OsString::from_vec(b"caf\xe9".to_vec());
    let error =
        Config::load(None, [("RFQ_AGENT_NAME".into(), bytes)].into_iter(), toml::Table::new());
    assert_snapshot!(error.unwrap_err(), @"");
    assert_snapshot!(load("", &[], "budget_ms = 0").unwrap_err(), @"");
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one_all_at_once() {
    let text = "
bnid = 1
feed_file = 'x'
valid_minutes = 5
\"feed.file\" = 'x'
[feed]
fromat = 'x'
bind = 'x'
shrink = 1
[feed.sql]
ulr = 'x'
[[shipping.zones]]
region = ['US']
tiers = [{ cost_usd = 1, upto_usd = 5 }]
[ledgers]
keep_days = 1
[stock]
soft_hold = 3
";
    let variables = [
        ("RFQ_AGENT_FEED", "products.tsv"),
        ("RFQ_AGENT_VALID_MINUTES", "5"),
        ("RFQ_AGENT_FEED_CHECK_SECOND", "5"),
        ("RFQ_AGENT_", "5"),
        ("RFQ_AGENTS", "of no concern"),
    ];
    assert_snapshot!(load(text, &variables, "").unwrap_err(), @"");
}

#[test]
fn wrong_values_are_told_together_with_unknown_keys() {
    let text = "auht = 1\nbudget_ms = 0\npublic_url = 'x'\n[lead_time]\ntime_zone = 'Mars'\n[checkout]\nurl = 'x'";
    assert_snapshot!(refusal(text), @"");
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    assert_snapshot!(refusal("bind = \n[feed"), @"");
    assert_snapshot!(refusal("[feed]\nfile = 'a'\nfile = 'b'"), @"");
    let missing =
        Config::load(Some(Path::new("/missing.toml")), std::iter::empty(), toml::Table::new());
    let error = missing.unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
    assert_snapshot!(error, @"");
}

#[test]
fn no_password_is_in_what_is_said_or_shown() {
    let secret = "hunter2";
    let url = format!("postgres://shop:{secret}@db.shop.example/shop");
    let good = format!("feed.sql = {{ url = '{url}', query = 'SELECT 1' }}");
    let config = load(&good, &[], "").unwrap();
    assert!(!format!("{config:?}").contains(secret));
    let of = |text: &str, variables: &[(&str, &str)]| {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("rfq-agent.toml");
        std::fs::write(&file, text).unwrap();
        let environment = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let error = Config::load(Some(&file), environment, toml::Table::new()).unwrap_err();
        format!("{error} {error:?}")
    };
    for text in [
        format!("[feed.sql]\nurl = ['{url}']\nquery = ''"),
        format!("[feed.sql]\nurl = '{url}"),
        format!("[feed.sql]\nulr = '{url}'\nquery = ''"),
        format!("feed.sql = '{url}'"),
        format!("{good}\nfeed.file = 'x'"),
        format!("public_url = 'https://shop:{secret}@shop.example'"),
        format!("checkout.url = 'https://shop:{secret}@shop.example'"),
    ] {
        let said = of(&text, &[]);
        assert!(!said.contains(secret), "{text}: {said}");
    }
    for variable in ["RFQ_AGENT_FEED_SQL_URL", "RFQ_AGENT_FEED_SQL_ULR", "RFQ_AGENT_PUBLIC_URL"] {
        let said = of("", &[(variable, &url)]);
        assert!(!said.contains(secret), "{variable}: {said}");
    }
}

fn toml_like() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("bind"),
        Just("feed"),
        Just("sql"),
        Just("zones"),
        Just("shipping"),
        Just("tiers"),
        Just("url"),
        Just("budget_ms"),
        Just("surcharges_usd"),
        Just("\"\""),
        Just("\"a.b[0]\""),
    ];
    let value = prop_oneof![
        Just("1"),
        Just("-0.0"),
        Just("inf"),
        Just("'x'"),
        Just("[]"),
        Just("{}"),
        Just("[{}, 1]"),
        Just("[{ tiers = [{}] }]"),
        Just("{ url = 'sqlite:' }"),
        Just("1979-05-27"),
        Just("\"\\u0000\""),
    ];
    let line =
        (proptest::collection::vec(name, 1..4), value, 0..3).prop_map(|(path, value, shape)| {
            let path = path.join(".");
            match shape {
                0 => format!("{path} = {value}"),
                1 => format!("[{path}]"),
                _ => format!("[[{path}]]"),
            }
        });
    proptest::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_the_file_says_it_is_read_or_refused(text in prop_oneof![toml_like(), "\\PC{0,60}"]) {
        if let Err(said) = load(&text, &[], "") {
            prop_assert!(!said.is_empty());
        }
    }

    #[test]
    fn whatever_a_variable_says_it_is_read_or_refused(
        name in prop_oneof![
            Just("BIND".to_owned()), Just("FEED_SQL_URL".to_owned()), Just("CHECKOUT_URL".to_owned()),
            Just("SHIPPING_FREE_FROM_USD".to_owned()), Just("STOCK_SOFT_HOLD_PERCENT".to_owned()),
            "[A-Z_]{0,12}",
        ],
        value in prop_oneof![proptest::collection::vec(any::<u8>(), 0..20), "[0-9.e-]{0,12}".prop_map(String::into_bytes)],
    ) {
        let environment = [(format!("RFQ_AGENT_{name}").into(), OsString::from_vec(value))];
        let loaded = Config::load(None, environment.into_iter(), toml::Table::new());
        if let Err(error) = loaded {
            prop_assert!(error.to_string().contains(&name), "{}", error);
        }
    }
}
