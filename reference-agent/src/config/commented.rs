//! The configuration explained: as a file to fill in, and as a page to read.

use super::keys::{Key, Kind, Unset};
use super::table::{KEYS, SECTIONS};

/// Characters of a line of the file.
const WIDTH: usize = 98;

const FILE_HEADER: &str = "Configuration of rfq-agent. A line such as #key = value is not in force: \
it shows the default, or an example where nothing is set by default. Take the # away to set it. \
Relative paths begin at the folder of this file. Each single value can also be set in the \
environment, as RFQ_AGENT_ and its path: RFQ_AGENT_FEED_CHECK_SECONDS is check_seconds in [feed], \
and counts before this file.";

/// A configuration file that explains every key. The `known` values, in TOML by path, are set; all
/// others are shown only. Keys inside tables such as `price_service` cannot be among them: the table
/// has one line.
#[must_use]
pub fn commented(known: &[(&str, String)]) -> String {
    let mut file = String::new();
    comment(&mut file, FILE_HEADER);
    for (section, purpose) in SECTIONS {
        file.push('\n');
        comment(&mut file, purpose);
        if !section.is_empty() {
            file.extend(["[", section, "]\n"]);
        }
        for key in KEYS.iter().filter(|key| key.section() == *section && key.table().is_none()) {
            file.push('\n');
            explain(&mut file, key);
            match known.iter().find(|(path, _)| *path == key.path) {
                Some((_, value)) => file.extend([key.name(), " = ", value, "\n"]),
                None => file.extend(["#", key.name(), " = ", key.example(), "\n"]),
            }
        }
    }
    file
}

/// `text` as a value of [`commented`].
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(format!("\\U{:08X}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn explain(file: &mut String, key: &Key) {
    let note = match key.unset {
        Unset::Default(_) => "",
        Unset::Nothing(_) | Unset::Missing(_) => " Not set by default.",
    };
    match key.kind {
        Kind::Table | Kind::Tables => {
            comment(file, &format!("{}{note} In it:", key.about));
            let inside = |inner: &&Key| inner.table().is_some_and(|table| table.path == key.path);
            for inner in KEYS.iter().filter(inside) {
                let name = inner.path.trim_start_matches(key.path).trim_start_matches("[]");
                let (name, about) = (name.trim_start_matches('.'), inner.about);
                let (expected, note) = (inner.expected(), unset(inner));
                comment(file, &format!("- {name}: {about} Expected: {expected}. {note}."));
            }
        }
        _ => comment(file, &format!("{} Expected: {}.{note}", key.about, key.expected())),
    }
}

/// What holds for a key that is not set.
fn unset(key: &Key) -> String {
    match key.unset {
        Unset::Default(text) => format!("Default: {text}"),
        Unset::Nothing(_) => "Not set by default".to_owned(),
        Unset::Missing(_) => "Needed".to_owned(),
    }
}

/// Lines that begin with `# ` and hold `text`, broken between words.
fn comment(file: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            file.push_str(&line);
            file.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    file.push_str(&line);
    file.push('\n');
}

const PAGE_HEADER: &str = "# Configuration of `rfq-agent`

<!-- Made from reference-agent/src/config/table.rs; the test that compares them says how to make it again. -->

`rfq-agent init FEED` writes `rfq-agent.toml` with all of this in it; `rfq-agent serve --config rfq-agent.toml` reads it.
What is not in the file is as its default says. Options on the command line count before environment variables, these
before the file, and the file before the defaults.

- Each single value can be set in the environment, as `RFQ_AGENT_` and its path in upper case with underscores for dots:
  `RFQ_AGENT_FEED_CHECK_SECONDS=10`. Text stands there without quotes. Lists, and tables such as `shipping.zones`, are for
  the file only.
- Relative paths in the file begin at its folder, others at the working directory.
- Unknown keys and variables are refused, as are values that are not what is expected. All that are found are told at once;
  one that only shows when another is mended, such as a region in two zones one of which cannot be read, is told then.
- Kubernetes makes variables of a Service called `rfq-agent` (`RFQ_AGENT_PORT`, `RFQ_AGENT_PORT_8787_TCP`,
  `RFQ_AGENT_SERVICE_HOST` and so on). They are passed over with a warning; those of Services whose names go on, as
  `rfq-agent-admin`, are unknown. `enableServiceLinks: false` in the pod's specification keeps them all out.
- The file is read at the start. Restart the agent to change it.
";

/// The page CONFIGURATION.md: every key in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = PAGE_HEADER.to_owned();
    for (section, purpose) in SECTIONS {
        let title =
            if section.is_empty() { "Top level".to_owned() } else { format!("`[{section}]`") };
        page.extend(["\n## ", &title, "\n\n", purpose, "\n\n"]);
        page.push_str("| Key | Expected | If not set | What it does |\n|---|---|---|---|\n");
        for key in KEYS.iter().filter(|key| key.section() == *section) {
            let (expected, about) = (key.expected(), key.about);
            let unset = match key.unset {
                Unset::Default(text) => format!("`{text}`"),
                Unset::Nothing(_) => "nothing".to_owned(),
                Unset::Missing(_) => "refused".to_owned(),
            };
            let cells = ["| `", key.path, "` | ", &expected, " | ", &unset, " | ", about, " |\n"];
            page.extend(cells);
        }
    }
    page
}
