package media

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"cchcbot/bot"
)

// refPrefix marks the handle of an attachment whose bytes the keeper has already.
const refPrefix = "media:"

// Ref is the handle by which a channel names an item that it let the keeper keep.
func (it Item) Ref() string { return refPrefix + it.ID }

// Want notes, inside a turn, that a file is wanted: an attachment of an update of that
// channel. It belongs to the owner ([Conversation] for what a citizen sends). What can be
// refused at once is, with an *bot.Error Invalid whose Key tells the citizen what to do. An
// attachment that was kept when it came in is found, not taken again.
func (k *Keeper) Want(ctx context.Context, tx bot.Tx, owner, channel string, m bot.Media) (Item, error) {
	key := k.ownerKey(owner)
	if id, ok := strings.CutPrefix(m.Ref, refPrefix); ok {
		r, err := k.row(ctx, tx, id)
		if err == nil && r.owner != key {
			err = notFound()
		}
		if err != nil {
			return Item{}, err
		}
		return r.Item, k.claim(ctx, tx, r.ID)
	}
	if unfit := Unfit(m); unfit != "" {
		return Item{}, refusal(unfit)
	}
	if m.Ref == "" || len(m.Ref) > maxHandle || k.opt.Fetcher(channel) == nil {
		return Item{}, refusal(refusedFetch)
	}
	if err := k.room(ctx, tx, key); err != nil {
		return Item{}, err
	}
	r := row{
		Item:  Item{ID: bot.NewID(), State: Wanted, Kind: m.Kind, Name: CleanName(m.Name, m.Kind, ""), Size: m.Size, Since: k.opt.Now()},
		owner: key, channel: channel, handle: []byte(m.Ref),
	}
	return r.Item, k.insert(ctx, tx, r, r.Since)
}

// maxHandle bounds a channel's handle, in bytes.
const maxHandle = 4 << 10

// Keep takes a file whose bytes are here. It is durable when Keep returns, and stays
// for [KeepLoose] unless it is attached. It fails with an *bot.Error Invalid, whose Key
// tells what to do instead, when the file is not taken. It opens a unit of work of its own, so it
// must not be called inside a transaction.
func (k *Keeper) Keep(ctx context.Context, owner, name string, from io.Reader) (Item, error) {
	return k.keep(ctx, owner, name, from, true)
}

func (k *Keeper) keep(ctx context.Context, owner, name string, from io.Reader, claimed bool) (Item, error) {
	key := k.ownerKey(owner)
	if err := k.room(ctx, k.opt.Read, key); err != nil {
		return Item{}, err
	}
	if k.opt.Free != nil {
		if free := k.opt.Free(k.opt.Folder); free >= 0 && free < minFree {
			return Item{}, errors.New("media: the disk is nearly full")
		}
	}
	r := row{Item: Item{ID: bot.NewID(), State: Ready, Name: name, Since: k.opt.Now()}, owner: key}
	defer k.working(r.ID)()
	if err := k.take(ctx, &r, from); err != nil {
		return Item{}, err
	}
	err := k.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if err := k.room(ctx, tx, key); err != nil {
			return err
		}
		if err := k.insert(ctx, tx, r, r.Since); err != nil || claimed {
			return err
		}
		return k.unclaim(ctx, tx, r.ID)
	})
	if err != nil {
		return Item{}, err // a file without a row is swept
	}
	return r.Item, nil
}

// Came takes a file that comes along with a message, before its turn: as Keep, but the
// turn has to ask for it with [Keeper.Want]. When it is over [Keeper.Settled] removes what it did not.
func (k *Keeper) Came(ctx context.Context, key bot.SessionKey, name string, from io.Reader) (bot.Media, error) {
	it, err := k.keep(ctx, Conversation(key), name, from, false)
	if err != nil {
		return bot.Media{}, err
	}
	return bot.Media{Kind: it.Kind, Ref: it.Ref(), Name: it.Name, Type: it.Type, Size: it.Size}, nil
}

// Settled removes the files that came along with an update and that its turn, which is
// over, did not ask for. Where it fails they go with what nobody attached.
func (k *Keeper) Settled(ctx context.Context, u bot.Update) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	err := k.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		for _, m := range u.Media {
			id, ok := strings.CutPrefix(m.Ref, refPrefix)
			if !ok {
				continue
			}
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			if err := k.discard(ctx, tx, discardUnasked, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		k.opt.Log.Warn("a file that nobody asked for is removed later", "err", err)
	}
	k.Wake()
}

// working marks an item's files as no orphans until the returned function is called.
func (k *Keeper) working(id string) (done func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy[id]++
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.busy[id]--; k.busy[id] == 0 {
			delete(k.busy, id)
		}
	}
}

