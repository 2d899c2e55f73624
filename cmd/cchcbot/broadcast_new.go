package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// BroadcastNewCmd is `cchcbot broadcast new`.
type BroadcastNewCmd struct {
	File       string   `arg:"" optional:"" help:"YAML or JSON file with title, summary, body, link, source_kind, source_name, topics, places, audience, quiet. What a flag says goes before it."`
	Title      string   `help:"At most 150 letters."`
	Summary    string   `help:"What a message carries, at most 1000 letters."`
	Body       string   `help:"What the column shows besides."`
	Link       string   `help:"Address of a web page."`
	SourceKind string   `enum:",department,portal,newspaper,station" default:"" help:"department, portal, newspaper or station."`
	SourceName string   `help:"In place of the kind's own name."`
	Topic      []string `help:"Ids of topics: cchc, thu-tuc, hoi-thi, guong, duong-day-nong, or of fields."`
	Place      []string `help:"Only for these units: names, codes or ids. Default: everywhere."`
	Audience   string   `help:"Whom it concerns, in words."`
	Quiet      bool     `help:"Only for the column: nobody is written to."`
	Corrects   int64    `help:"Number of the item that this one corrects."`
	DryRun     bool     `help:"Only say who would get it, and how channels carry it."`
	who
}

// Help is the example below --help.
func (BroadcastNewCmd) Help() string {
	return "Examples:\n  cchcbot broadcast new tin.yaml --dry-run --as lan@haiduong.gov.vn\n" +
		"  cchcbot broadcast new --title 'Mo cua sang thu bay' --summary 'Tu 05/12, mot cua xa lam viec sang thu bay.' --topic cchc --as lan@haiduong.gov.vn"
}

// newsFile is an item as a file.
type newsFile struct {
	Title      string   `yaml:"title"`
	Summary    string   `yaml:"summary"`
	Body       string   `yaml:"body"`
	Link       string   `yaml:"link"`
	SourceKind string   `yaml:"source_kind"`
	SourceName string   `yaml:"source_name"`
	Topics     []string `yaml:"topics"`
	Places     []string `yaml:"places"`
	Audience   string   `yaml:"audience"`
	Quiet      bool     `yaml:"quiet"`
}

// content is the file with what flags say over it.
func (c *BroadcastNewCmd) content() (f newsFile, err error) {
	if c.File != "" {
		raw, err := readSetting(c.File)
		if err != nil {
			return f, &usageError{err.Error()}
		}
		if err := yaml.UnmarshalWithOptions(raw, &f, yaml.Strict()); err != nil {
			return f, &usageError{fmt.Sprintf("%s: %s", filepath.Base(c.File), yaml.FormatError(err, false, true))}
		}
	}
	for _, x := range []struct {
		to   *string
		from string
	}{{&f.Title, c.Title}, {&f.Summary, c.Summary}, {&f.Body, c.Body}, {&f.Link, c.Link}, {&f.SourceKind, c.SourceKind}, {&f.SourceName, c.SourceName}, {&f.Audience, c.Audience}} {
		if x.from != "" {
			*x.to = x.from
		}
	}
	if len(c.Topic) > 0 {
		f.Topics = c.Topic
	}
	if len(c.Place) > 0 {
		f.Places = c.Place
	}
	f.Quiet = f.Quiet || c.Quiet
	if f.SourceKind == "" {
		f.SourceKind = items.SourceDepartment
	}
	if f.Title == "" || f.Summary == "" || len(f.Topics) == 0 {
		return f, &usageError{"an item needs title, summary and a topic, from a file or from flags"}
	}
	return f, nil
}

// places are the units of today that names mean.
func (n *newsroom) places(names []string) (ids []string, err error) {
	dir := n.h.directory()
	for _, name := range names {
		found, err := readPlace(dir, name)
		if err != nil {
			return nil, err
		}
		if len(found) != 1 {
			return nil, &usageError{fmt.Sprintf("%d units go by the name %q; give a code or an id", len(found), name)}
		}
		for _, p := range dir.Today(found[0]) {
			ids = append(ids, p.Place.ID)
		}
	}
	return ids, nil
}

// Run writes the draft.
func (c *BroadcastNewCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	f, err := c.content()
	if err != nil {
		return err
	}
	return c.withRoom(ctx, cfg, io, func(n *newsroom) error {
		k := items.Content{Title: f.Title, Summary: f.Summary, Body: f.Body, Link: f.Link, SourceKind: f.SourceKind, SourceName: f.SourceName, Topics: f.Topics, Audience: f.Audience, Quiet: f.Quiet}
		var err error
		if k.Places, err = n.places(f.Places); err != nil {
			return err
		}
		var it items.Item
		if err := n.unit(ctx, c.DryRun, func(ctx context.Context, w *bot.Work) (_ int64, err error) {
			it, err = n.h.news.Draft(ctx, w, n.actor, k, c.Corrects, "")
			return it.ID, err
		}); err != nil {
			return err
		}
		if !c.DryRun {
			fmt.Fprintf(io.out, "draft %d, hash %s\n", it.ID, it.Hash)
			return nil
		}
		if err := n.audience(ctx, it); err != nil {
			return err
		}
		if err := n.preview(ctx, it); err != nil {
			return err
		}
		fmt.Fprintln(io.out, "dry run: nothing was written")
		return nil
	})
}
