//! `rfq-agent init`, as the program it is.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;
use rfq_reference_agent::config::{Config, FeedSource};
use tempfile::TempDir;

const HEADER: &str = "id\tprice\tavailability\tproduct_slug\n";

fn init(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rfq-agent"))
        .arg("init")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

fn said(bytes: &[u8], folder: &Path) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.replace(&folder.display().to_string(), "FOLDER")
}

fn load(file: &Path) -> Config {
    Config::load(Some(file), std::iter::empty(), toml::Table::new()).unwrap()
}

#[test]
fn a_feed_becomes_a_configuration_and_a_secret_and_the_next_steps() {
    let dir = TempDir::new().unwrap();
    let rows = "1\t1.00 USD\tin_stock\ta/b\n2\tfree\tin_stock\ta/c\n3\t1.00 USD\tin_stock\ta/d\n";
    fs::write(dir.path().join("feed \"1\".tsv"), format!("{HEADER}{rows}")).unwrap();
    let done = init(&["feed \"1\".tsv", "--dir", "shop"], dir.path());
    assert!(done.status.success(), "{}", said(&done.stderr, dir.path()));
    assert_snapshot!(said(&done.stdout, dir.path()), @r#"
    Feed      feed "1".tsv
    Format    google-tsv
    Read      3 rows
    Accepted  2
    Unmapped  0 (no name of the marketplace)
    Rejected  1
      line 3, id 2, price "free": expected an amount and its currency, such as 169.99 USD
      listed in shop/rfq-agent-data/rejected-rows.tsv

    Wrote shop/rfq-agent.toml; the secret is in shop/rfq-agent-data/secret.

    Next:
      1. Register the secret at the marketplace: the first line of shop/rfq-agent-data/secret
      2. Set public_url in shop/rfq-agent.toml to where buyers reach the agent
      3. rfq-agent serve --config shop/rfq-agent.toml
    "#);
    let shop = dir.path().join("shop");
    let config = load(&shop.join("rfq-agent.toml"));
    let FeedSource::File { path, format } = &config.feed.source else { panic!("{config:?}") };
    assert_eq!(*path, dir.path().join("feed \"1\".tsv"));
    assert!(format.is_some());
    assert_eq!(config.data_dir, shop.join("rfq-agent-data"));
    let secret = config.data_dir.join("secret");
    assert_eq!(secret.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = fs::read_to_string(secret).unwrap();
    let printed = said(&done.stdout, dir.path()) + &said(&done.stderr, dir.path());
    assert!(!printed.contains(secret.trim()), "the secret is not shown");
    let mut names: Vec<_> =
        fs::read_dir(&shop).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["rfq-agent-data", "rfq-agent.toml"]);
}

#[test]
fn the_current_folder_is_meant_without_another() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("feed.tsv"), format!("{HEADER}1\t1.00 USD\tin_stock\ta/b\n"))
        .unwrap();
    let done = init(&["feed.tsv"], dir.path());
    assert!(done.status.success(), "{}", said(&done.stderr, dir.path()));
    load(&dir.path().join("rfq-agent.toml"));
}

#[test]
fn what_is_there_stays_as_it_is() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("feed.tsv"), format!("{HEADER}1\t1.00 USD\tin_stock\ta/b\n"))
        .unwrap();
    fs::write(dir.path().join("rfq-agent.toml"), "# mine").unwrap();
    let done = init(&["feed.tsv"], dir.path());
    assert!(!done.status.success());
    assert_snapshot!(said(&done.stderr, dir.path()), @"
    rfq-agent: ./rfq-agent.toml is there already and stays as it is; move it away, or name another folder with --dir
    ");
    assert_eq!(fs::read_to_string(dir.path().join("rfq-agent.toml")).unwrap(), "# mine");
    assert!(!dir.path().join("rfq-agent-data").exists());
    // A secret that the marketplace may know stays too.
    fs::remove_file(dir.path().join("rfq-agent.toml")).unwrap();
    fs::create_dir(dir.path().join("rfq-agent-data")).unwrap();
    fs::write(dir.path().join("rfq-agent-data/secret"), "0123456789abcdef\n").unwrap();
    let done = init(&["feed.tsv"], dir.path());
    assert!(said(&done.stdout, dir.path()).contains("it was there already"), "{done:?}");
    let secret = fs::read_to_string(dir.path().join("rfq-agent-data/secret")).unwrap();
    assert_eq!(secret, "0123456789abcdef\n");
}

#[test]
fn a_feed_that_cannot_be_used_leaves_nothing_behind() {
    let dir = TempDir::new().unwrap();
    for (feed, expected) in [
        (None, "No such file"),
        (Some(String::new()), "it is empty"),
        (Some(HEADER.to_owned()), "no"),
        (Some(format!("{HEADER}1\tfree\tin_stock\ta/b\n")), "line 2, price"),
        (Some("id\tprice\tavailability\n1\t1.00 USD\tin_stock\n".to_owned()), "product_slug"),
    ] {
        if let Some(feed) = feed {
            fs::write(dir.path().join("feed.tsv"), feed).unwrap();
        }
        let done = init(&["feed.tsv", "--dir", "shop"], dir.path());
        let error = said(&done.stderr, dir.path());
        assert!(!done.status.success() && error.contains(expected), "{expected}: {error}");
        assert!(error.lines().last().unwrap().starts_with("rfq-agent: "), "{error}");
        assert!(!dir.path().join("shop").exists(), "{error}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("feed.tsv"), format!("{HEADER}1\t1.00 USD\tin_stock\ta/b\n"))
        .unwrap();
    let done = init(&["feed.tsv", "--dir", "feed.tsv/shop"], dir.path());
    let error = said(&done.stderr, dir.path());
    assert!(!done.status.success() && error.contains("feed.tsv/shop"), "{error}");
    assert!(error.contains("--dir"), "{error}");
    let mapping = init(&["feed.tsv", "--mapping", "none.csv"], dir.path());
    let error = said(&mapping.stderr, dir.path());
    assert!(!mapping.status.success() && error.contains("none.csv"), "{error}");
}
