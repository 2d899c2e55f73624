package desk

import (
	"context"
	"errors"
	"mime/multipart"
	"net/http"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

// upload is a field with one file.
type upload struct {
	field, keep, drop string
	photo             bool
}

var uploads = [...]upload{{"picture", "keep_picture", "drop_picture", true}, {"attachment", "keep_attachment", "drop_attachment", false}}

// takeFiles keeps what was uploaded and puts the ids of an item's files into the form.
// Ids that came back with it and belong to something else are left out, and said to be gone.
func (s *service) takeFiles(r *http.Request, sh sheet, f *web.Form) error {
	for _, u := range uploads {
		id := f.Line(u.keep)
		if f.On(u.drop) || s.opt.Media == nil {
			id = ""
		}
		f.Set(u.drop, "")
		id, err := s.owned(r, sh, f, u, id)
		if err != nil {
			return err
		}
		if h := uploaded(r, u.field); h != nil && s.opt.Media != nil {
			new, err := s.takeFile(r.Context(), actor(r).Ref(), h)
			switch {
			case err != nil && !f.FailWith(u.field, err):
				return err
			case err == nil && u.photo && s.isPhoto(r.Context(), new):
				id = new
			case err == nil && u.photo:
				f.Fail(u.field, "news.desk_wrong_picture")
			case err == nil:
				id = new
			}
		}
		f.Set(u.keep, id)
	}
	return nil
}

func uploaded(r *http.Request, field string) *multipart.FileHeader {
	if r.MultipartForm == nil || len(r.MultipartForm.File[field]) == 0 || r.MultipartForm.File[field][0].Size == 0 {
		return nil
	}
	return r.MultipartForm.File[field][0]
}

// owned is the id when the file is the officer's or the item's. A correction gets
// a copy of the file of the item before: each item's files live as long as the item.
func (s *service) owned(r *http.Request, sh sheet, f *web.Form, u upload, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	owners := []string{actor(r).Ref()}
	if sh.it.ID != 0 {
		owners = append(owners, items.Thing(sh.it.ID))
	}
	if ids, err := s.opt.Media.Owned(r.Context(), []string{id}, owners...); err != nil || len(ids) == 1 {
		return id, err
	}
	if sh.corrects.ID != 0 {
		ids, err := s.opt.Media.Owned(r.Context(), []string{id}, items.Thing(sh.corrects.ID))
		if err != nil {
			return "", err
		}
		if len(ids) == 1 {
			copied, err := s.copyFile(r.Context(), actor(r).Ref(), id)
			if err == nil || !f.FailWith(u.field, err) {
				return copied, err
			}
			return "", nil
		}
	}
	f.Fail(u.field, "news.desk_file_gone")
	return "", nil
}

func (s *service) isPhoto(ctx context.Context, id string) bool {
	v := s.file(ctx, id)
	return v != nil && v.Thumb != ""
}

func (s *service) takeFile(ctx context.Context, owner string, h *multipart.FileHeader) (id string, err error) {
	file, err := h.Open()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	it, err := s.opt.Media.Keep(ctx, owner, h.Filename, file)
	return it.ID, err
}

func (s *service) copyFile(ctx context.Context, owner, id string) (copied string, err error) {
	it, from, err := s.opt.Media.Open(ctx, id)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	kept, err := s.opt.Media.Keep(ctx, owner, it.Name, from)
	return kept.ID, err
}

// attach gives an item its files, in the unit of work that writes it.
func (s *service) attach(ctx context.Context, w *bot.Work, owner string, it items.Item) error {
	var ids []string
	for _, id := range []string{it.Content.Picture, it.Content.Attachment} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 || s.opt.Media == nil {
		return nil
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	return s.opt.Media.Attach(ctx, tx, owner, items.Thing(it.ID), ids...)
}
