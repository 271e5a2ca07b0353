/** What Alertmanager's own templates become where a receiver asks for context: links, a chart and log lines stand behind each alert, and not
 *  among its annotations. Parsed behind Alertmanager's, and only for such a receiver: without, not a byte is otherwise. */
import { EMAIL_TEMPLATE } from './email-template.ts';

const LINK = '"^vigie_.+_url$"';
const CONTEXT = '"^vigie_(.+_url|log_lines)$"';
/** `Runbook`, of `vigie_runbook_url`. */
const TITLE = '{{ .Name | reReplaceAll "^vigie_(.+)_url$" "$1" | title }}';
/** Log lines are anybody's: what Slack takes for a mention, or the end of the lines, must not be that. */
const SLACK_ESCAPED =
  '{{ . | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;" | reReplaceAll "```" "\'\'\'" }}';

const own = (list: string): string =>
  `{{ range .Annotations.SortedPairs }}{{ if not (match ${CONTEXT} .Name) }}${list}{{ end }}{{ end }}`;
const links = (list: string): string =>
  `{{ range .Annotations.SortedPairs }}{{ if match ${LINK} .Name }}${list}{{ end }}{{ end }}`;

const TEXT = `{{ define "__vigie_text" }}${links(`${TITLE}: {{ .Value }}\n`)}{{ with .Annotations.vigie_log_lines }}Last log lines:
{{ . }}
{{ end }}{{ end }}
{{ define "__vigie_markdown" }}${links(`[${TITLE}]({{ .Value }}) `)}
{{ with .Annotations.vigie_log_lines }}
Last log lines:

\`\`\`
{{ . | reReplaceAll "\`\`\`" "'''" }}
\`\`\`
{{ end }}{{ end }}
{{ define "__vigie_slack" }}${links(`<{{ .Value }}|${TITLE}> `)}
{{ with .Annotations.vigie_log_lines }}\`\`\`${SLACK_ESCAPED}\`\`\`
{{ end }}{{ end }}

{{ define "__text_alert_list" }}{{ range . }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
${own(' - {{ .Name }} = {{ .Value }}\n')}Source: {{ .GeneratorURL }}
{{ template "__vigie_text" . }}{{ end }}{{ end }}

{{ define "__text_alert_list_markdown" }}{{ range . }}
Labels:
{{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Annotations:
${own('  - {{ .Name }} = {{ .Value }}\n')}
Source: {{ .GeneratorURL }}

{{ template "__vigie_markdown" . }}{{ end }}
{{ end }}

{{ define "slack.default.text" }}{{ range .Alerts.Firing }}{{ template "__vigie_slack" . }}{{ end }}{{ end }}
`;

const LINK_STYLE = 'color: #348eda; text-decoration: underline;';
const LINES_STYLE =
  'font-size: 12px; line-height: 1.4em; white-space: pre-wrap; background-color: #f6f6f6; padding: 8px;';

const EMAIL = `{{ define "__vigie_email" }}${links(`<a href="{{ .Value }}" style="${LINK_STYLE}">${TITLE}</a> `)}
{{ with .Annotations.vigie_chart_url }}<br><img src="{{ . }}" alt="chart" width="520" style="max-width: 100%; border: 0;">{{ end }}
{{ with .Annotations.vigie_log_lines }}<pre style="${LINES_STYLE}">{{ . }}</pre>{{ end }}{{ end }}
`;

function emailWithContext(): string {
  return EMAIL_TEMPLATE.replace(/\{\{ range \.Annotations\.SortedPairs \}\}(.*?)\{\{ end \}\}/g, (_, list: string) =>
    own(list),
  ).replace(/>Source<\/a><br [^>]*>/g, (link) => `${link}{{ template "__vigie_email" . }}`);
}

export const CONTEXT_TEMPLATES: readonly string[] = [TEXT, EMAIL, emailWithContext()];
