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

-- The metadata of a client as they were, with who changed them. Who made the first one of a client of before is not known.
CREATE TABLE client_versions (
    client   TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    author   TEXT,
    metadata TEXT   NOT NULL,
    PRIMARY KEY (client, version)
);

-- Domains of mail that are an organisation's own, by the word of the operator.
CREATE TABLE organisation_domains (
    siret  TEXT   NOT NULL,
    domain TEXT   NOT NULL,
    added  BIGINT NOT NULL,
    PRIMARY KEY (siret, domain)
);
