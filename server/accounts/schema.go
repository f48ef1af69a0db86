package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// applicationID marks a SQLite file as ours: "MSNa".
const applicationID = 0x4d534e61

// migrations bring the database from the version that is their index to the next one; PRAGMA
// user_version holds the version. A released migration is never changed; new ones are appended.
var migrations = []string{
	`CREATE TABLE accounts (
		key      TEXT PRIMARY KEY,  -- the handle in lower case
		handle   TEXT NOT NULL,
		password BLOB NOT NULL,     -- sealed with the key file, bound to key
		name     TEXT NOT NULL,     -- friendly name, as on the wire
		gtc      TEXT NOT NULL,
		blp      TEXT NOT NULL,
		more     TEXT NOT NULL DEFAULT '', -- telephone numbers and groups, as the server writes them
		serial   INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	CREATE TABLE entries (
		id     INTEGER PRIMARY KEY, -- in the order of adding
		owner  TEXT NOT NULL,       -- key of an account
		list   INTEGER NOT NULL,    -- 0 FL, 1 RL, 2 AL, 3 BL
		key    TEXT NOT NULL,       -- of the user on the list
		handle TEXT NOT NULL,
		name   TEXT NOT NULL,
		UNIQUE (owner, list, key)
	) STRICT;
	CREATE TABLE seal (             -- one row: opens with the right key file only
		probe BLOB NOT NULL
	) STRICT;
	CREATE TABLE news (             -- what a running server must learn of; kept for a minute
		id      INTEGER PRIMARY KEY AUTOINCREMENT,
		at      INTEGER NOT NULL,   -- Unix time in seconds
		what    INTEGER NOT NULL,   -- this and the next are the fields of News
		owner   TEXT NOT NULL,
		serial  INTEGER NOT NULL,
		list    INTEGER NOT NULL,
		handle  TEXT NOT NULL,
		name    TEXT NOT NULL,
		setting INTEGER NOT NULL,
		value   TEXT NOT NULL,
		answer  INTEGER NOT NULL DEFAULT 0 -- of a server: 1 the user is not logged on, 2 it is and was told
	) STRICT;`,
}

var errForeign = errors.New("this is another program's database")

// migrate makes the tables, or brings those of an older version up to date. fresh reports that
// there were none.
func migrate(ctx context.Context, tx *sql.Tx) (fresh bool, err error) {
	var version, id, tables int
	for query, to := range map[string]*int{
		"PRAGMA user_version": &version, "PRAGMA application_id": &id, "SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := tx.QueryRowContext(ctx, query).Scan(to); err != nil {
			return false, err
		}
	}
	switch {
	case tables > 0 && id != applicationID:
		return false, errForeign
	case version > len(migrations):
		return false, fmt.Errorf("the database has version %d; this program knows versions up to %d", version,
			len(migrations))
	case version == len(migrations):
		return false, nil
	}
	for _, m := range migrations[version:] {
		if _, err := tx.ExecContext(ctx, m); err != nil {
			return false, err
		}
	}
	_, err = tx.ExecContext(ctx,
		fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", len(migrations), applicationID))
	return version == 0, err
}
