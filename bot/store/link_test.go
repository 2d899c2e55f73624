package store_test

import (
	"context"
	"errors"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// An officer's chat is linked once, moves with a new one, and is nobody else's.
func TestOfficersAreLinkedWithTheirChats(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	person := func(since int64) (p bot.PersonID) {
		w.must(w.db.Write(ctx, func(tx *sqldb.Tx) error {
			return tx.Get(`insert into persons (since) values ($1) returning id`, []any{since}, &p)
		}))
		return p
	}
	first, second := person(1), person(2)
	add := func(name string, active bool) int64 {
		id, err := w.SaveOfficer(ctx, bot.Officer{Name: name, Email: name + "@x.vn", Active: active}, "test")
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	an, binh, gone := add("an", true), add("binh", true), add("gone", false)
	link := func(officer int64, p bot.PersonID) error {
		unit, err := w.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.LinkOfficer(ctx, unit.Tx(), officer, p); err != nil {
			return errors.Join(err, unit.Rollback())
		}
		return unit.Commit(context.WithoutCancel(ctx))
	}
	if err := link(an, first); err != nil {
		t.Fatal(err)
	}
	if o, err := w.OfficerOf(ctx, first); err != nil || o.ID != an {
		t.Errorf("the person is officer %d, %v", o.ID, err)
	}
	if err := link(binh, first); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("a colleague's chat: %v", err)
	}
	for name, err := range map[string]error{"not active": link(gone, second), "unknown": link(999, second)} {
		if !bot.IsCode(err, bot.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := link(an, 0); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("nobody: %v", err)
	}
	if err := link(an, second); err != nil {
		t.Fatal(err)
	}
	if _, err := w.OfficerOf(ctx, first); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("the old chat still acts: %v", err)
	}
}
