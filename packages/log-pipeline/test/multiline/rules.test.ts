import { describe, expect, it } from 'vitest';
import { anyOf, MULTILINE_PRESETS } from '../../src/multiline/presets.ts';
import type { MultilineRule } from '../../src/multiline/rule.ts';

/** The records that a rule makes of lines, each with its lines. */
function recordsOf(rule: MultilineRule, lines: readonly string[]): string[][] {
  const records: string[][] = [];
  let state = 0;
  for (const line of lines) {
    // Between other bytes, so that a rule that reads beyond its line shows.
    const memory = Buffer.from(`\tat ${line}\tat x(y)`);
    const next = rule.next(state, memory, 4, 4 + Buffer.byteLength(line));
    state = next < 0 ? ~next : next;
    const last = records.at(-1);
    if (next < 0 || last === undefined) records.push([line]);
    else last.push(line);
  }
  return records;
}

/** Records are separated by a line of `--`, which is not among the lines. */
function expectRecords(rule: MultilineRule, text: string): void {
  const records = text
    .replace(/^\n|\n$/g, '')
    .split('\n--\n')
    .map((record) => record.split('\n'));
  expect(recordsOf(rule, records.flat())).toEqual(records);
}

const { java, python, go, node, ruby, dotnet } = MULTILINE_PRESETS;

describe('the java rule', () => {
  it('joins frames, causes, suppressed exceptions and omissions', () => {
    expectRecords(
      java,
      `
10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12
--
java.lang.IllegalStateException: no such order
\tat com.shop.Orders.find(Orders.java:42)
\tat com.shop.Orders.pay(Orders.java:12) ~[shop.jar:1.0]
    at jdk.internal.reflect.DirectMethodHandleAccessor.invoke(Unknown Source)
\t... 23 more
\tSuppressed: java.io.IOException: closed
\t\tat com.shop.Db.close(Db.java:9)
Caused by: java.sql.SQLException: timeout
\tat com.shop.Db.query(Db.java:77)
\t... 3 common frames omitted
--
2026-11-21 10:00:01 INFO next
--

--
Charge failed
--
Caused nothing: an ordinary line
`,
    );
  });

  it('joins frames to a line that is not called an exception', () => {
    expectRecords(java, 'payment refused\n\tat com.shop.Pay.go(Pay.java:1)\n--\n... and so on\n--\nat home');
  });
});

describe('the dotnet rule', () => {
  it('joins frames and inner exceptions', () => {
    expectRecords(
      dotnet,
      `
Unhandled exception. System.InvalidOperationException: broken
 ---> System.ArgumentNullException: Value cannot be null. (Parameter 'id')
   at Shop.Orders.Find(String id) in /src/Orders.cs:line 12
   --- End of inner exception stack trace ---
   at Shop.Program.Main() in /src/Program.cs:line 3
--- End of stack trace from previous location ---
   at System.Threading.Tasks.Task.Run()
--
info: next
`,
    );
  });
});

describe('the node rule', () => {
  it('joins what the runtime prints of an error that nobody caught', () => {
    expectRecords(
      node,
      `
listening
--
/app/server.js:12
    throw new TypeError('no total');
    ^

TypeError: no total
    at total (/app/server.js:12:11)
    at Object.<anonymous> (/app/server.js:30:1) {
  code: 'E_TOTAL',
  [cause]: undefined
}

Node.js v20.20.2
--
started again
`,
    );
  });

  it('joins frames to the line before them', () => {
    expectRecords(
      node,
      'Error: boom\n    at f (file:///a.mjs:1:2)\n    ... 3 lines matching cause stack trace ...\n--\nok',
    );
  });

  it('takes a path with a number for a record of its own when no source follows', () => {
    expectRecords(node, '/healthz:200 ok\n--\nnext');
  });
});

describe('the python rule', () => {
  it('joins a traceback up to its exception', () => {
    expectRecords(
      python,
      `
ERROR:shop:cannot pay
--
Traceback (most recent call last):
  File "/app/pay.py", line 3, in pay
    charge(order)
    ~~~~~~^^^^^^^
ValueError: no order
--
INFO:shop:next
`,
    );
  });

  it('joins chained exceptions', () => {
    expectRecords(
      python,
      `
Traceback (most recent call last):
  File "a.py", line 1, in a
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 1, in b
RuntimeError: y
--
Traceback (most recent call last):
  File "c.py", line 1, in c
OSError: z
`,
    );
  });
});

describe('the go rule', () => {
  it('joins a panic with its goroutines', () => {
    expectRecords(
      go,
      `
starting
--
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45]

goroutine 1 [running]:
main.(*Shop).Pay(0x0, {0x0, 0x0})
\t/src/pay.go:12 +0x1d
main.main()
\t/src/main.go:8 +0x25

goroutine 18 [chan receive, 2 minutes]:
main.worker(...)
\t/src/worker.go:5
created by main.main in goroutine 1
\t/src/main.go:6 +0x19
exit status 2
--
{"level":"info"}
`,
    );
  });

  it('joins what net/http logs of a handler that panicked', () => {
    expectRecords(
      go,
      `
2026/11/21 10:00:00 http: panic serving 10.0.0.1:5000: no order
goroutine 33 [running]:
net/http.(*conn).serve.func1()
\t/usr/lib/go/src/net/http/server.go:1903 +0xb0
--
2026/11/21 10:00:01 ready
`,
    );
  });
});

describe('the ruby rule', () => {
  it('joins backtraces of Ruby and of Rails', () => {
    expectRecords(
      ruby,
      `
pay.rb:3:in 'pay': no order (ArgumentError)
\tfrom pay.rb:9:in 'Order#pay'
\t 2: from main.rb:1:in '<main>'
--
NoMethodError (undefined method 'total' for nil):

app/models/order.rb:42:in 'Order#pay'
app/controllers/orders.rb:7:in 'create'
--
Completed 500 Internal Server Error
`,
    );
  });
});

describe('several rules together', () => {
  it('each join their own', () => {
    expectRecords(
      anyOf([java, python, go]),
      `
java.lang.Error: x
\tat a.b(C.java:1)
--
Traceback (most recent call last):
  File "a.py", line 1, in a
KeyError: 'x'
--
panic: y

goroutine 1 [running]:
main.main()
--
plain
`,
    );
  });

  it.each(Object.entries(MULTILINE_PRESETS))('%s lets ordinary lines alone', (_name, rule) => {
    const lines = [
      '10.2.3.4 - - [21/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 532 "-" "curl/8"',
      '{"level":"info","msg":"paid"}',
      'level=info msg="paid" order=17',
      'I1121 10:00:00.000000       1 main.go:12] "paid"',
      'ts=2026-11-21T10:00:00Z caller=pay.go:7 msg=ok',
      ' leading space',
      '',
      'é',
    ];
    expect(recordsOf(rule, lines)).toEqual(lines.map((line) => [line]));
  });
});
