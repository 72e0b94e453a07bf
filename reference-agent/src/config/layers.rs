//! The layers of a configuration, each over the one before: file, environment, command line.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};
use tracing::warn;

use super::error::{ConfigError, Origin, Problem};
use super::keys::{self, Key, Kind, VARIABLE_PREFIX, is_url};

/// Variables that the command line reads.
const READ_ELSEWHERE: [&str; 3] = ["RFQ_AGENT_CONFIG", "RFQ_AGENT_LOG", "RFQ_AGENT_LOG_FORMAT"];

/// What the layers so far say, and what is wrong with them.
#[derive(Default)]
pub(super) struct Layers {
    pub(super) table: Table,
    pub(super) problems: Vec<Problem>,
    /// Of the value at each path, such as `shipping.zones[0].regions`.
    origins: BTreeMap<String, Origin>,
    /// Paths that were put out of the way.
    pub(super) mended: BTreeSet<String>,
}

/// Where the values of a layer come from.
struct Source<'a> {
    origin: &'a dyn Fn(&str) -> Origin,
    /// Where relative paths begin, unless in the working directory.
    folder: Option<&'a Path>,
}

impl Layers {
    pub(super) fn add_file(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let syntax = |error: toml::de::Error| ConfigError::Syntax {
            file: file.to_path_buf(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        };
        let mut lines = BTreeMap::new();
        note_lines(text, DeTable::parse(text).map_err(syntax)?.get_ref(), "", &mut lines);
        let too_large = |error| match syntax(error) {
            // The one thing that the first look does not refuse.
            ConfigError::Syntax { file, line, reason: _ } => {
                ConfigError::Syntax { file, line, reason: "a number beyond 64 bits".to_owned() }
            }
            other => other,
        };
        let mut table: Table = text.parse().map_err(too_large)?;
        // What the agent keeps is beside its configuration.
        table.entry("data_dir").or_insert_with(|| super::DATA_DIR.into());
        let origin = |path: &str| match lines.get(path) {
            Some(line) => Origin::File { file: file.to_path_buf(), line: *line },
            None => Origin::Default,
        };
        self.add(table, &Source { origin: &origin, folder: file.parent() });
        Ok(())
    }

    pub(super) fn add_variables(
        &mut self,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) {
        let ours: BTreeMap<String, OsString> = environment
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
            .filter(|(name, _)| name.starts_with(VARIABLE_PREFIX))
            .filter(|(name, _)| !READ_ELSEWHERE.contains(&name.as_str()))
            .collect();
        let (injected, ours): (BTreeMap<_, _>, BTreeMap<_, _>) =
            ours.into_iter().partition(|(name, _)| is_of_kubernetes(name));
        if !injected.is_empty() {
            let variables = injected.into_keys().collect::<Vec<_>>().join(", ");
            warn!(
                variables,
                "Passing over variables as Kubernetes makes them of a Service called rfq-agent; \
                 enableServiceLinks: false keeps them out, and the port is set by RFQ_AGENT_BIND"
            );
        }
        for (variable, value) in ours {
            match key_of(&variable) {
                Err(problem) => self.problems.push(problem),
                Ok(key) => self.add_variable(variable, value, key),
            }
        }
    }

    fn add_variable(&mut self, variable: String, value: OsString, key: &Key) {
        match value.into_string() {
            Ok(text) => {
                let layer = nested(key.path, key.read(&text));
                let origin = |_: &str| Origin::Variable(variable.clone());
                self.add(layer, &Source { origin: &origin, folder: None });
            }
            Err(_) => self.problems.push(Problem::Wrong {
                origin: Origin::Variable(variable),
                key: key.path.to_owned(),
                given: None,
                reason: format!("not UTF-8; expected {}", key.expected()),
            }),
        }
    }

    pub(super) fn add_flags(&mut self, flags: Table) {
        self.add(flags, &Source { origin: &|_| Origin::CommandLine, folder: None });
    }

    fn add(&mut self, layer: Table, source: &Source<'_>) {
        let layer = self.take(layer, "", "", source);
        overlay(&mut self.table, layer);
    }

    /// The keys that can be used; the others become problems. `at` is where the table is, `pattern`
    /// the same with `[]` for each entry of a list.
    fn take(&mut self, table: Table, at: &str, pattern: &str, source: &Source<'_>) -> Table {
        let mut taken = Table::new();
        for (name, value) in table {
            let (path, pattern) = (joined(at, &name), joined(pattern, &name));
            let key = Key::find(&pattern);
            if !is_bare(&name) || (key.is_none() && !keys::is_section(&pattern)) {
                let nearest = keys::nearest_key(&pattern);
                let origin = (source.origin)(&path);
                let key = if is_bare(&name) { path } else { joined(at, &format!("{name:?}")) };
                self.problems.push(Problem::UnknownKey { origin, key, nearest });
                continue;
            }
            let origin = (source.origin)(&path);
            if value.is_table() {
                // Whoever adds a key to a section did not make it.
                self.origins.entry(path.clone()).or_insert(origin);
            } else {
                self.origins.insert(path.clone(), origin);
            }
            let value = match (key, value) {
                (None, Value::Table(table)) => {
                    Ok(Value::Table(self.take(table, &path, &pattern, source)))
                }
                (None, value) => Err((value, format!("expected a section [{pattern}]"))),
                (Some(key), value) => self.checked(key, value, &path, source),
            };
            match value {
                Ok(value) => {
                    taken.insert(name, value);
                }
                Err((value, reason)) => {
                    self.wrong(&path, Some(shown(key, &value)), reason);
                }
            }
        }
        taken
    }

    /// The value, or with it what is wrong.
    fn checked(
        &mut self,
        key: &Key,
        value: Value,
        path: &str,
        source: &Source<'_>,
    ) -> Result<Value, (Value, String)> {
        if let Some(reason) = key.refusal(&value) {
            return Err((value, reason));
        }
        match (key.kind, value) {
            (Kind::Table, Value::Table(table)) => {
                Ok(Value::Table(self.take(table, path, key.path, source)))
            }
            (Kind::Tables, Value::Array(entries)) => {
                let pattern = format!("{}[]", key.path);
                let mut taken = Vec::new();
                for (index, entry) in entries.into_iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.origins.insert(path.clone(), (source.origin)(&path));
                    match entry {
                        Value::Table(table) => {
                            taken.push(Value::Table(self.take(table, &path, &pattern, source)));
                        }
                        other => {
                            let reason = "expected a table in braces".to_owned();
                            self.wrong(&path, Some(shown(Some(key), &other)), reason);
                            // In its place, so that those behind it keep their number.
                            taken.push(Value::Table(Table::new()));
                        }
                    }
                }
                Ok(Value::Array(taken))
            }
            (Kind::Path | Kind::Database, Value::String(text)) => {
                let folder = source.folder.unwrap_or(Path::new(""));
                match rebased(key.kind, &text, folder) {
                    Some(text) => Ok(Value::String(text)),
                    None => Err((
                        Value::String(text),
                        "expected an absolute path, as the folder it is in has a name that is not UTF-8"
                            .to_owned(),
                    )),
                }
            }
            (_, value) => Ok(value),
        }
    }

