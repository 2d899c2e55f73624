package content

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
)

// Errors of a whole file, for errors.Is. The message of the wrapping error says
// what to do.
var (
	// ErrTooLarge: the file passes a limit, or unpacks like a zip bomb.
	ErrTooLarge = errors.New("file too large")
	// ErrFormat: the file is not one of the accepted kinds, or not what its name says.
	ErrFormat = errors.New("file format not accepted")
	// ErrBroken: the file is damaged or cut off; nothing after the damage can be read.
	ErrBroken = errors.New("file damaged")
)

// Limits bound what one file may cost. A zero field means the default.
type Limits struct {
	File  int64 // bytes of the file as it comes; 64 MiB
	Text  int64 // bytes once unpacked, and bytes of all cells of a workbook; 512 MiB
	Line  int   // bytes of one line of JSON Lines or YAML; 2 MiB
	Entry int   // bytes of one entry in YAML; 1 MiB, twice what an entry may hold
	Rows  int   // entries of a file, and rows of an Excel sheet; 200,000
	Ratio int64 // times the unpacked text may outgrow the file after its first MiB; 200
	Cells int64 // cells of a workbook that are looked at; 20 million
}

// freeText is how much may unpack before the ratio counts: a small file of
// spaces compresses well and harms nobody.
const freeText = 1 << 20

func (l Limits) withDefaults() Limits {
	def := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	defInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.File, 64<<20)
	def(&l.Text, 512<<20)
	def(&l.Ratio, 200)
	def(&l.Cells, 20_000_000)
	defInt(&l.Line, 2<<20)
	defInt(&l.Entry, 1<<20)
	defInt(&l.Rows, 200_000)
	return l
}

// A meter counts what is read through it and stops at a limit or when the
// context ends.
type meter struct {
	ctx   context.Context
	r     io.Reader
	n     int64
	limit int64
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	if m.n > m.limit {
		return 0, fmt.Errorf("%w: more than %s; split it into several files", ErrTooLarge, mebibytes(m.limit))
	}
	return n, err
}

// An inflater unpacks gzip, counting both sides.
type inflater struct {
	packed *meter
	zr     *gzip.Reader
	n      int64
	limits Limits
}

func newInflater(packed *meter, from io.Reader, limits Limits) (*inflater, error) {
	zr, err := gzip.NewReader(from)
	if err != nil {
		return nil, brokenGzip(err)
	}
	return &inflater{packed: packed, zr: zr, limits: limits}, nil
}

func (f *inflater) Read(p []byte) (int, error) {
	n, err := f.zr.Read(p)
	f.n += int64(n)
	if f.n > f.limits.Text {
		return 0, fmt.Errorf("%w: unpacks to more than %s; split it into several files", ErrTooLarge, mebibytes(f.limits.Text))
	}
	if f.n > freeText && f.n > f.limits.Ratio*f.packed.n {
		return 0, fmt.Errorf("%w: unpacks to more than %d times its size, as a zip bomb does; import the unpacked file if it is genuine",
			ErrTooLarge, f.limits.Ratio)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, brokenGzip(err)
	}
	return n, err
}

func brokenGzip(err error) error {
	if errors.Is(err, ErrTooLarge) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: not a complete gzip file (%v); get or pack it again", ErrBroken, err)
}

func mebibytes(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// A lineReader hands out the lines of a text without ever holding more than
// one of them, and no more of that than the limit.
type lineReader struct {
	r      *bufio.Reader
	limit  int
	number int
	buf    []byte
}

func newLineReader(r io.Reader, limit int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10), limit: limit}
}

// next returns the next line without its end; it is good until the next call.
// long reports a line over the limit, whose rest was skipped. At the end of
// the text err is io.EOF and there is no line.
func (l *lineReader) next() (line []byte, long bool, err error) {
	l.buf = l.buf[:0]
	for read := false; ; read = true {
		part, err := l.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
		if errors.Is(err, io.EOF) && len(part) == 0 && !read {
			return nil, false, io.EOF
		}
		if long = long || len(l.buf)+len(part) > l.limit+2; !long {
			l.buf = append(l.buf, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
	}
	l.number++
	if l.number == 1 {
		l.buf = bytes.TrimPrefix(l.buf, []byte("\xef\xbb\xbf")) // Windows editors put it there
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r"))
	if len(line) > l.limit {
		long = true
	}
	return line, long, nil
}
