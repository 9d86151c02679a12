package corpus

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func beirFiles() map[string]string {
	return map[string]string{
		"corpus.jsonl":   `{"_id": "d1", "title": "T", "text": "x", "metadata": {"year": 1}}` + "\n\n" + `{"_id": "d2", "text": "y", "url": "u", "section": "s"}`,
		"queries.jsonl":  `{"_id": "q2", "text": "two"}` + "\r\n" + `{"_id": "q9", "text": "not judged"}` + "\n" + `{"_id": "q1", "text": "one"}`,
		"qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t2\r\nq2\td1\t0\nq2\tmissing\t1\n",
	}
}

func TestReadBEIR(t *testing.T) {
	data, err := ReadBEIR(writeTree(t, beirFiles()), "test")
	if err != nil {
		t.Fatal(err)
	}
	wantCorpus := []Passage{{ID: "d1", Title: "T", Text: "x"}, {ID: "d2", Text: "y", URL: "u", Section: "s"}}
	if !slices.Equal(data.Corpus, wantCorpus) {
		t.Errorf("corpus %+v", data.Corpus)
	}
	if want := []Query{{"q2", "two"}, {"q1", "one"}}; !slices.Equal(data.Queries, want) {
		t.Errorf("queries %+v", data.Queries)
	}
	if len(data.Qrels) != 2 || !maps.Equal(data.Qrels["q2"], map[string]int{"d2": 2, "d1": 0, "missing": 1}) || data.Qrels["q1"]["d1"] != 1 {
		t.Errorf("qrels %v", data.Qrels)
	}
}

func TestReadBEIRNamesFileAndLine(t *testing.T) {
	tests := []struct{ file, text, want string }{
		{"corpus.jsonl", "{\"_id\": \"a\"}\n{\"_id\": \"b\"", "corpus.jsonl:2:"},
		{"corpus.jsonl", "{\"_id\": \"a\"}\n\n{\"_id\": \"a\"}", "corpus.jsonl:3:"},
		{"corpus.jsonl", "{\"title\": \"a\"}", "corpus.jsonl:1: field _id"},
		{"corpus.jsonl", "{\"_id\": \"a\", \"text\": 7}", "corpus.jsonl:1:"},
		{"corpus.jsonl", "\x00\x01\x02", "corpus.jsonl:1:"},
		{"queries.jsonl", "{\"_id\": \"q1\", \"text\": \"x\"}\n[]", "queries.jsonl:2:"},
		{"queries.jsonl", "{\"_id\": \"q1\", \"text\": \"x\"}", "queries.jsonl: 1 of the 2"},
		{"qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1", "test.tsv:2:"},
		{"qrels/test.tsv", "q1\td1\t1\nq1\td1\tgood", "test.tsv:2: score"},
		{"qrels/test.tsv", "q1\td1\t1\nq1\td1\t1", "test.tsv:2:"},
		{"corpus.jsonl", "", "corpus.jsonl: holds no passages: put one"},
		{"corpus.jsonl", "\ufeff\n \r\n", "corpus.jsonl: holds no passages: put one"},
		{"corpus.jsonl", "{\"_id\": \"a\"}\n\ufeff{\"_id\": \"b\"}", "corpus.jsonl:2:"},
		{"qrels/test.tsv", "", "test.tsv: holds no judgements: put one"},
		{"qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "test.tsv: holds no judgements: put one"},
	}
	for _, test := range tests {
		files := beirFiles()
		files[test.file] = test.text
		if _, err := ReadBEIR(writeTree(t, files), "test"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %q: error %v does not contain %q", test.file, test.text, err, test.want)
		}
	}
	if _, err := ReadBEIR(writeTree(t, beirFiles()), "dev"); err == nil || !strings.Contains(err.Error(), "dev.tsv") {
		t.Errorf("missing split: error %v", err)
	}
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	files := beirFiles()
	want, err := ReadBEIR(writeTree(t, files), "test")
	if err != nil {
		t.Fatal(err)
	}
	for name := range files {
		files[name] = "\xef\xbb\xbf" + files[name]
	}
	got, err := ReadBEIR(writeTree(t, files), "test")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Corpus, want.Corpus) || !slices.Equal(got.Queries, want.Queries) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What is missing is named in the terms of whoever reads it.
func TestMissingFiles(t *testing.T) {
	for missing := range beirFiles() {
		files := beirFiles()
		delete(files, missing)
		_, err := ReadBEIR(writeTree(t, files), "test")
		if err == nil || !strings.Contains(err.Error(), "BEIR folder is incomplete") || !strings.Contains(err.Error(), filepath.FromSlash(missing)) {
			t.Errorf("without %s: error %v", missing, err)
		}
	}
	file := filepath.Join(writeTree(t, beirFiles()), "queries.jsonl")
	for _, dir := range []string{t.TempDir(), file} {
		_, err := ReadCorpus(dir)
		if err == nil || strings.Contains(err.Error(), "BEIR") || !strings.Contains(err.Error(), filepath.Join(dir, "corpus.jsonl")) || !strings.Contains(err.Error(), "_id") {
			t.Errorf("%s: error %v", dir, err)
		}
	}
	_, err := ReadCorpus(writeTree(t, map[string]string{"corpus.jsonl": "\n"}))
	if err == nil || !strings.Contains(err.Error(), "corpus.jsonl: holds no passages") {
		t.Errorf("empty corpus: error %v", err)
	}
}

func TestLinesThatAreTooLong(t *testing.T) {
	long := strings.NewReader("short\n" + strings.Repeat("x", maxLineBytes+1))
	err := scanLines(long, func(int, []byte) error { return nil })
	if err == nil || !strings.HasPrefix(err.Error(), "2: ") {
		t.Errorf("error %v does not name line 2", err)
	}
}
