// Reads texts as kubectl does. Each line of standard input is a JSON string, or {"base64": …} for bytes that no string
// has; each line of standard output is {"documents": […], "error": …}: the JSON of each document before the first that
// is refused, and whether one was.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

type answer struct {
	Documents []json.RawMessage `json:"documents"`
	Error     string            `json:"error,omitempty"`
}

type given struct {
	Base64 []byte `json:"base64"`
}

// As the StreamVisitor of cli-runtime.
func read(text []byte) answer {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	result := answer{Documents: []json.RawMessage{}}
	for {
		extension := runtime.RawExtension{}
		if err := decoder.Decode(&extension); err != nil {
			if !errors.Is(err, io.EOF) {
				result.Error = err.Error()
			}
			return result
		}
		raw := bytes.TrimSpace(extension.Raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		result.Documents = append(result.Documents, append(json.RawMessage{}, raw...))
	}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var text string
			var other given
			if line[0] == '{' {
				if err := json.Unmarshal(line, &other); err != nil {
					panic(err)
				}
			} else if err := json.Unmarshal(line, &text); err != nil {
				panic(err)
			} else {
				other.Base64 = []byte(text)
			}
			if err := encoder.Encode(read(other.Base64)); err != nil {
				panic(err)
			}
		}
		if err != nil {
			return
		}
	}
}
