// Package jsontext reads and writes the little JSON that the runtime needs,
// without reflection: encoding/json would be a quarter of the guest's size.
package jsontext

import (
	"errors"
	"strconv"
	"strings"
)

// Object is a JSON object. Its methods return the value of a member, or the zero
// value where the member is missing or null. A member of another type is an
// error, of which the first in the whole text is kept for [Object.Err].
type Object struct {
	path    string // "" for the root, else ends in "."
	members []member
	state   *state
}

// member is one entry of an object; value is its JSON text.
type member struct {
	name  string
	value []byte
	known bool // some method asked for it
}

// maxMembers bounds the members of one object, which are searched one by one.
const maxMembers = 256

// state is what the objects of one text share.
type state struct{ err error }

// Parse reads a text that is one object. It refuses what is no JSON (RFC 8259),
// objects with two members of one name, and nesting beyond [MaxDepth].
func Parse(text []byte) (*Object, error) {
	s := scanner{text: text}
	end := s.value(s.space(0), 0)
	if s.err == nil && s.space(end) != len(text) {
		s.fail(end, "text after the end")
	}
	if s.err != nil {
		return nil, s.err
	}
	o := object("", text, new(state))
	if o == nil {
		return nil, errors.New("JSON: the text is no object")
	}
	return o, nil
}

// Err returns the first error of this and all objects of the same text.
func (o *Object) Err() error { return o.state.err }

// Unknown returns the path of a member that no method asked for, of this object
// or of one that was read from it, or "".
func (o *Object) Unknown() string {
	for i := range o.members {
		if !o.members[i].known {
			return o.path + o.members[i].name
		}
	}
	return ""
}

// String returns a string.
func (o *Object) String(name string) string {
	value := o.get(name)
	if value == nil {
		return ""
	}
	if value[0] != '"' {
		o.wrong(name, "a string")
		return ""
	}
	return unquote(value)
}

// Bool returns true or false.
func (o *Object) Bool(name string) bool {
	value := o.get(name)
	return value != nil && o.bool(name, value)
}

// Int returns an integer that fits into int64.
func (o *Object) Int(name string) int {
	value := o.get(name)
	if value == nil {
		return 0
	}
	return int(o.int(name, value, 64))
}

// Float32 returns a number.
func (o *Object) Float32(name string) float32 {
	value := o.get(name)
	if value == nil {
		return 0
	}
	x, err := strconv.ParseFloat(string(value), 32)
	if err != nil || value[0] == '"' {
		o.wrong(name, "a number")
		return 0
	}
	return float32(x)
}

// Object returns an object, or nil where it is missing or no object.
func (o *Object) Object(name string) *Object {
	value := o.get(name)
	if value == nil {
		return nil
	}
	return o.object(name, value)
}

// Objects returns a list of objects.
func (o *Object) Objects(name string) []*Object {
	return list(o, name, func(name string, value []byte) *Object { return o.object(name, value) })
}

// Ints returns a list of integers.
func (o *Object) Ints(name string) []int {
	return list(o, name, func(name string, value []byte) int { return int(o.int(name, value, 64)) })
}

// Int32s returns a list of integers that fit into int32.
func (o *Object) Int32s(name string) []int32 {
	return list(o, name, func(name string, value []byte) int32 { return int32(o.int(name, value, 32)) })
}

// Bools returns a list of true and false.
func (o *Object) Bools(name string) []bool { return list(o, name, o.bool) }

// get returns the text of a member, nil where it is missing or null.
func (o *Object) get(name string) []byte {
	for i := range o.members {
		if m := &o.members[i]; m.name == name {
			m.known = true
			if m.value[0] == 'n' {
				return nil
			}
			return m.value
		}
	}
	return nil
}

func (o *Object) bool(name string, value []byte) bool {
	if value[0] != 't' && value[0] != 'f' {
		o.wrong(name, "true or false")
	}
	return value[0] == 't'
}

func (o *Object) int(name string, value []byte, bits int) int64 {
	x, err := strconv.ParseInt(string(value), 10, bits)
	if err != nil {
		o.wrong(name, "an integer of "+strconv.Itoa(bits)+" bits")
	}
	return x
}

func (o *Object) object(name string, value []byte) *Object {
	inner := object(o.path+name+".", value, o.state)
	if inner == nil {
		o.wrong(name, "an object")
	}
	return inner
}

// list reads the elements of an array.
func list[T any](o *Object, name string, read func(name string, value []byte) T) []T {
	value := o.get(name)
	if value == nil {
		return nil
	}
	if value[0] != '[' {
		o.wrong(name, "a list")
		return nil
	}
	var all []T
	s := scanner{text: value}
	for at := s.space(1); value[at] != ']'; at = s.comma(at) {
		end := s.value(at, 0)
		all = append(all, read(name+"["+strconv.Itoa(len(all))+"]", value[at:end]))
		at = end
	}
	return all
}

// object splits the text of an object, which was scanned before; nil for other
// values and for a name that comes twice.
func object(path string, value []byte, st *state) *Object {
	s := scanner{text: value}
	at := s.space(0)
	if value[at] != '{' {
		return nil
	}
	o := &Object{path: path, state: st}
	fail := func(problem string) {
		if st.err == nil {
			st.err = errors.New("JSON: " + problem)
		}
	}
	for at = s.space(at + 1); value[at] != '}'; at = s.comma(at) {
		end := s.value(at, 0)
		name := unquote(value[at:end])
		at = s.space(s.space(end) + 1) // behind the colon
		end = s.value(at, 0)
		for _, m := range o.members {
			if m.name == name {
				fail(path + name + " comes twice")
			}
		}
		if len(o.members) == maxMembers {
			fail("more than " + strconv.Itoa(maxMembers) + " members in one object")
			break
		}
		o.members = append(o.members, member{name: name, value: value[at:end]})
		at = end
	}
	return o
}

func (o *Object) wrong(name, want string) {
	if o.state.err == nil {
		o.state.err = errors.New("JSON: " + strings.TrimSuffix(o.path+name, ".") + " is not " + want)
	}
}
