package jsontext

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const sample = ` { "a" : "x\n\"\u00e9\ud83d\ude42\ud800y" , "n":-12, "f" : 1.5e-3, "t":true,"z":null,
 "o":{"inner":{"deep":[1, 2,3]},"k":false}, "e":{}, "l":[], "b":[true,false], "os":[{"i":1},{"i":2}] } `

func TestObject(t *testing.T) {
	o, err := Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	inner := o.Object("o").Object("inner")
	got := []any{
		o.String("a"), o.Int("n"), o.Float32("f"), o.Bool("t"), o.Int("z"), o.String("missing"), o.Object("z") == nil,
		inner.Ints("deep"), inner.Int32s("deep"), o.Object("o").Bool("k"), len(o.Object("e").members), o.Ints("l") == nil, o.Bools("b"),
		len(o.Objects("os")), o.Objects("os")[1].Int("i"),
	}
	want := []any{
		"x\n\"é🙂\ufffdy", -12, float32(1.5e-3), true, 0, "", true,
		[]int{1, 2, 3}, []int32{1, 2, 3}, false, 0, true, []bool{true, false}, 2, 2,
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("value %d is %#v, want %#v", i, got[i], want[i])
		}
	}
	if o.Err() != nil || o.Unknown() != "" {
		t.Errorf("error %v, unknown %q", o.Err(), o.Unknown())
	}
}

func TestErrorsNameTheMember(t *testing.T) {
	for problem, read := range map[string]func(o *Object){
		"a is not an integer":        func(o *Object) { o.Int("a") },
		"f is not an integer":        func(o *Object) { o.Int("f") },
		"n is not a string":          func(o *Object) { o.String("n") },
		"t is not a number":          func(o *Object) { o.Float32("t") },
		"a is not a number":          func(o *Object) { o.Float32("a") },
		"n is not true or false":     func(o *Object) { o.Bool("n") },
		"o is not a list":            func(o *Object) { o.Ints("o") },
		"b[0] is not an integer":     func(o *Object) { o.Ints("b") },
		"l is not an object":         func(o *Object) { o.Object("l") },
		"o.inner.deep is not a list": func(o *Object) { o.Object("o").Object("inner").Bools("deep") },
	} {
		text := strings.Replace(sample, `"deep":[1, 2,3]`, `"deep":"x"`, 1)
		o, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		read(o)
		if o.Err() == nil || !strings.Contains(o.Err().Error(), problem) {
			t.Errorf("error %v, want %s", o.Err(), problem)
		}
	}
	o, err := Parse([]byte(`{"a":1,"o":{"x":2}}`))
	if err != nil {
		t.Fatal(err)
	}
	o.Int("a")
	inner := o.Object("o")
	if inner.Unknown() != "o.x" || o.Unknown() != "" {
		t.Errorf("unknown members %q and %q", inner.Unknown(), o.Unknown())
	}
	if o, err := Parse([]byte(`{"a":1,"a":2}`)); err != nil || o.Err() == nil {
		t.Error("a name that comes twice is accepted")
	}
	var many strings.Builder
	for i := range 1000 {
		many.WriteString(`,"` + strconv.Itoa(i) + `":1`)
	}
	if o, err := Parse([]byte("{" + many.String()[1:] + "}")); err != nil || o.Err() == nil {
		t.Error("a thousand members are accepted")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "[]", "1", `"x"`, "{", "{}x", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{a:1}`,
		`{"a":"x}`, `{"a":"\x"}`, `{"a":"\u12g4"}`, "{\"a\":\"\n\"}", `{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":tru}`, `{"a":nul`,
		`{"a":]}`, `{"a":[}`, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%.40q is accepted", text)
		}
	}
}

// FuzzParse: what is an object for encoding/json is one here, with the same
// members, unless it nests too deep or names a member twice; nothing else is.
func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"a":{"a":[[{}]]},"\u0000":"\ud83d"}`))
	f.Add([]byte("{\"\xff\":1e999}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := Parse(text)
		var want map[string]json.RawMessage
		wrong := json.Unmarshal(text, &want)
		if err != nil {
			if wrong == nil && want != nil && !strings.Contains(err.Error(), "nesting") {
				t.Fatalf("%q is refused: %v", text, err)
			}
			return
		}
		if wrong != nil || want == nil {
			t.Fatalf("%q is accepted, encoding/json: %v", text, wrong)
		}
		if o.Err() != nil {
			return
		}
		var names []string
		for _, m := range o.members {
			names = append(names, m.name)
			if raw := want[m.name]; string(raw) != string(m.value) {
				t.Fatalf("%q: %q is %q, encoding/json says %q", text, m.name, m.value, raw)
			}
			if m.value[0] == '"' {
				var s string
				if err := json.Unmarshal(m.value, &s); err != nil || o.String(m.name) != s {
					t.Fatalf("%q: %q, encoding/json says %q, %v", m.value, o.String(m.name), s, err)
				}
			}
		}
		if slices.Sort(names); len(names) != len(want) {
			t.Fatalf("%q: members %q, encoding/json has %d", text, names, len(want))
		}
	})
}

// FuzzAppendString: every string survives a round through encoding/json.
func FuzzAppendString(f *testing.F) {
	f.Add("plain \"quoted\" \\ \n\x00 é🙂 \xff")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		// A conversion to runes makes U+FFFD of every byte that is no UTF-8.
		if err := json.Unmarshal(AppendString(nil, s), &back); err != nil || back != string([]rune(s)) {
			t.Fatalf("%q became %q, %v", s, back, err)
		}
	})
}
