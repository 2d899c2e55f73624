package complaints

import (
	"strings"
	"testing"
)

func TestPhrasesAreReadStrictly(t *testing.T) {
	if _, err := loadPhrases(); err != nil {
		t.Fatal(err)
	}
	const whole = "objection\ta\naddress\tb\nhazard\tc | d e\nstill\tf\nassent\tg\nrefusal\th\nfiller\ti\n" +
		"file\tj\npublish\tk\nwithhold\tl\nignorance\tm\nannounce\tn\nwish\to\nwithdraw\tp\nintro\tq\nphone\tr\n" +
		"add\taa\nwhom\tbb\ntell\tcc\nspot\tdd\nask\tee\noops\tff\n" +
		"marked\ts\nunsolved\tt\nsolved\tu\nmark1\tv\nmark2\tw\nmark3\tx\nmark4\ty\nmark5\tz\n"
	if got, err := readPhrases("# note\n\n" + whole); err != nil || len(got[hazard]) != 2 || got[hazard][1] != "d e" {
		t.Errorf("%v, %v", got, err)
	}
	for in, want := range map[string]string{
		"":                                    "no ",
		whole + "hazard\tg\n":                 "line",
		whole + "danger\tg\n":                 "line",
		strings.Replace(whole, "c |", "|", 1): "line",
		strings.Replace(whole, "a", "A", 1):   "line",
		"objection\n":                         "line",
	} {
		_, err := readPhrases(in)
		if want == "line" {
			want = "phrases.tsv:"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", in, err)
		}
	}
}
