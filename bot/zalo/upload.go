package zalo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"cchcbot/bot"
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

// errUpload is an attachment that cannot be sent in any form.
var errUpload = &bot.SendError{Kind: bot.Rejected, Reason: reasonUpload, Err: errors.New("the attachment cannot be uploaded")}

// attachment makes the "attachment" of a message, or a line with the address
// when Zalo takes no such file.
func (o *OA) attachment(ctx context.Context, m bot.Media) (object, string, error) {
	switch {
	case m.Kind == bot.Photo && o.opt.Open != nil:
		id, err := o.uploadOnce(ctx, m, "image", maxImage)
		if err == nil {
			return media("attachment_id", id), "", nil
		}
		if !errors.Is(err, errTooMuch) || !public(m.Ref) {
			return nil, "", err
		}
		return media("url", m.Ref), "", nil
	case m.Kind == bot.Photo && public(m.Ref):
		return media("url", m.Ref), "", nil
	case m.Kind == bot.Document && m.Type == "application/pdf" && o.opt.Open != nil && m.Size <= maxFile:
		id, err := o.uploadOnce(ctx, m, "file", maxFile)
		if err == nil {
			return object{"type": "file", "payload": object{"token": id}}, "", nil
		}
		if !errors.Is(err, errTooMuch) {
			return nil, "", err
		}
	}
	if !public(m.Ref) {
		return nil, "", errUpload
	}
	name := m.Name
	if name == "" {
		name = m.Alt
	}
	return nil, strings.TrimSpace(name + " " + m.Ref), nil
}

func public(ref string) bool { return strings.HasPrefix(ref, "https://") }

func media(key, value string) object {
	return templated(object{"template_type": "media", "elements": []object{{"media_type": "image", key: value}}})
}

// errTooMuch is a file above the limit of uploads, or of a type they do not take.
var errTooMuch = errors.New("zalo: the file is larger than an upload may be, or no picture")

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
			return "", errTooMuch
		}
	} else if !bytes.HasPrefix(data, []byte("%PDF-")) {
		return "", errTooMuch
	}
	r, err := o.call(ctx, call{method: http.MethodPost, path: "/v2.0/oa/upload/" + kind, file: &upload{name, data}})
	if err != nil {
		var c *callError
		if errors.As(err, &c) && c.reach != overload {
			return "", &callError{reach: unsent, status: c.status, err: c.err} // an upload twice harms nobody
		}
		return "", err
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

func (o *OA) open(ctx context.Context, m bot.Media, most int) ([]byte, error) {
	f, err := o.opt.Open(ctx, m)
	if err != nil {
		return nil, &callError{reach: unsent, err: errors.New("the attachment cannot be opened")}
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, &callError{reach: unsent, err: errors.New("the attachment cannot be read")}
	}
	if len(data) > most {
		return nil, errTooMuch
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
