//! The table of keys, and what is made from it: it agrees with the types.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rfq_reference_agent::config::{
    Config, KEYS, Key, Kind, SECTIONS, Unset, commented, quoted, reference,
};
use tempfile::TempDir;

fn load(text: &str) -> Result<Config, String> {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("rfq-agent.toml");
    std::fs::write(&file, text).unwrap();
    let flags = "data_dir = 'rfq-agent-data'".parse().unwrap();
    Config::load(Some(&file), std::iter::empty(), flags).map_err(|error| error.to_string())
}

/// Two configurations are the same if they show the same.
fn shown(text: &str) -> String {
    format!("{:?}", load(text).unwrap_or_else(|error| panic!("{error} in\n{text}")))
}

/// A document that sets `key` to `value`, with what it needs beside it.
fn document(key: &Key, value: &str) -> String {
    let Some((around, name)) = key.path.rsplit_once('.') else {
        return format!("{} = {value}", key.path);
    };
    let needed = |around: &str, but: &str| -> Vec<String> {
        let beside = |path: &str| {
            path.rsplit_once('.').is_some_and(|(other, name)| other == around && name != but)
        };
        KEYS.iter()
            .filter(|key| beside(key.path) && matches!(key.unset, Unset::Missing(_)))
            .map(|key| format!("{} = {}", key.name(), key.example()))
            .collect()
    };
    let mut pairs = needed(around, name);
    pairs.push(format!("{name} = {value}"));
    let table = format!("{{ {} }}", pairs.join(", "));
    match around.strip_suffix("[]") {
        Some(list) => document(&Key { path: list, ..copy(key) }, &format!("[{table}]")),
        None if KEYS.iter().any(|key| key.path == around) => {
            document(&Key { path: around, ..copy(key) }, &table)
        }
        None => format!("[{around}]\n{name} = {value}"),
    }
}

fn copy(key: &Key) -> Key {
    Key { path: key.path, kind: key.kind, unit: key.unit, unset: key.unset, about: key.about }
}

#[test]
fn every_key_takes_its_example() {
    for key in KEYS {
        let text = document(key, key.example());
        load(&text).unwrap_or_else(|error| panic!("{}: {error} in\n{text}", key.path));
    }
}

#[test]
fn every_default_is_what_holds_without_the_key() {
    for key in KEYS {
        let Unset::Default(value) = key.unset else { continue };
        let set = document(key, value);
        let line = format!("{} = {value}", key.name());
        let unset = set.replace(&format!(", {line}"), "").replace(&line, "");
        assert_ne!(set, unset, "{}", key.path);
        // Each is loaded from its own folder, which no default may depend on.
        assert_eq!(shown(&set), shown(&unset), "{}", key.path);
    }
}

#[test]
fn numbers_are_taken_within_their_range_and_not_beyond() {
    for key in KEYS {
        let Kind::Whole(from, to) = key.kind else { continue };
        assert!(!key.unit.is_empty(), "{}", key.path);
        for inside in [from, to] {
            let loaded = load(&document(key, &inside.to_string()));
            assert!(loaded.is_ok(), "{} = {inside}: {loaded:?}", key.path);
        }
        for outside in [i64::from(from) - 1, i64::from(to) + 1] {
            let said = load(&document(key, &outside.to_string())).unwrap_err();
            assert!(said.contains(&format!("{} is {outside}", key.name())), "{said}");
            assert!(said.contains(key.unit), "{said}");
        }
    }
}

#[test]
fn words_are_taken_each_and_no_other() {
    for key in KEYS {
        let Kind::Choice(words) = key.kind else { continue };
        for word in words {
            load(&document(key, &quoted(word))).unwrap();
        }
    }
}

#[test]
fn what_a_table_needs_it_cannot_do_without() {
    for key in KEYS {
        if let Unset::Missing(value) = key.unset {
            let set = document(key, value);
            let line = format!("{} = {value}", key.name());
            let unset = set.replace(&format!(", {line}"), "").replace(&line, "");
            let said = load(&unset).unwrap_err();
            assert!(said.contains(&format!("{} is missing", key.name())), "{unset}: {said}");
        }
    }
}

