package index_test

import (
	"database/sql"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/knowledge"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/vietnamese"

	_ "modernc.org/sqlite"
)

// benchQuestions are asked in turn: those of CCHCBOT_QUESTIONS_FILE, or a few of
// every kind.
func benchQuestions(b *testing.B) []string {
	if path := os.Getenv("CCHCBOT_QUESTIONS_FILE"); path != "" {
		var out []string
		for _, l := range labels(b, path) {
			out = append(out, l.Question)
		}
		return out
	}
	return []string{"lam giay khai sinh cho con can nhung gi", "lệ phí đăng ký kết hôn với người nước ngoài",
		"sang tên sổ đỏ mất bao lâu", "thu tuc cap lai the can cuoc bi mat", "mở quán ăn cần giấy phép gì",
		"Tôi bị mất việc từ tháng trước, công ty chưa trả sổ, giờ muốn lĩnh tiền thất nghiệp thì nộp ở đâu?", "giá vàng hôm nay"}
}

// BenchmarkSearch compares our search with SQLite FTS5 over the same fields of
// the whole national file, both in memory, in one run: p50 and p99 in ms.
func BenchmarkSearch(b *testing.B) {
	entries := everything(b)
	questions := benchQuestions(b)
	x, err := index.New(entries, index.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ours", func(b *testing.B) {
		percentiles(b, questions, func(q string) { x.Search(knowledge.Query{Text: q}) })
	})
	b.Run("ask", func(b *testing.B) {
		percentiles(b, questions, func(q string) { x.Ask(knowledge.Query{Text: q}) })
	})
	db := fullText(b, entries)
	b.Run("fts5", func(b *testing.B) {
		stmt, err := db.Prepare(`SELECT code, bm25(p, 0, 5, 4, 1.2, 0.5) AS score FROM p WHERE p MATCH ? ORDER BY score LIMIT 30`)
		if err != nil {
			b.Fatal(err)
		}
		defer stmt.Close()
		percentiles(b, questions, func(q string) {
			if err := ask(stmt, q); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// percentiles runs ask over the questions b.N times in all, at least twice each.
func percentiles(b *testing.B, questions []string, ask func(string)) {
	for _, q := range questions { // warm
		ask(q)
	}
	times := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		begin := time.Now()
		ask(questions[i%len(questions)])
		times = append(times, time.Since(begin))
	}
	b.StopTimer()
	slices.Sort(times)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(times[len(times)/2]), "p50-ms")
	b.ReportMetric(ms(times[len(times)*99/100]), "p99-ms")
}

// fullText is the baseline: an FTS5 table of exactly the fields that the index
// ranks, with folded text.
func fullText(b *testing.B, entries []*knowledge.Entry) *sql.DB {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE VIRTUAL TABLE p USING fts5(code UNINDEXED, name, aliases, field, results, tokenize='unicode61')`); err != nil {
		b.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		_, err := tx.Exec(`INSERT INTO p VALUES (?,?,?,?,?)`, e.Code, vietnamese.Fold(e.Name), vietnamese.Fold(strings.Join(e.Aliases, " . ")),
			vietnamese.Fold(e.Field), vietnamese.Fold(strings.Join(e.Results, " . ")))
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	return db
}

func ask(stmt *sql.Stmt, question string) error {
	var words []string
	for _, t := range vietnamese.Tokens(question) {
		words = append(words, `"`+t.Folded+`"`)
	}
	if len(words) == 0 {
		return nil
	}
	rows, err := stmt.Query(strings.Join(words, " OR "))
	if err != nil {
		return err
	}
	defer rows.Close()
	var code string
	var score float64
	for rows.Next() {
		if err := rows.Scan(&code, &score); err != nil {
			return err
		}
	}
	return rows.Err()
}

// BenchmarkNew reports the time to build the index over the national file and
// what it keeps in memory beside the entries.
func BenchmarkNew(b *testing.B) {
	entries := everything(b)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var x *index.Index
	b.ResetTimer()
	for range b.N {
		var err error
		if x, err = index.New(entries, index.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/(1<<20), "MiB")
	runtime.KeepAlive(x)
}
