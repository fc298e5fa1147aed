-- Epochs of all nodes come from one counter: the row of a node that is gone need not stay.
INSERT INTO {p}counters (name, value) SELECT 'epoch', coalesce(max(epoch), 0) FROM {p}nodes;

DELETE FROM {p}nodes WHERE state = 'gone';
