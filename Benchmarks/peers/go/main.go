// The frames protocol on Go's net: a goroutine per connection, blocking in appearance, one
// operating system thread at a time doing Go's work.
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
)

// frames is what a connection has to remember.
type frames struct {
	inside bool
}

// reply turns what was received into its reply, in place, and returns the part of b that holds
// it. bytes.IndexByte finds delimiters with SIMD; Go's compiler leaves the addition scalar.
func (f *frames) reply(b []byte) []byte {
	out := 0
	for rest := b; len(rest) > 0; {
		if !f.inside {
			start := bytes.IndexByte(rest, '^')
			if start < 0 {
				break
			}
			rest = rest[start+1:]
			f.inside = true
		}
		run := rest
		if stop := bytes.IndexByte(rest, '$'); stop >= 0 {
			run, rest = rest[:stop], rest[stop+1:]
			f.inside = false
		} else {
			rest = nil
		}
		// Same length, known to the compiler: no bounds checks in the loop.
		to := b[out:][:len(run)]
		for i, v := range run {
			to[i] = v + 1
		}
		out += len(run)
	}
	return b[:out]
}

func serve(c net.Conn) {
	defer c.Close() // TCP_NODELAY needs no call: it is net's default
	if _, err := c.Write([]byte("*")); err != nil {
		return
	}
	// The idiom's price: a buffer per connection, held while idle too.
	buffer := make([]byte, 16<<10)
	var f frames
	for {
		n, err := c.Read(buffer)
		if reply := f.reply(buffer[:n]); len(reply) > 0 {
			if _, err := c.Write(reply); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: server PORT")
		os.Exit(64)
	}
	// One, like the event loops it is compared with.
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp4", "127.0.0.1:"+os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		c, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		go serve(c)
	}
}