    pub(super) fn wrong(&mut self, path: &str, given: Option<String>, reason: String) {
        let origin = self.origin(path);
        self.problems.push(Problem::Wrong { origin, key: path.to_owned(), given, reason });
    }

    /// Who set the value at `path`, or else the table that it is in.
    pub(super) fn origin(&self, path: &str) -> Origin {
        let mut path = path;
        loop {
            if let Some(origin) = self.origins.get(path) {
                return origin.clone();
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = path.get(..end).unwrap_or_default(),
                None => return Origin::Default,
            }
        }
    }
}

/// The value as it may be shown, cut where it is long: no password is in it.
pub(super) fn shown(key: Option<&Key>, value: &Value) -> String {
    const MOST: usize = 80;
    if key.is_some_and(|key| key.kind == Kind::Database) {
        return "not shown here".to_owned();
    }
    let is_of_url = key.is_some_and(|key| matches!(key.kind, Kind::Url(_)));
    match value {
        // Passwords stand before `@` and behind `?`, also where no scheme makes it a URL.
        Value::String(text) if text.contains(['@', '?']) => "not shown here".to_owned(),
        Value::String(text) if !is_of_url && is_url(text) => "not shown here".to_owned(),
        Value::String(text) if text.chars().count() > MOST => {
            format!("{:?}..", text.chars().take(MOST).collect::<String>())
        }
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}

/// Whether Kubernetes puts it into each container beside a Service called `rfq-agent`. No key is called so.
fn is_of_kubernetes(variable: &str) -> bool {
    let name = variable.strip_prefix(VARIABLE_PREFIX).unwrap_or_default();
    ["PORT", "SERVICE_HOST", "SERVICE_PORT"].contains(&name)
        || ["PORT_", "SERVICE_PORT_"].iter().any(|start| name.starts_with(start))
}

fn key_of(variable: &str) -> Result<&'static Key, Problem> {
    let known = super::KEYS.iter().find(|key| key.variable().as_deref() == Some(variable));
    let path = variable.trim_start_matches(VARIABLE_PREFIX).to_ascii_lowercase();
    let in_file = || super::KEYS.iter().find(|key| key.path.replace('.', "_") == path);
    known.ok_or_else(|| match in_file() {
        Some(key) => Problem::OnlyInFile { variable: variable.to_owned(), key: key.path },
        None => Problem::UnknownVariable {
            variable: variable.to_owned(),
            nearest: keys::nearest_variable(variable),
        },
    })
}

