package cases

import (
	"embed"
	"io/fs"
)

//go:embed sql/*.sql
var schema embed.FS

// Schema is the first part of the migrations of line "complaints": numbers 0001
// to 0019. The other parts of the feature number theirs from 0020 on.
func Schema() fs.FS {
	sub, err := fs.Sub(schema, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
