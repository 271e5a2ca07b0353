import type { HostPort } from '@vigie/core/host-port';
import { parseHostPort } from '@vigie/core/host-port';
import { type Command, InvalidArgumentError } from 'commander';
import { durationOptionOf } from '../command-line.ts';

export interface AskedShip {
  readonly configFile: string;
  readonly files: readonly string[];
  readonly listen: HostPort | undefined;
  readonly once: boolean;
  readonly onceTimeoutMs: number;
}

interface Options {
  readonly config: string;
  readonly listen?: HostPort;
  readonly once?: true;
  readonly onceTimeout: number;
}

/** `vigie sidecar ship` */
export function addShip(parent: Command, chosen: (asked: AskedShip) => void): void {
  parent
    .command('ship')
    .description('Ship the logs of a pod to sinks: files in a shared volume, and what its containers push.')
    .argument('[file...]', 'files to follow, or patterns of them, for sources of type file without `paths`')
    .requiredOption('--config <file>', 'the configuration, sidecar.yaml')
    .option(
      '--listen <host:port>',
      "where to serve health, metrics and the ledger, in place of the file's `listen`",
      addressOption,
    )
    .option('--once', 'read everything to its end, deliver it, and exit')
    .addOption(
      durationOptionOf('--once-timeout <duration>', 'with --once: exit 1 when a sink stays down for longer', 60_000),
    )
    .action((files: readonly string[], { config, listen, once, onceTimeout }: Options) => {
      chosen({ configFile: config, files, listen, once: once === true, onceTimeoutMs: onceTimeout });
    });
}

function addressOption(text: string): HostPort {
  const address = parseHostPort(text);
  if (address === undefined) throw new InvalidArgumentError('expected HOST:PORT');
  return address;
}
