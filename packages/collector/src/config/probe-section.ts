/** `probes`: the modules of blackbox_exporter, in its own file or inline, and how much is probed at a time. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { named, section } from '@vigie/core/config/fields';
import { Findings, type ReadContext } from '@vigie/core/config/findings';
import { parseConfig } from '@vigie/core/config/load';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalText } from '@vigie/core/config/written-fields';
import { bug } from '@vigie/core/errors';
import * as v from 'valibot';
import type { ProbeModule } from '../probe/probe-module.ts';
import type { ProbeOptions } from '../probe/probes.ts';
import { probeModuleSection, readProbeModule } from './probe-module-section.ts';
import { count, wait } from './written-fields.ts';

/** Each is a few sockets and some 50 KB for as long as its target keeps it waiting: 1,000 hanging targets at 15 s and a timeout of 10 s are
 *  some 670 at a time. */
const DEFAULT_MAX_CONCURRENT = 1000;

const contents = { modules: v.nullish(named(probeModuleSection), {}) };

/** A file of blackbox_exporter. */
export const probeFileSchema = section(contents);

/** The section of the collector: the same inline, or `{file: …}`. */
export const probeSection = section({
  file: optionalText,
  ...contents,
  max_concurrent: count(DEFAULT_MAX_CONCURRENT),
  // blackbox_exporter's own.
  timeout_offset: wait('500ms'),
});

type WrittenProbes = v.InferOutput<typeof probeSection>;
type WrittenModules = v.InferOutput<typeof probeFileSchema>['modules'];
type Modules = ReadonlyMap<string, ProbeModule>;

/** `$` has a meaning of its own in what is below these. */
export const PROBE_LITERAL_KEYS = ['query_response'] as const;

/** Those that blackbox_exporter comes with and that need no more than a target. */
const DEFAULT_MODULES = `
modules:
  http_2xx: { prober: http }
  http_post_2xx: { prober: http, http: { method: POST } }
  tcp_connect: { prober: tcp }
  pop3s_banner:
    prober: tcp
    tcp: { query_response: [{ expect: '^\\+OK' }], tls: true }
  grpc: { prober: grpc, grpc: { tls: true } }
  grpc_plain: { prober: grpc }
  ssh_banner:
    prober: tcp
    tcp: { query_response: [{ expect: '^SSH-2.0-' }, { send: SSH-2.0-vigie-ssh-check }] }
`;

/** Of a section that names no file. */
export function readProbes(written: WrittenProbes, path: ConfigPath, context: ReadContext): ProbeOptions {
  const modules =
    Object.keys(written.modules).length === 0 ? defaultModules() : readProbeModules(written.modules, path, context);
  return probeOptions(written, modules);
}

export function probeOptions({ max_concurrent, timeout_offset }: WrittenProbes, modules: Modules): ProbeOptions {
  return { modules, maxConcurrent: max_concurrent, timeoutOffsetMs: timeout_offset };
}

/** @param path of what has the key `modules` */
export function readProbeModules(written: WrittenModules, path: ConfigPath, context: ReadContext): Modules {
  return new Map(
    Object.entries(written).flatMap(([name, module]) => {
      const read = readProbeModule(module, [...path, 'modules', name], context);
      return read === undefined ? [] : [[name, read] as const];
    }),
  );
}

function defaultModules(): Modules {
  const { value, ...at } = parseConfig(DEFAULT_MODULES, 'default-modules', probeFileSchema, AS_WRITTEN);
  const findings = new Findings(at);
  const modules = readProbeModules(value.modules, [], { findings, folder: '/' });
  const [problem] = findings.problems;
  if (problem !== undefined) throw bug(`a module of its own: ${problem.path.join('.')} expects ${problem.expected}`);
  return modules;
}
