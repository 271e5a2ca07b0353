import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { AS_WRITTEN, WrittenReading } from '../../src/config/environment.ts';
import { duration, filePath, integer, named, renamedTo, section, size, text } from '../../src/config/fields.ts';
import { clientTlsSection, hostPort, listen } from '../../src/config/listen.ts';
import { type ConfigSchema, loadConfig, parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { tempFolder } from '../temp-folder.ts';

const sink = v.variant('type', [
  section({
    type: v.literal('elasticsearch'),
    endpoints: v.pipe(v.array(text()), v.minLength(1, 'at least one endpoint')),
    endpoint: renamedTo('endpoints'),
    timeout: v.optional(duration({ min: 1000 }), '30s'),
    batch: v.optional(size({ max: 1_000_000 }), '64KiB'),
    retries: v.optional(integer({ min: 0, max: 10 }), 3),
    tls: v.optional(clientTlsSection()),
    password_file: v.optional(filePath()),
  }),
  section({ type: v.picklist(['file', 'console']), path: v.optional(text()) }),
]);
const schema = section({
  data_dir: text(),
  setup: v.optional(v.boolean(), false),
  listen: v.optional(listen()),
  upstream: v.optional(hostPort()),
  sinks: v.optional(named(sink), {}),
});

function parse(yaml: string, environment: Record<string, string> = {}) {
  return parseConfig(yaml, 'agent.yaml', schema, environment).value;
}

function problemsOf(yaml: string, wanted: ConfigSchema<unknown> = schema, environment: Record<string, string> = {}) {
  try {
    parseConfig(yaml, 'agent.yaml', wanted, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('a file in a format of others', () => {
  it('is no binary file, of which one thing is said', () => {
    expect(problemsOf('\u007fELF\u0000: [\n}')).toEqual([
      'agent.yaml:1:1: expected YAML, which is text, got a binary file',
    ]);
  });

  it('stays as it is written: no variables, and numbers as text', () => {
    const texts = section({ a: v.array(v.nullable(v.string())), limit: integer() });
    const written = 'a: [1.10, 0x1F, true, "2", "${HOME}", text, ~]';
    const { value } = parseConfig(written, 'f', section({ a: v.array(v.nullable(v.string())) }), AS_WRITTEN);
    expect(value.a).toEqual(['1.10', '0x1F', 'true', '2', '${HOME}', 'text', null]);
    expect(() => parseConfig(`${written}\nlimit: 1`, 'f', texts, AS_WRITTEN)).toThrow(
      'f:2:8: limit: expected a whole number, got "1"',
    );
  });
});

describe('a file in a format of others with the environment in it', () => {
  const texts = section({ a: v.array(v.nullable(v.string())), regex: v.optional(named(v.string())) });
  const reading = new WrittenReading({ PORT: '9090', EMPTY: '' }, ['regex']);

  it('has text as it is written, and references expanded', () => {
    const written = 'a:\n- 1.10\n- true\n- ${PORT}\n- "${PORT}"\n- ${EMPTY}\n- ${X:-d}\n- ~';
    expect(parseConfig(written, 'f', texts, reading).value.a).toEqual(['1.10', 'true', '9090', '9090', '', 'd', null]);
  });

  it('leaves what is below a literal key alone', () => {
    const written = 'a: []\nregex: {x: "${PORT}", y: "${UNSET}"}';
    expect(parseConfig(written, 'f', texts, reading).value.regex).toEqual({ x: '${PORT}', y: '${UNSET}' });
    expect(() => parseConfig('a: ["${UNSET}"]', 'f', texts, reading)).toThrow(
      'f:1:5: expected the environment variable',
    );
  });
});

describe('a good file', () => {
  it('is decoded to units, with defaults', () => {
    const yaml = `
data_dir: /var/lib/vigie
upstream: "[::1]:9200"
sinks:
  es: { type: elasticsearch, endpoints: [http://a:9200], batch: 10Ki }
`;
    expect(parse(yaml)).toEqual({
      data_dir: '/var/lib/vigie',
      setup: false,
      upstream: { host: '::1', port: 9200 },
      sinks: {
        es: { type: 'elasticsearch', endpoints: ['http://a:9200'], timeout: 30_000, batch: 10_240, retries: 3 },
      },
    });
  });

  it('may be JSON, and may use anchors and merges', () => {
    expect(parse('{"data_dir": "/d"}').data_dir).toBe('/d');
    const yaml = `
data_dir: /d
sinks:
  a: &base { type: file, path: /x }
  b: { <<: *base, path: /y }
`;
    expect(parse(yaml).sinks.b).toEqual({ type: 'file', path: '/y' });
  });

  it('takes plain values from the environment by their type, quoted ones as text', () => {
    const yaml = `
data_dir: "\${DIR}"
setup: \${SETUP}
sinks:
  es:
    type: elasticsearch
    endpoints:
      - \${URL:-http://b:9200}
    retries: \${RETRIES}
`;
    const value = parse(yaml, { DIR: '12', SETUP: 'true', RETRIES: '7' });
    expect(value).toMatchObject({
      data_dir: '12',
      setup: true,
      sinks: { es: { endpoints: ['http://b:9200'], retries: 7 } },
    });
  });

  it('does not let a variable add structure', () => {
    expect(parse('data_dir: ${DIR}', { DIR: 'a: b' }).data_dir).toBe('a: b');
    expect(parse('data_dir: ${DIR}', { DIR: '[a, b' }).data_dir).toBe('[a, b');
  });
});

describe('a bad file', () => {
  it('has all its problems reported at once, with positions, in order', () => {
    const yaml = `data_dir: ""
setup: maybe
colour: red
flavour: mint
sinks:
  es:
    type: elasticsearch
    endpoint: http://a
    timeout: 15
    batch: 2MB
    retries: 1.5
    tls: { cert_file: /c, ca: /x }
  other:
    type: fle
    path: 3
  third: null
`;
    expect(problemsOf(yaml)).toEqual([
      'agent.yaml:1:11: data_dir: expected text that is not empty, got ""',
      'agent.yaml:2:8: setup: expected true or false, got "maybe"',
      'agent.yaml:3:1: colour: expected one of the keys data_dir, setup, listen, upstream, sinks, got "colour"',
      'agent.yaml:4:1: flavour: expected one of the keys data_dir, setup, listen, upstream, sinks, got "flavour"',
      'agent.yaml:7:5: sinks.es.endpoints: expected a value, got nothing',
      'agent.yaml:8:5: sinks.es.endpoint: expected the key "endpoints", its new name, got "endpoint"',
      'agent.yaml:9:14: sinks.es.timeout: expected a duration such as 15s, 500ms or 1h30m, at least 1s, got 15',
      'agent.yaml:10:12: sinks.es.batch: expected a size such as 64KiB, 10Mi or 50MB, from 0 to 1000000, got "2MB"',
      'agent.yaml:11:14: sinks.es.retries: expected a whole number, from 0 to 10, got 1.5',
      'agent.yaml:12:10: sinks.es.tls: expected cert_file and key_file together, got a mapping',
      'agent.yaml:12:27: sinks.es.tls.ca: expected one of the keys ca_file, cert_file, key_file, server_name, insecure_skip_verify, got "ca"',
      'agent.yaml:14:11: sinks.other.type: expected "elasticsearch" or "file" or "console", got "fle"',
      'agent.yaml:16:10: sinks.third: expected a mapping, got nothing',
    ]);
  });

  it('reports the checks between keys once their types are right', () => {
    expect(
      problemsOf('data_dir: /d\nsinks: { es: { type: elasticsearch, endpoints: [], tls: { cert_file: /c } } }'),
    ).toEqual([
      'agent.yaml:2:48: sinks.es.endpoints: expected at least one endpoint, got a list',
      'agent.yaml:2:57: sinks.es.tls: expected cert_file and key_file together, got a mapping',
    ]);
  });

  it('is asked for what is missing when it is empty', () => {
    expect(problemsOf('')).toEqual(['agent.yaml:1:1: data_dir: expected a value, got nothing']);
    expect(problemsOf('# nothing yet\n')).toEqual(['agent.yaml:1:1: data_dir: expected a value, got nothing']);
    expect(problemsOf('- a\n')).toEqual(['agent.yaml:1:1: expected a mapping, got a list']);
  });

  it.each([
    ['data_dir: /d\nsetup: [', /^agent\.yaml:2:9: expected valid YAML, got an error: /],
    ['data_dir: /d\ndata_dir: /e', /^agent\.yaml:2:1: expected every key once, got this key a second time$/],
    ['data_dir: /d\n---\ndata_dir: /e', /^agent\.yaml:2:1: expected one document, got a second one$/],
    ['data_dir: !include x', /^agent\.yaml:1:11: expected valid YAML, got an error: Unresolved tag: !include$/],
    ['data_dir: *nowhere', /^agent\.yaml:1:11: expected an anchor, got \*nowhere$/],
    ['data_dir: /d\n? [a, b]\n: c', /^agent\.yaml:2:3: expected a key of text, got a list$/],
    ['data_dir: /d\nsinks: []', /^agent\.yaml:2:8: sinks: expected a mapping, got a list$/],
    [
      'a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: &d [*c, *c, *c, *c]\ne: [*d, *d, *d, *d]',
      /Excessive alias count/,
    ],
  ])('of broken syntax is reported with the position: %j', (yaml, expected) => {
    const problems = problemsOf(yaml);
    expect(
      problems.some((problem) => expected.test(problem)),
      problems.join('\n'),
    ).toBe(true);
  });

  it('names variables that are not set, and shows none of those that are', () => {
    const yaml = 'data_dir: ${DIR}\nsetup: ${PASSWORD}\nsinks: { es: { type: "${TYPE}" } }';
    const problems = problemsOf(yaml, schema, { PASSWORD: 'hunter2', TYPE: 'secret' });
    expect(problems).toEqual([
      'agent.yaml:1:11: expected the environment variable DIR to be set, or ${DIR:-DEFAULT}, got nothing',
      'agent.yaml:2:8: setup: expected true or false, got ${PASSWORD} as the environment has it',
      'agent.yaml:3:22: sinks.es.type: expected "elasticsearch" or "file" or "console", got ${TYPE} as the environment has it',
    ]);
  });

  it('cannot reach the prototype of anything', () => {
    expect(problemsOf('data_dir: /d\n__proto__: { setup: true }')[0]).toMatch(
      /^agent\.yaml:2:1: __proto__: expected one of/,
    );
  });
});

describe('listen', () => {
  const parseListen = (yaml: string) => parse(`data_dir: /d\nlisten: ${yaml}`).listen;

  it('is an address, or a mapping with TLS and auth', () => {
    expect(parseListen('127.0.0.1:0')).toEqual({ address: { host: '127.0.0.1', port: 0 }, auth: { type: 'none' } });
    expect(
      parseListen(
        '{ address: ":9880", tls: { cert_file: /c, key_file: /k, client_ca_file: /a }, auth: { type: mtls } }',
      ),
    ).toEqual({
      address: { host: '', port: 9880 },
      tls: { certFile: '/c', keyFile: '/k', clientCaFile: '/a' },
      auth: { type: 'mtls' },
    });
    expect(parseListen('{ address: ":1", auth: { type: basic, user: u, password_file: /p } }')?.auth).toEqual({
      type: 'basic',
      user: 'u',
      passwordFile: '/p',
    });
    expect(parseListen('{ address: ":1", auth: { type: bearer, token_file: /t } }')?.auth).toEqual({
      type: 'bearer',
      tokenFile: '/t',
    });
  });

  it.each([
    ['9880', 'listen: expected HOST:PORT, got 9880'],
    ['[a]', 'listen: expected HOST:PORT, or a mapping with address, tls and auth, got a list'],
    ['{ address: nowhere }', 'listen.address: expected HOST:PORT, got "nowhere"'],
    ['{ address: ":1", auth: { type: basic, user: u } }', 'listen.auth.password_file: expected a value, got nothing'],
    [
      '{ address: ":1", auth: { type: mtls } }',
      'listen: expected tls.client_ca_file beside auth of type mtls, got a mapping',
    ],
  ])('refuses %s', (yaml, expected) => {
    expect(
      problemsOf(`data_dir: /d\nlisten: ${yaml}`).map((line) => line.replace(/^agent.yaml:\d+:\d+: /, '')),
    ).toEqual([expected]);
  });
});

it('locates a value for checks beyond the schema', () => {
  const yaml = 'data_dir: /d\nsinks:\n  a: { type: file, path: /x }\n';
  const { problemAt } = parseConfig(yaml, 'agent.yaml', schema, {});
  expect(problemAt(['sinks', 'a', 'path'], 'a folder')).toMatchObject({ line: 3, column: 26, got: '"/x"' });
  expect(problemAt(['sinks', 'a', 'absent'], 'a value')).toMatchObject({ line: 3, column: 6, got: 'nothing' });
});

it('reads a file, and says which one it cannot read', async () => {
  const file = join(await tempFolder(), 'agent.yaml');
  await expect(loadConfig(file, schema, {})).rejects.toMatchObject({
    code: 'CONFIG_UNREADABLE',
    message: `cannot read the configuration file ${file}`,
  });
  await writeFile(file, 'data_dir: /d');
  expect((await loadConfig(file, schema, {})).value.data_dir).toBe('/d');
});

it('answers any text with a value or with problems that have a place in it', () => {
  const word = fc.constantFrom(
    'data_dir',
    'sinks',
    'es',
    'type',
    'file',
    'tls',
    'listen',
    'address',
    '12',
    '-1',
    'true',
    'null',
    '~',
  );
  const mark = fc.constantFrom(
    ': ',
    '\n',
    '\n  ',
    '\n    ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '&a ',
    '*a',
    '<<: ',
    '"',
    "'",
    '|\n',
    '#',
    '${A}',
    '${B:-c}',
    '!x ',
    '? ',
    '---\n',
    '\t',
    '\u0000',
    '\ud800',
  );
  const yaml = fc
    .array(fc.oneof(word, word, mark, mark, fc.string({ maxLength: 3 })), { maxLength: 40 })
    .map((parts) => parts.join(''));
  const accepted = (text: string): boolean => {
    try {
      parseConfig(text, 'f', schema, { A: '1' });
      return true;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const lineCount = text.split('\n').length;
      expect(error.problems.length).toBeGreaterThan(0);
      for (const { line, column } of error.problems) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lineCount);
        expect(column).toBeGreaterThanOrEqual(1);
      }
      return false;
    }
  };
  fc.assert(
    fc.property(yaml, (text) => void accepted(text)),
    { numRuns: 3000 },
  );
});

describe('a section of a file that has several', () => {
  const own = section({ data_dir: text(), port: v.optional(integer()), base: v.optional(v.looseObject({})) });
  const yaml = 'other: "${OTHER}"\nagent:\n  data_dir: ${DIR}\n  port: ${PORT:-1}\n';
  const parsed = (written: string, environment: Record<string, string>) =>
    parseConfig(written, 'f.yaml', own, environment, ['agent']);

  it('is read alone: what other sections lack is not its problem', () => {
    expect(parsed(yaml, { DIR: '/data' }).value).toEqual({ data_dir: '/data', port: 1 });
    expect(() => parsed(yaml, {})).toThrow(
      /^f\.yaml:3:13: expected the environment variable DIR to be set, or \$\{DIR:-DEFAULT\}, got nothing$/,
    );
  });

  it('is named in the paths of its problems, also of those that are found later', () => {
    expect(() => parsed('agent: { data_dir: a, port: x, colour: red }', {})).toThrow(
      /f\.yaml:1:29: agent\.port: .*\nf\.yaml:1:32: agent\.colour: /,
    );
    const { problemAt, problemAtKey } = parsed('agent: { data_dir: a }', {});
    expect(problemAt(['data_dir'], 'b')).toMatchObject({
      path: ['agent', 'data_dir'],
      line: 1,
      column: 20,
      got: '"a"',
    });
    expect(problemAtKey(['data_dir'], 'b')).toMatchObject({ column: 10, got: '"data_dir"' });
  });

  it('may be empty, and refer to an anchor elsewhere', () => {
    expect(() => parsed('agent:\n', {})).toThrow('agent.data_dir: expected a value');
    expect(parsed('shared: &s { a: 1 }\nagent: { data_dir: d, base: *s }', {}).value.base).toEqual({ a: 1 });
  });
});
