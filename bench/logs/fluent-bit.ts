/** Fluent Bit as a peer, where FLUENT_BIT names its binary. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contender, fillPlaces } from './contender.ts';

const PARSERS = `[PARSER]
    Name        cri
    Format      regex
    Regex       ^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>[^ ]*) (?<message>.*)$
    Time_Key    time
    Time_Format %Y-%m-%dT%H:%M:%S.%L%z
`;

/** Undefined without FLUENT_BIT.
 *  @throws when FLUENT_BIT names something that does not run */
export function installedFluentBit(): { readonly binary: string; readonly version: string } | undefined {
  const binary = process.env.FLUENT_BIT;
  if (binary === undefined || binary === '') return undefined;
  const shown = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (shown.status !== 0) throw new Error(`FLUENT_BIT: ${binary} --version does not run`);
  return { binary, version: shown.stdout.split('\n', 1)[0]!.trim() };
}

/** @param parse false is a shortcut and not the same job: the CRI line goes out whole under the key \`log\`. */
export function fluentBitContender(
  installed: { readonly binary: string; readonly version: string },
  parse: boolean,
  name: string,
): Contender {
  // Large read buffers, whole files in one turn, a thread for the input and one for the output: what served it best.
  const configuration = `[SERVICE]
    Flush        0.2
    Log_Level    error
    Parsers_File WORK/parsers.conf
[INPUT]
    Name              tail
    Path              LOGS/containers/*.log
    Path_Key          path
    Tag               kube
    Read_from_Head    On
    Buffer_Chunk_Size 1M
    Buffer_Max_Size   8M
    Static_Batch_Size 50M
    Threaded          On
${parse ? '    Parser            cri\n' : ''}[OUTPUT]
    Name               es
    Match              *
    Host               127.0.0.1
    Port               SINK_PORT
    Index              logs-kubernetes-default
    Suppress_Type_Name On
    Time_Key_Nanos     On
    Workers            1
    Retry_Limit        False
`;
  return {
    name,
    version: installed.version,
    exact: parse,
    configuration,
    launch(place) {
      const file = join(place.workDir, 'fluent-bit.conf');
      writeFileSync(join(place.workDir, 'parsers.conf'), PARSERS);
      writeFileSync(file, fillPlaces(configuration, place));
      return { command: installed.binary, args: ['-c', file] };
    },
  };
}
