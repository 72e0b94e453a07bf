//! The tables, and how those of an older version become those of this one.
//!
//! Servers of two versions run side by side while one replaces the other, so that a migration only adds
//! what those before do not miss; what nothing uses any more goes a release later. One that older versions
//! could not live with sets `store.needs` to its own number, and they refuse the database.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Number, name, and the text for each database. What has been released never changes.
const ALL: [(i64, &str, &str, &str); 1] = [(
    1,
    "begin",
    include_str!("../../migrations/sqlite/0001_begin.sql"),
    include_str!("../../migrations/postgres/0001_begin.sql"),
)];

/// The newest that this version knows.
pub(crate) const NEWEST: i64 = 1;

pub(super) fn sqlite() -> Migrator {
    migrator(|(number, name, sqlite, _)| (number, name, sqlite))
}

pub(super) fn postgres() -> Migrator {
    migrator(|(number, name, _, postgres)| (number, name, postgres))
}

fn migrator(
    choose: impl Fn(
        (i64, &'static str, &'static str, &'static str),
    ) -> (i64, &'static str, &'static str),
) -> Migrator {
    let migration = |entry| {
        let (number, name, sql) = choose(entry);
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(ALL.into_iter().map(migration).collect());
    // Those of newer versions: `store.needs` tells whether this one may use their tables.
    migrator.set_ignore_missing(true);
    migrator
}
