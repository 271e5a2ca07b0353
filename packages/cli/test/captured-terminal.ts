/** What a command of vigie writes, and nobody sees. */
import { Writable } from 'node:stream';
import type { Terminal } from '../src/query/run-query.ts';

export class CapturedTerminal {
  out = '';
  err = '';
  readonly env: Terminal['env'];
  readonly stdout: Terminal['stdout'];
  readonly stderr = {
    write: (text: string): void => {
      this.err += text;
    },
  };

  /** @param size of one that a person looks at; unless given, it is none */
  constructor(size: Pick<Terminal['stdout'], 'isTTY' | 'columns' | 'rows'> = {}, env: Terminal['env'] = {}) {
    this.env = env;
    const stdout = new Writable({
      write: (chunk, _encoding, done) => {
        this.out += String(chunk);
        done();
      },
    });
    this.stdout = Object.assign(stdout, size);
  }
}
