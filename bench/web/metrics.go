package main

import (
	"math"
	"slices"
	"strings"
)

// depth is how many pages of a ranking count.
const depth = 10

// scores say how good rankings are, on average over questions; each is between 0 and 1.
type scores struct {
	// NDCG is the normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) of the first ten
	// pages, with a gain of 2^grade - 1 and a discount of log2(rank + 1).
	NDCG float64
	MRR  float64 // reciprocal rank of the first judged page among the first ten, 0 without
	// Recall is the share of the judged pages among the first ten.
	Recall float64
	Count  int // questions
}

// score compares a ranking of pages with the grades of those that answer.
func score(found []string, grades map[string]int) scores {
	s := scores{Count: 1}
	found = canonical(found[:min(len(found), depth)])
	gained, hits := 0.0, 0
	for i, page := range found {
		grade := grades[page]
		if grade == 0 || slices.Contains(found[:i], page) {
			continue
		}
		if hits++; hits == 1 {
			s.MRR = 1 / float64(i+1)
		}
		gained += gain(grade, i)
	}
	best := 0.0
	ideal := make([]int, 0, len(grades))
	for _, grade := range grades {
		ideal = append(ideal, grade)
	}
	slices.SortFunc(ideal, func(a, b int) int { return b - a })
	for i, grade := range ideal[:min(len(ideal), depth)] {
		best += gain(grade, i)
	}
	s.NDCG, s.Recall = gained/best, float64(hits)/float64(len(grades))
	return s
}

// canonical returns pages by the names of their files: some systems leave out index.html.
func canonical(pages []string) []string {
	names := slices.Clone(pages)
	for i, page := range names {
		if page == "" || strings.HasSuffix(page, "/") {
			names[i] += "index.html"
		}
	}
	return names
}

// gain of a page of this grade at a rank counted from 0.
func gain(grade, rank int) float64 {
	return (math.Exp2(float64(grade)) - 1) / math.Log2(float64(rank+2))
}

// average is the mean over questions, NaN over none.
func average(each []scores) scores {
	var sum scores
	for _, s := range each {
		sum.NDCG += s.NDCG
		sum.MRR += s.MRR
		sum.Recall += s.Recall
	}
	n := float64(len(each))
	return scores{NDCG: sum.NDCG / n, MRR: sum.MRR / n, Recall: sum.Recall / n, Count: len(each)}
}
