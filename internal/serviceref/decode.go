package serviceref

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"
)

// Magic begins the file of the data and names the version of its format.
//
// Numbers are uvarints, texts are a length and bytes, lists are a count and
// elements. The file is: Magic; the CRC-32 of the head, four bytes, big-endian;
// the head's length; the head; then the blocks that the head lists, back to
// back. The head is: source; services, each prefix, name, block; the block of
// the condition keys. A block in the head is: length in the file, length
// inflated, CRC-32 of the bytes in the file. In the file it is deflated.
//
// A service's block is: keys (name, type); key sets (lists of key numbers); resource
// types (name, ARNs, key set); how many resource types all actions have; actions
// (name, access, key set, resource types (2*number + required, key set), dependent
// actions). The block of the condition keys is: keys (name, type, services by number).
const Magic = "strongroom-sar-1\n"

// Types and Accesses are what a type and an access level are numbers of; a type
// has 128 added for a multivalued key.
var (
	Types    = []string{"String", "ARN", "Numeric", "Date", "Bool", "IPAddress", "Binary"}
	Accesses = []string{"List", "Read", "Write", "Permissions management", "Tagging"}
)

const (
	multiBit   = 128
	maxBlock   = 1 << 24 // inflated; the largest of AWS's is a fiftieth of that
	maxDeflate = 1100    // deflate cannot expand a byte to more
)

var errDamaged = errors.New("damaged service data")

// Open reads the head of data; services are decoded when they are asked for.
func Open(data string) (*Reference, error) {
	body, ok := strings.CutPrefix(data, Magic)
	if !ok || len(body) < 4 {
		return nil, fmt.Errorf("%w: it does not begin with %q", errDamaged, Magic)
	}
	sum := binary.BigEndian.Uint32([]byte(body[:4]))
	file := reader{rest: body[4:]}
	h := reader{rest: file.text()}
	if file.bad || crc32.ChecksumIEEE([]byte(h.rest)) != sum {
		return nil, fmt.Errorf("%w: the head's checksum is wrong", errDamaged)
	}
	r := &Reference{source: h.text()}
	n := h.count(5)
	blocks := make([]block, n)
	for i := range blocks {
		r.prefixes, r.names = append(r.prefixes, h.text()), append(r.names, h.text())
		blocks[i] = h.block(&file)
	}
	keys := h.block(&file)
	if h.bad || h.rest != "" || file.bad || file.rest != "" {
		return nil, fmt.Errorf("%w: the head does not fit the file", errDamaged)
	}
	for i, p := range r.prefixes {
		if p != lower(p) || i > 0 && r.prefixes[i-1] >= p {
			return nil, fmt.Errorf("%w: prefix %q is out of order", errDamaged, p)
		}
		r.services = append(r.services, sync.OnceValues(func() (*Service, error) {
			raw, err := blocks[i].inflate()
			if err != nil {
				return nil, err
			}
			return decodeService(r.prefixes[i], r.names[i], raw)
		}))
	}
	r.keys = sync.OnceValues(func() (keyList, error) {
		raw, err := keys.inflate()
		if err != nil {
			return keyList{}, err
		}
		return decodeKeys(r.prefixes, raw)
	})
	return r, nil
}

// block is deflated data of the file.
type block struct {
	data     string
	inflated int
	sum      uint32
}

func (b block) inflate() (string, error) {
	if crc32.ChecksumIEEE([]byte(b.data)) != b.sum {
		return "", fmt.Errorf("%w: wrong checksum", errDamaged)
	}
	if b.inflated > maxBlock || b.inflated > maxDeflate*(len(b.data)+1) {
		return "", fmt.Errorf("%w: %d bytes cannot be %d when inflated", errDamaged, len(b.data), b.inflated)
	}
	out := bytes.NewBuffer(make([]byte, 0, b.inflated+bytes.MinRead))
	z := flate.NewReader(strings.NewReader(b.data))
	if n, err := io.Copy(out, io.LimitReader(z, int64(b.inflated)+1)); err != nil || n != int64(b.inflated) {
		return "", fmt.Errorf("%w: it does not inflate to %d bytes", errDamaged, b.inflated)
	}
	return out.String(), nil
}

// reader takes values off the front of rest. After the first that is not there
// it is bad, and everything it reads is zero.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) fail() {
	r.bad, r.rest = true, ""
}

func (r *reader) number() uint64 {
	var v uint64
	for i := 0; i < len(r.rest) && i < 9; i++ {
		v |= uint64(r.rest[i]&0x7f) << (7 * i)
		if r.rest[i] < 0x80 {
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.fail()
	return 0
}

// count reads the length of a list whose elements take size bytes at least, so
// that no damaged length makes it allocate more than the data could fill.
func (r *reader) count(size int) int {
	n := r.number()
	if n > uint64(len(r.rest)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

// index reads the number of one of n things.
func (r *reader) index(n int) int {
	i := r.number()
	if r.bad || i >= uint64(n) {
		r.fail()
		return 0
	}
	return int(i)
}

func (r *reader) text() string {
	n := r.count(1)
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

// block reads a block's line of the head and takes its bytes off the file.
func (r *reader) block(file *reader) block {
	size, inflated, sum := r.number(), r.number(), r.number()
	if r.bad || size > uint64(len(file.rest)) || inflated > maxBlock || sum > 0xffffffff {
		r.fail()
		return block{}
	}
	b := block{data: file.rest[:size], inflated: int(inflated), sum: uint32(sum)}
	file.rest = file.rest[size:]
	return b
}
