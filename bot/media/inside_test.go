package media

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
)

func TestMaskNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"CCCD 030123456789":        "CCCD ••••••••••••",
		"030 123 456 789":          "••• ••• ••• •••",
		"030.123.456.789.pdf":      "•••.•••.•••.•••.pdf",
		"141234567":                "•••••••••",
		"141-234-567":              "•••-•••-•••",
		"0912345678":               "0912345678", // a phone number has ten
		"2026-11-22 08:30":         "2026-11-22 08:30",
		"20261122_0830":            "20261122_0830",
		"1234567890123":            "1234567890123",
		"a030123456789b":           "a••••••••••••b",
		"030123456789030123456789": "030123456789030123456789",
		"٠٣٠١٢٣٤٥٦٧٨٩":             "••••••••••••",
		"12 030123456789":          "12 ••••••••••••",
		"123 4567":                 "123 4567",
		"":                         "",
	} {
		if got := MaskNumbers(in); got != want {
			t.Errorf("MaskNumbers(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCleanName(t *testing.T) {
	for _, c := range []struct{ in, typ, want string }{
		{"ảnh hiện trường.JPG", typeJPEG, "ảnh hiện trường.jpg"},
		{"photo.exe.jpg", typeJPEG, "photo_exe.jpg"},
		{"photo.jpg.exe", typeJPEG, "photo_jpg_exe.jpg"},
		{"gnp\u202egpj.exe", typePNG, "gnpgpj_exe.png"},
		{"../../etc/passwd", typePDF, "passwd.pdf"},
		{`C:\Users\Lan\don.docx`, typeDocx, "don.docx"},
		{"", typePDF, "document.pdf"},
		{"...", typeXlsx, "document.xlsx"},
		{"\x00\r\nBcc: a\n", typePDF, "Bcc_ a.pdf"},
		{"<script>alert(1)</script>.png", typePNG, "script_.png"},
		{"CCCD 030123456789 Nguyễn Văn A.pdf", typePDF, "CCCD •••••••••••• Nguyễn Văn A.pdf"},
		{"=cmd|' /C calc'!A0.xlsx", typeXlsx, "C calc_!A0.xlsx"},
		{"a.webp", typeJPEG, "a.jpg"},
	} {
		kind := bot.Document
		if strings.HasPrefix(c.typ, "image/") {
			kind = bot.Photo
		}
		if got := CleanName(c.in, kind, c.typ); got != c.want {
			t.Errorf("CleanName(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	if n := utf8.RuneCountInString(CleanName(strings.Repeat("ắ", 1000), bot.Photo, typeJPEG)); n > maxName+5 {
		t.Errorf("a long name keeps %d letters", n)
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("ảnh.jpg")
	f.Add("..\\..\\a\u202e.exe\x00")
	f.Fuzz(func(t *testing.T, in string) {
		got := CleanName(in, bot.Photo, typeJPEG)
		if !utf8.ValidString(got) || !strings.HasSuffix(got, ".jpg") || strings.ContainsAny(got, "/\\\x00\r\n\"") || strings.HasPrefix(got, ".") || len(got) > 4*maxName+10 {
			t.Errorf("CleanName(%q) = %q", in, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("CleanName(%q) keeps %U", in, r)
			}
		}
	})
}

// An address that is opened by itself is told from a link that is clicked.
func TestLeadsAway(t *testing.T) {
	const uri = "<</S/URI/URI(https://xa.example/)>>"
	for body, want := range map[string]bool{
		"/Annots[<</Subtype/Link/A" + uri + ">>]":                                          false,
		"/OpenAction[3 0 R/Fit]>>endobj 3 0 obj<</Annots[<</A" + uri + ">>]":               false,
		"/OpenAction<</S/GoTo/D[3 0 R/Fit]>>>>endobj 3 0 obj<</A" + uri:                    false,
		"/OpenAction 5 0 R>>endobj 5 0 obj[3 0 R/XYZ null null 0]endobj 3 0 obj<</A" + uri: false,
		"/URI<</Base(https://xa.example/)>>":                                               false,
		"/AAB" + uri:                                                                       false,
		"/OpenAction" + uri:                                                                true,
		"/Open#41ction " + uri:                                                             true,
		"/OpenAction<</S/#55RI/#55RI<68>>>":                                                true,
		"/OpenAction\n5 0 R>>\nendobj\n5 0 obj % so\n" + uri:                               true,
		"/OpenAction<</X(\x00>>)/S/URI/URI(x)>>":                                           true,
		"/OpenAction<</X(a\\)>>(b))/Y<3e3e>/URI(x)>>":                                      true,
		"/OpenAction<</S/Named/N/Print/Next<</S/GoTo/Next[7 0 R]>>>>>>endobj7 0 obj" + uri: true,
		"/OpenAction<</Next 8 0 R>>>>endobj 8 0 obj[9 0 R]endobj 9 0 obj" + uri:            true,
		"/OpenAction<</Next" + uri + "/Next null>>":                                        true,
		"/AA<</O " + uri + ">>":                                                            true,
		"/AA 4 0 R>>endobj 4 0 obj<</WC 6 0 R>>endobj 6 0 obj" + uri:                       true,
		"/OpenAction[4 0 R/Fit]/AA 4 0 R>>endobj 4 0 obj<</O" + uri + ">>":                 true,
		"/OpenAction<</Next 2 0 R>>>>endobj 2 0 obj<</Next 2 0 R>>endobj":                  false,
		"/OpenAction" + strings.Repeat("[", 1<<16):                                         true, // nobody writes that
		strings.Repeat("/AA(", 1<<16):                                                      true,
	} {
		if got := leadsAway([]byte("%PDF-1.4\n1 0 obj<<" + body + ">>endobj\n%%EOF")); got != want {
			t.Errorf("%.120q: %v", body, got)
		}
	}
}

// Whatever comes, the look at a file ends, and it is kept or refused with a reason.
func FuzzSniff(f *testing.F) {
	for _, s := range signatures {
		f.Add(append(make([]byte, s.at), s.magic...))
	}
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x20Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"))
	f.Add([]byte("%PDF-1.4 #4a /Launch %%EOF"))
	f.Add([]byte("%PDF-1.4 1 0 obj<</OpenAction 2 0 R/AA<</O[(a)<61>]>>>>endobj 2 0 obj<</S/GoTo/Next 1 0 R>> %%EOF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		typ, refuse := sniff(data[:min(len(data), sniffed)])
		if (typ == "") == (refuse == "") {
			t.Fatalf("type %q and reason %q", typ, refuse)
		}
		var err error
		switch typ {
		case typeJPEG, typePNG, typeWebP:
			if c := checkDimensions(data, typ); c == nil {
				_, err = readPhoto(data, typ)
			}
		case typePDF:
			err = checkPDF(data)
		case typeZip:
			_, err = checkOffice(data)
		}
		if err != nil && !bot.IsCode(err, bot.Invalid) {
			t.Errorf("%v is no refusal", err)
		}
	})
}

// No token but one that was made here is believed.
func FuzzToken(f *testing.F) {
	k := &Keeper{links: linkKey(bytes.Repeat([]byte("k"), 32))}
	made := map[string]bool{}
	for _, l := range []link{
		{id: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", purpose: ForStaff, until: time.Unix(1_800_000_000, 0)},
		{id: "ABCDEFGHIJKLMNOPQRSTUVWX22", purpose: ForPublic, thumb: true, until: time.Unix(1, 0)},
	} {
		token := k.token(l)
		made[token] = true
		if got, ok := k.parse(token); !ok || got != l {
			f.Errorf("%+v became %+v, %v", l, got, ok)
		}
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, ok := k.parse(token); ok && !made[token] {
			t.Errorf("%q is believed", token)
		}
	})
}

func TestOrientation(t *testing.T) {
	exif := func(order, value string) []byte {
		return []byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00" + order + value)
	}
	for name, c := range map[string]struct {
		data []byte
		want int
	}{
		"big":           {exif("MM\x00*\x00\x00\x00\x08", "\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"), 6},
		"little":        {exif("II*\x00\x08\x00\x00\x00", "\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00"), 8},
		"out of range":  {exif("MM\x00*\x00\x00\x00\x08", "\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x63\x00\x00\x00\x00\x00\x00"), 1},
		"far away":      {exif("MM\x00*\xff\xff\xff\xff", "\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"), 1},
		"many entries":  {exif("MM\x00*\x00\x00\x00\x08", "\xff\xff\x01\x13\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"), 1},
		"a bad length":  {[]byte("\xff\xd8\xff\xe1\x00\x00Exif"), 1},
		"cut":           {[]byte("\xff\xd8\xff\xe1\xff\xffExif"), 1},
		"only the head": {[]byte("\xff\xd8"), 1},
	} {
		if got := orientation(c.data); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
