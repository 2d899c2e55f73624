package stale

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
)

// How links are checked.
const (
	linksEvery  = 2 * time.Second    // one round: one link of each host
	atOnce      = 3                  // hosts of a round
	between     = time.Second        // two requests to one host
	checkAgain  = 7 * 24 * time.Hour // a link that answers
	failedAgain = 20 * time.Hour     // one that does not: on another day
	brokenAfter = 2                  // days
	checkLimit  = 20 * time.Second
	maxLinks    = 20_000
	addAtOnce   = 500 // rows in one unit of work
)

// CheckLinks asks for the links whose turn it is, at most one of a host.
func (b *Book) CheckLinks(ctx context.Context) error {
	if err := b.sync(ctx); err != nil {
		return err
	}
	due, err := b.due(ctx)
	if err != nil {
		return err
	}
	for _, address := range due {
		status, reason := b.ask(ctx, address)
		if ctx.Err() != nil {
			return ctx.Err() // the program ends: it says nothing of the link
		}
		if err := b.note(ctx, address, status, reason); err != nil {
			return err
		}
	}
	return nil
}

// due are the links whose turn it is, one of a host.
func (b *Book) due(ctx context.Context) ([]string, error) {
	rows, err := b.opt.Read.QueryContext(ctx, `select url from procedures_links where due <= $1 order by due, url limit 50`, b.opt.Now().UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("links to check: %w", err)
	}
	defer rows.Close()
	var out []string
	hosts := map[string]bool{}
	for rows.Next() {
		var address string
		if err := rows.Scan(&address); err != nil {
			return nil, fmt.Errorf("links to check: %w", err)
		}
		host := hostOf(address)
		if len(out) < atOnce && !hosts[host] {
			out = append(out, address)
		}
		hosts[host] = true
	}
	return out, rows.Err()
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// ask asks for the head of a page, then for the page: some servers know no HEAD. reason is "" when it is there.
func (b *Book) ask(ctx context.Context, address string) (status int, reason string) {
	if b.opt.Check(address) != nil {
		return 0, "address"
	}
	for i, method := range []string{http.MethodHead, http.MethodGet} {
		if i > 0 {
			if err := b.opt.Pause(ctx, between); err != nil {
				return 0, "stopped"
			}
		}
		status, reason = b.request(ctx, method, address)
		if reason == "" {
			break
		}
	}
	return status, reason
}

func (b *Book) request(ctx context.Context, method, address string) (int, string) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return 0, "address"
	}
	r.Header.Set("User-Agent", "cchcbot (link check)")
	resp, err := b.opt.Open(r)
	if err != nil {
		return 0, "unreachable"
	}
	_ = resp.Body.Close() // nothing of it is read
	if resp.StatusCode < 400 || resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusTooManyRequests {
		return resp.StatusCode, "" // it is there, though not for programs
	}
	return resp.StatusCode, "status"
}

// note writes how a link answered. Only another day makes a failure count again.
func (b *Book) note(ctx context.Context, address string, status int, reason string) error {
	now := b.opt.Now()
	return b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if reason == "" {
			_, err = tx.ExecContext(ctx, `update procedures_links set due = $2, checked = $3, status = $4, reason = '', failed = 0, day = '' where url = $1`,
				address, now.Add(checkAgain).UnixMilli(), now.UnixMilli(), status)
		} else {
			_, err = tx.ExecContext(ctx, `update procedures_links set due = $2, checked = $3, status = $4, reason = $5, failed = case when day = $6 then failed else failed + 1 end, day = $6 where url = $1`,
				address, now.Add(failedAgain).UnixMilli(), now.UnixMilli(), status, reason, entries.Today(now))
		}
		if err != nil {
			return fmt.Errorf("note a link: %w", err)
		}
		return nil
	})
}

// sync takes in the links of what is published, when another revision counts.
func (b *Book) sync(ctx context.Context) error {
	revision, err := entries.Published(ctx, b.opt.Read)
	if err != nil || b.synced.Load() == revision+1 {
		return err
	}
	heads, err := entries.Heads(ctx, b.opt.Read)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, e := range heads {
		if strings.HasPrefix(e.SourceURL, "https://") && e.Status.InForce() && len(wanted) < maxLinks {
			wanted[e.SourceURL] = true
		}
	}
	have, err := b.links(ctx)
	if err != nil {
		return err
	}
	var add, remove []string
	for u := range wanted {
		if !have[u] {
			add = append(add, u)
		}
	}
	for u := range have {
		if !wanted[u] {
			remove = append(remove, u)
		}
	}
	if err := b.each(ctx, add, `insert into procedures_links (url, due) values ($1, 0) on conflict do nothing`); err != nil {
		return err
	}
	if err := b.each(ctx, remove, `delete from procedures_links where url = $1`); err != nil {
		return err
	}
	b.synced.Store(revision + 1)
	return nil
}

func (b *Book) links(ctx context.Context) (map[string]bool, error) {
	rows, err := b.opt.Read.QueryContext(ctx, `select url from procedures_links`)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var u string
		if err := rows.Scan(&u); err != nil {
			return nil, fmt.Errorf("links: %w", err)
		}
		out[u] = true
	}
	return out, rows.Err()
}

// each runs a statement for every link, some hundred in one unit of work.
func (b *Book) each(ctx context.Context, list []string, statement string) error {
	for len(list) > 0 {
		n := min(len(list), addAtOnce)
		batch := list[:n]
		list = list[n:]
		err := b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			for _, u := range batch {
				if _, err := tx.ExecContext(ctx, statement, u); err != nil {
					return fmt.Errorf("take in links: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
