package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"cchcbot/bot/media"
	"cchcbot/bot/sqldb"
)

// packedMedia describes the files in a backup: those that the database's copy names.
// They are sealed under keys that stand, sealed, in the database.
type packedMedia struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// SHA256 is of all names, lengths and contents in the order of the archive.
	SHA256 string `json:"sha256"`
	// Missing is how many the database names that were not there: removed while the
	// backup was made, or lost before.
	Missing int `json:"missing,omitempty"`
}

// mediaPart is how a file is called in a backup.
var mediaPart = regexp.MustCompile(`^media/[A-Z2-7]{2}/[A-Z2-7]{26}(\.thumb)?$`)

// maxMediaFile bounds a file in a backup, in bytes: the largest that is kept, sealed.
const maxMediaFile = media.MaxDocument + 1<<20

// mediaFiles lists the files that a database's copy names, and how large they are
// together now.
func mediaFiles(ctx context.Context, copied, folder string) (names []string, bytes int64, err error) {
	db, err := sqldb.Open(ctx, sqldb.Options{Path: copied})
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	versions, err := db.Versions(ctx)
	if err != nil || versions["media"] == 0 {
		return nil, 0, err // of a version that kept no files
	}
	if names, err = media.Files(ctx, db.Read()); err != nil {
		return nil, 0, err
	}
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(folder, filepath.FromSlash(name))); err == nil {
			bytes += info.Size()
		}
	}
	return names, bytes, nil
}

// packMedia adds files to an archive; nil when there are none.
func packMedia(ctx context.Context, z *zip.Writer, folder string, names []string, m manifest, bar bar) (*packedMedia, error) {
	if len(names) == 0 {
		return nil, nil
	}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return &packedMedia{Missing: len(names), SHA256: hex.EncodeToString(sha256.New().Sum(nil))}, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // it was only read
	p, sum := &packedMedia{}, sha256.New()
	for _, name := range names {
		n, err := packOne(ctx, z, root, name, m, sum)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			p.Missing++
			continue
		case err != nil:
			return nil, err
		}
		p.Files, p.Bytes = p.Files+1, p.Bytes+n
		bar.set(int(p.Bytes >> 10))
	}
	p.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return p, nil
}

func packOne(ctx context.Context, z *zip.Writer, root *os.Root, name string, m manifest, sum hash.Hash) (int64, error) {
	in, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return 0, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return 0, err
	}
	part := mediaFolder + "/" + name
	// Sealed bytes do not become smaller.
	w, err := z.CreateHeader(&zip.FileHeader{Name: part, Method: zip.Store, Modified: m.made()})
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(sum, "%s\x00%d\x00", part, info.Size())
	r := &metered{ctx: ctx, r: io.LimitReader(in, info.Size()), sum: sum}
	if _, err := io.Copy(w, r); err != nil {
		return 0, err
	}
	if r.n != info.Size() {
		return 0, fmt.Errorf("%s changed while it was copied", part)
	}
	return r.n, nil
}

// extractMedia writes the files out below to, or only reads them when to is "", and
// fails unless they are, byte for byte, what the manifest describes.
func (b *backupFile) extractMedia(ctx context.Context, to string, bar bar) error {
	want := b.manifest.Media
	if want == nil {
		if len(b.media) > 0 {
			return fmt.Errorf("%w (there is more in it than belongs there)", errNotBackup)
		}
		return nil
	}
	if len(b.media) != want.Files {
		return fmt.Errorf("%w (it has %d files, its manifest says %d)", errNotBackup, len(b.media), want.Files)
	}
	sum, left := sha256.New(), want.Bytes
	for _, f := range b.media {
		if err := extractOne(ctx, f, to, &left, sum); err != nil {
			return err
		}
		bar.set(int((want.Bytes - left) >> 10))
	}
	if left != 0 || hex.EncodeToString(sum.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%w (the files in it are not those that were packed)", errNotBackup)
	}
	return nil
}

func extractOne(ctx context.Context, f *zip.File, to string, left *int64, sum hash.Hash) (err error) {
	in, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w (%w)", errNotBackup, err)
	}
	defer in.Close()
	var out io.Writer = io.Discard
	if to != "" {
		path := filepath.Join(to, filepath.FromSlash(strings.TrimPrefix(f.Name, mediaFolder+"/")))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Sync(), file.Close()) }()
		out = file
	}
	size := int64(min(f.UncompressedSize64, maxMediaFile+1))
	if size > maxMediaFile || size > *left {
		return fmt.Errorf("%w (a file in it is larger than its manifest allows)", errNotBackup)
	}
	fmt.Fprintf(sum, "%s\x00%d\x00", f.Name, size)
	w := &writing{w: out}
	r := &metered{ctx: ctx, r: io.LimitReader(in, size+1), sum: sum}
	if _, err := io.Copy(w, r); err != nil {
		if w.err != nil || ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w (%w)", errNotBackup, err)
	}
	*left -= r.n
	if r.n != size {
		return fmt.Errorf("%w (a file in it has another length)", errNotBackup)
	}
	return nil
}

// unpackMedia writes the files below the staging folder.
func unpackMedia(ctx context.Context, b *backupFile, staged string, progress io.Writer) error {
	if b.manifest.Media == nil {
		return b.extractMedia(ctx, "", bar{})
	}
	to := filepath.Join(staged, mediaFolder)
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	bar := newBar(progress, int(b.manifest.Media.Bytes>>10)+1, "unpacking files (KiB)")
	defer bar.done()
	return b.extractMedia(ctx, to, bar)
}

// mediaNamed fails when the database names more files than the backup holds, but
// for those that were missing when it was made.
func mediaNamed(ctx context.Context, b *backupFile, database string) error {
	names, _, err := mediaFiles(ctx, database, "")
	if err != nil {
		return err
	}
	have, missing := 0, 0
	if m := b.manifest.Media; m != nil {
		have, missing = m.Files, m.Missing
	}
	if len(names) != have+missing {
		return fmt.Errorf("%w (its database names %d files, %d are in it)", errNotBackup, len(names), have)
	}
	return nil
}

// putMediaInPlace moves the files to where serve looks for them. undo takes them away again.
func putMediaInPlace(staged, folder string) (undo func() error, err error) {
	from, to := filepath.Join(staged, mediaFolder), filepath.Join(folder, mediaFolder)
	nothing := func() error { return nil }
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nothing, nil
	}
	// An empty folder, which an earlier start made, gives way; noDatabase saw that it is empty.
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nothing, err
	}
	if err := moveMarked(staged, from, to); err != nil {
		return nothing, err
	}
	return func() error { return os.RemoveAll(to) }, syncDir(folder)
}
