//! What the program says of its options and of what it is given, run as the program it is.

use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;
use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rfq-agent"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// What it prints and logs, and then whether it succeeded.
fn said(done: &Output) -> (String, bool) {
    let text = [&*done.stdout, &*done.stderr].map(String::from_utf8_lossy).concat();
    (text, done.status.success())
}

#[test]
fn help_names_variables_but_not_what_they_hold() {
    let dir = TempDir::new().unwrap();
    let held = "held-by-the-environment";
    let variables = ["CONFIG", "FEED_FILE", "DATA_DIR", "LOG", "PUBLIC_URL"]
        .map(|name| (format!("RFQ_AGENT_{name}"), held));
    let variables: Vec<_> = variables.iter().map(|(name, held)| (&**name, *held)).collect();
    for command in ["serve", "init", "import", "replay"] {
        let help = run(dir.path(), &[command, "--help"], &variables);
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(help.contains("[env: RFQ_AGENT_LOG]"), "{help}");
        assert!(!help.contains(held), "{help}");
    }
}

#[test]
fn a_url_given_as_a_file_is_refused_without_the_password_in_it() {
    let dir = TempDir::new().unwrap();
    for url in [
        "postgres://shop:hunter2@db.example/shop",
        "postgres:/shop:hunter2@db.example/shop",
        "postgresql:shop:hunter2@db.example/shop",
        "https://shop:hunter2@shop.example/feed.tsv",
    ] {
        for arguments in [
            &["init", url][..],
            &["init", "feed.tsv", "--mapping", url],
            &["import", url],
            &["import", url, "--dry-run"],
            &["serve", "--feed", url],
        ] {
            let (said, done) = said(&run(dir.path(), arguments, &[]));
            assert!(!done && !said.contains("hunter2"), "{arguments:?}: {said}");
            assert!(said.contains("[feed.sql]"), "{arguments:?}: {said}");
        }
    }
    let (said, _) =
        said(&run(dir.path(), &["init", "postgres://shop:hunter2@db.example/shop"], &[]));
    assert_snapshot!(said, @"rfq-agent: expected a file, not a URL; a database belongs in [feed.sql] of the configuration");
}
