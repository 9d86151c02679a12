package index

import (
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// stem reduces an English word to its stem by the Snowball English (Porter2)
// algorithm. Words with anything but a-z and the apostrophe are returned as
// they are: identifiers with digits and other scripts have no English endings.
func stem(word string) string {
	if len(word) < 3 {
		return word
	}
	for i := 0; i < len(word); i++ {
		if c := word[i]; (c < 'a' || c > 'z') && c != '\'' {
			return word
		}
	}
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	if stemmed := env.Current(); stemmed != "" {
		return stemmed
	}
	return word
}

// isStopWord says that a word is too common to tell passages apart. Stop
// words are dropped from passages and queries alike. The list is that of
// English articles, prepositions, pronouns and auxiliaries, with the words
// that questions are made of.
func isStopWord(word string) bool {
	switch word {
	case "a", "an", "the",
		"and", "or", "but", "if", "then", "than", "so",
		"of", "in", "on", "at", "by", "for", "from", "to", "with", "into", "as",
		"is", "are", "was", "were", "be", "been", "being", "am",
		"do", "does", "did", "has", "have", "had", "can", "could", "should", "would", "will",
		"i", "me", "my", "we", "our", "you", "your", "he", "she", "it", "its", "they", "their", "them", "his", "her",
		"this", "that", "these", "those", "there", "such",
		"what", "which", "who", "whom", "whose", "when", "where", "why", "how",
		"not", "no":
		return true
	}
	return false
}
