/** The pages of docs/patterns: a picture and manifests that the checks of deploy/ take, and links that lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { inject } from '@vigie/sidecar/inject/inject';
import { defaultSettings } from '@vigie/sidecar/inject/settings';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { manifestProblems } from '../deploy/manifest-check.ts';

const ROOT = new URL('../../', import.meta.url);
const FOLDER = new URL('docs/patterns/', ROOT);
const pages = readdirSync(FOLDER).map((page) => ({ page, text: readFileSync(new URL(page, FOLDER), 'utf8') }));
const patterns = pages.filter(({ page }) => page !== 'README.md');

function blocks(text: string, language: string): readonly string[] {
  return Array.from(
    text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm')),
    ([, block = '']) => block,
  );
}

/** As GitHub makes them. */
function anchors(text: string): readonly string[] {
  return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(pages)('$page', ({ text }) => {
  it('has links that lead to files, and to headings in them', () => {
    const links = Array.from(text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g));
    expect(links.length).toBeGreaterThan(0);
    for (const [link, path = '', anchor] of links) {
      const target = new URL(path, FOLDER);
      expect(existsSync(target), link).toBe(true);
      if (anchor !== undefined) expect(anchors(readFileSync(target, 'utf8')), link).toContain(anchor);
    }
  });

  it('applies folders of deploy/ that are there', () => {
    for (const [, folder = ''] of text.matchAll(/kubectl apply -k (\S+?)`?(?:\)|\s|$)/gm))
      expect(existsSync(new URL(`${folder}/kustomization.yaml`, ROOT)), folder).toBe(true);
  });

  it('shows manifests that Kubernetes knows, of which those that ask for a sidecar get one', () => {
    for (const manifest of blocks(text, 'yaml').map((block): unknown => parse(block))) {
      expect(manifestProblems(manifest)).toEqual([]);
      const injection = inject(manifest, defaultSettings('0.1.0'));
      if (injection.status !== 'unchanged') expect(injection).toMatchObject({ status: 'injected', warnings: [] });
    }
  });
});

it.each(patterns)('$page has a picture', ({ text }) => {
  expect(blocks(text, 'mermaid')).toHaveLength(1);
});

it('the first page leads to all others', () => {
  const first = pages.find(({ page }) => page === 'README.md')?.text ?? '';
  expect(patterns.filter(({ page }) => !first.includes(`](${page})`))).toEqual([]);
});
