-- How often what happened at a service on a day of UTC, counted from 1970-01-01. No row is about a person.
CREATE TABLE service_figures (
    client TEXT   NOT NULL,
    day    BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    count  BIGINT NOT NULL,
    PRIMARY KEY (client, day, kind, name)
);
CREATE INDEX service_figures_by_day ON service_figures (day);
