package intent

import "slices"

// What stands beside a phrase may make it harmless: "nhận tiền" of a pension,
// a company that refuses a paper, a telephone number that is to be changed. The
// first half strikes such hits, the second tells what a message asks for.

// strike takes away the hits that the words around them explain.
func (r *reading) strike() {
	for _, s := range [...]signal{sBribe, sBribeWeak, sDemand} {
		r.hits[s] = slices.DeleteFunc(r.hits[s], r.isDue)
	}
	r.hits[sBribe] = slices.DeleteFunc(r.hits[sBribe], r.privateDemand)
	r.hits[sBribeWeak] = slices.DeleteFunc(r.hits[sBribeWeak], r.ownDeed)
	for _, s := range [...]signal{sConduct, sConductWeak} {
		r.hits[s] = slices.DeleteFunc(r.hits[s], r.notAnOffice)
	}
}

// isDue: "làm tiền mai táng", "ăn tiền thất nghiệp" speak of money that the
// citizen is due, unless an official or "ông ấy" stands in front.
func (r *reading) isDue(h span) bool {
	return slices.ContainsFunc(r.hits[sDue], func(d span) bool {
		return d.start >= h.start && d.start < h.end && d.end > h.end
	}) && r.mayClaim(h) && !r.doneByOfficial(h) && !r.rightBefore(h, sSomeone) && !r.somebodyEats(h)
}

// somebodyEats: "ông Tuấn ăn tiền mai táng", "họ ăn tiền hỗ trợ của dân" tell of somebody
// else; whoever is due the money says "tôi", or whose child he is.
func (r *reading) somebodyEats(h span) bool {
	const reach = 3 // words
	if r.toks[h.start].Folded != "an" {
		return false
	}
	if h.start > 0 && r.unit(h.start-1) { // "xã ăn tiền hỗ trợ của dân"
		return true
	}
	own := func(from int) bool {
		return slices.ContainsFunc(r.hits[sSelf], func(s span) bool {
			return s.start >= from && s.end <= h.start && (s.start == 0 || !r.unit(s.start-1)) // "cán bộ xã tôi"
		})
	}
	for _, s := range [...]signal{sNamed, sSomeone} {
		if slices.ContainsFunc(r.hits[s], func(p span) bool {
			return p.end <= h.start && h.start-p.end <= reach && r.sentence[p.start] == r.sentence[h.start] && !own(p.start+1)
		}) {
			return true
		}
	}
	// An official is the one who eats however far in front he stands.
	return slices.ContainsFunc(r.hits[sOfficial], func(p span) bool {
		return p.end <= h.start && r.sentence[p.start] == r.sentence[h.start] && !r.startsAt(p.end, sSays) && !own(p.end)
	})
}

// unit reports a word for a place with an administration of its own.
func (r *reading) unit(i int) bool {
	switch r.toks[i].Exact {
	case "xã", "phường", "thôn", "huyện", "làng", "khu", "phuong", "thon", "huyen":
		return true
	}
	return false
}

// mayClaim: one may "làm, nhận, xin, ăn, đòi" what one is due; "lấy tiền hỗ trợ",
// "ăn chặn tiền trợ cấp" are no claims.
func (r *reading) mayClaim(h span) bool {
	switch r.toks[h.start].Folded {
	case "lam", "nhan", "xin", "an", "doi":
		return true
	}
	return false
}

// doneByOfficial reports that an official is the one who does what h says: he
// stands shortly before in the same clause and does not only speak ("cán bộ bảo
// phải có thẻ mới nhận tiền").
func (r *reading) doneByOfficial(h span) bool {
	const reach = 4 // words
	return slices.ContainsFunc(r.hits[sOfficial], func(o span) bool {
		return o.end <= h.start && h.start-o.end <= reach && !r.parted(o.end, h.start) && !r.startsAt(o.end, sSays)
	})
}

func (r *reading) startsAt(i int, s signal) bool {
	return slices.ContainsFunc(r.hits[s], func(x span) bool { return x.start == i })
}

// rightBefore reports that a hit of s, longer than one word ("ông ấy", not
// "ông"), ends right before h or one word earlier.
func (r *reading) rightBefore(h span, s signal) bool {
	return slices.ContainsFunc(r.hits[s], func(p span) bool {
		return p.size > 1 && p.end <= h.start && h.start-p.end <= 1 && !r.parted(p.end, h.start)
	})
}

