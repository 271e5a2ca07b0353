import { describe, expect, it } from 'vitest';
import { directoryProblem, readPaths } from '../../src/inject/log-path.ts';

function directories(written: string): readonly string[] {
  const read = readPaths(written);
  if ('problem' in read) throw new Error(read.problem);
  return read.paths.map(({ container, glob, directory, isDeep }) =>
    [container, glob, directory, ...(isDeep ? ['deep'] : [])].join(' '),
  );
}

describe('vigie.io/paths', () => {
  it.each([
    ['a=/var/log/a.log', ['a /var/log/a.log /var/log']],
    ['a=/var/log/*.log,/srv/b', ['a /var/log/*.log /var/log', 'a /srv/b /srv']],
    ['a=/x/1;b=/y/2', ['a /x/1 /x', 'b /y/2 /y']],
    [' a = /x/1 , /x/2 ;\n b=/y/2 ; ', ['a /x/1 /x', 'a /x/2 /x', 'b /y/2 /y']],
    ['a=/var/*/b.log', ['a /var/*/b.log /var deep']],
    ['a=/var/log/**/b.log', ['a /var/log/**/b.log /var/log deep']],
    ['a=/var/log/**', ['a /var/log/** /var/log deep']],
    ['a=/var/log/{a,b}.log', ['a /var/log/{a,b}.log /var/log']],
    ['a=/var/log/{a,b/c}.log', ['a /var/log/{a,b/c}.log /var/log deep']],
    ['a=/logs/x=1.log', ['a /logs/x=1.log /logs']],
    ['a=/b.log', ['a /b.log /']],
  ])('%s', (written, expected) => {
    expect(directories(written)).toEqual(expected);
  });

  it.each([
    ['', 'expected CONTAINER=GLOB, got nothing'],
    [' ; ', 'expected CONTAINER=GLOB, got nothing'],
    ['/var/log/a.log', 'expected CONTAINER=GLOB[,GLOB][;CONTAINER=…], got "/var/log/a.log"'],
    ['=/var/log/a.log', 'expected CONTAINER=GLOB[,GLOB][;CONTAINER=…], got "=/var/log/a.log"'],
    ['a=log/a.log', 'expected an absolute path of a, got "log/a.log"'],
    ['a=', 'expected an absolute path of a, got ""'],
    ['a=/x/1,', 'expected an absolute path of a, got ""'],
    ['a=/var/../etc/passwd', 'expected a path to files, without empty, . and .. parts, got "/var/../etc/passwd"'],
    ['a=/var/log/', 'expected a path to files, without empty, . and .. parts, got "/var/log/"'],
    ['a=//x', 'expected a path to files, without empty, . and .. parts, got "//x"'],
    ['a=/x/a\u0007b', 'expected a path without control characters'],
    [`a=${Array.from({ length: 65 }, (_, index) => `/x/${index}`).join(',')}`, 'expected at most 64 globs, got 65'],
  ])('%j is refused', (written, problem) => {
    expect(readPaths(written)).toEqual({ problem });
  });
});

describe('a directory for an empty volume', () => {
  it.each(['/', '/etc', '/usr', '/usr/bin', '/var', '/proc', '/proc/1', '/dev/shm', '/sys/fs'])('is not %s', (path) => {
    expect(directoryProblem(path)).toEqual(expect.any(String));
  });

  it.each([
    '/var/log',
    '/tmp',
    '/usr/local/app/logs',
    '/opt/app',
    '/etc/app/logs',
    '/devices',
    '/logs',
  ])('may be %s', (path) => {
    expect(directoryProblem(path)).toBeUndefined();
  });
});
