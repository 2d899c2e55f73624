package entries_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"cchcbot/bot/sqldb"
	"cchcbot/handlers/procedures/entries"
)

// TestRevisionsOfBeforeAreALine: a database of the first version, rolled back in it, goes on.
func TestRevisionsOfBeforeAreALine(t *testing.T) {
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(t.TempDir(), "old.db"), Synchronous: sqldb.Normal})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	first, err := fs.ReadFile(entries.Schema(), "0001_init.sql")
	must(t, err)
	must(t, db.Migrate(t.Context(), "procedures", fstest.MapFS{"0001_init.sql": {Data: first}}))
	must(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for _, q := range []string{
			`insert into procedures_revisions (revision, published, actor, note, added, changed) values (1, 1, 'a', '', 1, 0), (2, 2, 'a', '', 0, 1), (5, 3, 'a', '', 0, 1)`,
			`insert into procedures_entries (code, revision, origin, head, body) values ('1.1', 1, 'import', '{"code":"1.1","name":"một"}', '{"code":"1.1","name":"một"}'),
				('1.1', 2, 'import', '{"code":"1.1","name":"hai"}', '{"code":"1.1","name":"hai"}'), ('1.1', 5, 'import', '{"code":"1.1","name":"năm"}', '{"code":"1.1","name":"năm"}')`,
			`update procedures_published set revision = 2`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	}))
	must(t, db.Migrate(t.Context(), "procedures", entries.Schema()))
	list, err := entries.Revisions(t.Context(), db.Read(), 0, 10)
	must(t, err)
	var lines []bool
	var bases []int64
	for _, r := range list {
		lines, bases = append(lines, r.Line), append(bases, r.Base)
	}
	if !slices.Equal(lines, []bool{false, true, true}) || !slices.Equal(bases, []int64{2, 1, 0}) {
		t.Errorf("the lines are %v, the bases %v", lines, bases)
	}
	if e, err := entries.Get(t.Context(), db.Read(), "1.1"); err != nil || e.Name != "hai" {
		t.Errorf("published is %+v, %v", e, err)
	}
}
