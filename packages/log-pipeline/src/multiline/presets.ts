import { dotnet } from './dotnet.ts';
import { go } from './go.ts';
import { java } from './java.ts';
import { node } from './node.ts';
import { python } from './python.ts';
import { ruby } from './ruby.ts';
import { BEGINS, type MultilineRule } from './rule.ts';

export const MULTILINE_PRESETS = { java, python, go, node, ruby, dotnet } as const;

export type MultilinePreset = keyof typeof MULTILINE_PRESETS;

export function isMultilinePreset(name: string): name is MultilinePreset {
  return Object.hasOwn(MULTILINE_PRESETS, name);
}

/** Rules keep a state below this each; a state of several says which of them began the record. */
const STATES = 16;

/** Several languages at once: a rule that is inside a trace decides alone, else the first that knows the line.
 *  Cost: that of each, for every line */
export function anyOf(rules: readonly MultilineRule[]): MultilineRule {
  const [only] = rules;
  if (rules.length === 1 && only !== undefined) return only;
  return {
    next(state, memory, start, end) {
      const inside = Math.trunc(state / STATES);
      const current = state % STATES;
      if (current !== 0) {
        const next = rules[inside]!.next(current, memory, start, end);
        if (next >= 0) return inside * STATES + next;
      }
      for (let index = 0; index < rules.length; index++) {
        const next = rules[index]!.next(0, memory, start, end);
        if (next >= 0) return index * STATES + next;
        if (next !== BEGINS) return ~(index * STATES + ~next);
      }
      return BEGINS;
    },
  };
}
