// Reads events of Alertmanager's event recorder, a line of JSON each, by its schema, and writes them as it would. What is not in the schema ends it.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/prometheus/alertmanager/eventrecorder/eventrecorderpb"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var event eventrecorderpb.Event
		if err := protojson.Unmarshal(lines.Bytes(), &event); err != nil {
			fmt.Fprintf(os.Stderr, "%v: %s\n", err, lines.Text())
			os.Exit(1)
		}
		text, err := protojson.Marshal(&event)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(string(text))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
