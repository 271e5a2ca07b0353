/** The data and functions that test/real/parts/go-template has, so that both can be asked the same. */
import { TemplateFunctionError } from '../../src/template/template-error.ts';
import {
  type FunctionMap,
  GoFunction,
  GoList,
  GoMap,
  GoStruct,
  stringMap,
  type Value,
} from '../../src/template/values.ts';

function person(name: string, age: bigint): GoStruct {
  const fields = new Map<string, Value>([
    ['Name', name],
    ['Age', age],
    ['hidden', name === 'Ann' ? 'h' : ''],
  ]);
  const methods = new Map([
    [
      'Greet',
      new GoFunction(['string', 'int'], ([greeting, times]) => greet(`${String(greeting)} ${name} `, Number(times))),
    ],
    ['Older', new GoFunction(['int'], ([years]) => person(name, age + BigInt(Number(years))))],
  ]);
  return new GoStruct('*main.person', fields, methods);
}

function greet(text: string, times: number): string {
  if (times < 0) throw new TemplateFunctionError(`cannot greet ${times} times`);
  return text.repeat(times);
}

export const GO_DATA: Value = new GoMap(
  new Map<string, Value>([
    ['Text', 'héllo <b>"q"</b>'],
    ['Empty', ''],
    ['Whole', 17n],
    ['Zero', 0n],
    ['Float', 2.5],
    ['Big', 1_234_567],
    ['Yes', true],
    ['No', false],
    ['Nil', undefined],
    ['List', new GoList([1n, 'two', 3.5, undefined, true])],
    ['Words', new GoList(['a', 'b', 'c'])],
    ['None', new GoList([])],
    [
      'Strings',
      stringMap(
        new Map([
          ['b', '2'],
          ['a', '1'],
          ['é', '3'],
        ]),
      ),
    ],
    [
      'Map',
      new GoMap(
        new Map<string, Value>([
          ['k', 1n],
          ['nested', new GoMap(new Map([['deep', 'x']]))],
          ['nil', undefined],
        ]),
      ),
    ],
    ['Person', person('Ann', 42n)],
  ]),
);

export const GO_FUNCTIONS: FunctionMap = new Map([
  ['join', new GoFunction(['string'], ([separator, ...words]) => words.map(String).join(String(separator)), 'string')],
  ['half', new GoFunction(['float64'], ([value]) => Number(value) / 2)],
  [
    'repeat',
    new GoFunction(['string', 'int'], ([text, count]) => {
      if (Number(count) < 0) throw new TemplateFunctionError('strings: negative Repeat count');
      if (String(text).length * Number(count) > 2 ** 28)
        throw new TemplateFunctionError('strings: Repeat output length overflow');
      return String(text).repeat(Number(count));
    }),
  ],
  [
    'fail',
    new GoFunction([], () => {
      throw new TemplateFunctionError('it failed');
    }),
  ],
  ['person', new GoFunction([], () => person('Bob', 7n))],
  ['negate', new GoFunction(['bool'], ([value]) => value !== true)],
  ['nothing', new GoFunction([], () => undefined)],
]);