// take writes the bytes to the disk, sealed, as they come, so that many slow uploads
// fill no memory; then it checks them, one file at a time, and puts what is kept in place. It
// fills in what the content tells. A refusal is an *bot.Error Invalid.
func (k *Keeper) take(ctx context.Context, r *row, from io.Reader) error {
	r.key = make([]byte, keySize)
	rand.Read(r.key) // never fails: see crypto/rand
	spool, size, err := k.create(r.ID, partOriginal, r.key, &limited{ctx: ctx, r: from, left: MaxDocument})
	if err != nil {
		return err
	}
	if err := k.examine(ctx, r, spool, size); err != nil {
		return errors.Join(err, k.remove(spool))
	}
	return nil
}

// limited reads until ctx ends, and refuses what is longer than a file may be.
type limited struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n, refusal(refusedSize)
	}
	return n, err
}

// examine decides on a spooled file and keeps what is kept of it.
func (k *Keeper) examine(ctx context.Context, r *row, spool string, size int64) error {
	select {
	case k.decode <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-k.decode }()
	data, typ, err := k.unspool(r, spool, size)
	if err != nil {
		return err
	}
	name := r.Name
	r.Kind, r.Size = bot.Document, size
	switch typ {
	case typeJPEG, typePNG, typeWebP:
		p, err := readPhoto(data, typ)
		if err != nil {
			return err
		}
		r.Kind, r.Type, r.Size, r.Width, r.Height = bot.Photo, p.typ, int64(len(p.data)), p.width, p.height
		r.Name = CleanName(name, r.Kind, r.Type)
		return errors.Join(k.replace(r.ID, r.key, p), k.remove(spool))
	case typePDF:
		err = checkPDF(data)
	default:
		typ, err = checkOffice(data)
	}
	if err != nil {
		return err
	}
	r.Type = typ
	r.Name = CleanName(name, r.Kind, r.Type)
	return k.place(spool, r.ID, partOriginal)
}

// unspool reads a spooled file back, if it is of a type that may be kept.
func (k *Keeper) unspool(r *row, spool string, size int64) (data []byte, typ string, err error) {
	f, err := k.open(spool, r.ID, r.key, partOriginal)
	if err != nil {
		return nil, "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	head := make([]byte, min(size, sniffed))
	if _, err := io.ReadFull(f, head); err != nil && size > 0 {
		return nil, "", err
	}
	typ, refuse := sniff(head)
	switch {
	case refuse != "":
		return nil, "", refusal(refuse)
	case (typ == typeJPEG || typ == typePNG || typ == typeWebP) && size > MaxPhoto:
		return nil, "", refusal(refusedPhoto)
	}
	data = make([]byte, size)
	copy(data, head)
	_, err = io.ReadFull(f, data[len(head):])
	return data, typ, err
}

// replace puts a photo and its thumbnail in place of what was sent.
func (k *Keeper) replace(id string, key []byte, p photo) error {
	for _, part := range []part{partThumb, partPhoto} {
		data := p.data
		if part == partThumb {
			data = p.thumb
		}
		name, _, err := k.create(id, part, key, bytes.NewReader(data))
		if err != nil {
			return err
		}
		if err := k.place(name, id, part); err != nil {
			return errors.Join(err, k.remove(name))
		}
	}
	return nil
}

// Open opens an item that is ready. It fails with an *bot.Error NotFound when there is
// none, or when its file is gone.
func (k *Keeper) Open(ctx context.Context, id string) (Item, io.ReadSeekCloser, error) {
	return k.openPart(ctx, id, false, true)
}

// Thumb opens an item's thumbnail, a JPEG. Only photos have one.
func (k *Keeper) Thumb(ctx context.Context, id string) (Item, io.ReadSeekCloser, error) {
	return k.openPart(ctx, id, true, true)
}

func (k *Keeper) openPart(ctx context.Context, id string, thumb, inside bool) (Item, io.ReadSeekCloser, error) {
	r, err := k.row(ctx, k.opt.Read, id)
	if err != nil {
		return Item{}, nil, err
	}
	if r.State != Ready || thumb && r.Kind != bot.Photo || r.shut && !inside {
		return r.Item, nil, notFound()
	}
	key, err := k.opt.Sealer.Open(r.key, keyPlace(id))
	if err != nil {
		return r.Item, nil, fmt.Errorf("open the key of an item: %w", err)
	}
	name, want := filePath(id, partOriginal), []part{partOriginal, partPhoto}
	if thumb {
		name, want = filePath(id, partThumb), []part{partThumb}
	}
	f, err := k.open(name, id, key, want...)
	if errors.Is(err, os.ErrNotExist) {
		k.opt.Log.Error("a file is missing; restore the media folder from the backup", "item", id)
		return r.Item, nil, notFound()
	}
	if err != nil {
		return r.Item, nil, err
	}
	return r.Item, f, nil
}
