/** The metrics of the cluster's objects as tables for people, and the rights that they take. */
import { KINDS } from '@vigie/collector/kube-state/kinds';

/** A table for each kind. */
export function kubeStateTables(): string {
  const parts = KINDS.map(({ resource, identity, families }) => {
    const rows = families.map(
      ({ name, type, help, labels }) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`,
    );
    const table = ['| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...rows].join('\n');
    return `### ${resource}\nEach with ${identity.map((label) => `\`${label}\``).join(', ')}.\n\n${table}`;
  });
  return parts.join('\n\n');
}

/** `rules` of a ClusterRole. */
export function kubeStateRules(): string {
  const groups = new Map<string, string[]>();
  for (const { group, resource } of KINDS) groups.set(group, [...(groups.get(group) ?? []), resource]);
  const rules = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([group, resources]) =>
        `  - apiGroups: ["${group}"]\n    resources: [${resources.sort().join(', ')}]\n    verbs: [list, watch]`,
    );
  return ['```yaml', 'rules:', ...rules, '```'].join('\n');
}
