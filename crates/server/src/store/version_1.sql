-- What the folder is for: the migration's identity, and the sealift that last brought it up to date.
CREATE TABLE about (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The journal, append-only: one JSON line per event.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    event TEXT NOT NULL
) STRICT;

-- The progress a `status` in another terminal sees: one row, rewritten.
CREATE TABLE progress (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    at TEXT NOT NULL,
    snapshot TEXT NOT NULL
) STRICT;

-- Small facts a later command needs, as JSON.
CREATE TABLE record (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
