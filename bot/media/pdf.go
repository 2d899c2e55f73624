package media

import (
	"bytes"
	"strconv"
)

// Limits of the look at the actions of a PDF.
const (
	pdfDepth   = 24  // values within values, and actions after actions
	pdfObjects = 200 // places of one object that are looked at
)

// leadsAway reports whether a PDF opens an address by itself: an action of the kind URI
// that is reached from /OpenAction or an /AA (ISO 32000-2, 12.6.3), not from a link that is
// clicked. Files that hide so much that the look does not end are taken to do so.
func leadsAway(data []byte) bool {
	p := &pdf{data: data, left: 8*len(data) + 1<<16, actions: map[int]bool{}, triggers: map[int]bool{}}
	for i := 0; p.left > 0; {
		j := bytes.IndexByte(data[i:], '/')
		if j < 0 {
			return false
		}
		i += j + 1
		switch p.at = i; p.name() {
		case "OpenAction":
			if p.away(p.value(0), 0) {
				return true
			}
		case "AA":
			if p.additional(p.value(0), 0) {
				return true
			}
		}
	}
	return true
}

// pdfValue is what of a value matters here.
type pdfValue struct {
	name string
	dict map[string]pdfValue
	list []pdfValue
	ref  int // number of an object, 0 none
}

// pdf reads values out of the bytes of a file.
type pdf struct {
	data []byte
	at   int
	left int // bytes that may still be read, many times over
	objs map[int][]int
	// Places of objects that were looked at, as an action and as an /AA.
	actions, triggers map[int]bool
}

// additional looks at the actions of an /AA: each of its entries is one.
func (p *pdf) additional(v pdfValue, depth int) bool {
	if v.ref > 0 {
		return p.follow(v.ref, depth, p.triggers, p.additional)
	}
	for _, a := range v.dict {
		if p.away(a, depth+1) {
			return true
		}
	}
	return false
}

// away looks at an action and those after it.
func (p *pdf) away(v pdfValue, depth int) bool {
	switch {
	case depth > pdfDepth || p.left <= 0:
		return true
	case v.ref > 0:
		return p.follow(v.ref, depth, p.actions, p.away)
	}
	for _, a := range v.list { // of actions, or a place in the file, in which there is none
		if p.away(a, depth+1) {
			return true
		}
	}
	if _, ok := v.dict["URI"]; ok || v.dict["S"].name == "URI" {
		return true
	}
	next, ok := v.dict["Next"]
	return ok && p.away(next, depth+1)
}

// follow looks at every object of a number: a file that was added to has several.
func (p *pdf) follow(number, depth int, seen map[int]bool, look func(pdfValue, int) bool) bool {
	if p.objs == nil {
		p.index()
	}
	for _, at := range p.objs[number] {
		if seen[at] {
			continue
		}
		seen[at] = true
		p.at = at
		if look(p.value(0), depth+1) {
			return true
		}
	}
	return false
}

// index notes where objects begin: after "12 0 obj".
func (p *pdf) index() {
	p.objs = map[int][]int{}
	for i := 0; ; {
		j := bytes.Index(p.data[i:], []byte("obj"))
		if j < 0 {
			return
		}
		i += j + len("obj")
		head := p.data[max(0, i-40) : i-len("obj")]
		words := bytes.Fields(head)
		if len(words) < 2 || !digits(words[len(words)-1]) {
			continue
		}
		number := words[len(words)-2]
		for k := range number { // what stands before it may touch it: "endobj12 0 obj"
			if digits(number[k:]) {
				number = number[k:]
				break
			}
		}
		if n, err := strconv.Atoi(string(number)); err == nil && n > 0 && len(p.objs[n]) < pdfObjects {
			p.objs[n] = append(p.objs[n], i)
		}
	}
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

func (p *pdf) ended() bool { return p.at >= len(p.data) || p.left <= 0 }

// peek is the next byte, 0 at the end. Reading is counted in step.
func (p *pdf) peek() byte {
	if p.ended() {
		return 0
	}
	return p.data[p.at]
}

func (p *pdf) step(n int) { p.at, p.left = p.at+n, p.left-n }

// space goes on behind white space and comments.
func (p *pdf) space() {
	for !p.ended() {
		switch c := p.data[p.at]; {
		case white(c):
			p.step(1)
		case c == '%':
			for !p.ended() && p.data[p.at] != '\n' && p.data[p.at] != '\r' {
				p.step(1)
			}
		default:
			return
		}
	}
}

func white(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}
func regular(c byte) bool { return !white(c) && !bytes.ContainsRune([]byte("()<>[]{}/%"), rune(c)) }

// name reads the rest of a name, behind its slash.
func (p *pdf) name() string {
	from := p.at
	for !p.ended() && regular(p.data[p.at]) {
		p.step(1)
	}
	return string(unhide(p.data[from:p.at]))
}

// value reads one value. What is none is read as nothing, one byte on.
func (p *pdf) value(depth int) (v pdfValue) {
	p.space()
	switch c := p.peek(); {
	case depth > pdfDepth:
		p.left = 0 // nobody writes that: the look ends as one that does not
	case c == '/':
		p.step(1)
		v.name = p.name()
	case c == '<' && p.at+1 < len(p.data) && p.data[p.at+1] == '<':
		p.step(2)
		v.dict = p.dict(depth)
	case c == '[':
		p.step(1)
		v.list = []pdfValue{}
		for p.space(); !p.ended() && p.peek() != ']'; p.space() {
			v.list = append(v.list, p.value(depth+1))
		}
		p.step(1)
	case c == '(':
		p.text()
	case c == '<':
		for !p.ended() && p.peek() != '>' {
			p.step(1)
		}
		p.step(1)
	case regular(c):
		v.ref = p.number()
	default:
		p.step(1)
	}
	return v
}

// dict reads the entries of a dictionary up to its end.
func (p *pdf) dict(depth int) map[string]pdfValue {
	out := map[string]pdfValue{}
	for {
		if p.space(); p.ended() {
			return out
		}
		switch p.peek() {
		case '>':
			p.step(1)
			if p.peek() == '>' {
				p.step(1)
			}
			return out
		case '/':
			p.step(1)
			key := p.name()
			p.space()
			if p.peek() == '>' { // no value
				continue
			}
			v := p.value(depth + 1)
			if before, ok := out[key]; ok { // two readers may take a different one
				v = pdfValue{list: []pdfValue{before, v}}
			}
			out[key] = v
		default:
			p.step(1)
		}
	}
}

// text goes on behind a string; brackets in it come in pairs.
func (p *pdf) text() {
	for open := 0; !p.ended(); p.step(1) {
		switch p.peek() {
		case '\\':
			p.step(1)
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				p.step(1)
				return
			}
		}
	}
}

// number reads a word; of "12 0 R" it tells the number of the object.
func (p *pdf) number() int {
	word := func() []byte {
		from := p.at
		for !p.ended() && regular(p.data[p.at]) {
			p.step(1)
		}
		return p.data[from:p.at]
	}
	first := word()
	after := p.at
	if !digits(first) {
		return 0
	}
	if p.space(); digits(word()) {
		if p.space(); string(word()) == "R" {
			n, _ := strconv.Atoi(string(first)) // one that is too long is no object
			return n
		}
	}
	p.at = after
	return 0
}
