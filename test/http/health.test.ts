import Fastify from 'fastify'
import t from 'tap'
import { registerHealth } from '../../src/http/health.ts'

void t.test('the process is up whatever Nix does; a pull needs an answer of Nix in time', async (t) => {
  for (const [what, askNix, ready] of [
    ['answers', async () => undefined, 200],
    ['is not there', async () => Promise.reject(new Error('ENOENT')), 503],
    ['hangs', () => new Promise<never>(() => undefined), 503],
  ] as const) {
    const app = Fastify()
    registerHealth(app, askNix)
    t.equal((await app.inject('/healthz')).statusCode, 200)
    const start = performance.now()
    t.equal((await app.inject('/readyz')).statusCode, ready, `Nix ${what}`)
    t.ok(performance.now() - start < 1000, 'within the second that a probe has')
    await app.close()
  }
})
