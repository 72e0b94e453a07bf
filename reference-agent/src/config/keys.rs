//! What a key of the configuration is, and which there are.

use std::net::SocketAddr;

use rfq_sdk::Usd;
use toml::Value;

use super::table::{KEYS, SECTIONS};

/// What all environment variables of the agent begin with.
pub const VARIABLE_PREFIX: &str = "RFQ_AGENT_";

/// One key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// Its full path; `[]` stands for each entry of a list.
    pub path: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What a number counts; empty for all else.
    pub unit: &'static str,
    /// What holds when it is not set.
    pub unset: Unset,
    /// What it does, and what changing it leads to.
    pub about: &'static str,
}

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text; what is expected in it.
    Text(&'static str),
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A file or a folder. Relative ones in a file begin at the folder of that file.
    Path,
    /// An address and a port to listen on.
    Address,
    /// A URL; what is expected of it.
    Url(&'static str),
    /// The URL of a database, never shown: a password may be in it.
    Database,
    /// A whole number, from and up to.
    Whole(u32, u32),
    /// An amount of US dollars, at most two decimals.
    Usd,
    /// A list, only in a file; what is expected in it.
    List(&'static str),
    /// Amounts of US dollars by region, only in a file.
    UsdByRegion,
    /// A table that is there as a whole or not at all; the keys in it follow.
    Table,
    /// A list of tables, only in a file; the keys in each follow.
    Tables,
}

/// What holds when a key is not set. All texts are TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// This value.
    Default(&'static str),
    /// Nothing; an example.
    Nothing(&'static str),
    /// It must be set in the table it belongs to; an example.
    Missing(&'static str),
}

impl Key {
    /// The key of this path, in which `[]` stands for each entry of a list.
    pub(super) fn find(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// What follows the last dot.
    #[must_use]
    pub fn name(&self) -> &'static str {
        last(self.path)
    }

    /// The outermost table, or list of tables, that it is in, unless that is just a section.
    #[must_use]
    pub fn table(&self) -> Option<&'static Self> {
        table_around(self.path)
    }

    /// The section it is in, empty at the top.
    #[must_use]
    pub fn section(&self) -> &'static str {
        let path = self.table().map_or(self.path, |table| table.path);
        path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The environment variable that sets it; `None` when only a file can.
    #[must_use]
    pub fn variable(&self) -> Option<String> {
        let only_in_file =
            matches!(self.kind, Kind::List(_) | Kind::UsdByRegion | Kind::Table | Kind::Tables);
        (!only_in_file && !self.path.contains("[]")).then(|| {
            format!("{VARIABLE_PREFIX}{}", self.path.replace('.', "_").to_ascii_uppercase())
        })
    }

    /// A value to show, in TOML: the default, or else an example.
    #[must_use]
    pub fn example(&self) -> &'static str {
        match self.unset {
            Unset::Default(text) | Unset::Nothing(text) | Unset::Missing(text) => text,
        }
    }

    /// What is expected of its value, to follow the word "expected".
    #[must_use]
    pub fn expected(&self) -> String {
        let Self { kind, unit, .. } = self;
        match kind {
            Kind::Text(expected) | Kind::Url(expected) | Kind::List(expected) => {
                (*expected).to_owned()
            }
            Kind::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                match words.split_last() {
                    Some((last, others)) if !others.is_empty() => {
                        format!("{} or {last}", others.join(", "))
                    }
                    _ => words.concat(),
                }
            }
            Kind::Path => "a path".to_owned(),
            Kind::Address => {
                "a numeric IP address and a port, such as \"127.0.0.1:8787\"".to_owned()
            }
            Kind::Database => "sqlite:PATH or postgres://USER@HOST/DATABASE".to_owned(),
            Kind::Whole(from, to) => format!("a whole number of {unit} from {from} to {to}"),
            Kind::Usd => "an amount in US dollars, such as 49.99".to_owned(),
            Kind::UsdByRegion => {
                "amounts in US dollars by region, such as { \"AK-US\" = 12.50 }".to_owned()
            }
            Kind::Table => format!("a table, such as {}", self.example()),
            Kind::Tables => format!("a list of tables, such as {}", self.example()),
        }
    }

    /// Why `value` is refused, if it is not of its kind.
    pub(super) fn refusal(&self, value: &Value) -> Option<String> {
        let quotes = match self.kind {
            Kind::Text(_) | Kind::Path | Kind::Address | Kind::Url(_) | Kind::Database
                if !value.is_str() =>
            {
                ", in quotes"
            }
            _ => "",
        };
        if self.kind == Kind::Path && value.as_str().is_some_and(is_url) {
            return Some("expected a path, not a URL; a database belongs in [feed.sql]".to_owned());
        }
        (!self.takes(value)).then(|| format!("expected {}{quotes}", self.expected()))
    }

    /// Whether `value` is of its kind. What is in a text, a list or a table is for the types to say.
    fn takes(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self.kind {
            Kind::Text(_) | Kind::Url(_) | Kind::Database => text.is_some(),
            Kind::Choice(words) => text.is_some_and(|text| words.contains(&text)),
            Kind::Path => text.is_some_and(|text| !text.is_empty() && !text.contains('\0')),
            Kind::Address => text.is_some_and(|text| text.parse::<SocketAddr>().is_ok()),
            Kind::Whole(from, to) => {
                value.as_integer().is_some_and(|n| (from.into()..=to.into()).contains(&n))
            }
            Kind::Usd => match value {
                Value::Integer(number) => Usd::from_json_number(&number.to_string()).is_ok(),
                Value::Float(number) => Usd::from_json_number(&number.to_string()).is_ok(),
                _ => false,
            },
            Kind::List(_) | Kind::Tables => value.is_array(),
            Kind::UsdByRegion | Kind::Table => value.is_table(),
        }
    }

    /// The value in an environment variable. Text that is no number stays text, and is refused as
    /// such.
    pub(super) fn read(&self, text: &str) -> Value {
        let number = match self.kind {
            Kind::Whole(..) => text.parse().ok().map(Value::Integer),
            Kind::Usd => text.parse::<Usd>().ok().and_then(|_| {
                text.parse().map(Value::Integer).or_else(|_| text.parse().map(Value::Float)).ok()
            }),
            _ => None,
        };
        number.unwrap_or_else(|| Value::String(text.to_owned()))
    }
}

/// Whether a text given as a path is a URL, in which a password may be: also one of a database whose
/// slashes are missing, or were taken for those of a path.
#[must_use]
pub fn is_url(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.contains("://")
        || ["postgres:", "postgresql:", "sqlite:"].iter().any(|scheme| lower.starts_with(scheme))
}

/// The outermost table, or list of tables, around the key of this path.
pub(super) fn table_around(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| {
        matches!(key.kind, Kind::Table | Kind::Tables)
            && path.strip_prefix(key.path).is_some_and(|rest| rest.starts_with(['.', '[']))
    })
}

