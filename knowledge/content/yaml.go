package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of the YAML of one entry, checked on its tokens before the parser,
// which recurses without a limit of its own, sees them.
const (
	maxTokens  = 40_000 // an entry with every list full has about 25,000; the parser's time grows with their square
	maxBracket = 200    // '[' and '{' open at once, quotes not looked at: more is an attack on the lexer
)

// A yamlSplitter cuts a stream of YAML into entries by its line starts, so that
// a file of any length is read entry by entry and a fault in one costs only
// that one. YAML permits this: inside an item of a block sequence every line
// that is not blank or a comment is indented further than the item's dash.
type yamlSplitter struct {
	c     *collector
	shape shape
	base  int // indentation of the dashes
	begin int // line on which the collected entry begins
	buf   []byte
	bad   string // why the collected entry cannot be read
}

type shape uint8

const (
	between  shape = iota // no content of the document yet
	sequence              // a block sequence, one entry an item
	whole                 // the document is one entry, or a sequence in brackets
)

func readYAML(r io.Reader, c *collector) error {
	s := &yamlSplitter{c: c}
	lines := newLineReader(r, c.opt.Limits.Line)
	for {
		line, long, err := lines.next()
		if errors.Is(err, io.EOF) {
			return s.flush()
		}
		if err != nil {
			return err
		}
		if long {
			line = nil
			s.bad = fmt.Sprintf("line %d has more than %s", lines.number, mebibytes(int64(c.opt.Limits.Line)))
		}
		if err := s.line(lines.number, line); err != nil {
			return err
		}
	}
}

func (s *yamlSplitter) line(number int, line []byte) error {
	if rest, ok := marker(line); ok {
		err := s.flush()
		s.shape = between
		if len(rest) > 0 && rest[0] != '#' && err == nil {
			s.begin, s.bad = number, "begin the content on the line after ---"
		}
		return err
	}
	indent := len(line) - len(bytes.TrimLeft(line, " "))
	body := line[indent:]
	if len(body) == 0 || body[0] == '#' && indent == 0 {
		s.keep(nil) // blank, or a comment of the whole file; keeps the count of lines
		return nil
	}
	dash := body[0] == '-' && (len(body) == 1 || body[1] == ' ' || body[1] == '\t')
	if s.shape == between {
		if body[0] == '#' || body[0] == '%' && indent == 0 { // comment or directive
			return nil
		}
		s.shape, s.base, s.begin = whole, indent, number
		if dash {
			s.shape = sequence
		}
		s.keep(line)
		return nil
	}
	if s.shape == sequence && indent <= s.base {
		if dash && indent == s.base {
			err := s.flush()
			s.begin = number
			s.keep(line)
			return err
		}
		if s.bad == "" && body[0] != '#' {
			s.bad = fmt.Sprintf("line %d is indented too little for the entry", number)
		}
	}
	s.keep(line)
	return nil
}

// marker reports whether the line divides documents, and what else it holds.
func marker(line []byte) (rest []byte, ok bool) {
	for _, m := range []string{"---", "..."} {
		if after, found := bytes.CutPrefix(line, []byte(m)); found && (len(after) == 0 || after[0] == ' ' || after[0] == '\t') {
			return bytes.TrimSpace(after), true
		}
	}
	return nil, false
}

func (s *yamlSplitter) keep(line []byte) {
	if s.shape == between {
		return
	}
	if len(s.buf)+len(line) > s.c.opt.Limits.Entry {
		if s.bad == "" {
			s.bad = fmt.Sprintf("the entry has more than %s; divide entries with '- ' or '---' at the line start",
				mebibytes(int64(s.c.opt.Limits.Entry)))
		}
		return
	}
	s.buf = append(append(s.buf, line...), '\n')
}

