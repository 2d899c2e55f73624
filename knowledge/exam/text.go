package exam

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// WriteText writes the report as tables for a terminal.
func WriteText(w io.Writer, r Report) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	rows := []struct {
		name  string
		value fmt.Stringer
	}{
		{"right at first place", r.Top1}, {"right among the first three", r.Top3}, {"mean reciprocal rank", r.MRR},
		{"right facet", r.Facet}, {"out of scope, refused", r.OutOfScopeRefused},
		{"in scope, refused (lower is better)", r.InScopeRefused},
		{"in scope, taken for talk or another feature", r.Diverted},
		{"of the refused, out of scope", r.Refusing.Precision},
	}
	fmt.Fprintf(tw, "questions\t%d\n", r.Questions)
	for _, row := range rows {
		fmt.Fprintf(tw, "%s\t%s\n", row.name, row.value)
	}
	if r.Refusing.Recall.Of > 0 {
		fmt.Fprintf(tw, "refusing, F1\t%.3f\n", r.Refusing.F1())
	}
	fmt.Fprintf(tw, "time, half of them below\t%.3f ms\n", r.P50)
	fmt.Fprintf(tw, "time, 99 of 100 below\t%.3f ms\n", r.P99)
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(tw, "\npart\tquestions\tfirst\tfirst three\trefused\tdiverted\tasked back\tboth\tfacet\n")
	writeParts(tw, r.Parts, "")
	writeParts(tw, r.Toneless, ", tones stripped")
	if err := tw.Flush(); err != nil {
		return err
	}
	if len(r.ByTag) > 0 {
		fmt.Fprintf(tw, "\ntag\tquestions\tfirst\tfirst three\n")
		for _, t := range slices.Sorted(maps.Keys(r.ByTag)) {
			tr := r.ByTag[t]
			fmt.Fprintf(tw, "%s\t%d\t%s\t%s\n", t, tr.Questions, tr.Top1.percent(), tr.Top3.percent())
		}
	}
	return tw.Flush()
}

func writeParts(w io.Writer, parts map[Part]PartReport, suffix string) {
	for _, name := range Parts {
		p, ok := parts[name]
		if !ok {
			continue
		}
		fmt.Fprintf(w, "%s%s\t%d", name, suffix, p.Questions)
		for _, s := range []Share{p.Top1, p.Top3, p.Refused, p.Diverted, p.AskedBack, p.Both, p.Facet} {
			fmt.Fprintf(w, "\t%s", s.percent())
		}
		fmt.Fprintln(w)
	}
}

func (s Share) percent() string {
	if s.Of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*s.Value())
}
