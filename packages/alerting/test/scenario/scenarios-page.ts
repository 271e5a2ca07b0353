/** The reference page of scenarios, whose examples are run. */
import { readFile } from 'node:fs/promises';

export const page = await readFile(new URL('../../../../docs/reference/scenarios.md', import.meta.url), 'utf8');

/** @returns in their order */
export function examplesOf(language: 'yaml' | 'json'): readonly string[] {
  return Array.from(
    page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm')),
    ([, text = '']) => text,
  );
}