/// Whether there are keys below this path, which is not one itself.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The known key or section that is most like `path`: by the whole of it, or by its name in another
/// section.
pub(super) fn nearest_key(path: &str) -> &'static str {
    let likeness = |key: &str| {
        let whole = strsim::normalized_damerau_levenshtein(path, key);
        // A little less, so that of two keys of one name that of the section wins.
        let name = 0.95 * strsim::normalized_damerau_levenshtein(last(path), last(key));
        whole.max(name)
    };
    let sections = SECTIONS.iter().map(|(section, _)| *section);
    most_alike(KEYS.iter().map(|key| key.path).chain(sections), likeness).unwrap_or_default()
}

/// The known variable that is most like `name`.
pub(super) fn nearest_variable(name: &str) -> String {
    let rest = |name: &str| name.trim_start_matches(VARIABLE_PREFIX).to_owned();
    let given = rest(name);
    most_alike(KEYS.iter().filter_map(Key::variable), |known| {
        let known = rest(known);
        let whole = strsim::normalized_damerau_levenshtein(&given, &known);
        // Without its section.
        if known.ends_with(&format!("_{given}")) { whole.max(0.95) } else { whole }
    })
    .unwrap_or_default()
}

fn most_alike<T: AsRef<str>>(
    names: impl Iterator<Item = T>,
    likeness: impl Fn(&str) -> f64,
) -> Option<T> {
    let scored = names.map(|name| (likeness(name.as_ref()), name));
    // Of equals the first.
    let best = scored.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, name)| name)
}

fn last(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, name)| name)
}
