/** Application messages as clusters write them: nginx access, JSON, logfmt, klog, and stack traces of Java and Go. */

/** 120 to 250 bytes (a few letters take two bytes, within that range). */
export type MessageSource = () => string;

const PROSE =
  'request served from the replica while the primary was electing a new leader; the queue drained within its budget and ' +
  'no retry was needed, cache warm, connection reused, checksum matched, lease renewed for another fifteen seconds, ' +
  'rollout paused by the controller because two pods are not ready yet, backoff doubled after the upstream reset, ';
const FILLER = PROSE.repeat(3);
const PATHS = ['/', '/api/v1/items', '/login', '/cart/checkout', '/static/app.js', '/api/v2/search', '/healthz'];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)',
  'kube-probe/1.36',
  'curl/8.9.1',
];
const JAVA = [
  'com.acme.shop.checkout.service.impl.DefaultPaymentAuthorizationService',
  'org.springframework.web.servlet.mvc.method.annotation.ServletInvocableHandlerMethod',
  'io.netty.channel.AbstractChannelHandlerContext',
];
const GO = ['github.com/acme/shop/internal/checkout', 'net/http', 'google.golang.org/grpc/internal/transport'];

export function messageSource(random: () => number): MessageSource {
  const below = (limit: number) => (random() * limit) | 0;
  const pick = (list: readonly string[]) => list[below(list.length)]!;
  const filler = (length: number) => {
    if (length <= 0) return '';
    const start = below(PROSE.length);
    return FILLER.slice(start, start + length);
  };
  const hex = (digits: number) => below(0x7fffffff).toString(16).padStart(8, '0').repeat(2).slice(0, digits);

  const nginx = (length: number) => {
    const head = `10.${below(255)}.${below(255)}.${below(255)} - - [21/Nov/2026:10:00:${String(below(60)).padStart(2, '0')} +0000] "GET ${pick(PATHS)}?id=${below(1e6)}`;
    const tail = ` HTTP/1.1" ${random() < 0.9 ? 200 : 502} ${below(90_000)} "-" "${pick(AGENTS)}" rt=0.${below(1000)}`;
    return `${head}&q=${filler(length - head.length - tail.length - 3).replaceAll(' ', '+')}${tail}`;
  };
  const json = (length: number) => {
    const failed = random() < 0.1;
    const head = `{"level":"${failed ? 'error' : 'info'}","caller":"server/handler.go:${below(500)}","trace_id":"${hex(16)}","user":"u${below(1e5)}","latency_ms":${below(3000) / 10}`;
    const error = failed ? ',"err":"dial tcp: lookup \\"db-0\\": no such host\\n"' : '';
    return `${head}${error},"msg":"${filler(length - head.length - error.length - 9)}"}`;
  };
  const logfmt = (length: number) => {
    const head = `level=${random() < 0.9 ? 'info' : 'warn'} component=scheduler pod=web-${below(1e4)} node=ip-10-0-${below(255)} dur=${below(900) / 10}ms attempts=${below(4)} msg="`;
    return `${head}${filler(length - head.length - 1)}"`;
  };
  const klog = (length: number) => {
    const head = `I1121 10:00:${String(below(60)).padStart(2, '0')}.${String(below(1e6)).padStart(6, '0')}       1 controller.go:${below(900)}] `;
    const accents = random() < 0.1 && length < 240 ? 'état: prêt\t' : '';
    return `${head}${accents}${filler(length - head.length - accents.length)}`;
  };
  const java = (length: number) => {
    const head = `\tat ${pick(JAVA)}$$SpringCGLIB$$0.authorize(Authorization.java:${below(900)}) ~[shop-${below(9)}.${below(20)}.jar!/:`;
    return `${head}${filler(Math.max(1, length - head.length - 1)).replaceAll(' ', '.')}]`;
  };
  const go = (length: number) => {
    const head = `\t/go/pkg/mod/${pick(GO)}/server.go:${below(900)} +0x${hex(3)} (*Server).serve(0xc000${hex(6)}, {0x7f${hex(8)}, 0x18}, "`;
    return `${head}${filler(Math.max(1, length - head.length - 2))}")`;
  };

  return () => {
    const length = 120 + below(131);
    const kind = random();
    if (kind < 0.3) return nginx(length);
    if (kind < 0.6) return json(length);
    if (kind < 0.78) return logfmt(length);
    if (kind < 0.9) return klog(length);
    return kind < 0.96 ? java(length) : go(length);
  };
}
