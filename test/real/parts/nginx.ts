/** Debian's nginx, and its logrotate, unpacked: the machine's own stay as they are. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../deadline.ts';
import { killLeashed, spawnLeashed } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { unpackDebianPackages, withDependencies, withOwnLibraries } from './debian.ts';
import { freePort } from './free-port.ts';
import { runToEnd } from './run-to-end.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const PURPOSE = 'access and error logs are written by nginx and rotated by logrotate';
const START_TIMEOUT_MS = 30_000;

export interface RealNginx {
  readonly url: string;
  /** Rotates both logs as Debian's own configuration does it (rename, USR1, compressed one rotation later), by force. */
  rotateLogs(): void;
  stop(): Promise<void>;
}

/** Answers `/hit/…` with 200, `/stub_status` with its counts, and looks for a file for everything else.
 *  @param folder of its own
 *  @param logs folder for access.log and error.log */
export async function startNginx(folder: string, logs: string): Promise<RealNginx> {
  const { nginx, logrotate } = install();
  const port = await freePort();
  const pidFile = join(folder, 'nginx.pid');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(folder, name));
    return `${name}_temp_path ${join(folder, name)};`;
  });
  const config = join(folder, 'nginx.conf');
  // As root its workers are another user, to whom a temporary folder is closed.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    config,
    `${user}
daemon off;
worker_processes 2;
pid ${pidFile};
error_log ${join(logs, 'error.log')};
events { worker_connections 256; }
http {
  ${temporary.join('\n  ')}
  access_log ${join(logs, 'access.log')} combined;
  server {
    listen 127.0.0.1:${port};
    root ${folder};
    location /hit/ { return 200 'ok'; }
    location = /stub_status { stub_status; }
  }
}
`,
  );
  const rules = join(folder, 'logrotate.conf');
  writeFileSync(
    rules,
    `${join(logs, '*.log')} {
  daily
  missingok
  rotate 14
  compress
  delaycompress
  notifempty
  create
  sharedscripts
  postrotate
    [ ! -f ${pidFile} ] || kill -USR1 $(cat ${pidFile})
  endscript
}
`,
    { mode: 0o644 },
  );
  const child = spawnLeashed(nginx, ['-c', config, '-p', folder, '-e', join(logs, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await until('nginx to answer', START_TIMEOUT_MS, async () => {
    const response = await fetch(`${url}/`);
    await response.text();
    return readFileSync(pidFile, 'utf8') === '' ? undefined : true;
  });
  return {
    url,
    rotateLogs: () => {
      runToEnd(logrotate, ['--force', '--state', join(folder, 'logrotate.state'), rules], {});
    },
    stop: () => killLeashed(child),
  };
}

function install(): { readonly nginx: string; readonly logrotate: string } {
  const root = builtOnce('nginx', [THIS_FILE], (folder) => {
    unpackDebianPackages(withDependencies(['nginx', 'logrotate']), folder, PURPOSE);
  });
  return {
    nginx: withOwnLibraries(root, ['usr/sbin/nginx'], PURPOSE),
    logrotate: withOwnLibraries(root, ['usr/sbin/logrotate'], PURPOSE),
  };
}
