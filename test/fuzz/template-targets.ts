/** Templates, which whoever may write an alert rule writes. */
import { errorCode } from '@vigie/core/errors';
import { Template } from '@vigie/core/template';
import { GO_DATA, GO_FUNCTIONS } from '../../packages/core/test/template/go-data.ts';
import { SOURCES } from '../../packages/core/test/template/sources.ts';
import type { Target } from './target.ts';

const LIMITS = { outputBytes: 64 * 1024, depth: 50, steps: 20_000 };

export const templateTargets: readonly Target[] = [
  {
    name: 'templates',
    samples: SOURCES.map((source) => Buffer.from(source)),
    iterations: 10_000,
    parse(input) {
      try {
        const output = new Template('t', { functions: GO_FUNCTIONS, limits: LIMITS })
          .parse(input.toString())
          .execute(GO_DATA);
        if (Buffer.byteLength(output) > LIMITS.outputBytes) throw new Error(`${output.length} characters of output`);
      } catch (error) {
        if (!errorCode(error)?.startsWith('TEMPLATE_')) throw error;
      }
    },
  },
];
