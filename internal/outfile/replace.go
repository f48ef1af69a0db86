package outfile

import (
	"os"
	"path/filepath"
)

// Replace writes a small file completely or not at all: whoever reads it finds the text before or
// the text after. It makes the file's folder if needed.
func Replace(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	part := path + ".new"
	if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}
