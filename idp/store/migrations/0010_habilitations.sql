-- What relying parties were granted, each a snapshot: of its columns only the state and what stands beside it change.
CREATE TABLE habilitations (
    id           TEXT   NOT NULL PRIMARY KEY,
    environment  TEXT   NOT NULL,
    -- Whose, and for which request; none for one that an operator made.
    organisation TEXT,
    request      TEXT,
    -- JSON list of names.
    scopes       TEXT   NOT NULL,
    level        TEXT   NOT NULL,
    starts       BIGINT NOT NULL,
    ends         BIGINT,
    state        TEXT   NOT NULL,
    -- Who brought the state about, why, when.
    author       TEXT   NOT NULL,
    reason       TEXT,
    updated      BIGINT NOT NULL,
    created      BIGINT NOT NULL
);
CREATE INDEX habilitations_by_organisation ON habilitations (organisation);

-- The habilitation of a client; without one nothing is released to it. Rows of before are marked, and given one of an
-- operator by the program that brings the schema here: a node of the version before does not look at the column.
ALTER TABLE clients ADD COLUMN habilitation TEXT;
UPDATE clients SET habilitation = 'of-before';
CREATE INDEX clients_by_habilitation ON clients (habilitation);

-- When the secrets of a client were made and when they end: JSON, by the name of each. Apart from `secrets`, which a
-- node of the version before reads as a list of digests.
ALTER TABLE clients ADD COLUMN secret_terms TEXT;

-- The day of the last use of a secret, and the last warning that was given before its end, in days.
CREATE TABLE secret_uses (
    client   TEXT   NOT NULL,
    secret   TEXT   NOT NULL,
    last_day BIGINT,
    warned   BIGINT,
    PRIMARY KEY (client, secret)
);

-- What is switched off.
CREATE TABLE switches (
    kind   TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    author TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    since  BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);
INSERT INTO changes (topic, count) VALUES ('switches', 0);
