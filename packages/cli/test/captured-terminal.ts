/** What a command of vigie writes, and nobody sees. */
import { Writable } from 'node:stream';

export class CapturedTerminal {
  out = '';
  err = '';
  readonly env = {};
  readonly stdout = new Writable({
    write: (chunk, _encoding, done) => {
      this.out += String(chunk);
      done();
    },
  });
  readonly stderr = {
    write: (text: string): void => {
      this.err += text;
    },
  };
}
