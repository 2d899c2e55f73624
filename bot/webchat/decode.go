package webchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
)

// problem is a request that cannot be taken. Its code names the text in the catalog.
type problem struct {
	status int
	code   string
	key    string // of the text in the program's catalog, when not ""
}

// keeper takes a file and returns the attachment that stands for it.
type keeper func(name string, r io.Reader) (bot.Media, error)

func (p *problem) Error() string { return "webchat: " + p.code }

func bad(code string) *problem { return &problem{status: http.StatusBadRequest, code: code} }

// input is what a citizen sent.
type input struct {
	id     string // the client's own id of the message, or ""
	lang   string // "vi", "en" or ""
	text   string
	button string
	place  *bot.Place
	start  bool // the page was opened for the first time
	media  *bot.Media
}

// read takes a request's body, JSON or multipart.
func read(w http.ResponseWriter, r *http.Request, clean func(string) string, keep keeper) (input, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "application/json":
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
		if err != nil {
			return input{}, readProblem(err)
		}
		return decode(b, clean)
	case err == nil && kind == "multipart/form-data" && params["boundary"] != "":
		body := http.MaxBytesReader(w, r.Body, MaxBody)
		return readParts(multipart.NewReader(body, params["boundary"]), clean, keep)
	}
	return input{}, &problem{status: http.StatusUnsupportedMediaType, code: "content_type"}
}

func readProblem(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &problem{status: http.StatusRequestEntityTooLarge, code: "too_large"}
	}
	return bad("unreadable")
}

