package content

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxParts bounds the files inside a workbook; ours has about fifteen.
const maxParts = 2000

// checkZip goes through a workbook before anything else opens it: what the
// directory promises, then what the parts really unpack to. The Excel library
// takes the end of a damaged sheet for its end; an import must not, so sheets
// and texts are also checked to be whole XML.
func checkZip(ctx context.Context, zr *zip.Reader, packed int64, limits Limits) error {
	if len(zr.File) > maxParts {
		return fmt.Errorf("%w: %d files inside the workbook, at most %d", ErrTooLarge, len(zr.File), maxParts)
	}
	var promised uint64
	for _, f := range zr.File {
		promised += f.UncompressedSize64
		if f.UncompressedSize64 > uint64(limits.Text) || promised > uint64(limits.Text) {
			return fmt.Errorf("%w: the workbook unpacks to more than %s; split it into several files", ErrTooLarge, mebibytes(limits.Text))
		}
		if f.Flags&1 != 0 {
			return fmt.Errorf("%w: the file has a password; save it without one", ErrFormat)
		}
	}
	if promised > freeText && promised > uint64(limits.Ratio)*uint64(packed) {
		return fmt.Errorf("%w: the workbook unpacks to more than %d times its size, as a zip bomb does; save it again in Excel if it is genuine",
			ErrTooLarge, limits.Ratio)
	}
	for _, f := range zr.File {
		if err := checkPart(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// checkPart unpacks one part to nowhere. archive/zip stops where a part passes
// its promised size and compares the checksum at the end.
func checkPart(ctx context.Context, f *zip.File) error {
	broken := func(err error) error {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return fmt.Errorf("%w: part %q of the workbook: %s; save it again in Excel", ErrBroken, clip(f.Name), clip(err.Error()))
	}
	r, err := f.Open()
	if err != nil {
		return broken(err)
	}
	defer r.Close()
	from := &meter{ctx: ctx, r: r, limit: 1 << 62}
	name := strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))
	if strings.HasPrefix(name, "xl/worksheets/sheet") || name == "xl/sharedstrings.xml" || name == "xl/workbook.xml" {
		if err := wholeXML(from); err != nil {
			return broken(err)
		}
	}
	if _, err := io.Copy(io.Discard, from); err != nil {
		return broken(err)
	}
	return nil
}

// wholeXML reads XML to its end.
func wholeXML(r io.Reader) error {
	const maxElements = 64 // nested; a sheet needs about ten
	d := xml.NewDecoder(r)
	depth := 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) && depth == 0 {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.Directive:
			return errors.New("holds a DOCTYPE")
		}
		if depth < 0 || depth > maxElements {
			return fmt.Errorf("elements nested %d deep", depth)
		}
	}
}
