package content

import "cchcbot/knowledge"

// A field is one key of an entry, with the one accessor that fits its type.
// Readers, writers and Compare walk the same table, so that a key cannot be
// read but not written; a test holds it against the tags of knowledge.Entry.
type field struct {
	key   string
	text  func(*knowledge.Entry) *string
	list  func(*knowledge.Entry) *[]string
	flag  func(*knowledge.Entry) *bool
	group *group
}

// A group is a key that holds a list of small records of texts.
type group struct {
	keys  []string
	count func(*knowledge.Entry) int
	cells func(*knowledge.Entry, int) []*string // in the order of keys
	size  func(*knowledge.Entry, int)           // sets the number of records
	// void reports a record that tells a citizen nothing, though it has some text.
	void func(cells []*string) bool
}

// fields is the table of keys in the order files show them. Never changed.
var fields = [...]field{
	{key: "code", text: func(e *knowledge.Entry) *string { return &e.Code }},
	{key: "kind", text: func(e *knowledge.Entry) *string { return (*string)(&e.Kind) }},
	{key: "name", text: func(e *knowledge.Entry) *string { return &e.Name }},
	{key: "field", text: func(e *knowledge.Entry) *string { return &e.Field }},
	{key: "level", text: func(e *knowledge.Entry) *string { return &e.Level }},
	{key: "agency", text: func(e *knowledge.Entry) *string { return &e.Agency }},
	{key: "promulgator", text: func(e *knowledge.Entry) *string { return &e.Promulgator }},
	{key: "audience", list: func(e *knowledge.Entry) *[]string { return &e.Audience }},
	{key: "summary", text: func(e *knowledge.Entry) *string { return &e.Summary }},
	{key: "aliases", list: func(e *knowledge.Entry) *[]string { return &e.Aliases }},
	{key: "documents", group: &documents},
	{key: "steps", group: &steps},
	{key: "time", text: func(e *knowledge.Entry) *string { return &e.Time }},
	{key: "fee", text: func(e *knowledge.Entry) *string { return &e.Fee }},
	{key: "methods", group: &methods},
	{key: "conditions", text: func(e *knowledge.Entry) *string { return &e.Conditions }},
	{key: "cases", list: func(e *knowledge.Entry) *[]string { return &e.Cases }},
	{key: "mistakes", list: func(e *knowledge.Entry) *[]string { return &e.Mistakes }},
	{key: "results", list: func(e *knowledge.Entry) *[]string { return &e.Results }},
	{key: "legal_basis", list: func(e *knowledge.Entry) *[]string { return &e.LegalBasis }},
	{key: "life_events", list: func(e *knowledge.Entry) *[]string { return &e.LifeEvents }},
	{key: "online_full", flag: func(e *knowledge.Entry) *bool { return &e.OnlineFull }},
	{key: "online_url", text: func(e *knowledge.Entry) *string { return &e.OnlineURL }},
	{key: "source_url", text: func(e *knowledge.Entry) *string { return &e.SourceURL }},
	{key: "updated", text: func(e *knowledge.Entry) *string { return &e.Updated }},
	{key: "status", text: func(e *knowledge.Entry) *string { return (*string)(&e.Status) }},
	{key: "replaced_by", list: func(e *knowledge.Entry) *[]string { return &e.ReplacedBy }},
	{key: "decision", text: func(e *knowledge.Entry) *string { return &e.Decision }},
	{key: "valid_from", text: func(e *knowledge.Entry) *string { return &e.ValidFrom }},
	{key: "valid_to", text: func(e *knowledge.Entry) *string { return &e.ValidTo }},
	{key: "verified_at", text: func(e *knowledge.Entry) *string { return &e.VerifiedAt }},
	{key: "verified_by", text: func(e *knowledge.Entry) *string { return &e.VerifiedBy }},
}

var documents = group{
	keys:  []string{"case", "name", "qty", "form_url"},
	count: func(e *knowledge.Entry) int { return len(e.Documents) },
	cells: func(e *knowledge.Entry, i int) []*string {
		d := &e.Documents[i]
		return []*string{&d.Case, &d.Name, &d.Qty, &d.FormURL}
	},
	size: func(e *knowledge.Entry, n int) { e.Documents = resize(e.Documents, n) },
	void: func(cells []*string) bool { return *cells[1] == "" && *cells[3] == "" }, // "1 bản chính" of nothing
}

var steps = group{
	keys:  []string{"name", "text"},
	count: func(e *knowledge.Entry) int { return len(e.Steps) },
	cells: func(e *knowledge.Entry, i int) []*string {
		s := &e.Steps[i]
		return []*string{&s.Name, &s.Text}
	},
	size: func(e *knowledge.Entry, n int) { e.Steps = resize(e.Steps, n) },
}

var methods = group{
	keys:  []string{"channel", "time", "fee", "url"},
	count: func(e *knowledge.Entry) int { return len(e.Methods) },
	cells: func(e *knowledge.Entry, i int) []*string {
		m := &e.Methods[i]
		return []*string{&m.Channel, &m.Time, &m.Fee, &m.URL}
	},
	size: func(e *knowledge.Entry, n int) { e.Methods = resize(e.Methods, n) },
}

// resize returns s with n items; no item at all is nil, as in a file without the key.
func resize[T any](s []T, n int) []T {
	if n == 0 {
		return nil
	}
	for len(s) < n {
		s = append(s, *new(T))
	}
	return s[:n]
}

// fieldOf finds the field of a key.
func fieldOf(key string) (field, bool) {
	for _, f := range fields {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

// index returns the place of a key among the group's keys, -1 for none.
func (g *group) index(key string) int {
	for i, k := range g.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// isDate reports whether a key holds a day.
func isDate(key string) bool {
	switch key {
	case "updated", "valid_from", "valid_to", "verified_at":
		return true
	}
	return false
}
