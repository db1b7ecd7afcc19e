// Go's TLS as a peer of a drill: a conduit from plain TCP to a TLS server, or a TLS server that sends back what it gets.
//
//	tls-peer client PORT SERVER-PORT VERSION AUTHORITY [CHAIN KEY]
//	tls-peer server PORT VERSION CHAIN KEY
package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"os"
)

type halfCloser interface{ CloseWrite() error }

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func version(name string) uint16 {
	if name == "1.2" {
		return tls.VersionTLS12
	}
	return tls.VersionTLS13
}

// Passes on what comes, and the end where that is one: what was cut off is not ended in order.
func pass(to, from net.Conn, done chan<- bool) {
	_, err := io.Copy(to, from)
	if err == nil {
		to.(halfCloser).CloseWrite()
	}
	done <- err == nil
}

func join(one, other net.Conn) {
	done := make(chan bool, 2)
	go pass(one, other, done)
	go pass(other, one, done)
	if <-done {
		<-done
	}
	one.Close()
	other.Close()
}

func listen(port string, serve func(net.Conn)) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	must(err)
	for {
		accepted, err := listener.Accept()
		must(err)
		go serve(accepted)
	}
}

func client(port, server, least, authority string, own []string) {
	pem, err := os.ReadFile(authority)
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: version(least), MaxVersion: version(least),
		ClientSessionCache: tls.NewLRUClientSessionCache(64)}
	if len(own) == 2 {
		pair, err := tls.LoadX509KeyPair(own[0], own[1])
		must(err)
		config.Certificates = []tls.Certificate{pair}
	}
	listen(port, func(plain net.Conn) {
		secret, err := tls.Dial("tcp", "127.0.0.1:"+server, config)
		if err != nil {
			log.Print(err)
			plain.Close()
			return
		}
		join(plain, secret)
	})
}

func server(port, least, chain, key string) {
	pair, err := tls.LoadX509KeyPair(chain, key)
	must(err)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: version(least), MaxVersion: version(least)}
	listen(port, func(plain net.Conn) {
		secret := tls.Server(plain, config)
		if _, err := io.Copy(secret, secret); err == nil {
			secret.CloseWrite()
		}
		secret.Close()
	})
}

func main() {
	arguments := os.Args[1:]
	if arguments[0] == "client" {
		client(arguments[1], arguments[2], arguments[3], arguments[4], arguments[5:])
	} else {
		server(arguments[1], arguments[2], arguments[3], arguments[4])
	}
}
