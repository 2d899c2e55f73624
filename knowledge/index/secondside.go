package index

import (
	"slices"

	"cchcbot/knowledge"
)

// askedSides finds a second side of the procedure ("cần giấy gì và bao lâu"), and
// whether there was a third.
func (x *Index) askedSides(found *knowledge.Found, query knowledge.Query) {
	if found.Outcome != knowledge.Answer || len(found.Hits) == 0 || found.Facet == knowledge.Overview {
		return
	}
	sides := x.sides(x.message(query.Text))
	if found.Facet == knowledge.Fee && len(sides) > 0 && !slices.Contains(sides, knowledge.Fee) {
		found.Facet = sides[0] // "miễn phí" only described it
	}
	for _, f := range sides {
		switch {
		case f == found.Facet:
		case found.Also == nil:
			found.Also = &knowledge.Found{Outcome: knowledge.Answer, Facet: f, Hits: found.Hits[:1], FollowUp: found.FollowUp}
		case f != found.Also.Facet:
			found.Rest = true
		}
	}
}

// sides lists the sides that a message asks for, in its order. A noun ("lệ phí")
// counts when a joining word or a comma stands beside it.
func (x *Index) sides(m message) []knowledge.Facet {
	var out []knowledge.Facet
	forms := false
	for _, s := range x.sidesOf(m.text, m.tokens, m.toned) {
		asks := s.mode == modeAsk && s.facet != knowledge.Steps && !isTold(m.text, m.tokens, s) &&
			!hasAny(&x.talk.joins.state, m.tokens[s.from:s.to], m.toned)
		noun := s.mode == modeNoun && (x.joined(m, s.from) || x.joined(m, s.to))
		forms = forms || s.facet == knowledge.Forms
		if s.facet == knowledge.Where && forms {
			asks = false // "mẫu đơn lấy ở đâu"
		}
		if (asks || noun) && !slices.Contains(out, s.facet) {
			out = append(out, s.facet)
		}
	}
	return out
}

// joined reports that a joining word or a comma stands before word i, or that
// word i is one.
func (x *Index) joined(m message, i int) bool {
	for _, k := range [...]int{i - 1, i} {
		if k < 0 || k >= len(m.tokens) {
			continue
		}
		if _, n := x.talk.joins.and.at(m.tokens[k:], m.toned); n > 0 {
			return true
		}
	}
	return m.ends(i, ",")
}