/// The types name the fields they know when they meet another: those are the keys of the table.
#[test]
fn the_types_know_the_keys_of_the_table_and_no_others() {
    let known = |around: &str| -> BTreeSet<String> {
        let prefix = if around.is_empty() { String::new() } else { format!("{around}.") };
        let below = |path: &'static str| path.strip_prefix(prefix.as_str());
        let first = |rest: &str| rest.split(['.', '[']).next().map(ToOwned::to_owned);
        KEYS.iter().filter_map(|key| below(key.path)).filter_map(first).collect()
    };
    let listed = |text: &str| -> BTreeSet<String> {
        let error = toml::from_str::<Config>(text).unwrap_err();
        let message = error.message().to_owned();
        let (_, list) = message.split_once("expected").unwrap_or_else(|| panic!("{message}"));
        list.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
    };
    assert_eq!(listed("zzz = 1"), known(""));
    for (section, _) in SECTIONS.iter().filter(|(section, _)| !section.is_empty()) {
        assert_eq!(listed(&format!("[{section}]\nzzz = 1")), known(section), "{section}");
    }
    assert_eq!(listed("[price_service]\nzzz = 1"), known("price_service"));
    assert_eq!(listed("[feed.sql]\nzzz = 1"), known("feed.sql"));
    assert_eq!(listed("[[shipping.zones]]\nzzz = 1"), known("shipping.zones[]"));
    assert_eq!(
        listed("[[shipping.zones]]\ntiers = [{ zzz = 1 }]"),
        known("shipping.zones[].tiers[]")
    );
}

#[test]
fn keys_sections_and_variables_have_one_name_each() {
    let paths: BTreeSet<&str> = KEYS.iter().map(|key| key.path).collect();
    assert_eq!(paths.len(), KEYS.len());
    let variables: Vec<String> = KEYS.iter().filter_map(Key::variable).collect();
    assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
    assert!(variables.contains(&"RFQ_AGENT_FEED_SQL_TIMEOUT_SECONDS".to_owned()));
    let sections: BTreeSet<&str> = SECTIONS.iter().map(|(section, _)| *section).collect();
    assert_eq!(sections, KEYS.iter().map(Key::section).collect());
    for key in KEYS {
        assert!(key.about.ends_with('.'), "{}: sentences", key.path);
    }
}

#[test]
fn the_commented_configuration_changes_nothing() {
    assert_eq!(shown(&commented(&[])), shown(""));
}

#[test]
fn any_one_line_of_it_can_be_put_in_force() {
    let file = commented(&[]);
    let lines: Vec<&str> = file.lines().collect();
    let is_shown = |line: &str| line.strip_prefix('#').is_some_and(|rest| !rest.starts_with(' '));
    let shown: Vec<usize> = (0..lines.len()).filter(|n| is_shown(lines[*n])).collect();
    let of_their_own = KEYS.iter().filter(|key| key.table().is_none()).count();
    assert_eq!(shown.len(), of_their_own);
    for number in shown {
        let mut lines = lines.clone();
        lines[number] = &lines[number][1..];
        let file = lines.join("\n");
        load(&file).unwrap_or_else(|error| panic!("{}: {error}", lines[number]));
    }
    assert!(lines.iter().all(|line| line.chars().count() <= 98 || is_shown(line)), "{file}");
}

#[test]
fn known_keys_are_set_in_it() {
    let file = commented(&[("feed.file", quoted("/shop/a.tsv")), ("budget_ms", "3000".into())]);
    assert_eq!(shown(&file), shown("budget_ms = 3000\nfeed.file = '/shop/a.tsv'"));
    insta::assert_snapshot!(file.split_once("[offers]").unwrap().0, @"");
}

/// `RFQ_AGENT_WRITE_PAGE=1 cargo test -p rfq-reference-agent --test it the_page` writes it anew.
#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CONFIGURATION.md");
    if std::env::var_os("RFQ_AGENT_WRITE_PAGE").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == reference(),
        "CONFIGURATION.md is not what config/table.rs says; write it with \
         RFQ_AGENT_WRITE_PAGE=1 cargo test -p rfq-reference-agent --test it the_page"
    );
}

proptest! {
    #[test]
    fn any_text_survives_its_quotes(text in "(?s).{0,40}") {
        let file = commented(&[("name", quoted(&format!("n{text}")))]);
        prop_assert_eq!(load(&file).unwrap().name, format!("n{text}"));
    }
}
