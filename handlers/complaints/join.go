package complaints

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"cchcbot/bot"
)

// join makes one feature of the citizen's side and the other parts: they share
// one line of tables, one prefix of keys and buttons, and one place in the menu.
func join(f bot.Feature, parts []bot.Feature) bot.Feature {
	all := append([]bot.Feature{f}, parts...)
	for _, p := range parts {
		f.Routes = append(f.Routes, p.Routes...)
		f.Conversations = append(f.Conversations, p.Conversations...)
		f.Jobs = append(f.Jobs, p.Jobs...)
		f.Pages = append(f.Pages, p.Pages...)
		f.Nav = append(f.Nav, p.Nav...)
		f.Commands = append(f.Commands, p.Commands...)
	}
	f.Figures = func(ctx context.Context, p bot.Period, s bot.Scope) (out []bot.Figure, err error) {
		for _, part := range all {
			if part.Figures == nil {
				continue
			}
			figures, ferr := part.Figures(ctx, p, s)
			out, err = append(out, figures...), errors.Join(err, ferr)
		}
		return out, err
	}
	f.Export = func(ctx context.Context, tx bot.Tx, p bot.PersonID) (out []bot.Record, err error) {
		for _, part := range all {
			if part.Export == nil {
				continue
			}
			records, err := part.Export(ctx, tx, p)
			if err != nil {
				return nil, err
			}
			out = append(out, records...)
		}
		return out, nil
	}
	f.Forget = func(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
		for _, part := range all {
			if part.Forget == nil {
				continue
			}
			if err := part.Forget(ctx, tx, p); err != nil {
				return err
			}
		}
		return nil
	}
	if slices.ContainsFunc(all, func(p bot.Feature) bool { return p.Dropped != nil }) {
		f.Dropped = func(ctx context.Context, tx bot.Tx, k bot.SessionKey) error {
			for _, part := range all {
				if part.Dropped == nil {
					continue
				}
				if err := part.Dropped(ctx, tx, k); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return f
}

// merged are the migrations of several packages as one folder. Their numbers differ: a test looks.
type merged []fs.FS

// Open implements fs.FS.
func (m merged) Open(name string) (fs.File, error) {
	for _, f := range m {
		file, err := f.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Glob implements fs.GlobFS.
func (m merged) Glob(pattern string) ([]string, error) {
	var out []string
	for _, f := range m {
		names, err := fs.Glob(f, pattern)
		if err != nil {
			return nil, err
		}
		out = append(out, names...)
	}
	slices.Sort(out)
	return out, nil
}