/// `None` when the folder cannot be written in front of it.
fn rebased(kind: Kind, text: &str, folder: &Path) -> Option<String> {
    let (prefix, path) = match kind {
        Kind::Database => match text.strip_prefix("sqlite:") {
            Some(path) => ("sqlite:", path.strip_prefix("//").unwrap_or(path)),
            None => return Some(text.to_owned()),
        },
        _ => ("", text),
    };
    if path.is_empty() || Path::new(path).is_absolute() {
        return Some(text.to_owned());
    }
    folder.join(path).to_str().map(|path| format!("{prefix}{path}"))
}

/// Tables are joined, all else is replaced.
fn overlay(below: &mut Table, above: Table) {
    for (name, value) in above {
        match (below.get_mut(&name), value) {
            (Some(Value::Table(below)), Value::Table(above)) => overlay(below, above),
            (_, value) => {
                below.insert(name, value);
            }
        }
    }
}

fn nested(path: &str, value: Value) -> Table {
    let (at, name) = path.rsplit_once('.').unwrap_or(("", path));
    let innermost = Table::from_iter([(name.to_owned(), value)]);
    at.rsplit('.')
        .filter(|name| !name.is_empty())
        .fold(innermost, |table, name| Table::from_iter([(name.to_owned(), Value::Table(table))]))
}

pub(super) fn joined(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

/// Whether it can be part of a path: all known names can.
fn is_bare(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn note_lines(text: &str, table: &DeTable<'_>, at: &str, lines: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let path = joined(at, name.get_ref());
        lines.insert(path.clone(), line_of(text, name.span().start));
        match value.get_ref() {
            DeValue::Table(table) => note_lines(text, table, &path, lines),
            DeValue::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    lines.insert(path.clone(), line_of(text, entry.span().start));
                    if let DeValue::Table(table) = entry.get_ref() {
                        note_lines(text, table, &path, lines);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The line of a byte of the text, counted from 1.
fn line_of(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}
