-- One text for SQLite and PostgreSQL. Moments are seconds since the epoch (BIGINT); JSON, hashes and sealed values
-- are TEXT. Citizens appear by keyed hash alone; what is named `sealed` only the vault opens.

-- Shows that the master key is the one this registry began with.
CREATE TABLE vault (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    proof TEXT NOT NULL
);

-- Counts the writes on a topic, so that every node notices a change by reading one small table.
CREATE TABLE changes (
    topic TEXT PRIMARY KEY,
    count BIGINT NOT NULL
);
INSERT INTO changes (topic, count) VALUES ('clients', 0), ('keys', 0);

CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    metadata TEXT NOT NULL,
    -- JSON list of digests: one at most today, a list so that two can overlap while a secret is being replaced.
    secrets TEXT NOT NULL,
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);

CREATE TABLE accounts (
    key TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    blocked_providers TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT NOT NULL
);

CREATE TABLE consents (
    sign_in TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    client TEXT NOT NULL,
    claims TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX consents_by_account ON consents (account, client, at);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    announced BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    sealed TEXT NOT NULL
);

-- The sign-ins that were finished, for as long as a late repetition could come.
CREATE TABLE finished (
    sign_in TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);
CREATE INDEX finished_by_age ON finished (at);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    sealed TEXT NOT NULL,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX outbox_by_due ON outbox (due);

CREATE TABLE journal (
    number BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    details TEXT NOT NULL,
    hash TEXT NOT NULL
);

-- The end of the chain, kept apart so that a tail that was cut off is missed, and sealed with the key of the journal.
-- Its row is made by the program, with that of the vault: only a registry without a master key has none.
CREATE TABLE journal_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL,
    hash TEXT NOT NULL,
    seal TEXT NOT NULL
);
