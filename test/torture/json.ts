import type { ArrivedDocument } from './model.ts';

/** @returns undefined where the text is no JSON */
export function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    // The caller objects to what is not there.
    return undefined;
  }
}

/** `value[names[0]][names[1]]…` of a decoded JSON value, undefined where the way ends. */
export function member(value: unknown, ...names: readonly string[]): unknown {
  let at: unknown = value;
  for (const name of names) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

export function decodeDocument(value: unknown): ArrivedDocument | undefined {
  const time = member(value, '@timestamp');
  const message = member(value, 'message');
  const stream = member(value, 'stream');
  const podUid = member(value, 'kubernetes', 'pod', 'uid');
  const container = member(value, 'kubernetes', 'container', 'name');
  const path = member(value, 'log', 'file', 'path');
  const offset = member(value, 'log', 'offset');
  const flags = member(value, 'log', 'flags') ?? [];
  if (typeof time !== 'string' || typeof message !== 'string' || typeof stream !== 'string') return undefined;
  if (typeof podUid !== 'string' || typeof container !== 'string' || typeof path !== 'string') return undefined;
  if (typeof offset !== 'number' || !Array.isArray(flags)) return undefined;
  return { time, message, stream, podUid, container, path, offset, flags: flags.map(String) };
}
