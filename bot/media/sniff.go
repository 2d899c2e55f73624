package media

import (
	"bytes"
	"net/http"
	"strings"

	"cchcbot/bot"
)

// The types that are kept.
const (
	typeJPEG = "image/jpeg"
	typePNG  = "image/png"
	typeWebP = "image/webp"
	typePDF  = "application/pdf"
	typeDocx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	typeXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typeZip  = "application/zip" // until it is known which of the two above
)

// Text keys of why a file is not taken. Each text says what to do instead.
const (
	refusedHEIC    = "media.refused_heic"
	refusedVideo   = "media.refused_video"
	refusedVoice   = "media.refused_voice"
	refusedArchive = "media.refused_archive"
	refusedProgram = "media.refused_program"
	refusedPage    = "media.refused_page"
	refusedOld     = "media.refused_old"
	refusedType    = "media.refused_type"
	refusedEmpty   = "media.refused_empty"
	refusedPhoto   = "media.refused_photo"
	refusedSize    = "media.refused_size"
	refusedHuge    = "media.refused_huge"
	refusedBroken  = "media.refused_broken"
	refusedActive  = "media.refused_active"
	refusedFetches = "media.refused_fetches"
	refusedLocked  = "media.refused_locked"
	refusedGone    = "media.refused_gone"
	refusedFetch   = "media.refused_fetch"
	refusedMany    = "media.refused_many"
)

// sniffed is how many bytes of a file tell what it is.
const sniffed = 4 << 10

// signature is how files of a kind begin.
type signature struct {
	at     int
	magic  string
	typ    string // that is kept
	refuse string // why it is not
}

// signatures in the order in which they are looked at. Sources: the formats' own
// specifications, as collected by mimesniff.spec.whatwg.org and file(1).
var signatures = [...]signature{
	{0, "\xff\xd8\xff", typeJPEG, ""},
	{0, "\x89PNG\r\n\x1a\n", typePNG, ""},
	{8, "WEBPVP8", typeWebP, ""},
	{0, "%PDF-", typePDF, ""},
	{0, "PK\x03\x04", typeZip, ""},
	{0, "GIF8", "", refusedHEIC},
	{0, "BM", "", refusedHEIC},
	{0, "II*\x00", "", refusedHEIC},
	{0, "MM\x00*", "", refusedHEIC},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", refusedOld},
	{0, "{\\rtf", "", refusedOld},
	{0, "PK", "", refusedArchive},
	{0, "Rar!", "", refusedArchive},
	{0, "7z\xbc\xaf\x27\x1c", "", refusedArchive},
	{0, "\x1f\x8b", "", refusedArchive},
	{0, "BZh", "", refusedArchive},
	{0, "\xfd7zXZ\x00", "", refusedArchive},
	{257, "ustar", "", refusedArchive},
	{0, "MZ", "", refusedProgram},
	{0, "\x7fELF", "", refusedProgram},
	{0, "#!", "", refusedProgram},
	{0, "\xca\xfe\xba\xbe", "", refusedProgram},
	{0, "\xcf\xfa\xed\xfe", "", refusedProgram},
	{0, "dex\n", "", refusedProgram},
	{0, "L\x00\x00\x00\x01\x14\x02\x00", "", refusedProgram},
	{0, "OggS", "", refusedVoice},
	{0, "ID3", "", refusedVoice},
	{0, "fLaC", "", refusedVoice},
	{0, "#!AMR", "", refusedVoice},
	{8, "WAVE", "", refusedVoice},
	{8, "AVI ", "", refusedVideo},
	{0, "\x1aE\xdf\xa3", "", refusedVideo},
	{0, "FLV", "", refusedVideo},
	{0, "\x00\x00\x01\xba", "", refusedVideo},
	{0, "\x00\x00\x01\xb3", "", refusedVideo},
}

// heicBrands are those of still pictures in the container of MPEG-4 (ISO/IEC
// 23008-12, AVIF 1.1), which phones use and browsers and offices often cannot show.
var heicBrands = []string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"}

// sniff tells what a file is by its first bytes: a type that may be kept, or the key of why not.
func sniff(head []byte) (typ, refuse string) {
	if len(head) == 0 {
		return "", refusedEmpty
	}
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		brand := string(head[8:12])
		for _, b := range heicBrands {
			if brand == b {
				return "", refusedHEIC
			}
		}
		if strings.HasPrefix(brand, "M4A") || strings.HasPrefix(brand, "M4B") {
			return "", refusedVoice
		}
		return "", refusedVideo
	}
	for _, s := range signatures {
		if end := s.at + len(s.magic); len(head) >= end && string(head[s.at:end]) == s.magic {
			return s.typ, s.refuse
		}
	}
	if len(head) >= 2 && head[0] == 0xff && head[1]&0xe0 == 0xe0 {
		return "", refusedVoice // MPEG audio without a tag
	}
	kind := http.DetectContentType(head)
	lower := bytes.ToLower(head)
	switch {
	case strings.HasPrefix(kind, "text/html"), strings.HasPrefix(kind, "text/xml"),
		bytes.Contains(lower, []byte("<svg")), bytes.Contains(lower, []byte("<script")), bytes.Contains(lower, []byte("<html")):
		return "", refusedPage
	case strings.HasPrefix(kind, "video/"):
		return "", refusedVideo
	case strings.HasPrefix(kind, "audio/"):
		return "", refusedVoice
	}
	return "", refusedType
}

// Unfit is why an attachment will not be taken, as far as can be known before its
// bytes are here: the key of a text that says what to do instead, "" when it may be taken.
func Unfit(m bot.Media) string {
	switch m.Kind {
	case bot.Photo, bot.Document:
	case bot.Video:
		return refusedVideo
	case bot.Voice:
		return refusedVoice
	default:
		return refusedType
	}
	switch {
	case m.Kind == bot.Photo && m.Size > MaxPhoto:
		return refusedPhoto
	case m.Size > MaxDocument:
		return refusedSize
	case strings.HasPrefix(m.Type, "video/"):
		return refusedVideo
	case strings.HasPrefix(m.Type, "audio/"):
		return refusedVoice
	case m.Type == "image/heic", m.Type == "image/heif", m.Type == "image/gif":
		return refusedHEIC
	}
	return ""
}
