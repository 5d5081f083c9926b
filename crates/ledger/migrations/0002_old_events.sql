-- Finds the events that are old enough to be forgotten; those that could not be understood are kept for whoever looks into them.
CREATE INDEX events_by_receipt ON events (received_at) WHERE unprocessable IS NULL;
