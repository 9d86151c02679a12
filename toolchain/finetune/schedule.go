package finetune

// learningRate rises in a line from 0 during the first part of a run and falls
// in a line to 0 at its end. done is the share of the run that lies behind.
func learningRate(peak, warmUp, done float64) float64 {
	if done < warmUp {
		return peak * done / warmUp
	}
	return peak * max(0, 1-done) / (1 - warmUp)
}

// done is the share of the run that lies behind at the middle of a step, so that
// neither the first nor the last step has the rate 0. size is the step's number
// of tokens.
func (o *Options) done(step int, tokens int64, size int) float64 {
	if o.Steps > 0 {
		return (float64(step) + 0.5) / float64(o.Steps)
	}
	return (float64(tokens) + float64(size)/2) / float64(o.Tokens)
}

// finished tells whether the run is at its end.
func (o *Options) finished(step int, tokens int64) bool {
	if o.Steps > 0 {
		return step >= o.Steps
	}
	return tokens >= o.Tokens
}
