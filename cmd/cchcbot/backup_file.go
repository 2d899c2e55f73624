package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"cchcbot/bot/store"
)

// A backup is a zip archive: the database, the files that citizens and officers sent
// (since version 2), and a manifest that says what it is. Any zip program opens it, should this one be lost.
const (
	backupFormat  = "cchcbot backup"
	backupVersion = 2
	manifestFile  = "manifest.json"

	maxManifest = 64 << 10 // bytes
	maxDatabase = 1 << 40  // bytes
)

// errNotBackup means that a file is not what `cchcbot backup` wrote.
var errNotBackup = errors.New("it is not a backup of cchcbot, or it was damaged on its way; take another one")

// manifest describes the database of a backup.
type manifest struct {
	Format   string           `json:"format"`
	Version  int              `json:"version"` // of this format
	Program  string           `json:"program"` // that wrote it
	Made     string           `json:"made"`    // RFC 3339
	Schema   map[string]int64 `json:"schema"`  // version of each line of migrations
	Database packedFile       `json:"database"`
	Media    *packedMedia     `json:"media,omitempty"` // nil: there are no files
	// Key tells keys apart and is no way to one: a digest of a fixed text under it.
	Key string `json:"key"`
	// Seal is a digest under the key of everything above, so that nobody without
	// the key can make or change a backup that restores.
	Seal string `json:"seal"`
}

type packedFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hexadecimal
}

func fingerprint(keys *store.Keys) string { return keys.Digest("backup key\x1f") }

func (m manifest) sealWith(keys *store.Keys) (string, error) {
	m.Seal = ""
	b, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	return keys.Digest("backup\x1f" + string(b)), nil
}

// checkSeal fails with store.ErrWrongKey for another key than the backup needs,
// and with errNotBackup when somebody changed the manifest.
func (m manifest) checkSeal(keys *store.Keys) error {
	if m.Key != fingerprint(keys) {
		return store.ErrWrongKey
	}
	seal, err := m.sealWith(keys)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(seal), []byte(m.Seal)) {
		return fmt.Errorf("%w (the manifest was changed)", errNotBackup)
	}
	return nil
}

// parseManifest reads and checks a manifest as it came from outside.
func parseManifest(raw []byte) (manifest, error) {
	var m manifest
	var kind struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	// The format first: a newer one may have keys that this program does not know.
	if err := json.Unmarshal(raw, &kind); err != nil || kind.Format != backupFormat || kind.Version < 1 {
		return m, fmt.Errorf("%w (the manifest cannot be read)", errNotBackup)
	}
	if kind.Version > backupVersion {
		return m, fmt.Errorf("the backup has format %d, this program knows %d; use the program that made it or a newer one", kind.Version, backupVersion)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil || dec.More() {
		return m, fmt.Errorf("%w (the manifest cannot be read)", errNotBackup)
	}
	if f := m.Media; f != nil && (m.Version < 2 || f.Files < 0 || f.Bytes < 0 || f.Bytes > maxDatabase || f.Missing < 0 || len(f.SHA256) != 2*sha256.Size) {
		return m, fmt.Errorf("%w (the manifest does not describe its files)", errNotBackup)
	}
	sum, err := hex.DecodeString(m.Database.SHA256)
	_, when := time.Parse(time.RFC3339, m.Made)
	if err != nil || len(sum) != sha256.Size || when != nil || m.Database.Name != databaseFile ||
		m.Database.Bytes <= 0 || m.Database.Bytes > maxDatabase || len(m.Schema) == 0 {
		return m, fmt.Errorf("%w (the manifest does not describe a database)", errNotBackup)
	}
	return m, nil
}

func (m manifest) made() time.Time {
	t, err := time.Parse(time.RFC3339, m.Made)
	if err != nil {
		return time.Time{}
	}
	return t
}

// pack writes the archive and completes the manifest.
// files are the names of those in folder that go with the database.
func pack(ctx context.Context, to, database, folder string, files []string, m manifest, keys *store.Keys, progress io.Writer) (manifest, error) {
	in, err := os.Open(database)
	if err != nil {
		return m, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return m, err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return m, err
	}
	bar := newBar(progress, int(info.Size()>>10)+1, "packing (KiB)")
	defer bar.done()
	err = func() error {
		z := zip.NewWriter(out)
		z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
		w, err := z.CreateHeader(&zip.FileHeader{Name: databaseFile, Method: zip.Deflate, Modified: m.made()})
		if err != nil {
			return err
		}
		r := &metered{ctx: ctx, r: in, bar: bar, sum: sha256.New()}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
		m.Database = packedFile{Name: databaseFile, Bytes: r.n, SHA256: hex.EncodeToString(r.sum.Sum(nil))}
		if m.Media, err = packMedia(ctx, z, folder, files, m, bar); err != nil {
			return err
		}
		m.Key = fingerprint(keys)
		if m.Seal, err = m.sealWith(keys); err != nil {
			return err
		}
		raw, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			return err
		}
		if w, err = z.CreateHeader(&zip.FileHeader{Name: manifestFile, Method: zip.Store, Modified: m.made()}); err != nil {
			return err
		}
		if _, err := w.Write(append(raw, '\n')); err != nil {
			return err
		}
		return errors.Join(z.Close(), out.Sync())
	}()
	return m, errors.Join(err, out.Close())
}

