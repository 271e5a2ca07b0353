module vigie.local/go-template

go 1.24
