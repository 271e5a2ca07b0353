module vigie.test/event-recorder

go 1.26.0

require (
	github.com/prometheus/alertmanager v0.34.2
	google.golang.org/protobuf v1.36.11
)
