package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

func openState(t testing.TB, path string, now func() time.Time) (*store.State, *sqldb.DB) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: path, Synchronous: sqldb.Normal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := store.NewState(t.Context(), db, now)
	if err != nil {
		t.Fatal(err)
	}
	return s, db
}

func TestStateKeepsTheContract(t *testing.T) {
	bottest.State(t, func(t *testing.T) (bot.State, func(time.Duration)) {
		c := newClock()
		s, _ := openState(t, filepath.Join(t.TempDir(), "state.db"), c.Now)
		return s, c.Advance
	})
}

func TestSessionsSurviveARestartAndLocksDoNot(t *testing.T) {
	c, path := newClock(), filepath.Join(t.TempDir(), "state.db")
	s, db := openState(t, path, c.Now)
	version, err := s.SaveSession(t.Context(), "a", []byte("sealed"), 0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Lock(t.Context(), "a", time.Hour); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, _ = openState(t, path, c.Now)
	data, v, err := s.Session(t.Context(), "a")
	if err != nil || string(data) != "sealed" || v != version {
		t.Fatalf("session %q, version %d, %v", data, v, err)
	}
	if next, err := s.SaveSession(t.Context(), "a", nil, v, time.Hour); err != nil || next <= v {
		t.Fatalf("version %d after %d, %v", next, v, err)
	}
	if _, ok, err := s.Lock(t.Context(), "a", time.Hour); !ok || err != nil {
		t.Fatal("the lock of a process that ended is still held", err)
	}
}

func TestAVersionDoesNotComeBack(t *testing.T) {
	s, _ := openState(t, filepath.Join(t.TempDir(), "state.db"), newClock().Now)
	old, err := s.SaveSession(t.Context(), "a", []byte("one"), 0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteSession(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveSession(t.Context(), "a", []byte("two"), 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveSession(t.Context(), "a", []byte("late"), old, time.Hour); err != bot.ErrConflict {
		t.Fatalf("a save over the session before: %v", err)
	}
}

func TestEndedSessionsAreSweptAway(t *testing.T) {
	c := newClock()
	s, db := openState(t, filepath.Join(t.TempDir(), "state.db"), c.Now)
	save := func(prefix string, n int) {
		for i := range n {
			if _, err := s.SaveSession(t.Context(), fmt.Sprint(prefix, i), []byte("x"), 0, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	}
	save("old", 600)
	c.Advance(time.Hour)
	save("new", 600)
	var n int
	if err := db.Read().QueryRow("select count(*) from sessions where expiry <= $1", c.Now().UnixMilli()).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Fatalf("%d ended sessions are still in the file", n)
	}
}
