/** What several replicas of alerting may do, as docs/reference/alerting.md shows it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** Who has these rights. */
export const HA_SERVICE_ACCOUNT = 'vigie-alerting';

export function haRights(namespace: string): readonly object[] {
  const page = readFileSync(fileURLToPath(new URL('../../docs/reference/alerting.md', import.meta.url)), 'utf8');
  const [, written = ''] = /<!-- ha-rights -->\n```yml\n([\s\S]*?)^```$/m.exec(page) ?? [];
  return written.split(/^---\n/m).map((text) => {
    const object = parse(text);
    return { ...object, metadata: { ...object.metadata, namespace } };
  });
}
