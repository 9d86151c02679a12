package main

import "os"

func main() {
	b := make([]byte, 1<<20)
	n, _ := os.Stdin.Read(b)
	println(n, string(b[:10]))
}
