// Writes the headers of tar entries with Go's own archive/tar, in the format that it chooses: the tests' other opinion
// on every byte of core/tar/go-tar.ts.
//
//	go run go-headers.go < ENTRIES.json
package main

import (
	"archive/tar"
	"encoding/hex"
	"encoding/json"
	"os"
	"time"
)

type entry struct {
	Kind, Name, Target, Uname, Gname string
	Mode, Size, Mtime                int64
	Uid, Gid                         int
}

func main() {
	var entries []entry
	check(json.NewDecoder(os.Stdin).Decode(&entries))
	for _, e := range entries {
		kind := map[string]byte{"directory": tar.TypeDir, "symlink": tar.TypeSymlink, "file": tar.TypeReg}[e.Kind]
		// A writer each: its content is never written.
		check(tar.NewWriter(os.Stdout).WriteHeader(&tar.Header{
			Typeflag: kind, Name: text(e.Name), Linkname: text(e.Target), Mode: e.Mode, Size: e.Size,
			Uid: e.Uid, Gid: e.Gid, Uname: text(e.Uname), Gname: text(e.Gname), ModTime: time.Unix(e.Mtime, 0),
		}))
	}
}

func text(digits string) string {
	bytes, err := hex.DecodeString(digits)
	check(err)
	return string(bytes)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
