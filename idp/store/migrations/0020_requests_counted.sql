-- The queue of the reviewers counts requests by state, and filters them by département, without reading the requests.
DROP INDEX habilitation_requests_by_state;
CREATE INDEX habilitation_requests_by_state ON habilitation_requests (state, since, id, departement);
CREATE INDEX habilitations_by_request ON habilitations (request);
