import type { ConfigPath } from '@vigie/core/config/problem';

interface MetadataSection {
  readonly metadata?: 'none' | 'api' | 'kubelet' | undefined;
  readonly include: { readonly labels?: unknown };
  readonly exclude: { readonly labels?: unknown };
}

/** What is wrong with how sources ask for pod metadata: there is one view of the node's pods, and labels need it. */
export function metadataProblems(
  sources: Readonly<Record<string, MetadataSection>>,
): { readonly path: ConfigPath; readonly expected: string }[] {
  const problems: { path: ConfigPath; expected: string }[] = [];
  let first: string | undefined;
  for (const [name, { metadata, include, exclude }] of Object.entries(sources)) {
    if (metadata === 'none') {
      for (const [list, { labels }] of [
        ['include', include],
        ['exclude', exclude],
      ] as const) {
        if (labels === undefined) continue;
        problems.push({
          path: ['sources', name, list, 'labels'],
          expected: 'metadata: api or kubelet, to know labels',
        });
      }
      continue;
    }
    if (metadata === undefined) continue;
    first ??= metadata;
    if (metadata !== first) {
      problems.push({
        path: ['sources', name, 'metadata'],
        expected: `${first} or none, as another source asks for ${first}`,
      });
    }
  }
  return problems;
}
