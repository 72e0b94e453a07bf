//! What is refused is put out of the way, so that all the rest is read and everything that is wrong can
//! be told at once.

use toml::{Table, Value};

use super::error::Problem;
use super::keys::{self, Key, Kind, Unset};
use super::layers::{Layers, joined};

impl Layers {
    /// Notes the keys that tables cannot do without and miss, and puts their examples in.
    pub(super) fn settle(&mut self) {
        let mut missing = Vec::new();
        find_missing(&self.table, "", "", &mut missing);
        for (at, key) in missing {
            let path = joined(&at, key.name());
            if !self.is_told_to_miss(&at, &path, key) {
                let (origin, expected) = (self.origin(&at), key.expected());
                self.problems.push(Problem::Missing { origin, key: path, expected });
            }
            if let (Some(table), Some(example)) = (table_at(&mut self.table, &at), example(key)) {
                table.insert(key.name().to_owned(), example);
            }
        }
    }

    /// Whether a problem that is noted says already why the key, which would be at `path` in the table
    /// at `at`, is not there.
    fn is_told_to_miss(&self, at: &str, path: &str, key: &Key) -> bool {
        self.problems.iter().any(|problem| match problem {
            Problem::UnknownKey { key: unknown, nearest, .. } => {
                *nearest == key.path && unknown.rsplit_once('.').is_some_and(|(in_, _)| in_ == at)
            }
            Problem::UnknownVariable { nearest, .. } => key.variable().as_ref() == Some(nearest),
            Problem::Wrong { key: wrong, .. } => wrong == path || wrong == at,
            Problem::Missing { .. } | Problem::OnlyInFile { .. } => false,
        })
    }

    /// Puts what was refused at `path` out of the way: as little as can be, of what is there. What a
    /// table cannot do without becomes its example. `false` when nothing is left to be done.
    pub(super) fn mend(&mut self, path: &str) -> bool {
        let mut path = path;
        while !path.is_empty() {
            // Nothing twice, so that this ends whatever the types say.
            if self.mended.insert(path.to_owned()) && self.replace(path) {
                return true;
            }
            path = around(path);
        }
        false
    }

    fn replace(&mut self, path: &str) -> bool {
        let Some(key) = Key::find(&pattern(path)) else {
            return self.replace_entry(path) || (keys::is_section(path) && self.remove(path));
        };
        match (key.unset, example(key)) {
            (Unset::Missing(_), Some(example)) => {
                let (at, name) = path.rsplit_once('.').unwrap_or(("", path));
                let table = table_at(&mut self.table, at);
                table.is_some_and(|table| table.insert(name.to_owned(), example).is_some())
            }
            _ => self.remove(path),
        }
    }

    /// Replaces an entry of a list by that of the example: if it were taken out, those behind it would
    /// be told by the wrong number.
    fn replace_entry(&mut self, path: &str) -> bool {
        let list = around(path);
        let key = Key::find(&pattern(list)).filter(|key| matches!(key.kind, Kind::List(_)));
        let index = path.get(list.len()..).unwrap_or_default().trim_matches(['[', ']']).parse();
        let (Some(Value::Array(examples)), Ok(index)) = (key.and_then(example), index) else {
            return false;
        };
        let (at, name) = list.rsplit_once('.').unwrap_or(("", list));
        let list =
            table_at(&mut self.table, at).and_then(|table| table.get_mut(name)?.as_array_mut());
        let entry = list.and_then(|list| list.get_mut::<usize>(index));
        match (entry, examples.into_iter().next()) {
            (Some(entry), Some(example)) => {
                *entry = example;
                true
            }
            _ => false,
        }
    }

    fn remove(&mut self, path: &str) -> bool {
        let (at, name) = path.rsplit_once('.').unwrap_or(("", path));
        table_at(&mut self.table, at).is_some_and(|table| table.remove(name).is_some())
    }

    /// Whether what is refused at `path` may be so only because of what was found below and put out of
    /// the way. A section can say nothing of its keys that their defaults would make wrong, but their
    /// examples might.
    pub(super) fn is_consequence(&self, path: &str) -> bool {
        let is_below =
            |key: &str| key.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
        let is_table = Key::find(&pattern(path)).is_some() || path.ends_with(']');
        self.problems.iter().any(|problem| {
            let may_follow = is_table || matches!(problem, Problem::Missing { .. });
            may_follow && problem.key().is_some_and(is_below)
        })
    }

    /// Whether something is wrong with the key at `path`.
    pub(super) fn is_blamed(&self, path: &str) -> bool {
        self.problems.iter().any(|problem| problem.key() == Some(path))
    }

    /// The value at `path`.
    pub(super) fn value(&mut self, path: &str) -> Option<&Value> {
        let (at, name) = path.rsplit_once('.').unwrap_or(("", path));
        table_at(&mut self.table, at)?.get(name)
    }
}

/// `path` with `[]` for each entry of a list.
pub(super) fn pattern(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |pattern, part| {
        pattern + "[" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

/// The path of what the value at `path` is in; empty at the top.
fn around(path: &str) -> &str {
    path.rfind(['.', '[']).and_then(|end| path.get(..end)).unwrap_or_default()
}

fn table_at<'a>(table: &'a mut Table, at: &str) -> Option<&'a mut Table> {
    at.split('.').filter(|step| !step.is_empty()).try_fold(table, |table, step| {
        match step.trim_end_matches(']').split_once('[') {
            None => table.get_mut(step),
            Some((name, index)) => {
                table.get_mut(name)?.as_array_mut()?.get_mut(index.parse::<usize>().ok()?)
            }
        }?
        .as_table_mut()
    })
}

fn example(key: &Key) -> Option<Value> {
    key.example().parse().ok()
}

/// Tables that miss a key they need: where they are, and the key.
fn find_missing(table: &Table, at: &str, pattern: &str, found: &mut Vec<(String, &'static Key)>) {
    for key in super::KEYS {
        let is_here = key.path.rsplit_once('.').is_some_and(|(around, _)| around == pattern);
        if is_here && matches!(key.unset, Unset::Missing(_)) && !table.contains_key(key.name()) {
            found.push((at.to_owned(), key));
        }
    }
    for (name, value) in table {
        let (at, pattern) = (joined(at, name), joined(pattern, name));
        match value {
            Value::Table(table) => find_missing(table, &at, &pattern, found),
            Value::Array(entries) => {
                let tables =
                    entries.iter().enumerate().filter_map(|(i, e)| Some((i, e.as_table()?)));
                for (index, table) in tables {
                    find_missing(table, &format!("{at}[{index}]"), &format!("{pattern}[]"), found);
                }
            }
            _ => {}
        }
    }
}
