package main

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// readYAML reads the settings of a YAML file. Numbers and truths come as they stand in the file: to YAML
// 0123456 is 42798 and 1e10 is 10000000000, and a secret that looks like one must not become another.
func readYAML(raw []byte) (map[string]any, error) {
	var values map[string]any
	if err := yaml.UnmarshalWithOptions(raw, &values, yaml.Strict()); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, err
	}
	written := map[string]ast.Node{}
	if len(file.Docs) > 0 {
		if m, ok := file.Docs[0].Body.(ast.MapNode); ok {
			for i := m.MapRange(); i.Next(); {
				written[i.Key().GetToken().Value] = i.Value()
			}
		}
	}
	for name, v := range values {
		if values[name], err = asWritten(v, written[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return values, nil
}

// asWritten is a value with the text of the file in place of what YAML made of it.
func asWritten(v any, n ast.Node) (any, error) {
	switch v := v.(type) {
	case nil, string, map[string]any:
		return v, nil
	case []any:
		list, ok := n.(*ast.SequenceNode)
		if !ok || len(list.Values) != len(v) {
			return nil, errQuote
		}
		for i := range v {
			var err error
			if v[i], err = asWritten(v[i], list.Values[i]); err != nil {
				return nil, err
			}
		}
		return v, nil
	}
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	}
	return nil, errQuote // behind an anchor or a tag
}

// errQuote says what to do where the text of a value cannot be told from what YAML made of it.
var errQuote = errors.New("YAML takes the value for a number or something else that it may write anew; put it between quotes")
