package media

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"strings"
)

// Limits of what an office file may unpack to: whoever opens it gets that much.
const (
	maxEntries  = 2000
	maxUnpacked = 100 << 20 // bytes, all parts together
	pdfTail     = 2 << 10   // bytes at the end in which a PDF says that it ends (ISO 32000, annex H: readers look in the last 1024)
)

// active are words by which a PDF does something by itself (ISO 32000-2, 12.6.4):
// runs a program or a script, carries another file or opens one elsewhere.
var active = []string{"/Launch", "/JavaScript", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE"}

// checkPDF refuses what is cut off or does something by itself, as far as that can be
// seen without unpacking its streams: it is no substitute for a reader that asks first.
func checkPDF(data []byte) error {
	tail := data[max(0, len(data)-pdfTail):]
	if !bytes.Contains(tail, []byte("%%EOF")) {
		return refusal(refusedBroken)
	}
	plain := unhide(data)
	for _, name := range active {
		if hasName(plain, name) {
			return refusal(refusedActive)
		}
	}
	if leadsAway(data) {
		return refusal(refusedFetches)
	}
	return nil
}

// unhide writes out the characters of names that are given as #xx (ISO 32000-2, 7.3.5).
func unhide(data []byte) []byte {
	if !bytes.ContainsRune(data, '#') {
		return data
	}
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		if data[i] == '#' && i+2 < len(data) {
			if c, err := hex.DecodeString(string(data[i+1 : i+3])); err == nil {
				out, i = append(out, c[0]), i+2
				continue
			}
		}
		out = append(out, data[i])
	}
	return out
}

// hasName looks for a PDF name that is not the beginning of a longer one.
func hasName(data []byte, name string) bool {
	for i := 0; ; {
		j := bytes.Index(data[i:], []byte(name))
		if j < 0 {
			return false
		}
		i += j + len(name)
		if i >= len(data) || !letter(data[i]) {
			return true
		}
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// checkOffice tells docx and xlsx from other archives (ECMA-376, part 2: a package
// has [Content_Types].xml), and refuses macros, controls, what is fetched from elsewhere, and parts that
// unpack to more than they are worth. Every part is unpacked once: what the archive says of sizes is not believed.
func checkOffice(data []byte) (typ string, err error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) > maxEntries {
		return "", refusal(refusedArchive)
	}
	names := map[string]bool{}
	for _, f := range z.File {
		name := strings.ToLower(f.Name)
		if names[name] {
			return "", refusal(refusedBroken) // two readers may take a different one
		}
		names[name] = true
	}
	switch {
	case !names["[content_types].xml"]:
		return "", refusal(refusedArchive)
	case names["word/document.xml"]:
		typ = typeDocx
	case names["xl/workbook.xml"]:
		typ = typeXlsx
	default:
		return "", refusal(refusedArchive)
	}
	left := int64(maxUnpacked)
	for _, f := range z.File {
		if err := checkPart(f, &left); err != nil {
			return "", err
		}
	}
	return typ, nil
}

// runs reports whether a part of an office file may run by itself.
func runs(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
	return strings.Contains(name, "vbaproject") || strings.Contains(name, "activex/") || strings.Contains(name, "macrosheets/") ||
		strings.Contains(name, "embeddings/") && !strings.HasSuffix(name, ".docx") && !strings.HasSuffix(name, ".xlsx") ||
		strings.HasSuffix(name, ".exe") || strings.HasSuffix(name, ".dll") || strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".vbs")
}

func checkPart(f *zip.File, left *int64) error {
	clean := path.Clean("/" + strings.ReplaceAll(f.Name, `\`, "/"))
	switch {
	case clean != "/"+strings.TrimSuffix(f.Name, "/"):
		return refusal(refusedBroken) // leads out of the archive
	case runs(f.Name):
		return refusal(refusedActive)
	case f.Flags&1 != 0:
		return refusal(refusedLocked)
	}
	r, err := f.Open()
	if err != nil {
		return refusal(refusedBroken)
	}
	defer r.Close()
	var types, rels bytes.Buffer
	to, most := io.Discard, *left
	switch {
	case strings.EqualFold(f.Name, "[Content_Types].xml"):
		to = &types
	case isRels(f.Name):
		to, most = &rels, min(*left, maxRels)
	}
	n, err := io.Copy(to, io.LimitReader(r, most+1))
	*left -= n
	switch {
	case n > most:
		return refusal(refusedHuge)
	case err != nil && !errors.Is(err, io.EOF):
		return refusal(refusedBroken)
	case bytes.Contains(bytes.ToLower(types.Bytes()), []byte("macroenabled")):
		return refusal(refusedActive)
	case isRels(f.Name):
		return checkRels(rels.Bytes())
	}
	return nil
}
