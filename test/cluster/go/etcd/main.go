// Command etcd is etcd's server as its own module offers it: go.etcd.io/etcd keeps its main package in
// a module that cannot be required together with Kubernetes.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
