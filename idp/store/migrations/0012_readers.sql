-- The reader that a case waits for. None on cases of before, and once the card and the finger were read.
ALTER TABLE desk_cases ADD COLUMN reader TEXT;
-- A reader is at work for one case.
CREATE UNIQUE INDEX desk_cases_reader ON desk_cases (reader) WHERE reader IS NOT NULL;

-- Those that wait to be accepted, for the operator.
CREATE INDEX readers_by_state ON readers (state, registered);
