-- Identities on cards. `card` is a keyed hash; who the citizen is stands nowhere, where to write them in `sealed` alone.
CREATE TABLE card_identities (
    id              TEXT   NOT NULL PRIMARY KEY,
    -- None once the record of a closed identity is erased.
    card            TEXT,
    state           TEXT   NOT NULL,
    created         BIGINT NOT NULL,
    closed          BIGINT,
    -- When time alone makes something else of it.
    next_change     BIGINT,
    certified_until BIGINT,
    -- The last reminder that was given for that end, in days before it, and when the next one is due.
    reminded        BIGINT,
    remind_at       BIGINT,
    version         BIGINT NOT NULL,
    sealed          TEXT
);
-- One live identity for each card.
CREATE UNIQUE INDEX card_identities_live ON card_identities (card) WHERE state <> 'closed';
CREATE INDEX card_identities_due ON card_identities (next_change);
CREATE INDEX card_identities_reminders ON card_identities (remind_at);
CREATE INDEX card_identities_closed ON card_identities (closed);

-- Cases at the desks. What stands beside `sealed` is for finding and counting, and outlives it.
CREATE TABLE desk_cases (
    id        TEXT   NOT NULL PRIMARY KEY,
    commune   TEXT   NOT NULL,
    agent     TEXT   NOT NULL,
    opened    BIGINT NOT NULL,
    decided   BIGINT,
    outcome   TEXT,
    -- When card and code were shown after the approval: the certification itself.
    activated BIGINT,
    version   BIGINT NOT NULL,
    -- None once the record is erased.
    sealed    TEXT
);
CREATE INDEX desk_cases_by_commune ON desk_cases (commune, opened);
CREATE INDEX desk_cases_by_agent ON desk_cases (agent, opened);
CREATE INDEX desk_cases_by_decision ON desk_cases (decided);
CREATE INDEX desk_cases_by_activation ON desk_cases (activated);
CREATE INDEX card_identities_by_state ON card_identities (state, certified_until);

-- The reports that were sent to communes: one for each fortnight.
CREATE TABLE commune_reports (
    commune   TEXT   NOT NULL,
    fortnight BIGINT NOT NULL,
    sent      BIGINT NOT NULL,
    PRIMARY KEY (commune, fortnight)
);
