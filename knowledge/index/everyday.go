package index

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// everyday.tsv is what people call procedures whose entries bring no everyday
// names of their own: most of the national list.
//
//go:embed everyday.tsv
var everydayFile string

// loadEveryday reads the embedded file once.
var loadEveryday = sync.OnceValues(func() (map[string][]string, error) { return parseEveryday(everydayFile) })

// parseEveryday reads rows of codes (joined by commas), a tab and names (joined by " | ").
func parseEveryday(data string) (map[string][]string, error) {
	names := make(map[string][]string, 4096)
	err := eachRow(data, 2, func(cols []string) error {
		all, err := rowNames(cols[1])
		if err != nil {
			return err
		}
		for code := range strings.SplitSeq(cols[0], ",") {
			if code == "" || names[code] != nil {
				return fmt.Errorf("code %q is empty or came before", code)
			}
			names[code] = all
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("everyday.tsv:%w", err)
	}
	return names, nil
}

// rowNames takes the names of a row apart.
func rowNames(list string) ([]string, error) {
	all := strings.Split(list, " | ")
	if len(all) > maxAliases {
		return nil, fmt.Errorf("%d names, at most %d", len(all), maxAliases)
	}
	for _, name := range all {
		if strings.TrimSpace(name) == "" {
			return nil, errors.New("an empty name")
		}
	}
	return all, nil
}
