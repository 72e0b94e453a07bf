-- Times are microseconds since 1970 in UTC, durations microseconds, money cents, lists and documents
-- JSON. What differs from the Postgres file beside it: STRICT, the names of types, random bytes.

-- id: tells this database from every other, copies of it included, so that an index knows its own;
-- needs: which of these migrations a program must know to use it.
CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    needs INTEGER NOT NULL
) STRICT;
INSERT INTO store (one, id, needs) VALUES (1, lower(hex(randomblob(16))), 1);

-- n: the number of the newest change; pruned: that of the newest one no longer kept.
CREATE TABLE change_counter (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n INTEGER NOT NULL,
    pruned INTEGER NOT NULL
) STRICT;
INSERT INTO change_counter (one, n, pruned) VALUES (1, 0, 0);

CREATE TABLE changes (
    n INTEGER PRIMARY KEY,
    product_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('put', 'deleted')),
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE producers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('enabled', 'disabled')),
    claim_domains TEXT NOT NULL,
    regions TEXT NOT NULL
) STRICT;

CREATE TABLE verified_domains (
    domain TEXT PRIMARY KEY,
    producer_id TEXT NOT NULL UNIQUE REFERENCES producers (id),
    verified_at INTEGER NOT NULL,
    tried_at INTEGER NOT NULL
) STRICT;
CREATE INDEX verified_domains_by_time ON verified_domains (verified_at);

CREATE TABLE agents (
    producer_id TEXT PRIMARY KEY REFERENCES producers (id),
    card_url TEXT NOT NULL,
    scheme TEXT NOT NULL CHECK (scheme IN ('hmac_sha256', 'bearer')),
    key_id TEXT NOT NULL,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE card_fetches (
    producer_id TEXT NOT NULL REFERENCES producers (id),
    fetched_at INTEGER NOT NULL,
    url TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('fetched', 'not_modified', 'failed')),
    reason TEXT,
    etag TEXT,
    body BLOB,
    PRIMARY KEY (producer_id, fetched_at)
) STRICT;
CREATE INDEX card_fetches_by_time ON card_fetches (fetched_at);

CREATE TABLE products (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Every slug a product has or had. Deferred, because the slug is claimed before the product is written.
CREATE TABLE product_slugs (
    slug TEXT PRIMARY KEY,
    product_id TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX product_slugs_by_product ON product_slugs (product_id);

-- By the slug the producer named. It means the product that has the slug, or waits for one.
CREATE TABLE carries (
    producer_id TEXT NOT NULL REFERENCES producers (id),
    slug TEXT NOT NULL,
    PRIMARY KEY (producer_id, slug)
) STRICT;
CREATE INDEX carries_by_slug ON carries (slug);

-- took_us is NULL until the quote is over; its calls come with its end.
CREATE TABLE quotes (
    id TEXT PRIMARY KEY,
    rfq_id TEXT NOT NULL UNIQUE,
    product_slug TEXT NOT NULL,
    product_name TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    region TEXT,
    deliver_by INTEGER,
    asked_at INTEGER NOT NULL,
    took_us INTEGER
) STRICT;
CREATE INDEX quotes_by_time ON quotes (asked_at);

CREATE TABLE calls (
    quote_id TEXT NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
    producer_id TEXT NOT NULL REFERENCES producers (id),
    asked_at INTEGER NOT NULL,
    health_state TEXT NOT NULL,
    outcome_code INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    outcome_detail TEXT,
    latency_us INTEGER,
    offer_rank INTEGER,
    queue_us INTEGER,
    dns_us INTEGER,
    connect_us INTEGER,
    tls_us INTEGER,
    first_byte_us INTEGER,
    body_us INTEGER,
    problem TEXT,
    request BLOB,
    answer_status INTEGER,
    answer BLOB,
    PRIMARY KEY (quote_id, producer_id)
) STRICT;
-- All that a scorecard needs, so that it reads nothing else.
CREATE INDEX calls_by_producer ON calls (producer_id, asked_at, outcome_code, latency_us, offer_rank);

-- rank and explanation are NULL until the quote is over, claimed_at until somebody goes to claim.
CREATE TABLE offers (
    id TEXT PRIMARY KEY,
    quote_id TEXT NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
    producer_id TEXT NOT NULL REFERENCES producers (id),
    rank INTEGER,
    price_cents INTEGER NOT NULL,
    shipping_cost_cents INTEGER,
    list_price_cents INTEGER,
    in_stock INTEGER NOT NULL CHECK (in_stock IN (0, 1)),
    shipping_days INTEGER,
    expires_at INTEGER NOT NULL,
    claim_url TEXT NOT NULL,
    producer_offer_id TEXT,
    terms TEXT,
    explanation TEXT,
    claim_id TEXT NOT NULL UNIQUE,
    claimed_at INTEGER,
    UNIQUE (quote_id, producer_id),
    UNIQUE (quote_id, rank)
) STRICT;

CREATE TABLE health (
    producer_id TEXT PRIMARY KEY REFERENCES producers (id),
    score REAL NOT NULL CHECK (score >= 0 AND score <= 1),
    calls INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The newest flush of each server that is applied, so that none is applied twice.
CREATE TABLE health_flushes (
    server TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
