/** The alerts of the rules that are shipped, as tables of Markdown. */
import { readdirSync, readFileSync } from 'node:fs';
import { formatDuration } from '@vigie/core/durations';
import { parseRuleFile } from '@vigie/rules/file/parse-rule-file';
import type { AlertingRule } from '@vigie/rules/rule';

const FOLDER = new URL('../deploy/alerting/rules/', import.meta.url);

/** A table for each file. */
export function alertPackTables(): string {
  return readdirSync(FOLDER)
    .sort()
    .map((name) => {
      const groups = parseRuleFile(readFileSync(new URL(name, FOLDER), 'utf8'), name);
      const rules = groups.flatMap((group) => group.rules).filter((rule) => rule.kind === 'alerting');
      const heading = `### [${name}](../../deploy/alerting/rules/${name})`;
      return [heading, '| Alert | Severity | For | Says |', '|---|---|---|---|', ...rules.map(row)].join('\n');
    })
    .join('\n\n');
}

function row({ name, labels, holdMs, annotations }: AlertingRule): string {
  const runbook = annotations.get('runbook_url').replace(/^.*\/docs\/runbooks\//, '../runbooks/');
  const says = annotations.get('description').replaceAll('|', '\\|');
  return `| [${name}](${runbook}) | ${labels.get('severity')} | ${formatDuration(holdMs)} | ${says} |`;
}