// flush hands out the collected entry, if any.
func (s *yamlSplitter) flush() error {
	buf, bad, begin := s.buf, s.bad, s.begin
	s.buf, s.bad = s.buf[:0], ""
	if bad != "" {
		return s.c.refuse(max(begin, 1), "", "%s", bad)
	}
	if len(buf) == 0 {
		return nil
	}
	nodes, err := parseYAML(buf)
	if err != nil {
		return s.c.refuse(begin, "", "not valid YAML: %v", yamlError(err, begin))
	}
	for _, n := range nodes {
		v, err := yamlValue(n, 0)
		at := begin + n.GetToken().Position.Line - 1
		if s.shape == sequence {
			at = begin
		}
		if err != nil {
			err = s.c.refuse(at, "", "not valid YAML: %v", yamlError(err, begin))
		} else {
			err = s.c.add(at, "", build(v))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A yamlFault is a fault on a line of the collected entry.
type yamlFault struct {
	line   int
	reason string
}

func (f *yamlFault) Error() string { return f.reason }

// yamlError gives a fault its line in the file, without quoting the file.
func yamlError(err error, begin int) error {
	var own *yamlFault
	if errors.As(err, &own) {
		return fmt.Errorf("line %d: %s", begin+own.line-1, own.reason)
	}
	var theirs yaml.Error
	if errors.As(err, &theirs) {
		line := begin
		if t := theirs.GetToken(); t != nil && t.Position != nil {
			line += t.Position.Line - 1
		}
		return fmt.Errorf("line %d: %s", line, clip(theirs.GetMessage()))
	}
	return errors.New(clip(err.Error()))
}

// parseYAML returns the entries that stand in a piece of YAML, which is one
// item of a sequence or one document.
func parseYAML(src []byte) (nodes []ast.Node, err error) {
	if !utf8.Valid(src) {
		return nil, errors.New("not valid UTF-8; save the file as UTF-8")
	}
	if err := brackets(src); err != nil {
		return nil, err
	}
	// The parser is somebody else's and reads hostile input: a bug of its own
	// must cost this entry, not the program.
	defer func() {
		if p := recover(); p != nil {
			nodes, err = nil, errors.New("the YAML reader cannot make sense of it")
		}
	}()
	tokens := lexer.Tokenize(string(src))
	if err := checkTokens(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil:
		case *ast.SequenceNode:
			nodes = append(nodes, body.Values...)
		default:
			nodes = append(nodes, body)
		}
	}
	return nodes, nil
}

func brackets(src []byte) error {
	open := 0
	for _, c := range src {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open--
		}
		if open > maxBracket {
			return fmt.Errorf("more than %d open brackets", maxBracket)
		}
	}
	return nil
}

// checkTokens refuses what an entry has no use for: anchors and aliases (with
// them a small file can stand for billions of values), tags, merge keys,
// complex keys, and nesting beyond what an entry needs.
func checkTokens(tokens token.Tokens) error {
	if len(tokens) > maxTokens {
		return fmt.Errorf("more than %d tokens", maxTokens)
	}
	line, dashes, colons, flow := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, dashes, colons = t.Position.Line, 0, 0
		}
		fault := ""
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			fault = "anchors (&), aliases (*) and merge keys (<<) are not accepted; write the text out, or put it in quotes"
		case token.TagType:
			fault = "tags (!) are not accepted; put a text that begins with ! in quotes"
		case token.MappingKeyType:
			fault = "complex keys (?) are not accepted; put a text that begins with ? in quotes"
		case token.DirectiveType:
			fault = "directives (%) are not accepted"
		case token.InvalidType:
			fault = "cannot be read: " + clip(t.Error)
		case token.SequenceEntryType:
			dashes++
		case token.MappingValueType:
			colons++
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		}
		if flow > maxDepth || flow <= 0 && (dashes > maxDepth || colons > maxDepth) {
			fault = fmt.Sprintf("nested more than %d deep", maxDepth)
		}
		if fault != "" {
			return &yamlFault{line, fault}
		}
	}
	return nil
}

// yamlValue turns a node into a value. Scalars keep the letters they were
// written with: 1.001190 is a code and not a number.
func yamlValue(n ast.Node, depth int) (value, error) {
	fault := func(format string, args ...any) (value, error) {
		line := 1
		if n != nil && n.GetToken() != nil {
			line = n.GetToken().Position.Line
		}
		return value{}, &yamlFault{line, fmt.Sprintf(format, args...)}
	}
	if depth > maxDepth {
		return fault("nested more than %d deep", maxDepth)
	}
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return value{}, nil
	case *ast.StringNode:
		return value{kind: text, text: n.Value}, nil
	case *ast.LiteralNode:
		return value{kind: text, text: n.Value.Value}, nil
	case *ast.BoolNode:
		return value{kind: boolean, text: fmt.Sprint(n.Value)}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return value{kind: number, text: strings.TrimSpace(n.GetToken().Value)}, nil
	case *ast.SequenceNode:
		v := value{kind: list}
		for _, item := range n.Values {
			inner, err := yamlValue(item, depth+1)
			if err != nil {
				return value{}, err
			}
			v.list = append(v.list, inner)
		}
		return v, nil
	case *ast.MappingNode:
		v := value{kind: object}
		for _, p := range n.Values {
			inner, err := yamlValue(p.Value, depth+1)
			if err != nil {
				return value{}, err
			}
			v.pairs = append(v.pairs, pair{p.Key.GetToken().Value, inner})
		}
		return v, nil
	case *ast.MappingValueNode:
		inner, err := yamlValue(n.Value, depth+1)
		return value{kind: object, pairs: []pair{{n.Key.GetToken().Value, inner}}}, err
	}
	return fault("%s is not accepted in an entry", strings.ToLower(n.Type().String()))
}
