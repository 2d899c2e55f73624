// Package handlers lists the features, in menu order: where two could answer
// the same free text, the first one does.
package handlers

import (
	"cchcbot/bot"
	"cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/procedures"
)

// Deps is what the features are built from.
type Deps struct {
	Menu       menu.Options
	Directory  directory.Options
	Procedures procedures.Options
}

// All builds every feature.
func All(d Deps) ([]bot.Feature, error) {
	var all []bot.Feature
	for _, build := range []func() (bot.Feature, error){
		func() (bot.Feature, error) { return menu.New(d.Menu) },
		func() (bot.Feature, error) { return directory.New(d.Directory) },
		func() (bot.Feature, error) { return procedures.New(d.Procedures) },
	} {
		f, err := build()
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}
