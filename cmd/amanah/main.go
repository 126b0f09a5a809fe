// Command amanah is the whole product in one program: the server, its administration, the import, the
// verification of the audit log, and the demonstration. Its command line is internal/app/command.
package main

import (
	"os"

	"github.com/amanah-id/amanah/internal/app/command"
)

func main() {
	os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
