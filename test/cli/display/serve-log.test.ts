import t from 'tap'
import { nextSteps } from '../../../src/cli/display/next-steps.ts'
import { logStyle } from '../../../src/cli/display/serve-log.ts'

void t.test('lines for people on a terminal, JSON elsewhere, and what is set wins', (t) => {
  for (const [format, isOnTerminal, hasColor, expected] of [
    ['auto', true, true, 'color'],
    ['auto', true, false, 'plain'],
    ['auto', false, true, 'json'],
    ['json', true, true, 'json'],
    ['pretty', true, true, 'color'],
    ['pretty', false, true, 'plain'],
  ] as const)
    t.equal(logStyle(format, isOnTerminal, hasColor), expected, `${format}, terminal ${isOnTerminal}`)
  t.end()
})

void t.test('the next steps have an address that clients on this machine can reach', (t) => {
  for (const [url, expected] of [
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5000'],
    ['http://0.0.0.0:5000', 'http://127.0.0.1:5000'],
    ['http://[::]:5000', 'http://127.0.0.1:5000'],
    ['http://10.0.0.7:80', 'http://10.0.0.7:80'],
  ] as const) {
    t.match(nextSteps(url), `server = "${expected}"\n    [host."${expected}"]\n`, url)
    t.match(nextSteps(url), 'pushless inspect ./result')
    t.notMatch(nextSteps(url), /ca =/)
  }
  const secure = nextSteps('https://0.0.0.0:5000')
  t.match(secure, 'server = "https://127.0.0.1:5000"')
  t.match(secure, 'ca = "/etc/containerd/certs.d/nix.internal/ca.crt"')
  t.end()
})