// parted reports that a comma or the end of a sentence stands before one of the
// tokens from i to j.
func (r *reading) parted(i, j int) bool {
	return slices.Contains(r.comma[i:j+1], true)
}

// privateDemand: a dealer, a seller, an uncle demands the money, and the message
// is about a procedure or asks.
func (r *reading) privateDemand(h span) bool {
	switch r.toks[h.start].Folded {
	case "doi", "bot":
		return r.before(h, sPrivate) && !r.before(h, sOfficial) && (r.has(sTopic, sProc) || r.asks())
	}
	return false
}

// ownDeed: "bố mẹ bán đất", "muốn nhận tiền qua thẻ": what only an official may
// not do, in a message about a procedure, and no official is said to do it.
func (r *reading) ownDeed(h span) bool {
	if !r.startsAt(h.start, sBribeOwn) || r.doneByOfficial(h) || !r.has(sTopic, sProc, sBenefit, sPaper) && !r.asks() {
		return false
	}
	const reach = 6 // words
	sum := slices.ContainsFunc(r.hits[sMoney], func(m span) bool {
		return m.start >= h.end && m.start-h.end <= reach && r.sentence[m.start] == r.sentence[h.start]
	})
	return !sum || r.toks[h.end-1].Folded == "dat"
}

// notAnOffice: a company, a bank, a boss stands before the words on behaviour,
// nearer than any officer.
func (r *reading) notAnOffice(h span) bool {
	const reach = 8 // words
	at := -1
	for _, p := range r.hits[sPrivate] {
		if p.end <= h.start && (h.start-p.end <= reach || !r.has(sOfficial, sOfficeNoun)) && r.sentence[p.start] == r.sentence[h.start] {
			at = max(at, p.start)
		}
	}
	return at >= 0 && !slices.ContainsFunc(r.hits[sOfficial], func(o span) bool {
		return o.start >= at-3 && o.start < h.start // "nhân viên ngân hàng" is no officer either, but may be meant
	})
}

// explains reports that a message asks what something is or what the rules are.
// "phản ánh hay khiếu nại" asks without a question word.
func (r *reading) explains() bool {
	const short = 6 // words
	return r.has(sExplain) && (r.asks() || len(r.toks)-r.talk.end <= short)
}

// wish reports that behind trouble the citizen wants what a procedure gives:
// "bị lừa mất hết, giờ muốn xoá đăng ký tạm trú".
func (r *reading) wish(trouble signal) bool {
	const reach = 6 // words
	for _, w := range r.hits[sWant] {
		if !slices.ContainsFunc(r.hits[trouble], func(x span) bool { return x.end <= w.start }) {
			continue
		}
		for _, s := range [...]signal{sTopic, sApply} {
			if slices.ContainsFunc(r.hits[s], func(t span) bool {
				return t.end > w.end && t.start-w.end <= reach && r.sentence[t.start] == r.sentence[w.start] &&
					!r.claimsBack(w.start, t.start)
			}) {
				return true
			}
		}
	}
	return false
}

// claimsBack: "muốn đòi lại sổ đỏ", "muốn báo công an" are the same matter still.
func (r *reading) claimsBack(i, j int) bool {
	for ; i < j; i++ {
		if w := r.toks[i].Exact; w == "đòi" || w == "báo" || w == "tố" || w == "doi" || w == "bao" || w == "to" {
			return true
		}
	}
	return false
}

// wantsAid: somebody who was harmed asks for a lawyer or a benefit.
func (r *reading) wantsAid() bool { return r.has(sAid) && (r.asks() || r.has(sWant)) }

// asksWhetherBanned: "cán bộ nhận quà của dân có bị cấm không" accuses nobody;
// with a sum, a name or the citizen himself it does.
func (r *reading) asksWhetherBanned() bool {
	return r.has(sBan) && !r.has(sNamed, sMoney) && !slices.ContainsFunc(r.hits[sSelf], func(h span) bool {
		last := r.toks[h.end-1].Folded
		return last != "dan" && last != "con" // dân, người dân, bà con
	})
}

