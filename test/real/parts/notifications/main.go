// Expands templates and sends notifications with Alertmanager's own packages, and writes down what came of it: cases.json in, a line of
// JSON for each template and each receiver out.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"time"

	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
)

type alertCase struct {
	Labels, Annotations model.LabelSet
	StartsAt            time.Time
	EndsAt              *time.Time
	GeneratorURL        string
}

type dataset struct {
	Receiver, GroupKey       string
	GroupLabels, RouteLabels model.LabelSet
	Alerts                   []alertCase
}

type cases struct {
	ExternalURL string
	Datasets    map[string]dataset
	Templates   []struct{ Data, Source string }
	Receivers   []struct{ Name, Data, Global, Config string }
}

type sent struct {
	Method        string `json:"method"`
	URL           string `json:"url"`
	ContentType   string `json:"contentType"`
	Authorization string `json:"authorization,omitempty"`
	Body          string `json:"body"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func alertsOf(d dataset) []*types.Alert {
	var alerts []*types.Alert
	for _, a := range d.Alerts {
		alert := &types.Alert{Alert: model.Alert{Labels: a.Labels, Annotations: a.Annotations, StartsAt: a.StartsAt.UTC(), GeneratorURL: a.GeneratorURL}}
		if a.EndsAt != nil {
			alert.EndsAt = a.EndsAt.UTC()
		}
		alerts = append(alerts, alert)
	}
	return alerts
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	must(err)
	var c cases
	must(json.Unmarshal(text, &c))
	tmpl, err := template.FromGlobs(nil)
	must(err)
	tmpl.ExternalURL, err = url.Parse(c.ExternalURL)
	must(err)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, t := range c.Templates {
		d := c.Datasets[t.Data]
		data := tmpl.Data(d.Receiver, d.GroupLabels, d.RouteLabels, notify.ReasonFirstNotification.String(), alertsOf(d)...)
		template.MarkRouteLabelsRendered(data)
		row := map[string]string{"data": t.Data, "source": t.Source}
		asText, err := tmpl.ExecuteTextString(t.Source, data)
		if err != nil {
			row["textError"] = err.Error()
		} else {
			row["text"] = asText
		}
		asHTML, err := tmpl.ExecuteHTMLString(t.Source, data)
		if err != nil {
			row["htmlError"] = err.Error()
		} else {
			row["html"] = asHTML
		}
		must(out.Encode(row))
	}
	for _, r := range c.Receivers {
		must(out.Encode(map[string]any{"receiver": r.Name, "requests": send(c.Datasets[r.Data], r.Global, r.Config, tmpl)}))
	}
}

func send(d dataset, global, receiverConfig string, tmpl *template.Template) []sent {
	requests := []sent{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		must(err)
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		requests = append(requests, sent{r.Method, scheme + "://" + r.Host + r.URL.String(), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), string(body)})
		switch {
		case strings.Contains(r.Host, "slack"):
			io.WriteString(w, "ok")
		case strings.Contains(r.Host, "telegram"):
			io.WriteString(w, `{"ok":true,"result":{"message_id":1,"chat":{"id":1}}}`)
		}
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		to := plain.Listener.Addr().String()
		if strings.HasSuffix(address, ":443") {
			to = secure.Listener.Addr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}
	loaded, err := config.Load(fmt.Sprintf("global: { %s }\nroute: { receiver: '%s' }\nreceivers:\n  - name: '%s'\n    %s\n", global, d.Receiver, d.Receiver, receiverConfig))
	must(err)
	integrations, err := receiver.BuildReceiverIntegrations(loaded.Receivers[0], tmpl, nil, commoncfg.WithDialContextFunc(dial))
	must(err)
	ctx := context.Background()
	ctx = notify.WithReceiverName(ctx, d.Receiver)
	ctx = notify.WithGroupKey(ctx, d.GroupKey)
	ctx = notify.WithGroupLabels(ctx, d.GroupLabels)
	ctx = notify.WithRouteLabels(ctx, d.RouteLabels)
	ctx = notify.WithNotificationReason(ctx, notify.ReasonFirstNotification)
	for _, integration := range integrations {
		if _, err := integration.Notify(ctx, alertsOf(d)...); err != nil {
			requests = append(requests, sent{Method: "error", Body: err.Error()})
		}
	}
	return requests
}
