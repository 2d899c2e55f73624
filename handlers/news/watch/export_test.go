package watch

import (
	"strings"
	"time"

	"cchcbot/handlers/news/items"
)

// Row understands the cells of a row that have a form of their own.
func Row(media, day, numbers string) ([]items.Medium, time.Time, []int64) {
	w := planWords{fold: strings.ToLower, media: map[string]items.Medium{"zalo": items.MediumBot, "báo": items.MediumNewspaper, "loa": items.MediumLoudspeaker}}
	c, _ := w.campaign(map[column]string{colMedia: media, colStarts: day, colEnds: day, colItems: numbers})
	return c.Media, c.Starts, c.Items
}

// Bar are the lengths of the pieces of the bar, in thousandths.
func Bar(f items.Figures) (widths []int) {
	for _, p := range barOf(f) {
		widths = append(widths, p.Width)
	}
	return widths
}
