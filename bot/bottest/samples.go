package bottest

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"path"
	"strings"

	"cchcbot/bot"
)

// SecretPlace stands in the metadata of [SamplePhoto] where a camera writes where it
// was: nothing that the bot keeps may hold it.
const SecretPlace = "GPS 20.9373N 106.3146E"

// SamplePhoto is a JPEG of that size whose camera was held upright (Exif orientation
// 6) and wrote down where it was. Its colours change from place to place, as a photo's do.
func SamplePhoto(width, height int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, color.RGBA{R: uint8(x * 255 / width), G: uint8(y * 255 / height), B: uint8((x ^ y) & 0x3f), A: 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		panic(err) // a buffer takes everything
	}
	return WithExif(b.Bytes(), 6)
}

// WithExif puts metadata into a JPEG: an orientation and [SecretPlace].
func WithExif(jpg []byte, orientation uint16) []byte {
	tiff := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08")
	tiff = binary.BigEndian.AppendUint16(tiff, 2)
	entry := func(tag, kind uint16, count, value uint32) {
		tiff = binary.BigEndian.AppendUint16(tiff, tag)
		tiff = binary.BigEndian.AppendUint16(tiff, kind)
		tiff = binary.BigEndian.AppendUint32(tiff, count)
		tiff = binary.BigEndian.AppendUint32(tiff, value)
	}
	entry(0x010e, 2, uint32(len(SecretPlace)), 8+2+2*12+4) // image description
	entry(0x0112, 3, 1, uint32(orientation)<<16)
	tiff = binary.BigEndian.AppendUint32(tiff, 0)
	tiff = append(tiff, SecretPlace...)
	out := append([]byte(nil), jpg[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(tiff)+2))
	return append(append(out, tiff...), jpg[2:]...)
}

// webpSample is one pixel, from the examples of developers.google.com/speed/webp.
const webpSample = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"

const pdfSample = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n" +
	"0000000052 00000 n \n0000000101 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"

// ZipFile packs parts, given as pairs of name and contents.
func ZipFile(parts ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err == nil {
			_, err = w.Write([]byte(parts[i+1]))
		}
		if err != nil {
			panic(err) // a buffer takes everything
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// SampleFile makes the contents that a file of that name should have by its ending.
func SampleFile(name string) ([]byte, error) {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg":
		return SamplePhoto(64, 48), nil
	case ".png":
		var b bytes.Buffer
		err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 40, 30)))
		return b.Bytes(), err
	case ".webp":
		return base64.StdEncoding.DecodeString(webpSample)
	case ".heic":
		return append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), make([]byte, 100)...), nil
	case ".mp4":
		return append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), make([]byte, 100)...), nil
	case ".pdf":
		return []byte(pdfSample), nil
	case ".docx":
		return ZipFile("[Content_Types].xml", "<Types/>", "word/document.xml", "<w:document/>"), nil
	case ".xlsx":
		return ZipFile("[Content_Types].xml", "<Types/>", "xl/workbook.xml", "<workbook/>"), nil
	case ".docm":
		return ZipFile("[Content_Types].xml", "<Types/>", "word/document.xml", "<w:document/>", "word/vbaProject.bin", "macros"), nil
	case ".zip":
		return ZipFile("a.txt", "a"), nil
	case ".exe":
		return append([]byte("MZ\x90\x00"), make([]byte, 200)...), nil
	case ".svg":
		return []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), nil
	case ".html":
		return []byte("<!doctype html><script>alert(1)</script>"), nil
	case ".ogg":
		return append([]byte("OggS\x00\x02"), make([]byte, 100)...), nil
	}
	return nil, fmt.Errorf("there is no sample of %q", name)
}

// Contents is what a citizen sends: File, or a sample of that name or kind.
func (in Input) Contents() (name string, data []byte, err error) {
	name = in.FileName
	if name == "" {
		name = map[bot.MediaKind]string{bot.Photo: "photo.jpg", bot.Document: "to-khai.pdf", bot.Voice: "voice.ogg", bot.Video: "video.mp4"}[in.Media]
	}
	if in.File != nil {
		return name, in.File, nil
	}
	if name == "" {
		return "", nil, nil // a sticker has no contents of its own
	}
	data, err = SampleFile(name)
	return name, data, err
}
