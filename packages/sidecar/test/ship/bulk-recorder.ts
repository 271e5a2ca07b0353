/** An Elasticsearch as far as a sink asks it: it stores each id once, and may be told to be down, or to hang. */
import { createServer, type ServerResponse } from 'node:http';
import * as v from 'valibot';

const documentSchema = v.looseObject({
  message: v.string(),
  kubernetes: v.optional(v.looseObject({})),
});
export type RecordedDocument = v.InferOutput<typeof documentSchema>;
const actionSchema = v.object({ create: v.object({ _id: v.optional(v.string()) }) });

export class BulkRecorder {
  /** By id, in the order in which they were stored; records without an id by their number. */
  readonly stored = new Map<string, RecordedDocument>();
  /** `holds`: what comes is kept and not answered, until it is `up` again. */
  state: 'up' | 'down' | 'holds' = 'up';
  #held: (() => void)[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.#answer(Buffer.concat(chunks).toString(), response));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  get messages(): string[] {
    return Array.from(this.stored.values(), ({ message }) => message);
  }

  /** Requests that wait for an answer. */
  get held(): number {
    return this.#held.length;
  }

  up(): void {
    this.state = 'up';
    for (const answer of this.#held.splice(0)) answer();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(body: string, response: ServerResponse): void {
    if (this.state === 'holds') {
      this.#held.push(() => this.#answer(body, response));
      return;
    }
    if (this.state === 'down') response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(this.#store(body));
  }

  #store(body: string): string {
    const lines = body.split('\n').slice(0, -1);
    let errors = false;
    const items = lines.flatMap((line, at) => {
      if (at % 2 === 1) return [];
      const id = v.parse(actionSchema, JSON.parse(line)).create._id ?? String(this.stored.size);
      const isThere = this.stored.has(id);
      errors ||= isThere;
      if (isThere) return [{ create: { status: 409, error: { type: 'version_conflict_engine_exception' } } }];
      this.stored.set(id, v.parse(documentSchema, JSON.parse(lines[at + 1] ?? '')));
      return [{ create: { status: 201 } }];
    });
    return JSON.stringify({ errors, items });
  }
}
