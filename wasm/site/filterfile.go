package site

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
)

const (
	filterMagic = "EFFIRSF1"
	sortMagic   = "EFFIRSO1"
)

// filterFile says which pages have which value of one key.
type filterFile struct {
	values []filterValue // by value
}

type filterValue struct {
	value string
	runs  []pageRun
}

// pageRun are consecutive pages.
type pageRun struct{ first, count int }

// makeFilter returns the filter of one key, nil if no page has it.
func makeFilter(pages []Page, key string) []byte {
	holders := make(map[string][]int)
	for number := range pages {
		for _, f := range pages[number].Filters {
			if list := holders[f.Value]; f.Key == key && (len(list) == 0 || list[len(list)-1] != number) {
				holders[f.Value] = append(list, number)
			}
		}
	}
	out := appendNumber([]byte(filterMagic), len(holders))
	for _, value := range slices.Sorted(maps.Keys(holders)) {
		runs := pageRuns(holders[value])
		out = appendNumber(appendText(out, value), len(runs))
		end := 0
		for _, run := range runs {
			out = appendNumber(appendNumber(out, run.first-end), run.count)
			end = run.first + run.count
		}
	}
	return out
}

func pageRuns(pages []int) []pageRun {
	var runs []pageRun
	for _, page := range pages {
		if n := len(runs); n > 0 && runs[n-1].first+runs[n-1].count == page {
			runs[n-1].count++
			continue
		}
		runs = append(runs, pageRun{first: page, count: 1})
	}
	return runs
}

func parseFilter(data []byte, pages int) (*filterFile, error) {
	r := newReader("filter file", filterMagic, data)
	f := &filterFile{}
	for i := range r.count("values", 4, maxRaw) {
		v := filterValue{value: r.text("value")}
		if i > 0 && v.value <= f.values[i-1].value {
			r.fail("values", "are not in order")
		}
		end := 0
		for j := range r.count("runs", 2, maxPages) {
			gap := r.number("runs", pages-end)
			count := r.number("runs", pages-end-gap)
			if r.err == nil && (count == 0 || j > 0 && gap == 0) {
				r.fail("runs", "are empty or not divided")
			}
			v.runs = append(v.runs, pageRun{first: end + gap, count: count})
			end += gap + count
			if r.err != nil {
				return nil, r.err
			}
		}
		if r.err != nil {
			return nil, r.err
		}
		f.values = append(f.values, v)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return f, nil
}

// makeSort returns the ranks of all pages by the values of one key.
func makeSort(pages []Page, key string) []byte {
	type valued struct {
		page  int
		value string
	}
	var list []valued
	numeric := true
	for number := range pages {
		for _, f := range pages[number].Sorts {
			if f.Key == key {
				list = append(list, valued{number, f.Value})
				_, finite := number64(f.Value)
				numeric = numeric && finite
			}
		}
	}
	compare := func(a, b valued) int { return cmp.Compare(a.value, b.value) }
	if numeric {
		compare = func(a, b valued) int {
			x, _ := number64(a.value)
			y, _ := number64(b.value)
			return cmp.Compare(x, y)
		}
	}
	slices.SortStableFunc(list, compare)
	ranks := make([]int, len(pages))
	rank := 0
	for i, v := range list {
		if i == 0 || compare(list[i-1], v) != 0 {
			rank++
		}
		ranks[v.page] = rank
	}
	out := appendNumber([]byte(sortMagic), len(pages))
	for _, rank := range ranks {
		out = appendNumber(out, rank)
	}
	return out
}

// number64 reads a number as people write it, so neither "inf" nor "0x10".
func number64(text string) (value float64, ok bool) {
	for _, c := range text {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}

func parseSort(data []byte, pages int) ([]uint32, error) {
	r := newReader("sort file", sortMagic, data)
	if r.count("pages", 1, maxPages) != pages {
		r.fail("pages", "are not those of the directory")
	}
	if r.err != nil {
		return nil, r.err
	}
	ranks := make([]uint32, pages)
	for page := range ranks {
		ranks[page] = uint32(r.number("ranks", pages))
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return ranks, nil
}
