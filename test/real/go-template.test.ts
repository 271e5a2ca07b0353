/** core's templates beside Go's text/template: the file of answers that the unit tests hold, and templates damaged at random. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode } from '@vigie/core/errors';
import { seededRandom } from '@vigie/core/random';
import { Template } from '@vigie/core/template';
import { describe, expect, test } from 'vitest';
import { GO_DATA, GO_FUNCTIONS } from '../../packages/core/test/template/go-data.ts';
import { SOURCES } from '../../packages/core/test/template/sources.ts';
import { builtOnce } from './parts/cache.ts';
import { buildGoModule } from './parts/go.ts';

interface Outcome {
  readonly output: string;
  readonly error?: string;
}

const module = fileURLToPath(new URL('./parts/go-template/', import.meta.url));
const [goMod, main] = [join(module, 'go.mod'), join(module, 'main.go')];
const folder = builtOnce('go-template', [goMod, main], (into) => {
  buildGoModule(goMod, join(into, 'go-template'), 'the template tests', {});
});

function askGo(sources: readonly string[], missingKey: string): readonly Outcome[] {
  const input = sources.map((source) => `${JSON.stringify({ Source: source, MissingKey: missingKey })}\n`).join('');
  const { stdout, status } = spawnSync(join(folder, 'go-template'), { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  expect(status).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line): Outcome => JSON.parse(line));
}

function ours(source: string): Outcome {
  try {
    return { output: new Template('t', { functions: GO_FUNCTIONS }).parse(source).execute(GO_DATA) };
  } catch (error) {
    if (!errorCode(error)?.startsWith('TEMPLATE_')) throw error;
    return { output: '', error: error instanceof Error ? error.message : '' };
  }
}

const PIECES = [
  '{{',
  '}}',
  '{{end}}',
  '{{else}}',
  ' ',
  '|',
  '.',
  '$x',
  '"',
  '(',
  ')',
  ':=',
  'nil',
  '1',
  '.Map',
  'print',
  '{{- ',
  ' -}}',
  '\n',
];

describe('templates', () => {
  test('are in the file of answers as Go answers', () => {
    const file = readFileSync(new URL('../../packages/core/testdata/go/templates.jsonl', import.meta.url), 'utf8');
    const rows = file
      .trimEnd()
      .split('\n')
      .map((line): Readonly<Record<string, Outcome>> => JSON.parse(line));
    for (const missingKey of ['default', 'zero', 'error']) {
      for (const [index, { output, error }] of askGo(SOURCES, missingKey).entries()) {
        const row = rows[index]?.[missingKey] ?? rows[index]?.default;
        expect(row).toEqual(error === undefined ? { output } : { error });
      }
    }
  });

  test('do what Go does when they are damaged', () => {
    const random = seededRandom(Number(process.env.VIGIE_REAL_SEED ?? 20_261_129));
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const sources = Array.from({ length: 3000 }, () => {
      const source = pick(SOURCES);
      const at = Math.floor(random() * (source.length + 1));
      const isCut = random() < 0.4;
      return source.slice(0, at) + (isCut ? source.slice(at + 1) : pick(PIECES) + source.slice(at));
    });
    const answers = askGo(sources, 'default');
    // Different on purpose: addresses of pointers, complex numbers, floats in base 2, and errors in the words of Go's reflect;
    // and what stands in a list of anything is named by its own type here.
    const different = sources.flatMap((source, index) => {
      const [go, own] = [answers[index], ours(source)];
      if (
        go === undefined ||
        /0x[0-9a-f]{6}|\d[+-]\d|\di|reflect: |bad number|%!?[xXpb]|interface \{\}/.test(go.output + (go.error ?? ''))
      )
        return [];
      return go.error === own.error && (go.error !== undefined || go.output === own.output)
        ? []
        : [{ source, go, own }];
    });
    expect(different).toEqual([]);
  });
});
