-- Runs of the homologation bench. What a run works with lies sealed while it lasts, and is gone with its keys at its end; its
-- lines and its report stay, for whoever decides on the request.
CREATE TABLE bench_runs (
    -- The keyed hash of its name: the name is the way to its issuer.
    place    TEXT   NOT NULL PRIMARY KEY,
    service  TEXT   NOT NULL,
    stage    TEXT   NOT NULL,
    opened   BIGINT NOT NULL,
    ends     BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    -- Its name, for the pages of its service.
    name     TEXT   NOT NULL,
    working  TEXT,
    outcome  TEXT,
    hash     TEXT,
    report   TEXT
);
CREATE INDEX bench_runs_by_service ON bench_runs (service, opened);
CREATE INDEX bench_runs_by_end ON bench_runs (ends);

CREATE TABLE bench_lines (
    place  TEXT   NOT NULL REFERENCES bench_runs (place),
    number BIGINT NOT NULL,
    sealed TEXT   NOT NULL,
    PRIMARY KEY (place, number)
);
