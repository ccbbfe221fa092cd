-- Communes, their agents and their desk readers. Who an agent is and what they may do stands in `sealed` alone; the
-- columns beside it are for finding and counting. `team` counts the changes of a commune's people: a decision on them is
-- kept only if nothing changed since they were read.
CREATE TABLE communes (
    code           TEXT   NOT NULL PRIMARY KEY,
    name           TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    certifies_from BIGINT,
    team           BIGINT NOT NULL,
    created        BIGINT NOT NULL,
    updated        BIGINT NOT NULL
);

CREATE TABLE agents (
    id       TEXT   NOT NULL PRIMARY KEY,
    commune  TEXT   NOT NULL REFERENCES communes (code),
    -- The keyed hash of the mail address.
    mail_key TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    trained  BIGINT,
    sealed   TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL
);
CREATE INDEX agents_by_commune ON agents (commune);
-- One person, one account.
CREATE UNIQUE INDEX agents_by_mail ON agents (commune, mail_key) WHERE state <> 'removed';

CREATE TABLE passkeys (
    -- The hash of the credential id.
    id        TEXT   NOT NULL PRIMARY KEY,
    agent     TEXT   NOT NULL REFERENCES agents (id),
    sealed    TEXT   NOT NULL,
    added     BIGINT NOT NULL,
    last_used BIGINT
);
CREATE INDEX passkeys_by_agent ON passkeys (agent);

CREATE TABLE invitations (
    -- Derived from the secret in the link, which is kept nowhere.
    place TEXT   NOT NULL PRIMARY KEY,
    agent TEXT   NOT NULL REFERENCES agents (id),
    ends  BIGINT NOT NULL
);
CREATE INDEX invitations_by_agent ON invitations (agent);

CREATE TABLE readers (
    id         TEXT   NOT NULL PRIMARY KEY,
    commune    TEXT   NOT NULL REFERENCES communes (code),
    -- The thumbprint of its key (RFC 7638).
    jkt        TEXT   NOT NULL UNIQUE,
    state      TEXT   NOT NULL,
    sealed     TEXT   NOT NULL,
    registered BIGINT NOT NULL
);
CREATE INDEX readers_by_commune ON readers (commune);
