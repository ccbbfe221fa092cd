-- What requests and habilitations refer to of the runs of the bench: the request that a run was opened for, whose site it
-- drove, what its report came to, and the habilitation that rests on it, for as long as which it is kept.
ALTER TABLE bench_runs ADD COLUMN request TEXT;
ALTER TABLE bench_runs ADD COLUMN organisation TEXT;
-- JSON: hosts, counts, the hash of the report.
ALTER TABLE bench_runs ADD COLUMN summary TEXT;
ALTER TABLE bench_runs ADD COLUMN habilitation TEXT;
CREATE INDEX bench_runs_by_organisation ON bench_runs (organisation, opened);

-- What a habilitation was granted on: JSON, reports or the reason of a reviewer.
ALTER TABLE habilitations ADD COLUMN homologation TEXT;

-- When time asked for something last: nothing is put away without a warning some days before.
ALTER TABLE habilitation_requests ADD COLUMN reminded_at BIGINT;
