//! Which database, read from its URL.

use std::env;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

/// Which database. Its `Debug` and `Display` are without the password.
#[derive(Clone)]
pub(crate) enum DatabaseUrl {
    Sqlite(PathBuf),
    /// The options hold the password, and their `Debug` shows it.
    Postgres {
        options: Box<PgConnectOptions>,
        shown: String,
    },
}

/// Why a text is not the URL of a database. No variant holds any part of it, as it may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Neither of the two databases.
    #[error("expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    NoDatabase,
    /// A path that names no file.
    #[error("expected sqlite:PATH with the path of a file; it is made if it is not there")]
    NoFile,
    /// Not a URL, most likely because of a character in the password.
    #[error(
        "expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits \
         in the password must be percent-encoded, such as %23 for #"
    )]
    NotEncoded,
    /// A parameter that would be ignored, and logged.
    #[error("expected no parameters in the URL but {}", PARAMETERS.join(", "))]
    Parameter,
    /// An `sslmode` that there is not.
    #[error("expected an sslmode of {}", SSL_MODES.join(", "))]
    SslMode,
}

const PARAMETERS: [&str; 6] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "application_name"];
/// Not `allow` and `prefer`, by which whoever stands in between could have the password in the clear.
const SSL_MODES: [&str; 4] = ["disable", "require", "verify-ca", "verify-full"];

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return sqlite(path);
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(DatabaseUrlError::NoDatabase);
        }
        let mut url = Url::parse(text).map_err(|_| DatabaseUrlError::NotEncoded)?;
        // What stands behind a `/`, `?` or `#` may be the rest of a password.
        if url.fragment().is_some()
            || url.path().contains('@')
            || url.path().matches('/').count() > 1
        {
            return Err(DatabaseUrlError::NotEncoded);
        }
        for (name, value) in url.query_pairs() {
            if !PARAMETERS.contains(&&*name) {
                return Err(DatabaseUrlError::Parameter);
            }
            if name == "sslmode" && !SSL_MODES.contains(&&*value) {
                return Err(DatabaseUrlError::SslMode);
            }
        }
        let options = PgConnectOptions::from_url(&url).map_err(|_| DatabaseUrlError::NotEncoded)?;
        // sqlx takes it from there, too.
        let root_is_set = env::var("PGSSLROOTCERT").is_ok_and(|root| !root.is_empty());
        let ssl_mode = ssl_mode(&url, &options, root_is_set);
        let options = options.ssl_mode(ssl_mode);
        // Without a host there is no password either, and none can be set.
        if url.password().is_some() {
            url.set_password(None).map_err(|()| DatabaseUrlError::NotEncoded)?;
        }
        url.set_query(None);
        Ok(Self::Postgres { options: Box::new(options), shown: url.into() })
    }
}

/// Elsewhere only a server that proves who it is, unless the URL says otherwise. The variable `PGSSLMODE`
/// is not asked: sqlx takes `prefer` for what it cannot read there. `root_is_set` is whether
/// `PGSSLROOTCERT` names a root certificate.
fn ssl_mode(url: &Url, options: &PgConnectOptions, root_is_set: bool) -> PgSslMode {
    let has = |name| url.query_pairs().any(|(key, _)| key == name);
    match options.get_ssl_mode() {
        // As other programs understand it; sqlx would not look at the certificate.
        PgSslMode::Require if has("sslmode") && (root_is_set || has("sslrootcert")) => {
            PgSslMode::VerifyCa
        }
        mode if has("sslmode") => mode,
        _ if options.get_socket().is_some() || is_this_machine(options.get_host()) => {
            PgSslMode::Prefer
        }
        _ => PgSslMode::VerifyFull,
    }
}

/// A host that begins with a slash is the folder of a socket.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.starts_with('/') || host == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
}

