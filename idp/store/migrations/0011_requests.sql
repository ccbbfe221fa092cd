-- Requests for habilitations and what is said about them. A form names people and how they are reached: it lies sealed, as do
-- the words of both sides. The columns beside it are for finding and counting.
CREATE TABLE habilitation_requests (
    id           TEXT   NOT NULL PRIMARY KEY,
    organisation TEXT   NOT NULL,
    departement  TEXT,
    state        TEXT   NOT NULL,
    -- When it came to this state: the queue of the reviewers is in its order.
    since        BIGINT NOT NULL,
    -- When anything was last done to it.
    touched      BIGINT NOT NULL,
    -- What time asked for last, so that it asks once.
    reminded     TEXT,
    version      BIGINT NOT NULL,
    sealed       TEXT   NOT NULL
);
CREATE INDEX habilitation_requests_by_state ON habilitation_requests (state, since, id);
CREATE INDEX habilitation_requests_by_organisation ON habilitation_requests (organisation, touched, id);
CREATE INDEX habilitation_requests_by_departement ON habilitation_requests (departement, state, since, id);
CREATE INDEX habilitation_requests_untouched ON habilitation_requests (state, touched);

-- Every version of the form: what two who write at once are compared with, and what was submitted.
CREATE TABLE habilitation_forms (
    request    TEXT   NOT NULL REFERENCES habilitation_requests (id),
    version    BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    -- The number of the submission, for those that were submitted.
    submission BIGINT,
    sealed     TEXT   NOT NULL,
    PRIMARY KEY (request, version)
);

-- What became of a request, as its page tells it.
CREATE TABLE habilitation_events (
    request TEXT   NOT NULL REFERENCES habilitation_requests (id),
    version BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    sealed  TEXT   NOT NULL,
    PRIMARY KEY (request, version)
);

CREATE TABLE habilitation_messages (
    id      TEXT   NOT NULL PRIMARY KEY,
    request TEXT   NOT NULL REFERENCES habilitation_requests (id),
    at      BIGINT NOT NULL,
    sealed  TEXT   NOT NULL
);
CREATE INDEX habilitation_messages_by_request ON habilitation_messages (request, at, id);

-- Up to where each side has read.
CREATE TABLE habilitation_looks (
    request TEXT   NOT NULL REFERENCES habilitation_requests (id),
    side    TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (request, side)
);

-- Texts that reviewers write often. They name nobody.
CREATE TABLE habilitation_templates (
    id      TEXT   NOT NULL PRIMARY KEY,
    answer  TEXT   NOT NULL,
    body    TEXT   NOT NULL,
    updated BIGINT NOT NULL
);
