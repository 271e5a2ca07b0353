// tcp-forwarder.mjs HOST:PORT=HOST:PORT …: what connects to the first is connected to the second. It stands in for kube-proxy.
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

for (const pair of process.argv.slice(2)) {
  const [from, to] = pair.split('=').map((text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
  });
  createServer((client) => {
    const server = connect(to);
    // Either side may break off: the other one sees its end.
    pipeline(client, server, client, () => undefined);
  }).listen(from);
}
