//! A database of a test's own, and what most tests put into it.

use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use rfq_engine::ProducerId;
use rfq_sdk::Scheme;
use rfq_store::{
    Name, NewAgent, Nonce, Producer, ProducerState, ProducerUpdate, Product, ProductId, PublicId,
    Store,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, query_scalar, raw_sql};
use tempfile::TempDir;

use crate::postgres::{PASSWORD, Postgres};

pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres(String),
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().unwrap())
    }

    pub(crate) async fn postgres() -> Self {
        let server = Postgres::shared();
        let database = format!("market_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let url = server.url(PASSWORD, "postgres");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        // Sorts as people do, which must not show.
        let locale = server.locale();
        let create = format!("CREATE DATABASE {database} TEMPLATE template0 LOCALE '{locale}'");
        raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Self::Postgres(database)
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("market.db").display()),
            Self::Postgres(database) => Postgres::shared().url(PASSWORD, database),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url()).await.unwrap()
    }

    /// Runs statements without the store.
    pub(crate) async fn run(&self, statements: &str) {
        let sql = raw_sql(AssertSqlSafe(statements.to_owned()));
        match self {
            Self::Sqlite(_) => {
                let mut connection =
                    SqliteConnection::connect(&(self.url() + "?mode=rwc")).await.unwrap();
                sql.execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Postgres(..) => {
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                sql.execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// The first column of what a query finds, read without the store.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let query = AssertSqlSafe(query.to_owned());
        match self {
            Self::Sqlite(_) => {
                let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
                query_scalar(query).fetch_all(&mut connection).await.unwrap()
            }
            Self::Postgres(..) => {
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                query_scalar(query).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// Tables, columns, keys and indexes, in the words of SQLite.
    pub(crate) async fn schema(&self) -> Vec<String> {
        let queries = match self {
            Self::Sqlite(_) => [
                "SELECT format('%s.%s %s%s key %d', tables.name, columns.name, columns.type,
                    iif(\"notnull\" OR pk > 0, ' NOT NULL', ''), pk)
                FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
                WHERE tables.type = 'table' AND tables.name NOT LIKE '#_%' ESCAPE '#'",
                "SELECT format('%s unique %d: %s', tables.name, \"unique\", (
                    SELECT group_concat(name) FROM (
                        SELECT name FROM pragma_index_info(indexes.name) ORDER BY seqno
                    )
                ))
                FROM sqlite_schema AS tables, pragma_index_list(tables.name) AS indexes
                WHERE tables.type = 'table' AND tables.name NOT LIKE '#_%' ESCAPE '#'
                    AND origin <> 'pk'",
                "SELECT format('%s.%s to %s on delete %s', tables.name, keys.\"from\", keys.\"table\",
                    on_delete)
                FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS keys
                WHERE tables.type = 'table'",
            ],
            Self::Postgres(..) => [
                "SELECT format('%s.%s %s%s key %s', relname, attname, CASE atttypid
                        WHEN 'bigint'::regtype THEN 'INTEGER' WHEN 'text'::regtype THEN 'TEXT'
                        WHEN 'bytea'::regtype THEN 'BLOB' WHEN 'float8'::regtype THEN 'REAL'
                        ELSE atttypid::regtype::text END,
                    CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END,
                    COALESCE(array_position(indkey::int2[], attnum) + 1, 0))
                FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
                LEFT JOIN pg_index ON indrelid = pg_class.oid AND indisprimary
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                    AND relname NOT LIKE '#_%' ESCAPE '#'",
                "SELECT format('%s unique %s: %s', relname, indisunique::int, (
                    SELECT string_agg(attname, ',' ORDER BY array_position(indkey::int2[], attnum))
                    FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey)
                ))
                FROM pg_class JOIN pg_index ON indrelid = pg_class.oid
                WHERE relnamespace = 'public'::regnamespace AND NOT indisprimary
                    AND relname NOT LIKE '#_%' ESCAPE '#'",
                "SELECT format('%s.%s to %s on delete %s', conrelid::regclass, attname,
                    confrelid::regclass,
                    CASE confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' END)
                FROM pg_constraint JOIN pg_attribute
                    ON attrelid = conrelid AND attnum = conkey[1] AND array_length(conkey, 1) = 1
                WHERE contype = 'f'",
            ],
        };
        let mut schema = Vec::new();
        for query in queries {
            schema.extend(self.texts(query).await);
        }
        schema.sort();
        schema
    }

    /// Names as `table.column`, in their order.
    pub(crate) async fn columns(&self) -> Vec<String> {
        let mut columns = self
            .texts(match self {
                Self::Sqlite(_) => {
                    "SELECT tables.name || '.' || columns.name
                    FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
                    WHERE tables.type = 'table' AND tables.name NOT LIKE '#_%' ESCAPE '#'"
                }
                Self::Postgres(..) => {
                    "SELECT table_name || '.' || column_name FROM information_schema.columns
                    WHERE table_schema = 'public' AND table_name NOT LIKE '#_%' ESCAPE '#'"
                }
            })
            .await;
        columns.sort();
        columns
    }
}

/// The moment of the tests, and so many seconds later.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_795_500_000_000_123 + seconds * 1_000_000).unwrap()
}

pub(crate) fn producer_id(number: impl Display) -> ProducerId {
    format!("shop-{number}").parse().unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn producer(number: u32) -> Producer {
    Producer {
        id: producer_id(number),
        name: name(&format!("Shop {number}")),
        state: ProducerState::Enabled,
        claim_domains: Vec::new(),
        regions: Vec::new(),
        domain: None,
    }
}

/// Registers producers 1 to `count`.
pub(crate) async fn register(store: &Store, count: u32) {
    for number in 1..=count {
        store.create_producer(&producer(number)).await.unwrap();
    }
}

/// Disables a producer.
pub(crate) async fn disable(store: &Store, number: u32) {
    let update = ProducerUpdate { state: Some(ProducerState::Disabled), ..Default::default() };
    store.update_producer(&producer_id(number), &update).await.unwrap();
}

pub(crate) const KEYS: &str = "k1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub(crate) const SECRET: &str = "correct horse battery staple";

/// Gives producer `number` an agent, whose card is at `card_url`.
pub(crate) async fn give_agent(store: &Store, number: u8, card_url: &str) {
    let agent = NewAgent { card_url, scheme: Scheme::Bearer, secret: SECRET };
    let nonce = Nonce::from_random([number; 24]);
    store.put_agent(&KEYS.parse().unwrap(), &producer_id(number), &agent, nonce).await.unwrap();
}

pub(crate) fn product_id(number: impl Display) -> ProductId {
    format!("p{number:0>6}").parse().unwrap()
}

pub(crate) fn product(number: u32) -> Product {
    Product {
        id: product_id(number),
        slug: format!("grinders/model-{number}").parse().unwrap(),
        name: name(&format!("Model {number}")),
    }
}

pub(crate) fn public_id(number: u128) -> PublicId {
    PublicId::from_random(number.to_be_bytes())
}
