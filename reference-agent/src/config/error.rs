//! What is wrong with a configuration, in sentences.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read; check the path and who may read it", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no TOML. No part of it is repeated: a password may be in it.
    #[error("{}, line {line}: not TOML: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// Keys or values that cannot be used; at least one, all that were found.
    #[error("{}", sentences(.0))]
    Unusable(Vec<Problem>),
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A key that there is not.
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// Its full path.
        key: String,
        /// The known key most like it.
        nearest: &'static str,
    },
    /// An environment variable that there is not.
    UnknownVariable {
        /// Its name.
        variable: String,
        /// The known variable most like it.
        nearest: String,
    },
    /// An environment variable for a key that only a file can set.
    OnlyInFile {
        /// Its name.
        variable: String,
        /// The key.
        key: &'static str,
    },
    /// A value that is not what is expected.
    Wrong {
        /// Where it stands.
        origin: Origin,
        /// The key's full path.
        key: String,
        /// The value as it may be shown; `None` if `reason` shows what matters.
        given: Option<String>,
        /// What is wrong with it, or what was expected.
        reason: String,
    },
    /// A key that its table cannot do without.
    Missing {
        /// Where the table stands.
        origin: Origin,
        /// The key's full path.
        key: String,
        /// What is expected there.
        expected: String,
    },
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file.
    File {
        /// The file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable of this name.
    Variable(String),
    /// An option on the command line.
    CommandLine,
    /// Nobody set it.
    Default,
}

fn sentences(problems: &[Problem]) -> String {
    match problems {
        [problem] => problem.to_string(),
        _ => {
            let list: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
            format!("{} problems in the configuration:{list}", problems.len())
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { origin, key, nearest } => {
                origin.introduce(key, f)?;
                write!(f, ": there is no such key; the nearest is {nearest}")
            }
            Self::UnknownVariable { variable, nearest } => {
                write!(f, "{variable}: there is no such variable; the nearest is {nearest}")
            }
            Self::OnlyInFile { variable, key } => {
                write!(f, "{variable}: {key} can be set in a configuration file only")
            }
            Self::Wrong { origin, key, given, reason } => {
                origin.introduce(key, f)?;
                match given {
                    Some(given) => write!(f, " is {given}; {reason}"),
                    None => write!(f, ": {reason}"),
                }
            }
            Self::Missing { origin: Origin::Variable(variable), key, expected } => {
                write!(f, "{key} is missing beside {variable}; expected {expected}")
            }
            Self::Missing { origin, key, expected } => {
                origin.introduce(key, f)?;
                write!(f, " is missing; expected {expected}")
            }
        }
    }
}

impl Problem {
    /// The path of the key, where it stands in the configuration.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { key, .. } | Self::Wrong { key, .. } | Self::Missing { key, .. } => {
                Some(key)
            }
            Self::UnknownVariable { .. } | Self::OnlyInFile { .. } => None,
        }
    }

    /// The line of the file, after all others when it is elsewhere.
    pub(super) fn line(&self) -> usize {
        match self {
            Self::UnknownKey { origin, .. }
            | Self::Wrong { origin, .. }
            | Self::Missing { origin, .. } => match origin {
                Origin::File { line, .. } => *line,
                Origin::Variable(_) | Origin::CommandLine | Origin::Default => usize::MAX,
            },
            Self::UnknownVariable { .. } | Self::OnlyInFile { .. } => usize::MAX,
        }
    }
}

impl Origin {
    /// Names the key in the words of whoever set it.
    fn introduce(&self, key: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{}, line {line}: {key}", file.display()),
            Self::Variable(variable) => f.write_str(variable),
            Self::CommandLine => write!(f, "on the command line: {key}"),
            Self::Default => f.write_str(key),
        }
    }
}
