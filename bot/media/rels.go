package media

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// maxRels is how much a list of relationships may unpack to: a sheet of fifty thousand links has ten.
const maxRels = 16 << 20

// hyperlinks are the relationships that nobody follows until somebody clicks: ECMA-376
// in its transitional and its strict form.
var hyperlinks = []string{
	"http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink",
	"http://purl.oclc.org/ooxml/officeDocument/relationships/hyperlink",
}

func isRels(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".rels") }

// checkRels refuses a list of relationships (ECMA-376, part 2, 9.3) by which whoever
// opens the file fetches something from elsewhere: a template with macros, a picture that
// tells who read it, another workbook. What cannot be read for sure is refused too.
func checkRels(data []byte) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return refusal(refusedBroken)
		}
		if e, ok := t.(xml.StartElement); ok && fetches(e) {
			return refusal(refusedFetches)
		}
	}
}

// fetches reports whether a relationship leads out of the file without a click.
func fetches(e xml.StartElement) bool {
	outside, clicked := false, false
	for _, a := range e.Attr {
		switch value := strings.TrimSpace(a.Value); strings.ToLower(a.Name.Local) {
		case "targetmode":
			outside = outside || !strings.EqualFold(value, "Internal")
		case "type":
			clicked = value == hyperlinks[0] || value == hyperlinks[1]
		}
	}
	return outside && !clicked
}
