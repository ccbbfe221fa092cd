-- What requests and habilitations refer to of the runs of the bench: the request that a run was opened for, whose site it
-- drove, what its report came to, and the habilitation that rests on it, for as long as which it is kept.
ALTER TABLE bench_runs ADD COLUMN request TEXT;
ALTER TABLE bench_runs ADD COLUMN organisation TEXT;
-- JSON: hosts, counts, the hash of the report.
ALTER TABLE bench_runs ADD COLUMN summary TEXT;
ALTER TABLE bench_runs ADD COLUMN habilitation TEXT;
CREATE INDEX bench_runs_by_organisation ON bench_runs (organisation, opened);

-- What a habilitation was granted on: JSON, reports or the reason of a reviewer.
ALTER TABLE habilitations ADD COLUMN homologation TEXT;

-- When time asked for something last: nothing is put away without a warning some days before.
ALTER TABLE habilitation_requests ADD COLUMN reminded_at BIGINT;

-- What was warned of before something ended, whichever node came first: in days, the last one the smallest.
CREATE TABLE deadline_warnings (
    client TEXT   NOT NULL,
    -- What ends, by a name of its own.
    what   TEXT   NOT NULL,
    ends   BIGINT NOT NULL,
    warned BIGINT NOT NULL,
    PRIMARY KEY (client, what, ends)
);

-- When each public key of a client was seen first, by its thumbprint (RFC 7638).
CREATE TABLE client_keys (
    client     TEXT   NOT NULL,
    thumbprint TEXT   NOT NULL,
    first      BIGINT NOT NULL,
    PRIMARY KEY (client, thumbprint)
);

-- The key set of a client that keeps it at an address of its own: the one that is pinned, when it was seen there last, and
-- one that was refused because it had nothing in common with it.
CREATE TABLE client_key_sets (
    client     TEXT   NOT NULL PRIMARY KEY,
    uri        TEXT   NOT NULL,
    keys       TEXT   NOT NULL,
    pinned     TEXT   NOT NULL,
    seen       BIGINT NOT NULL,
    refused    TEXT,
    refused_at BIGINT
);

-- Domains of mail that are an organisation's own, by the word of the operator.
CREATE TABLE organisation_domains (
    siret  TEXT   NOT NULL,
    domain TEXT   NOT NULL,
    added  BIGINT NOT NULL,
    PRIMARY KEY (siret, domain)
);
