package items

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// webLink is the address of a web page that everybody can open, without what tells who led there; false for any other text.
// Our own pages are where the program was told that they are.
func (d *Desk) webLink(s string) (string, bool) {
	u, err := url.Parse(s)
	ours := d.opt.PublicURL != "" && strings.HasPrefix(s, d.opt.PublicURL+"/")
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Hostname() == "" || !ours && !everybodys(u.Hostname()) {
		return "", false
	}
	if left := WithoutTracking(u.RawQuery); left != u.RawQuery {
		u.RawQuery = left
		s = u.String() // else it stays as it was written
	}
	return s, len(s) <= maxLink
}

// everybodys reports whether a host may be one that everybody reaches, as far as its name tells: none of an office's own network.
func everybodys(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsGlobalUnicast() && !ip.IsPrivate()
	}
	host = strings.ToLower(host)
	return strings.Contains(strings.Trim(host, "."), ".") && !slices.ContainsFunc([]string{".localhost", ".local", ".internal", ".home.arpa", ".lan"},
		func(end string) bool { return strings.HasSuffix(host, end) })
}

// tracking are parameters of links that say who led there, and nothing of the page.
func tracking(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "mc_") || slices.Contains([]string{"fbclid", "gclid", "gclsrc", "dclid", "msclkid", "yclid", "zarsrc",
		"igshid", "twclid", "_ga", "_gl", "cmpid", "ref_src", "ref_url", "spm"}, name)
}

// WithoutTracking leaves out of a link's query what says who led there. The order and the writing of the rest stay.
func WithoutTracking(query string) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); part != "" && (err != nil || !tracking(plain)) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}
