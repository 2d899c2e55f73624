package zalo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/zalo/codes"
)

// Limits of uploads, in bytes. Word files were refused to some accounts
// although the manual lists them, so only PDF is uploaded; the rest goes as a link.
const (
	maxImage   = 1 << 20
	maxFile    = 5 << 20
	uploadLife = 7*24*time.Hour - 6*time.Hour // kept seven days at most
)

// uploaded is an attachment that lies at Zalo.
type uploaded struct {
	id    string
	until time.Time
}

// errNoForm is an attachment that cannot be sent in any form: a line of text
// stands for it.
var errNoForm = errors.New("zalo: the attachment cannot be uploaded")

// sendable reports whether an attachment may go as one: pictures, and PDF files
// of ours.
func (o *OA) sendable(m bot.Media) bool {
	switch {
	case m.Kind == bot.Photo:
		return o.opt.Open != nil || public(m.Ref)
	case m.Kind == bot.Document && m.Type == "application/pdf":
		return o.opt.Open != nil && m.Size <= maxFile
	}
	return false
}

// attachment makes the "attachment" of a message.
func (o *OA) attachment(ctx context.Context, m bot.Media) (object, error) {
	if m.Kind != bot.Photo {
		id, err := o.uploadOnce(ctx, m, "file", maxFile)
		if err != nil {
			return nil, err
		}
		return object{"type": "file", "payload": object{"token": id}}, nil
	}
	if o.opt.Open != nil {
		id, err := o.uploadOnce(ctx, m, "image", maxImage)
		if err == nil {
			return media("attachment_id", id), nil
		}
		if !errors.Is(err, errNoForm) || !public(m.Ref) {
			return nil, err
		}
	}
	return media("url", m.Ref), nil
}

// maxLineName is the longest name of a file in a line, in letters.
const maxLineName = 100

// line is what stands for an attachment that cannot be sent: its address, else
// that something is missing.
func (o *OA) line(lang string, m bot.Media) string {
	name := m.Name
	if name == "" {
		name = m.Alt
	}
	name = cut(strings.Join(strings.Fields(name), " "), maxLineName)
	if public(m.Ref) {
		return strings.TrimSpace(name + " " + m.Ref)
	}
	key, args := "zalo.photo_missing", map[string]any(nil)
	if m.Kind != bot.Photo {
		key, args = "zalo.file_missing", map[string]any{"name": name}
	}
	text, err := o.opt.Render(lang, key, args)
	if err != nil {
		o.opt.Log.Error("there are no words for an attachment that cannot be sent", "err", err)
	}
	return text
}

func public(ref string) bool { return strings.HasPrefix(ref, "https://") }

func media(key, value string) object {
	return templated(object{"template_type": "media", "elements": []object{{"media_type": "image", key: value}}})
}

// uploadOnce returns the id of an attachment of ours, uploaded before or now.
func (o *OA) uploadOnce(ctx context.Context, m bot.Media, kind string, most int) (string, error) {
	if u, ok := o.uploads.Get(m.Ref); ok && o.opt.Now().Before(u.until) {
		return u.id, nil
	}
	data, err := o.open(ctx, m, most)
	if err != nil {
		return "", err
	}
	name := path.Base("/" + m.Name)
	if kind == "image" {
		switch http.DetectContentType(data) {
		case "image/jpeg":
			name = "image.jpg"
		case "image/png":
			name = "image.png"
		default:
			return "", errNoForm
		}
	} else if !bytes.HasPrefix(data, []byte("%PDF-")) {
		return "", errNoForm
	}
	r, err := o.call(ctx, call{method: http.MethodPost, path: "/v2.0/oa/upload/" + kind, file: &upload{name, data}})
	if err != nil {
		return "", o.uploadError(err)
	}
	var d struct {
		ID    ident `json:"attachment_id"`
		Token ident `json:"token"`
	}
	if err := json.Unmarshal(r.Data, &d); err != nil || d.ID == "" && d.Token == "" {
		return "", &callError{reach: unsent, err: errors.New("the upload has no id")}
	}
	id := string(d.ID)
	if kind == "file" {
		id = string(d.Token)
	}
	o.uploads.Put(m.Ref, uploaded{id: id, until: o.opt.Now().Add(uploadLife)})
	return id, nil
}

// uploadError says what a failed upload means. Zalo's no to the file, or to
// uploads at all, is no reason to keep the text back.
func (o *OA) uploadError(err error) error {
	var no *codeError
	var c *callError
	switch {
	case errors.As(err, &no):
		switch o.table[no.code].Action {
		case codes.NextMinute, codes.Retry, codes.Processing, codes.Refresh, codes.Stop:
			return err
		}
		return &uploadRefused{no.code}
	case errors.As(err, &c) && c.reach != overload:
		return &callError{reach: unsent, status: c.status, err: c.err} // an upload twice harms nobody
	}
	return err
}

// uploadRefused is Zalo's no to an upload.
type uploadRefused struct{ code int }

func (e *uploadRefused) Error() string   { return errNoForm.Error() + " (" + strconv.Itoa(e.code) + ")" }
func (e *uploadRefused) Is(t error) bool { return t == errNoForm }

func (o *OA) open(ctx context.Context, m bot.Media, most int) ([]byte, error) {
	f, err := o.opt.Open(ctx, m)
	if bot.IsCode(err, bot.NotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, errNoForm // it was deleted meanwhile
	}
	if err != nil {
		return nil, &callError{reach: unsent, err: errors.New("the attachment cannot be opened")}
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, &callError{reach: unsent, err: errors.New("the attachment cannot be read")}
	}
	if len(data) > most {
		return nil, errNoForm
	}
	return data, nil
}

// stale forgets an upload that Zalo no longer has, and reports whether there
// was one: then it is worth uploading again.
func (o *OA) stale(m bot.Media) bool {
	_, ok := o.uploads.Get(m.Ref)
	o.uploads.Forget(m.Ref)
	return ok
}