fn sqlite(path: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    // In memory each connection would have a database of its own.
    if path.is_empty() || path.starts_with(':') || path.contains(['\0', '?']) {
        return Err(DatabaseUrlError::NoFile);
    }
    Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres { shown, .. } => f.write_str(shown),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn shows_everything_but_the_password() {
        let shown = [
            "sqlite:market.db",
            "sqlite:///var/lib/market.db",
            "postgres://market:hunter-2-hunter@db.example:5433/market?sslmode=require",
            "postgresql://market@db.example/market",
            "postgres:///market?host=/run/postgresql",
        ]
        .map(|text| format!("{:?}", text.parse::<DatabaseUrl>().unwrap()));
        insta::assert_debug_snapshot!(shown, @r#"
        [
            "sqlite:market.db",
            "sqlite:/var/lib/market.db",
            "postgres://market@db.example:5433/market",
            "postgresql://market@db.example/market",
            "postgres:///market",
        ]
        "#);
    }

    fn mode(url: &str) -> PgSslMode {
        match url.parse().unwrap() {
            DatabaseUrl::Postgres { options, .. } => options.get_ssl_mode(),
            DatabaseUrl::Sqlite(_) => unreachable!(),
        }
    }

    #[test]
    fn a_server_elsewhere_must_prove_who_it_is_unless_the_url_says_otherwise() {
        let modes = [
            "postgres:///market",
            "postgres:///market?host=/run/postgresql",
            "postgres://market@localhost/market",
            "postgres://market@127.0.0.2/market",
            "postgres://market@[::1]/market",
            "postgres://market@localhost/market?sslmode=verify-full",
            "postgres://market@db.example/market",
            "postgres://market@localhost.example/market",
            "postgres://market@192.0.2.1/market",
            "postgres://market@localhost/market?host=db.example",
            "postgres://market@db.example/market?sslrootcert=ca.pem",
            "postgres://market@db.example/market?sslmode=disable",
            "postgres://market@db.example/market?sslmode=require",
            "postgres://market@db.example/market?sslmode=require&sslrootcert=ca.pem",
            "postgres://market@db.example/market?sslmode=verify-ca",
        ]
        .map(|text| format!("{text}: {:?}", mode(text)));
        insta::assert_debug_snapshot!(modes, @r#"
        [
            "postgres:///market: Prefer",
            "postgres:///market?host=/run/postgresql: Prefer",
            "postgres://market@localhost/market: Prefer",
            "postgres://market@127.0.0.2/market: Prefer",
            "postgres://market@[::1]/market: Prefer",
            "postgres://market@localhost/market?sslmode=verify-full: VerifyFull",
            "postgres://market@db.example/market: VerifyFull",
            "postgres://market@localhost.example/market: VerifyFull",
            "postgres://market@192.0.2.1/market: VerifyFull",
            "postgres://market@localhost/market?host=db.example: VerifyFull",
            "postgres://market@db.example/market?sslrootcert=ca.pem: VerifyFull",
            "postgres://market@db.example/market?sslmode=disable: Disable",
            "postgres://market@db.example/market?sslmode=require: Require",
            "postgres://market@db.example/market?sslmode=require&sslrootcert=ca.pem: VerifyCa",
            "postgres://market@db.example/market?sslmode=verify-ca: VerifyCa",
        ]
        "#);
    }

    #[test]
    fn a_root_certificate_of_the_environment_is_asked_for_as_well() {
        let modes = |root_is_set| {
            ["?sslmode=require", "?sslmode=disable", ""].map(|parameters| {
                let url = format!("postgres://market@db.example/market{parameters}");
                let url = Url::parse(&url).unwrap();
                ssl_mode(&url, &PgConnectOptions::from_url(&url).unwrap(), root_is_set)
            })
        };
        insta::assert_debug_snapshot!([modes(true), modes(false)], @"
        [
            [
                VerifyCa,
                Disable,
                VerifyFull,
            ],
            [
                Require,
                Disable,
                VerifyFull,
            ],
        ]
        ");
    }

    #[test]
    fn says_what_it_expected_and_repeats_nothing() {
        let wrong = [
            "",
            "mysql://root:hunter-2@db/market",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:market.db?mode=ro",
            "postgres://market:hunter#2@db/market",
            "postgres://market:hunter/2@db/market",
            "postgres://market@db/market?passwort=hunter-2",
            "postgres://market@db/market?sslmode=hunter-2",
            "postgres://market@db/market?sslmode=prefer",
            "postgres://market:hunter-2@db:port/market",
        ];
        let said: Vec<String> = wrong
            .iter()
            .map(|text| format!("{text}: {}", text.parse::<DatabaseUrl>().unwrap_err()))
            .collect();
        for (text, said) in wrong.iter().zip(&said) {
            let said = said.strip_prefix(text).unwrap();
            assert!(!said.contains("hunter"), "{said}");
        }
        insta::assert_debug_snapshot!(said, @r#"
        [
            ": expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
            "mysql://root:hunter-2@db/market: expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
            "sqlite:: expected sqlite:PATH with the path of a file; it is made if it is not there",
            "sqlite::memory:: expected sqlite:PATH with the path of a file; it is made if it is not there",
            "sqlite:market.db?mode=ro: expected sqlite:PATH with the path of a file; it is made if it is not there",
            "postgres://market:hunter#2@db/market: expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #",
            "postgres://market:hunter/2@db/market: expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #",
            "postgres://market@db/market?passwort=hunter-2: expected no parameters in the URL but sslmode, sslrootcert, sslcert, sslkey, host, application_name",
            "postgres://market@db/market?sslmode=hunter-2: expected an sslmode of disable, require, verify-ca, verify-full",
            "postgres://market@db/market?sslmode=prefer: expected an sslmode of disable, require, verify-ca, verify-full",
            "postgres://market:hunter-2@db:port/market: expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #",
        ]
        "#);
    }
}
