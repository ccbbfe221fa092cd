-- Who is told of what becomes of requests. Address and secret lie sealed; the state beside them is for finding.
CREATE TABLE webhooks (
    id      TEXT   NOT NULL PRIMARY KEY,
    state   TEXT   NOT NULL,
    version BIGINT NOT NULL,
    sealed  TEXT   NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);

-- What they were told, and what they answered. The body names people: it lies sealed, as does the answer.
CREATE TABLE webhook_calls (
    id       TEXT   NOT NULL PRIMARY KEY,
    webhook  TEXT   NOT NULL,
    event    TEXT   NOT NULL,
    -- The request, and the number of its change; none for a test.
    request  TEXT,
    number   BIGINT,
    state    TEXT   NOT NULL,
    attempts BIGINT NOT NULL,
    status   BIGINT,
    tried    BIGINT,
    created  BIGINT NOT NULL,
    sealed   TEXT   NOT NULL,
    answer   TEXT
);
CREATE INDEX webhook_calls_by_webhook ON webhook_calls (webhook, created, id);
CREATE INDEX webhook_calls_by_age ON webhook_calls (created);

-- The calls that wait: the third queue of the outbox.
CREATE TABLE webhook_outbox (
    id       TEXT   NOT NULL PRIMARY KEY,
    sealed   TEXT   NOT NULL,
    due      BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created  BIGINT NOT NULL
);
CREATE INDEX webhook_outbox_by_due ON webhook_outbox (due);

-- What DataPass told last of each of its requests: what is older changes nothing. Of one second, the greater weight counts.
CREATE TABLE datapass_requests (
    id     TEXT   NOT NULL PRIMARY KEY,
    fired  BIGINT NOT NULL,
    weight BIGINT NOT NULL
);

-- Its messages that were taken, by digest, for as long as a repetition could come.
CREATE TABLE datapass_messages (
    digest TEXT   NOT NULL PRIMARY KEY,
    until  BIGINT NOT NULL
);
CREATE INDEX datapass_messages_by_end ON datapass_messages (until);
