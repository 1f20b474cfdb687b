// SPDX-License-Identifier: BSD-3-Clause
// The group sync over Go's sync.Mutex: the same workloads with goroutines.   sync_go [CASE]   prints "case value" lines, nanoseconds
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var only string
var shared int
var scale = 1

func wanted(name string) bool { return only == "" || only == name }

func show(name string, from time.Time, n int) {
	fmt.Printf("%s %.3f\n", name, float64(time.Since(from).Nanoseconds())/float64(n))
}

func together(name string, goroutines, each int) {
	var m sync.Mutex
	var all sync.WaitGroup
	all.Add(goroutines)
	from := time.Now()
	for i := 0; i < goroutines; i++ {
		go func() {
			for k := 0; k < each; k++ {
				m.Lock()
				shared++
				m.Unlock()
			}
			all.Done()
		}()
	}
	all.Wait()
	show(name, from, goroutines*each)
}

func thousand() {
	const n = 1000
	each := 1000 / scale
	var m sync.Mutex
	var got, longest uint64
	var all sync.WaitGroup
	all.Add(n)
	from := time.Now()
	for i := 0; i < n; i++ {
		go func() {
			for k := 0; k < each; k++ {
				seen := atomic.LoadUint64(&got)
				m.Lock()
				if got-seen > longest {
					longest = got - seen
				}
				atomic.StoreUint64(&got, got+1)
				if k%64 == 0 {
					runtime.Gosched()
				}
				m.Unlock()
			}
			all.Done()
		}()
	}
	all.Wait()
	show("mutex1000", from, n*each)
	fmt.Println("mutex1000_wait", longest)
}

func main() {
	if len(os.Args) > 1 {
		only = os.Args[1]
	}
	if n, err := strconv.Atoi(os.Getenv("TRAPEZE_BENCH_SCALE")); err == nil && n > 0 {
		scale = n
	}
	if wanted("mutex1000") {
		thousand()
	}
	for _, name := range []string{"lock", "mutex"} {
		if wanted(name) {
			n := 100000000 / scale
			var m sync.Mutex
			from := time.Now()
			for i := 0; i < n; i++ {
				m.Lock()
				m.Unlock()
			}
			show(name, from, n)
		}
	}
	if wanted("lock2") {
		together("lock2", 2, 5000000/scale)
	}
	if wanted("lock8") {
		together("lock8", 8, 1500000/scale)
	}
}