// backupFile is an opened backup whose manifest was read.
type backupFile struct {
	manifest manifest
	size     int64 // of the archive, in bytes
	zip      *zip.ReadCloser
	database *zip.File
	media    []*zip.File // in the order of the archive
}

// openBackup opens an archive and reads its manifest. The manifest is checked
// for form only: whose it is, checkSeal finds out.
func openBackup(path string) (b *backupFile, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", errNotBackup, err)
	}
	b = &backupFile{zip: z, size: info.Size()}
	defer func() {
		if err != nil {
			err = errors.Join(err, z.Close())
		}
	}()
	var described *zip.File
	for _, f := range z.File {
		switch {
		case f.Name == databaseFile && b.database == nil:
			b.database = f
		case f.Name == manifestFile && described == nil:
			described = f
		case mediaPart.MatchString(f.Name):
			b.media = append(b.media, f)
		default:
			return nil, fmt.Errorf("%w (there is more in it than belongs there)", errNotBackup)
		}
	}
	if described == nil || b.database == nil {
		return nil, fmt.Errorf("%w (a part is missing)", errNotBackup)
	}
	raw, err := readPart(described)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", errNotBackup, err)
	}
	if b.manifest, err = parseManifest(raw); err != nil {
		return nil, err
	}
	return b, nil
}

func readPart(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err == nil && len(raw) > maxManifest {
		err = errors.New("the manifest is too large")
	}
	return raw, err
}

// extract writes the database out and fails unless it is, byte for byte, what
// the manifest describes. It never writes more than that.
func (b *backupFile) extract(ctx context.Context, to io.Writer, bar bar) error {
	in, err := b.database.Open()
	if err != nil {
		return fmt.Errorf("%w (%w)", errNotBackup, err)
	}
	defer in.Close()
	r := &metered{ctx: ctx, r: io.LimitReader(in, b.manifest.Database.Bytes+1), bar: bar, sum: sha256.New()}
	w := &writing{w: to}
	if _, err := io.Copy(w, r); err != nil {
		if w.err != nil || ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w (%w)", errNotBackup, err)
	}
	if r.n != b.manifest.Database.Bytes || hex.EncodeToString(r.sum.Sum(nil)) != b.manifest.Database.SHA256 {
		return fmt.Errorf("%w (the database in it is not the one that was packed)", errNotBackup)
	}
	return nil
}

// Close closes the archive.
func (b *backupFile) Close() { _ = b.zip.Close() } // it was only read

// metered reads until ctx ends, counts, hashes and moves a bar.
type metered struct {
	ctx context.Context
	r   io.Reader
	sum hash.Hash
	bar bar
	n   int64
}

func (m *metered) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.sum.Write(p[:n])
	m.n += int64(n)
	m.bar.set(int(m.n >> 10))
	return n, err
}

// writing remembers that it was the writer who failed: a full disk is not a damaged backup.
type writing struct {
	w   io.Writer
	err error
}

func (w *writing) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.err = errors.Join(w.err, err)
	return n, err
}
