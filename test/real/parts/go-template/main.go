// Executes templates with Go's own text/template: a line of JSON in, a line of JSON out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
)

type person struct {
	Name   string
	Age    int
	hidden string
}

func (p *person) Greet(greeting string, times int) (string, error) {
	if times < 0 {
		return "", fmt.Errorf("cannot greet %d times", times)
	}
	return strings.Repeat(greeting+" "+p.Name+" ", times), nil
}

func (p *person) Older(years int) *person { return &person{p.Name, p.Age + years, p.hidden} }

var data = map[string]any{
	"Text": "héllo <b>\"q\"</b>", "Empty": "", "Whole": 17, "Zero": 0, "Float": 2.5, "Big": 1234567.0, "Yes": true, "No": false, "Nil": nil,
	"List": []any{1, "two", 3.5, nil, true}, "Words": []any{"a", "b", "c"}, "None": []any{},
	"Strings": map[string]string{"b": "2", "a": "1", "é": "3"}, "Map": map[string]any{"k": 1, "nested": map[string]any{"deep": "x"}, "nil": nil},
	"Person": &person{"Ann", 42, "h"},
}

var functions = template.FuncMap{
	"join":   func(separator string, words ...string) string { return strings.Join(words, separator) },
	"half":   func(value float64) float64 { return value / 2 },
	"repeat": func(text string, count int) string { return strings.Repeat(text, count) },
	"fail":   func() (string, error) { return "", fmt.Errorf("it failed") },
	"person": func() *person { return &person{"Bob", 7, ""} },
	"negate": func(value bool) bool { return !value },
	"nothing": func() any { return nil },
}

type question struct{ Source, MissingKey string }
type answer struct {
	Output string `json:"output"`
	Error  string `json:"error,omitempty"`
}

func run(q question) (a answer) {
	t, err := template.New("t").Funcs(functions).Option("missingkey=" + q.MissingKey).Parse(q.Source)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var b strings.Builder
	err = t.Execute(&b, data)
	a.Output = b.String()
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			panic(err)
		}
		if err := out.Encode(run(q)); err != nil {
			panic(err)
		}
	}
}
