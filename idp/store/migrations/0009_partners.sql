-- The partners' space. Who a partner is and what they may do stands in `sealed` alone; the columns beside it are for finding
-- and counting. `version` of a team counts the changes of its people: a decision on them is kept only if nothing changed
-- since they were read.
CREATE TABLE teams (
    -- A SIRET, or `operators`.
    name    TEXT   NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO teams (name, version) VALUES ('operators', 0);

CREATE TABLE organisations (
    siret   TEXT   NOT NULL PRIMARY KEY REFERENCES teams (name),
    sealed  TEXT   NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);

CREATE TABLE partners (
    id       TEXT   NOT NULL PRIMARY KEY,
    -- The keyed hash of the mail address.
    mail_key TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    sealed   TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL
);
-- One address, one account.
CREATE UNIQUE INDEX partners_by_mail ON partners (mail_key) WHERE state <> 'removed';

CREATE TABLE members (
    team    TEXT   NOT NULL REFERENCES teams (name),
    partner TEXT   NOT NULL REFERENCES partners (id),
    sealed  TEXT   NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (team, partner)
);
CREATE INDEX members_by_partner ON members (partner);

CREATE TABLE partner_invitations (
    -- Derived from the secret in the link, which is kept nowhere.
    place  TEXT   NOT NULL PRIMARY KEY,
    team   TEXT   NOT NULL REFERENCES teams (name),
    sealed TEXT   NOT NULL,
    ends   BIGINT NOT NULL
);
CREATE INDEX partner_invitations_by_team ON partner_invitations (team);

CREATE TABLE partner_passkeys (
    -- The hash of the credential id.
    id        TEXT   NOT NULL PRIMARY KEY,
    partner   TEXT   NOT NULL REFERENCES partners (id),
    sealed    TEXT   NOT NULL,
    added     BIGINT NOT NULL,
    last_used BIGINT
);
CREATE INDEX partner_passkeys_by_partner ON partner_passkeys (partner);

-- A session counts for as long as its row stands here: whoever takes the row away ends it, on every node.
CREATE TABLE partner_sessions (
    id      TEXT   NOT NULL PRIMARY KEY,
    partner TEXT   NOT NULL REFERENCES partners (id),
    passkey TEXT   NOT NULL,
    began   BIGINT NOT NULL,
    ends    BIGINT NOT NULL
);
CREATE INDEX partner_sessions_by_partner ON partner_sessions (partner);

CREATE TABLE partner_recoveries (
    id      TEXT   NOT NULL PRIMARY KEY,
    partner TEXT   NOT NULL REFERENCES partners (id),
    state   TEXT   NOT NULL,
    -- Derived from the secret in the link, once a second person agreed.
    place   TEXT,
    asked   BIGINT NOT NULL,
    ends    BIGINT NOT NULL
);
CREATE INDEX partner_recoveries_by_partner ON partner_recoveries (partner);
-- One at a time.
CREATE UNIQUE INDEX partner_recoveries_open ON partner_recoveries (partner) WHERE state IN ('asked', 'approved');
