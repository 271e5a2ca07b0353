/** Patterns that a record's text is tried with one after the other, and what becomes of the record. */
import { compileRegex } from '@vigie/core/regex';
import type { Batch } from '../../batch/batch.ts';
import { FLAG_HIDE_MESSAGE } from '../../kernel/layout.ts';
import { addMembers } from '../members.ts';
import { LineExtractor } from './line-extractor.ts';
import { type LinePattern, membersOf } from './presets.ts';

export interface LineParserOptions {
  /** Member that takes the others; empty for the record's root. */
  readonly target: string;
  /** Leaves members out whose text is `-`. */
  readonly omitsDash: boolean;
  /** Leaves the message out of records that match and have no group `message`. */
  readonly hidesMessage: boolean;
}

export class LineParser {
  readonly #extractors: readonly LineExtractor[];
  readonly #hides: boolean;

  constructor(patterns: readonly LinePattern[], { target, omitsDash, hidesMessage }: LineParserOptions) {
    this.#extractors = patterns.map(({ source, members }) => {
      const regex = compileRegex(source);
      return new LineExtractor(regex, membersOf(regex.groupNames, members, omitsDash), target);
    });
    this.#hides = hidesMessage;
  }

  /** Parses text at start..end of memory for the row; if it is not parsed, the row is as it was. */
  parse(batch: Batch, row: number, start: number, end: number): 'parsed' | 'no_match' | 'no_room' {
    const { table } = batch;
    for (const extractor of this.#extractors) {
      const line = extractor.extract(batch, start, end - start);
      if (line === 'no_match') continue;
      if (line === 'no_room') return line;
      const { extra, message } = line;
      if (extra.start < extra.end && !addMembers(batch, row, extra)) return 'no_room';
      if (message !== undefined) table.setMessage(row, message.start, message.end - message.start);
      else if (this.#hides) table.setFlags(row, table.flags(row) | FLAG_HIDE_MESSAGE);
      return 'parsed';
    }
    return 'no_match';
  }
}
