package content

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// readJSONL reads one JSON object a line. Empty lines are allowed.
func readJSONL(r io.Reader, c *collector) error {
	lines := newLineReader(r, c.opt.Limits.Line)
	for {
		line, long, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case long:
			err = c.refuse(lines.number, "", "the line has more than %s", mebibytes(int64(c.opt.Limits.Line)))
		case len(bytes.TrimSpace(line)) == 0:
			continue
		case !utf8.Valid(line):
			err = c.refuse(lines.number, "", "the line is not valid UTF-8; save the file as UTF-8")
		default:
			v, jsonErr := parseJSON(line)
			if jsonErr != nil {
				err = c.refuse(lines.number, "", "not valid JSON: %v", jsonErr)
			} else {
				err = c.add(lines.number, "", build(v))
			}
		}
		if err != nil {
			return err
		}
	}
}

// parseJSON reads exactly one JSON value.
func parseJSON(line []byte) (value, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	v, err := jsonValue(d, 0)
	if err != nil {
		return value{}, jsonError(err, d.InputOffset())
	}
	if _, err := d.Token(); err != io.EOF {
		return value{}, fmt.Errorf("more than one value on the line")
	}
	return v, nil
}

// jsonError says where in the line the fault is, without quoting the line.
func jsonError(err error, at int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the line ends before the object does")
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%v, near byte %d", syntax, at+1)
	}
	return err
}

func jsonValue(d *json.Decoder, depth int) (value, error) {
	if depth > maxDepth {
		return value{}, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return value{}, err
	}
	switch t := t.(type) {
	case string:
		return value{kind: text, text: t}, nil
	case json.Number:
		return value{kind: number, text: t.String()}, nil
	case bool:
		return value{kind: boolean, text: fmt.Sprint(t)}, nil
	case json.Delim:
		return jsonInside(d, t, depth)
	}
	return value{}, nil // null
}

// jsonInside reads what stands between the brackets.
func jsonInside(d *json.Decoder, open json.Delim, depth int) (value, error) {
	v := value{kind: list}
	if open == '{' {
		v.kind = object
	}
	for d.More() {
		key := ""
		if v.kind == object {
			t, err := d.Token()
			if err != nil {
				return value{}, err
			}
			key, _ = t.(string)
		}
		inner, err := jsonValue(d, depth+1)
		if err != nil {
			return value{}, err
		}
		if v.kind == object {
			v.pairs = append(v.pairs, pair{key, inner})
		} else {
			v.list = append(v.list, inner)
		}
	}
	_, err := d.Token() // the closing bracket
	return v, err
}