// asksConductRule: behind words on behaviour the message asks for the rule, or
// what one may do; or it asks how one contests it.
func (r *reading) asksConductRule() bool {
	if r.has(sContest) && r.has(sHow) && r.asks() {
		return true
	}
	for _, c := range [...]signal{sConduct, sConductWeak} {
		for _, h := range r.hits[c] {
			for _, n := range [...]signal{sNorm, sBan, sRights} {
				if slices.ContainsFunc(r.hits[n], func(x span) bool { return x.end > h.start }) {
					return true
				}
			}
		}
	}
	return false
}

// sends: "góp ý … thì gửi ở đâu" asks the way; with trouble at a place it is the
// report itself.
func (r *reading) sends() bool {
	return r.has(sSend) && r.has(sReport, sReportStrong) && !r.has(sTrouble) && !r.broken()
}

// waits: the file was handed in, and behind that, or right in front, the citizen
// says that he waits. "Chưa có tài khoản" far away is another matter.
func (r *reading) waits() bool {
	const behind, front = 12, 2 // words
	for _, f := range r.hits[sFiled] {
		for _, w := range r.hits[sWaiting] {
			if d := w.start - f.end; w.end > f.start && d <= behind || w.end <= f.start && f.start-w.end <= front {
				return true
			}
		}
	}
	return false
}

// asksNextPaper: not where the file is but which paper comes next.
func (r *reading) asksNextPaper() bool {
	if !r.asks() {
		return false
	}
	for _, q := range r.hits[sHow] {
		paper := r.toks[q.end-1].Folded == "gi" // giấy gì, cần gì, những gì
		for _, s := range [...]signal{sDossier, sDossierBack} {
			if slices.ContainsFunc(r.hits[s], func(d span) bool {
				return d.end <= q.start && (paper || r.sentence[d.start] < r.sentence[q.start])
			}) {
				return true
			}
		}
	}
	return false
}

// wantsNumber: a telephone number is spoken of and wanted: the message is little
// else, a word of wanting is near, or an office stands behind it. One's own
// number is never wanted.
func (r *reading) wantsNumber() bool {
	const little, front, behind = 4, 4, 5 // words
	for _, h := range r.hits[sNumber] {
		isNear := func(s signal, front, behind int) bool {
			return slices.ContainsFunc(r.hits[s], func(w span) bool {
				return w.end > h.start-front && w.start < h.end+behind && r.sentence[w.start] == r.sentence[h.start]
			})
		}
		own := isNear(sSelf, 0, 2) || isNear(sFamily, 0, 2)
		switch {
		case isNear(sOfficial, 0, 2), isNear(sOfficeNoun, 0, 2):
			return true
		case own:
		case len(r.toks)-r.talk.end <= little, isNear(sNumberWant, front, behind):
			return true
		}
	}
	return false
}

// officeWhere: the place of an office is asked for, not where something is
// handed in: "phiếu khai ở đâu và nộp công an phường".
func (r *reading) officeWhere() bool {
	for _, n := range r.hits[sOfficeNoun] {
		for _, w := range r.hits[sOfficeWhere] {
			if r.sentence[n.start] != r.sentence[w.start] {
				continue
			}
			from, to := n.end, w.start
			if n.start > 0 && r.toks[n.start-1].Exact == "cho" { // "gửi đơn cho ủy ban ở đâu"
				from = n.start - 4
			}
			switch {
			case w.start >= n.end && w.start-n.end <= 8:
			case n.start >= w.end && n.start-w.end <= 2:
				from, to = w.start-3, n.start
			default:
				continue
			}
			if !slices.ContainsFunc(r.hits[sOfficeDeed], func(d span) bool { return d.start >= from && d.end <= to }) {
				return true
			}
		}
	}
	return false
}

// onlyOffice: "xã", "dạ phường ạ", "ở xã". "Khác tỉnh" and "cùng xã" tell something of a procedure.
func (r *reading) onlyOffice() bool {
	return slices.ContainsFunc(r.hits[sOfficeOnly], func(h span) bool {
		at := h.start == r.talk.end || h.start == r.talk.end+1 && beforeOffice[r.toks[r.talk.end].Folded]
		return at && r.address(h.end) == len(r.toks)
	})
}

// beforeOffice are the words, folded, that stand before an office which is gone to or looked for.
var beforeOffice = map[string]bool{"o": true, "tai": true, "len": true, "ra": true, "den": true, "toi": true, "ve": true, "tim": true, "hoi": true, "da": true}
