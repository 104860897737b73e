package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

// encode writes the file whose form serviceref.Magic describes.
func encode(source string, services []service) ([]byte, error) {
	var head, blocks writer
	head.text(source)
	head.number(len(services))
	for _, s := range services {
		raw, err := encodeService(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.prefix, err)
		}
		head.text(s.prefix)
		head.text(s.name)
		if err := head.block(&blocks, raw); err != nil {
			return nil, err
		}
	}
	raw, err := encodeKeys(services)
	if err != nil {
		return nil, err
	}
	if err := head.block(&blocks, raw); err != nil {
		return nil, err
	}
	var file writer
	file.WriteString(serviceref.Magic)
	file.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(head.Bytes())))
	file.text(head.String())
	file.Write(blocks.Bytes())
	return file.Bytes(), nil
}

func encodeService(s service) ([]byte, error) {
	var w, body writer
	w.number(len(s.keys))
	for _, k := range s.keys {
		if err := w.key(k); err != nil {
			return nil, err
		}
	}
	var sets [][]string
	numbers := map[string]int{}
	set := func(keys []string) {
		id := strings.Join(keys, "\n")
		if _, ok := numbers[id]; !ok {
			numbers[id] = len(sets)
			sets = append(sets, keys)
		}
		body.number(numbers[id])
	}
	body.number(len(s.resources))
	for _, r := range s.resources {
		body.text(r.Type)
		body.texts(r.ARNs)
		set(r.Keys)
	}
	total := 0
	for _, a := range s.actions {
		total += len(a.Resources)
	}
	body.number(total)
	body.number(len(s.actions))
	for _, a := range s.actions {
		body.text(a.Name)
		body.number(slices.Index(serviceref.Accesses, a.Access))
		set(a.Keys)
		body.number(len(a.Resources))
		for _, r := range a.Resources {
			n := 2 * slices.IndexFunc(s.resources, func(def serviceref.Resource) bool { return def.Type == r.Type })
			if r.Required {
				n++
			}
			body.number(n)
			set(r.Keys)
		}
		body.texts(a.Dependent)
	}
	w.number(len(sets))
	for _, list := range sets {
		w.number(len(list))
		for _, name := range list {
			w.number(slices.IndexFunc(s.keys, func(k serviceref.Key) bool { return k.Name == name }))
		}
	}
	w.Write(body.Bytes())
	return w.Bytes(), nil
}

// encodeKeys lists the keys of all services but the global ones. Where services
// differ about a type, the one whose prefix the key has is right.
func encodeKeys(services []service) ([]byte, error) {
	type entry struct {
		key      serviceref.Key
		services []int
		owner    bool
	}
	entries := map[string]*entry{}
	for i, s := range services {
		for _, k := range s.keys {
			id := strings.ToLower(k.Name)
			if strings.HasPrefix(id, "aws:") {
				if _, ok := serviceref.GlobalKey(k.Name); !ok {
					return nil, fmt.Errorf("%s has the condition key %q: add it to global.go", s.prefix, k.Name)
				}
				continue
			}
			e := entries[id]
			if e == nil {
				e = &entry{key: k}
				entries[id] = e
			}
			if owner := strings.HasPrefix(id, s.prefix+":"); owner {
				e.key, e.owner = k, true
			} else if !e.owner && (e.key.Type != k.Type || e.key.Multi != k.Multi) {
				return nil, fmt.Errorf("services differ about the type of %q", k.Name)
			}
			e.services = append(e.services, i)
		}
	}
	ids := make([]string, 0, len(entries))
	for id := range entries {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var w writer
	w.number(len(ids))
	for _, id := range ids {
		e := entries[id]
		if err := w.key(e.key); err != nil {
			return nil, err
		}
		w.number(len(e.services))
		for _, i := range e.services {
			w.number(i)
		}
	}
	return w.Bytes(), nil
}

type writer struct{ bytes.Buffer }

func (w *writer) number(n int) { w.Write(binary.AppendUvarint(nil, uint64(n))) }

func (w *writer) text(s string) {
	w.number(len(s))
	w.WriteString(s)
}

func (w *writer) texts(list []string) {
	w.number(len(list))
	for _, s := range list {
		w.text(s)
	}
}

func (w *writer) key(k serviceref.Key) error {
	n := slices.Index(serviceref.Types, k.Type)
	if n < 0 {
		return fmt.Errorf("condition key %q has type %q", k.Name, k.Type)
	}
	if k.Multi {
		n += 128
	}
	w.text(k.Name)
	w.number(n)
	return nil
}

// block deflates raw to the end of blocks and notes it in the head.
func (w *writer) block(blocks *writer, raw []byte) error {
	var packed bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(raw); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	w.number(packed.Len())
	w.number(len(raw))
	w.number(int(crc32.ChecksumIEEE(packed.Bytes())))
	blocks.Write(packed.Bytes())
	return nil
}
