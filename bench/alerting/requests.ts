/** The harness' side of HTTP: clients that keep a connection each. */
import { Agent, request } from 'node:http';

export interface ClientAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** From the request to the last byte of the answer. */
  readonly ms: number;
}

/** One request at a time, on one connection. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  get(path: string): Promise<ClientAnswer> {
    return this.#ask('GET', path);
  }

  /** @throws {Error} with its answer, where it is not taken */
  async post(path: string, json: Buffer): Promise<ClientAnswer> {
    const answer = await this.#ask('POST', path, json);
    if (answer.status === 200) return answer;
    throw new Error(`${this.#url}${path}: ${answer.status} ${answer.body.toString('utf8', 0, 500)}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: 'GET' | 'POST', path: string, json?: Buffer): Promise<ClientAnswer> {
    return new Promise((resolve, reject) => {
      const startedMs = performance.now();
      const headers = json === undefined ? {} : { 'content-type': 'application/json', 'content-length': json.length };
      const sent = request(this.#url + path, { method, agent: this.#agent, headers });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, headers: answered, body: Buffer.concat(chunks), ms: performance.now() - startedMs });
        });
      });
      sent.end(json);
    });
  }
}
