// A load on etcd: what replkv.bench makes, by etcd's own client for Go. benchmarks/systems/etcd.py starts it.
//
// It connects, and then reads lines of JSON, each a load, and answers each with a line of JSON: how many microseconds
// how many commands took. Each client waits for each answer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type load struct {
	Kind       string // "fill", "write" or "read"
	Clients    int
	Keys       int
	ValueBytes int
	Seconds    float64
}

type tally struct {
	Latencies map[int64]int
	Errors    map[string]int
	Seconds   float64
	Busy      float64
}

// As etcd's own benchmark has it, clients share connections where there are many.
const mostConnections = 100

func main() {
	endpoint := os.Args[1]
	connections := []*clientv3.Client{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked load
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		for len(connections) < asked.Clients && len(connections) < mostConnections {
			client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 10 * time.Second})
			if err != nil {
				panic(err)
			}
			connections = append(connections, client)
		}
		answer, err := json.Marshal(run(asked, connections))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(answer))
	}
}

// run puts a load on, and counts what comes of it.
func run(asked load, connections []*clientv3.Client) tally {
	var mutex sync.Mutex
	var group sync.WaitGroup
	whole := tally{Latencies: map[int64]int{}, Errors: map[string]int{}}
	value := strings.Repeat("x", asked.ValueBytes)
	used, began := processor(), time.Now()
	until := began.Add(time.Duration(asked.Seconds * float64(time.Second)))
	for number := 0; number < asked.Clients; number++ {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			random := rand.New(rand.NewSource(int64(number)))
			client := connections[number%len(connections)]
			latencies, errors := map[int64]int{}, map[string]int{}
			for turn := 0; ; turn++ {
				key := random.Intn(asked.Keys)
				if asked.Kind == "fill" {
					if key = number + turn*asked.Clients; key >= asked.Keys {
						break
					}
				} else if !time.Now().Before(until) {
					break
				}
				sent := time.Now()
				if err := do(client, asked.Kind, fmt.Sprintf("bench/%010d", key), value); err != nil {
					errors[err.Error()]++
				} else {
					latencies[time.Since(sent).Microseconds()]++
				}
			}
			mutex.Lock()
			defer mutex.Unlock()
			for latency, count := range latencies {
				whole.Latencies[latency] += count
			}
			for what, count := range errors {
				whole.Errors[what] += count
			}
		}(number)
	}
	group.Wait()
	whole.Seconds = time.Since(began).Seconds()
	whole.Busy = (processor() - used).Seconds() / whole.Seconds
	return whole
}

func do(client *clientv3.Client, kind, key, value string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var err error
	if kind == "read" {
		// Without options, it is linearizable.
		_, err = client.Get(ctx, key)
	} else {
		_, err = client.Put(ctx, key, value)
	}
	return err
}

// processor tells the processor time that this process has had.
func processor() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
