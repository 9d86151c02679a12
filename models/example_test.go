package models_test

import (
	"fmt"
	"log"

	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

// Which of two sentences says what the question asks?
func Example() {
	e, err := native.Open(models.Default(), native.Options{})
	if err != nil {
		log.Fatal(err)
	}
	question, err := e.EmbedOne("how do I stop a request that takes too long?", encoder.Query)
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"A context's deadline cancels the work.", "Slices are sorted by a function."} {
		passage, err := e.EmbedOne(text, encoder.Passage)
		if err != nil {
			log.Fatal(err)
		}
		var similarity float32
		for i := range question { // vectors have length one
			similarity += question[i] * passage[i]
		}
		fmt.Println(similarity > 0.5, text)
	}
}
