package room

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

const (
	ownDir       = ".strongroom"
	manifestFile = ownDir + "/manifest.json"
	tmpDir       = ownDir + "/tmp"
	newDir       = ownDir + "/new"
)

// manifest remembers what Init wrote, so that the next Init can tell its own
// text from a person's.
type manifest struct {
	FormatVersion int `json:"format_version"`
	// Files holds for each path the SHA-256 of the text that was written. While
	// an Init runs, or after one was killed, there may be two: the text before
	// and the text after. Either of them is ours.
	Files map[string][]string `json:"files"`
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func readManifest(root *os.Root) (*manifest, error) {
	m := &manifest{FormatVersion: 1, Files: map[string][]string{}}
	data, err := root.ReadFile(manifestFile)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if m.FormatVersion != 1 {
		return nil, fmt.Errorf("%s has format version %d, and this program knows 1", manifestFile, m.FormatVersion)
	}
	if m.Files == nil {
		m.Files = map[string][]string{}
	}
	return m, nil
}

func (m *manifest) ours(path, sum string) bool { return slices.Contains(m.Files[path], sum) }

func (m *manifest) put(root *os.Root, put func(*os.Root, string, []byte) error) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return put(root, manifestFile, append(data, '\n'))
}
