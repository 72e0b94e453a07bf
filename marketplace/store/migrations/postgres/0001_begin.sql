-- Times are microseconds since 1970 in UTC, durations microseconds, money cents, lists and documents
-- JSON. What differs from the SQLite file beside it: no STRICT, the names of types, random bytes, and
-- COLLATE "C" for what is searched and sorted by: in the order of bytes, as SQLite and Rust sort, and
-- the same after an upgrade of the system.

-- id: tells this database from every other, copies of it included, so that an index knows its own;
-- needs: which of these migrations a program must know to use it.
CREATE TABLE store (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id TEXT COLLATE "C" NOT NULL,
    needs BIGINT NOT NULL
);
INSERT INTO store (one, id, needs) VALUES (1, replace(gen_random_uuid()::text, '-', ''), 1);

-- n: the number of the newest change; pruned: that of the newest one no longer kept.
CREATE TABLE change_counter (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    n BIGINT NOT NULL,
    pruned BIGINT NOT NULL
);
INSERT INTO change_counter (one, n, pruned) VALUES (1, 0, 0);

CREATE TABLE changes (
    n BIGINT PRIMARY KEY,
    product_id TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('put', 'deleted')),
    changed_at BIGINT NOT NULL
);

CREATE TABLE producers (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('enabled', 'disabled')),
    claim_domains TEXT NOT NULL,
    regions TEXT NOT NULL
);

CREATE TABLE verified_domains (
    domain TEXT COLLATE "C" PRIMARY KEY,
    producer_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES producers (id),
    verified_at BIGINT NOT NULL,
    tried_at BIGINT NOT NULL
);
CREATE INDEX verified_domains_by_time ON verified_domains (verified_at);

CREATE TABLE agents (
    producer_id TEXT COLLATE "C" PRIMARY KEY REFERENCES producers (id),
    card_url TEXT NOT NULL,
    scheme TEXT NOT NULL CHECK (scheme IN ('hmac_sha256', 'bearer')),
    key_id TEXT COLLATE "C" NOT NULL,
    nonce BYTEA NOT NULL,
    sealed BYTEA NOT NULL
);

CREATE TABLE card_fetches (
    producer_id TEXT COLLATE "C" NOT NULL REFERENCES producers (id),
    fetched_at BIGINT NOT NULL,
    url TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('fetched', 'not_modified', 'failed')),
    reason TEXT,
    etag TEXT,
    body BYTEA,
    PRIMARY KEY (producer_id, fetched_at)
);
CREATE INDEX card_fetches_by_time ON card_fetches (fetched_at);

CREATE TABLE products (
    id TEXT COLLATE "C" PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Every slug a product has or had. Deferred, because the slug is claimed before the product is written.
CREATE TABLE product_slugs (
    slug TEXT COLLATE "C" PRIMARY KEY,
    product_id TEXT COLLATE "C" NOT NULL REFERENCES products (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX product_slugs_by_product ON product_slugs (product_id);

-- By the slug the producer named. It means the product that has the slug, or waits for one.
CREATE TABLE carries (
    producer_id TEXT COLLATE "C" NOT NULL REFERENCES producers (id),
    slug TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (producer_id, slug)
);
CREATE INDEX carries_by_slug ON carries (slug);

-- took_us is NULL until the quote is over; its calls come with its end.
CREATE TABLE quotes (
    id TEXT COLLATE "C" PRIMARY KEY,
    rfq_id TEXT COLLATE "C" NOT NULL UNIQUE,
    product_slug TEXT COLLATE "C" NOT NULL,
    product_name TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    region TEXT,
    deliver_by BIGINT,
    asked_at BIGINT NOT NULL,
    took_us BIGINT
);
CREATE INDEX quotes_by_time ON quotes (asked_at);

CREATE TABLE calls (
    quote_id TEXT COLLATE "C" NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
    producer_id TEXT COLLATE "C" NOT NULL REFERENCES producers (id),
    asked_at BIGINT NOT NULL,
    health_state TEXT NOT NULL,
    outcome_code BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    outcome_detail TEXT,
    latency_us BIGINT,
    offer_rank BIGINT,
    queue_us BIGINT,
    dns_us BIGINT,
    connect_us BIGINT,
    tls_us BIGINT,
    first_byte_us BIGINT,
    body_us BIGINT,
    problem TEXT,
    request BYTEA,
    answer_status BIGINT,
    answer BYTEA,
    PRIMARY KEY (quote_id, producer_id)
);
-- All that a scorecard needs, so that it reads nothing else.
CREATE INDEX calls_by_producer ON calls (producer_id, asked_at, outcome_code, latency_us, offer_rank);

-- rank and explanation are NULL until the quote is over, claimed_at until somebody goes to claim.
CREATE TABLE offers (
    id TEXT COLLATE "C" PRIMARY KEY,
    quote_id TEXT COLLATE "C" NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
    producer_id TEXT COLLATE "C" NOT NULL REFERENCES producers (id),
    rank BIGINT,
    price_cents BIGINT NOT NULL,
    shipping_cost_cents BIGINT,
    list_price_cents BIGINT,
    in_stock BIGINT NOT NULL CHECK (in_stock IN (0, 1)),
    shipping_days BIGINT,
    expires_at BIGINT NOT NULL,
    claim_url TEXT NOT NULL,
    producer_offer_id TEXT COLLATE "C",
    terms TEXT,
    explanation TEXT,
    claim_id TEXT COLLATE "C" NOT NULL UNIQUE,
    claimed_at BIGINT,
    UNIQUE (quote_id, producer_id),
    UNIQUE (quote_id, rank)
);

CREATE TABLE health (
    producer_id TEXT COLLATE "C" PRIMARY KEY REFERENCES producers (id),
    score DOUBLE PRECISION NOT NULL CHECK (score >= 0 AND score <= 1),
    calls BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The newest flush of each server that is applied, so that none is applied twice.
CREATE TABLE health_flushes (
    server TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
