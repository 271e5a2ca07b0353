/** Lines as real programs write them. */

const lines = (...texts: readonly string[]): readonly Buffer[] => texts.map((text) => Buffer.from(text));

export const MESSAGES = lines(
  '10.1.2.3 - - [21/Nov/2026:10:00:01 +0000] "GET /a?b=c HTTP/1.1" 502 157 "-" "curl/8.9.1" rt=0.012',
  '2026/11/21 10:00:01 [error] 29#31: *17 open() "/x" failed (2: No such file or directory)',
  '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://r/" "Mozilla \\"4\\""',
  '[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187:80] denied: /x',
  'W1121 10:00:07.123456       1 controller.go:114] état: "prêt"',
  '<165>1 2003-10-11T22:14:15.003Z host app - ID47 [a@1 iut="3" b="App\\]x"][b c="d"] \ufeffAn event',
  "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed on /dev/pts/8",
  '[2026-11-21T10:00:01.102Z] "GET /x HTTP/2" 418 - 0 135 7 6 "-" "curl" "4b0e-1" "httpbin:8000" "10.44.1.27:80"',
  '[2026-11-21T10:00:01.102Z] "GET /x HTTP/2" 503 UF via_upstream - "TLS error" 0 135 7 - "-" "curl" "4b" "h" "-"',
  'level=warn component=scheduler msg="disk \\"sda\\" is slow" dur=1.5ms attempts=3 empty= quoted="" é=ü',
  '{"level":"info","n":-1.5e3,"a":[1,{"b":null}],"s":"x\\ud83d\\ude00\\n","log.level":"x","message":"m","stream":1}',
  'login of ann@example.org from 10.1.2.3 and ::1, card 4111 1111 1111 1111, Bearer abc.DEF-123~/+==',
  'token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP key AKIAIOSFODNN7EXAMPLE aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  '\tat com.acme.Shop.pay(Shop.java:17) ~[shop-1.2.jar!/:?]',
  'Caused by: java.lang.IllegalStateException: no money',
  'Traceback (most recent call last):',
  '  File "/app/x.py", line 3, in <module>',
  'goroutine 1 [running]:',
  'panic: runtime error: index out of range [3] with length 3',
  "TypeError: Cannot read properties of undefined (reading 'x')",
  '   at System.String.Format(IFormatProvider provider) in C:\\x.cs:line 5',
  "x.rb:17:in `pay': no money (RuntimeError)",
  '',
  ' ',
);

export const CRI_LINES = lines(
  '2026-11-21T10:00:00.123456789Z stdout F one\n2026-11-21T10:00:00.2-05:00 stderr P:x two\n',
  '2026-11-21T10:00:00Z stdout F \n2026-11-21T10:00:00Z stdout P\nnot a line\n',
);

export const DOCKER_LINES = lines(
  '{"log":"one\\n","stream":"stdout","time":"2026-11-21T10:00:00.123456789Z"}\n',
  '{"log":"part","stream":"stderr","attrs":{"a":"b"},"time":"2026-11-21T10:00:00Z"}\n',
);

export const PATTERNS = lines(
  '^(?P<a>\\S+) (?P<b>[^"]*)"(\\d{3})?',
  '(?i)k+|[^é\\n]{2,5}\\b$',
  '(a*)*b',
  '(?m:^x.*?$)|\\x{fffd}',
  '[\\w.-]+@\\pL+(?:\\.[a-z]{2,})+',
);
