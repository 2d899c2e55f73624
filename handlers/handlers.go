// Package handlers lists the features, in menu order: where two could answer
// the same free text, the first one does.
package handlers

import (
	"slices"

	"cchcbot/bot"
	"cchcbot/handlers/calendar"
	"cchcbot/handlers/complaints"
	"cchcbot/handlers/console"
	"cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/news"
	"cchcbot/handlers/procedures"
)

// Deps is what the features are built from.
type Deps struct {
	Menu       menu.Options
	Complaints complaints.Options
	Directory  directory.Options
	Procedures procedures.Options
	News       news.Options
	Calendar   calendar.Options
	Console    console.Options
}

// All builds every feature.
func All(d Deps) ([]bot.Feature, error) {
	var all []bot.Feature
	for _, build := range []func() (bot.Feature, error){
		func() (bot.Feature, error) { return menu.New(d.Menu) },
		func() (bot.Feature, error) { return complaints.New(d.Complaints) },
		func() (bot.Feature, error) { return directory.New(d.Directory) },
		func() (bot.Feature, error) { return procedures.New(d.Procedures) },
		func() (bot.Feature, error) { return news.New(d.News) },
		func() (bot.Feature, error) { return calendar.New(d.Calendar) },
		// Last: its start page shows the figures of the others.
		func() (bot.Feature, error) {
			d.Console.Features = slices.Clone(all)
			return console.New(d.Console)
		},
	} {
		f, err := build()
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}
