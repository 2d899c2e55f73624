package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"cchcbot/bot"
)

// Limits of uploads in bytes (core.telegram.org/bots/api#sending-files).
const (
	maxPhoto  = 10 << 20
	maxUpload = 50 << 20
)

// ours reports whether an attachment lies with us; other Refs are file ids of Telegram.
func ours(ref string) bool { return strings.HasPrefix(ref, "/") || strings.Contains(ref, "://") }

// attach adds a step's attachments to its parameters, and returns those that
// have to be uploaded: whole, so that a call can be made again.
func (b *Bot) attach(ctx context.Context, s step, params tgbotapi.Params) ([]tgbotapi.RequestFile, error) {
	var files []tgbotapi.RequestFile
	var group []map[string]string
	for i, m := range s.media {
		value, file, err := b.file(ctx, m, s.upload)
		if err != nil {
			return nil, err
		}
		field := fieldOf(m.Kind)
		if s.method == "sendMediaGroup" {
			if file != nil {
				file.Name = fmt.Sprintf("file%d", i)
				value = "attach://" + file.Name
			}
			group = append(group, map[string]string{"type": field, "media": value})
		} else if file != nil {
			file.Name = field
		} else {
			params[field] = value
		}
		if file != nil {
			files = append(files, *file)
		}
	}
	if group != nil {
		params["media"] = encode(group)
	}
	return files, nil
}

func fieldOf(k bot.MediaKind) string {
	return strings.ToLower(strings.TrimPrefix(methodOf(k), "send"))
}

// file is an attachment as a parameter's value or as bytes to upload.
func (b *Bot) file(ctx context.Context, m bot.Media, upload bool) (value string, file *tgbotapi.RequestFile, err error) {
	unfit := func(err error) error { return &bot.SendError{Kind: bot.Rejected, Reason: reasonFile, Err: err} }
	switch {
	case m.Ref == "":
		return "", nil, unfit(errors.New("the attachment has no reference"))
	case !ours(m.Ref):
		return m.Ref, nil, nil
	}
	if id, ok := b.uploads.Get(m.Ref); ok && !upload {
		return id, nil, nil
	}
	if b.opt.Open == nil {
		if !openable(m.Ref) {
			return "", nil, unfit(errors.New("nobody opens the attachment"))
		}
		return m.Ref, nil, nil // Telegram fetches it
	}
	r, err := b.opt.Open(ctx, m)
	if err != nil {
		if bot.IsCode(err, bot.NotFound) || bot.IsCode(err, bot.Invalid) {
			return "", nil, unfit(errors.New("the attachment is gone"))
		}
		return "", nil, &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: errors.New("the attachment cannot be opened")}
	}
	defer r.Close()
	most := int64(maxUpload)
	if m.Kind == bot.Photo {
		most = maxPhoto
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return "", nil, &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: errors.New("the attachment cannot be read")}
	case int64(len(data)) > most:
		return "", nil, unfit(errors.New("the attachment is larger than Telegram takes"))
	}
	return "", &tgbotapi.RequestFile{Data: tgbotapi.FileBytes{Name: fileName(m), Bytes: data}}, nil
}

// fileName is the name a citizen sees: no path, and none at all for what has none.
func fileName(m bot.Media) string {
	name := path.Base(strings.ReplaceAll(m.Name, `\`, "/"))
	if name == "." || name == "/" || name == ".." {
		name = string(m.Kind)
	}
	return name
}

// Fetch opens an attachment that a citizen sent. It fails with an *bot.Error
// Invalid when the file is larger than the Bot API hands out, and NotFound when
// Telegram does not know it any more. The address holds the token, so it is
// asked for here and given to nobody.
func (b *Bot) Fetch(ctx context.Context, m bot.Media) (io.ReadCloser, error) {
	if m.Size > MaxFetch {
		return nil, tooLarge()
	}
	if m.Ref == "" || ours(m.Ref) {
		return nil, &bot.Error{Code: bot.NotFound, Detail: "the attachment is no file of Telegram's"}
	}
	var file struct {
		Path string `json:"file_path"`
		Size int64  `json:"file_size"`
	}
	if err := b.api.get(ctx, "getFile", tgbotapi.Params{"file_id": m.Ref}, &file); err != nil {
		var f *failure
		if errors.As(err, &f) && f.answered && f.code == http.StatusBadRequest {
			if strings.Contains(f.text, "file is too big") {
				return nil, tooLarge()
			}
			return nil, &bot.Error{Code: bot.NotFound, Detail: "Telegram does not hand out the file: " + f.Error()}
		}
		return nil, err
	}
	if file.Size > MaxFetch {
		return nil, tooLarge()
	}
	return b.api.download(ctx, file.Path)
}

func tooLarge() error {
	return &bot.Error{Code: bot.Invalid, Detail: "the file is larger than the 20 MB that Telegram hands out"}
}

// download opens a file by the path that getFile named.
func (a *api) download(ctx context.Context, file string) (io.ReadCloser, error) {
	if clean := path.Clean("/" + file); file == "" || clean != "/"+file || strings.ContainsAny(file, `\?#`) {
		return nil, &failure{method: "getFile", cause: errors.New("the path of the file makes no sense")}
	}
	u := a.files.JoinPath("file", "bot"+a.token, file)
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, &failure{method: "download", cause: a.redact(err)}
	}
	resp, err := a.http.Do(req)
	if err != nil {
		cancel()
		return nil, &failure{method: "download", cause: a.redact(err)}
	}
	if resp.StatusCode != http.StatusOK || resp.ContentLength > MaxFetch {
		_ = resp.Body.Close() // nothing of it is read
		cancel()
		if resp.StatusCode == http.StatusOK {
			return nil, tooLarge()
		}
		if resp.StatusCode == http.StatusNotFound {
			return nil, &bot.Error{Code: bot.NotFound, Detail: "Telegram does not have the file any more"}
		}
		return nil, &failure{method: "download", code: resp.StatusCode, cause: errors.New("no file")}
	}
	return &fetched{limited{ReadCloser: resp.Body, left: MaxFetch}, cancel, a}, nil
}

// fetched is a file on its way. Its errors do not show the token.
type fetched struct {
	limited
	cancel context.CancelFunc
	api    *api
}

func (f *fetched) Read(p []byte) (int, error) {
	n, err := f.limited.Read(p)
	switch {
	case err == nil || err == io.EOF: //nolint:errorlint // io.EOF is returned as it is
		return n, err
	case errors.Is(err, errTooLong):
		return n, tooLarge()
	}
	return n, f.api.redact(err)
}

func (f *fetched) Close() error {
	defer f.cancel()
	return f.ReadCloser.Close()
}
