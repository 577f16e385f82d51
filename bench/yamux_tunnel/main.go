// yamux-tunnel: a reverse tunnel of few lines, as Go's tunnels are made: one connection, in it a yamux
// stream for each TCP connection. A yardstick, not for use: it authenticates nobody.
//
//	yamux-tunnel server -listen ADDRESS [-cert FILE -key FILE] PUBLIC-ADDRESS...
//	yamux-tunnel client -server ADDRESS [-tls] ORIGIN...
//
// The nth public address leads to the nth origin.
package main

import (
	"crypto/tls"
	"flag"
	"io"
	"log"
	"net"
	"os"

	"github.com/hashicorp/yamux"
)

// join copies both ways until both ends are done.
func join(a, b net.Conn) {
	done := make(chan struct{})
	oneWay := func(to, from net.Conn) {
		io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		} else {
			to.Close()
		}
		done <- struct{}{}
	}
	go oneWay(a, b)
	go oneWay(b, a)
	<-done
	<-done
	a.Close()
	b.Close()
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// serve waits for one client, then opens a stream for each connection to a public address.
func serve(flags *flag.FlagSet, args []string) {
	listen := flags.String("listen", "", "where the client comes")
	cert := flags.String("cert", "", "certificate: TLS")
	key := flags.String("key", "", "its key")
	flags.Parse(args)
	listener := must(net.Listen("tcp", *listen))
	if *cert != "" {
		pair := must(tls.LoadX509KeyPair(*cert, *key))
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}})
	}
	session := awaitClient(listener)
	for number, address := range flags.Args() {
		public := must(net.Listen("tcp", address))
		go func() {
			for {
				conn := must(public.Accept())
				stream := must(session.Open())
				stream.Write([]byte{byte(number)})
				go join(conn, stream)
			}
		}()
	}
	<-session.CloseChan()
}

// awaitClient returns the session of the first connection that is one: others only look whether
// somebody listens.
func awaitClient(listener net.Listener) *yamux.Session {
	for {
		conn := must(listener.Accept())
		session, err := yamux.Client(conn, nil)
		if err != nil {
			continue
		}
		if _, err := session.Ping(); err == nil {
			return session
		}
		session.Close()
	}
}

// dial connects to the server, and joins each stream with its origin.
func dial(flags *flag.FlagSet, args []string) {
	server := flags.String("server", "", "the server's address")
	useTLS := flags.Bool("tls", false, "TLS; the certificate is not looked at")
	flags.Parse(args)
	var conn net.Conn
	if *useTLS {
		conn = must(tls.Dial("tcp", *server, &tls.Config{InsecureSkipVerify: true}))
	} else {
		conn = must(net.Dial("tcp", *server))
	}
	session := must(yamux.Server(conn, nil))
	for {
		stream := must(session.Accept())
		go func() {
			number := []byte{0}
			if _, err := io.ReadFull(stream, number); err != nil {
				return
			}
			origin, err := net.Dial("tcp", flags.Arg(int(number[0])))
			if err != nil {
				stream.Close()
				return
			}
			join(origin, stream)
		}()
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "server" {
		serve(flag.NewFlagSet("server", flag.ExitOnError), os.Args[2:])
	} else if len(os.Args) > 1 && os.Args[1] == "client" {
		dial(flag.NewFlagSet("client", flag.ExitOnError), os.Args[2:])
	}
	log.Fatal("usage: yamux-tunnel server|client OPTION... ADDRESS...")
}
