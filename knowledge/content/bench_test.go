package content

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge"
)

// generated makes entries of about the size of the national file's, 7 KB each.
func generated(n int) []*knowledge.Entry {
	sentence := "Người nộp hồ sơ mang giấy tờ tới bộ phận tiếp nhận và trả kết quả, cán bộ kiểm tra rồi viết giấy hẹn. "
	entries := make([]*knowledge.Entry, n)
	for i := range entries {
		e := curatedEntry(fmt.Sprintf("9.%06d", i))
		e.Conditions = strings.Repeat(sentence, 3)
		for j := range 8 {
			e.Documents = append(e.Documents, knowledge.Document{Case: "Trường hợp khác", Name: sentence, Qty: "1 bản chính"})
			e.Steps = append(e.Steps, knowledge.Step{Name: fmt.Sprintf("Bước %d", j+1), Text: strings.Repeat(sentence, 4)})
		}
		entries[i] = e
	}
	return entries
}

func BenchmarkRead(b *testing.B) {
	entries := generated(5000)
	for _, format := range []string{formatJSONL, formatYAML, formatExcel} {
		b.Run(format, func(b *testing.B) {
			var file bytes.Buffer
			if err := Write(&file, format, slices.Values(entries)); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(file.Len()))
			b.ReportAllocs()
			for b.Loop() {
				rows := 0
				err := Read(context.Background(), "a."+format, bytes.NewReader(file.Bytes()), ReadOptions{}, func(r Row) error {
					if rows++; r.Problems != nil {
						return fmt.Errorf("row %d: %v", r.Number, r.Problems)
					}
					return nil
				})
				if err != nil || rows != len(entries) {
					b.Fatalf("%d rows, %v", rows, err)
				}
			}
		})
	}
}