// decode reads a JSON request.
func decode(b []byte, clean func(string) string) (input, error) {
	if !utf8.Valid(b) {
		return input{}, bad("bad_utf8")
	}
	var v struct {
		ID     *string `json:"id"`
		Lang   *string `json:"lang"`
		Text   *string `json:"text"`
		Button *string `json:"button"`
		Event  *string `json:"event"`
		Place  *struct {
			Lat *float64 `json:"lat"`
			Lon *float64 `json:"lon"`
		} `json:"place"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		// The library has no type for this one error.
		if strings.Contains(err.Error(), "unknown field") {
			return input{}, bad("unknown_key")
		}
		return input{}, bad("bad_json")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return input{}, bad("bad_json")
	}
	var in input
	said := 0
	if v.Text != nil {
		said++
		if in.text = clean(*v.Text); in.text == "" {
			return input{}, bad("empty")
		}
	}
	if v.Button != nil {
		said++
		in.button = *v.Button
	}
	if v.Event != nil {
		said++
		if in.start = *v.Event == "start"; !in.start {
			return input{}, bad("bad_event")
		}
	}
	if v.Place != nil {
		said++
		if v.Place.Lat == nil || v.Place.Lon == nil {
			return input{}, bad("bad_place")
		}
		in.place = &bot.Place{Lat: *v.Place.Lat, Lon: *v.Place.Lon}
	}
	if said != 1 {
		return input{}, bad("one_thing")
	}
	if v.Button != nil && !validButton(in.button) {
		return input{}, bad("bad_button")
	}
	if in.place != nil && !in.place.Valid() {
		return input{}, bad("bad_place")
	}
	err := in.label(v.ID, v.Lang)
	return in, err
}

// label checks the id and the language that may stand beside any message.
func (in *input) label(id, lang *string) error {
	if id != nil {
		if !validID(*id) {
			return bad("bad_id")
		}
		in.id = *id
	}
	if lang != nil {
		if *lang != "vi" && *lang != "en" {
			return bad("bad_lang")
		}
		in.lang = *lang
	}
	return nil
}

func validID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

// validButton accepts what may have been a payload of ours: short and visible.
// Whether it was is for the router to judge.
func validButton(s string) bool {
	if s == "" || len(s) > bot.MaxPayload || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsGraphic(r) {
			return false // control characters, NUL, bidirectional marks
		}
	}
	return true
}

// readParts reads a multipart request: one file, and a text, an id and a language if wanted.
func readParts(parts *multipart.Reader, clean func(string) string, keep keeper) (input, error) {
	var in input
	fields := map[string]*string{"id": nil, "lang": nil, "text": nil}
	for n := 0; ; n++ {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return input{}, readProblem(err)
		}
		name := p.FormName()
		_, field := fields[name]
		switch {
		case n >= maxParts:
			return input{}, bad("bad_form")
		case name == "file" && in.media == nil:
			if in.media, err = readFile(p, clean, keep); err != nil {
				return input{}, err
			}
		case field && fields[name] == nil:
			s, err := readField(p)
			if err != nil {
				return input{}, err
			}
			fields[name] = &s
		case field || name == "file":
			return input{}, bad("bad_form") // twice
		default:
			return input{}, bad("unknown_key")
		}
	}
	if in.media == nil {
		return input{}, bad("no_file")
	}
	if t := fields["text"]; t != nil {
		in.text = clean(*t)
	}
	err := in.label(fields["id"], fields["lang"])
	return in, err
}

func readField(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxField+1))
	switch {
	case err != nil:
		return "", readProblem(err)
	case len(b) > maxField:
		return "", &problem{status: http.StatusRequestEntityTooLarge, code: "too_large"}
	case !utf8.Valid(b):
		return "", bad("bad_utf8")
	}
	return string(b), nil
}

// readFile finds out what a file is by its first bytes and has it kept. Sound and
// film are read through and counted.
func readFile(p *multipart.Part, clean func(string) string, keep keeper) (*bot.Media, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(p, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, readProblem(err)
	}
	if n == 0 {
		return nil, bad("no_file")
	}
	head = head[:n]
	name := ""
	if given := p.FileName(); utf8.ValidString(given) {
		name = clean(given)
	}
	kind, typ := sniff(head, p.Header.Get("Content-Type"))
	if keep != nil && kind != bot.Voice && kind != bot.Video {
		return keepFile(io.MultiReader(bytes.NewReader(head), p), name, keep)
	}
	rest, err := io.Copy(io.Discard, io.LimitReader(p, MaxFile+1))
	if err != nil {
		return nil, readProblem(err)
	}
	size := int64(n) + rest
	switch {
	case size > MaxFile:
		return nil, &problem{status: http.StatusRequestEntityTooLarge, code: "file_too_large"}
	case kind == "":
		return nil, &problem{status: http.StatusUnsupportedMediaType, code: "file_type"}
	}
	return &bot.Media{Kind: kind, Type: typ, Size: size, Name: name}, nil
}

// cut remembers that it was the request that failed, and not whoever reads it.
type cut struct {
	r   io.Reader
	err error
}

func (c *cut) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// keepFile hands a file to whoever keeps it.
func keepFile(r io.Reader, name string, keep keeper) (*bot.Media, error) {
	from := &cut{r: r}
	m, err := keep(name, from)
	var told *bot.Error
	switch {
	case err == nil:
		return &m, nil
	case from.err != nil:
		return nil, readProblem(from.err)
	case errors.As(err, &told) && told.Code == bot.Invalid:
		return nil, &problem{status: http.StatusUnsupportedMediaType, code: "file_type", key: told.Key}
	}
	return nil, err
}

// sniff tells what a file is by its content. What the client claims decides
// only between sound and film, which share a container.
func sniff(head []byte, claimed string) (bot.MediaKind, string) {
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		switch string(head[8:12]) {
		case "heic", "heix", "mif1", "msf1": // photos of newer iPhones
			return bot.Photo, "image/heic"
		}
	}
	typ, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch typ {
	case "image/jpeg", "image/png", "image/webp", "image/gif":
		return bot.Photo, typ
	case "application/pdf":
		return bot.Document, typ
	case "application/ogg":
		return bot.Voice, "audio/ogg"
	case "audio/mpeg", "audio/wave", "audio/aiff":
		return bot.Voice, typ
	case "video/webm", "video/mp4":
		if strings.HasPrefix(claimed, "audio/") {
			return bot.Voice, "audio/" + strings.TrimPrefix(typ, "video/")
		}
		return bot.Video, typ
	}
	return "", ""
}
