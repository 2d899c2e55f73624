package index

import (
	"strings"
	"testing"
)

// SituationRows is how many procedures each situation of the file lists, in
// force or not.
func SituationRows(x *Index) []int {
	var out []int
	for _, s := range x.talk.situations.list {
		out = append(out, len(s.Follows))
	}
	return out
}

// TestTalkFilesAreChecked: a wrong row is refused with its line.
func TestTalkFilesAreChecked(t *testing.T) {
	splits := func(s string) error { _, err := readSplits(s); return err }
	joins := func(s string) error { _, err := readJoins(s); return err }
	situations := func(s string) error { _, err := readSituations(s); return err }
	for _, c := range []struct {
		name string
		read func(string) error
		data string
		want string
	}{
		{"columns", splits, "age\tunder14\ttrẻ", "1: want 4 columns"},
		{"a group twice", splits, "age\ta\tx\ty\nage\ta\tz\tw", "2: group"},
		{"the name of what is left", splits, "age\tother\tx\ty", "1: group"},
		{"two groups of what is left", splits, "age\ta\t*\ty\nage\tb\t*\tw", "2: attribute"},
		{"an attribute in two places", splits, "age\ta\tx\ty\nwho\ta\tx\ty\nage\tb\tx\ty", "3: attribute"},
		{"a phrase twice", splits, "age\ta\tx | x\ty", "1: phrase"},
		{"an unknown kind", joins, "but\tnhưng", "1: kind"},
		{"a row of nothing", situations, "follows\t1.1\ta\tb\t-", "1: "},
		{"a title too long", situations, "situation\ta\t" + strings.Repeat("a", maxTitle+1) + "\tb\tx", "1: situation"},
		{"a code twice", situations, "situation\ta\tA\tA\tx y\nfollows\t1.1\ta\tb\t-\nfollows\t1.1\ta\tb\t-", "3: "},
		{"another kind of row", situations, "then\ta\tA\tA\tx", "1: want"},
	} {
		if err := c.read(c.data); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzTalkFiles: no text of a file is taken for more than it says.
func FuzzTalkFiles(f *testing.F) {
	f.Add("age\tunder14\ttrẻ em\tcon\nfix\t-\t-\tà không\n")
	f.Add("next\tcòn | với lại\nand\tvà\n")
	f.Add("situation\tbirth\tSinh con\tA child\tvừa sinh\nfollows\t1.001193\tTrước.\tFirst.\t-\n")
	f.Fuzz(func(t *testing.T, data string) {
		if s, err := readSplits(data); err == nil && len(s.attributes) > maxAttributes {
			t.Error("too many attributes")
		}
		if s, err := readSituations(data); err == nil && len(s.list) > maxSituations {
			t.Error("too many situations")
		}
		_, _ = readJoins(data)
	})
}
