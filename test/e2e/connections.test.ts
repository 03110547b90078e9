/** More clients than the process has descriptors for. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { pullAll } from './client.ts'
import { fixture, nixInstantiate } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const DESCRIPTORS = 300
const IDLE = 400

void t.test(
  'idle connections leave room for pulls, builds and new connections',
  { skip: missing('nix', 'prlimit') },
  async (t) => {
    const server = await startPushless(t, {
      args: ['--serve-packages'],
      prefix: ['prlimit', `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`],
    })
    t.match(
      server.logs.find(({ msg }) => msg === 'listening'),
      { descriptors: DESCRIPTORS, connections: 172 },
      'the limit is said at start',
    )
    const sockets: Socket[] = []
    t.teardown(() => sockets.map((socket) => socket.destroy()))
    for (let i = 0; i < IDLE; i++) {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => undefined)
      sockets.push(socket)
      await once(socket, 'connect')
    }
    const drv = await nixInstantiate(fixture('shapes.nix'), [
      '-A',
      'slow',
      '--argstr',
      'salt',
      `idle-${process.pid}`,
      '--arg',
      'seconds',
      '0',
    ])
    t.ok((await pullAll(server.url, drv)).size > 0, 'a build and its pull')
    for (const path of ['/healthz', '/readyz', '/metrics', '/v2/'])
      t.equal((await fetch(server.url + path, { headers: { connection: 'close' } })).status, 200, path)
    t.equal(
      server.logs.filter(({ msg }) => String(msg).startsWith('as many connections')).length,
      1,
      'said once a minute',
    )
    t.notMatch(server.lines.join('\n'), /EMFILE/)
  },
)
