import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import t from 'tap'
import { explainSystemError, systemCode } from '../../../src/core/errors/system-error.ts'

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

const listening = async (host: string, port: number) => {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  return server
}
const connected = async (...to: [string] | [number, string]) =>
  once(to.length === 1 ? connect(to[0]) : connect(to[0], to[1]), 'connect')

void t.test('real failures: where, what is wrong and what to do', async (t) => {
  const directory = t.testdir({ file: '', directory: { inner: '' } })
  const file = join(directory, 'file')
  const plainFile = '/etc/passwd'
  const taken = await listening('127.0.0.1', 0)
  t.teardown(() => taken.close())
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  for (const [what, work, expected] of [
    [
      'a file that is missing',
      () => readFileSync('/nowhere/x'),
      '/nowhere/x: no such file or directory; check its spelling',
    ],
    ['a directory as a file', () => readFileSync('/'), 'is a directory; name a file'],
    [
      'a file as a directory',
      () => readdirSync(file),
      `${file}: not below a directory; a part of this path is a file`,
    ],
    [
      'a directory that is there',
      () => mkdirSync(directory),
      `${directory}: is there already; name another place`,
    ],
    ['a full disk', () => writeFileSync('/dev/full', 'x'), 'no space left on the disk; make room there'],
    [
      'a name that is too long',
      () => readFileSync('/'.padEnd(300, 'x')),
      /: the name is too long; Linux allows 255 bytes/,
    ],
    [
      'a port in use',
      async () => listening('127.0.0.1', port),
      `port ${port} is in use: choose another with --listen`,
    ],
    [
      'an address of another machine',
      async () => listening('192.0.2.1', 0),
      /^192\.0\.2\.1 is not an address of this machine: choose another with --listen/,
    ],
    [
      'nothing that listens',
      async () => connected(1, '127.0.0.1'),
      '127.0.0.1:1: nothing listens there; start it, or name another address',
    ],
    [
      'no socket',
      async () => connected('/nowhere/socket'),
      '/nowhere/socket: there is no such socket; start what listens there, or name another',
    ],
    [
      'a file that is no socket',
      async () => connected(plainFile),
      `${plainFile}: nothing listens there; start it, or name another address`,
    ],
    [
      'a path that is too long for a socket',
      async () => connected('/'.padEnd(200, 'x')),
      /: no socket can be there; the path of one has at most 107 bytes$/,
    ],
    [
      'no such program',
      async () => once(spawn('no-such-program'), 'spawn'),
      'no-such-program: no such program; install it, or add its directory to PATH',
    ],
  ] as const) {
    const explained = explainSystemError(await thrownBy(work))
    t.match(explained, expected, what)
    t.notMatch(explained, /\bE[A-Z]{3,}\b/, `${what}: no code`)
  }
})

void t.test('failures as Node reports them', (t) => {
  for (const [facts, expected] of [
    [
      { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'a.example' },
      'a.example: no such host; check its spelling and DNS',
    ],
    [
      { code: 'EAI_AGAIN', syscall: 'getaddrinfo', hostname: 'a.example' },
      'a.example: DNS does not answer; check the network and /etc/resolv.conf',
    ],
    [
      { code: 'EACCES', syscall: 'listen', address: '0.0.0.0', port: 80 },
      'port 80 is for root: choose one from 1024 on with --listen, or grant CAP_NET_BIND_SERVICE',
    ],
    [
      { code: 'EACCES', syscall: 'connect', address: '/x/socket' },
      '/x/socket: permission denied; run as a user who may connect to it',
    ],
    [
      { code: 'EACCES', syscall: 'open', path: '/x' },
      '/x: permission denied; run as a user who may, or change its owner or mode',
    ],
    [
      { code: 'EROFS', syscall: 'open', path: '/x' },
      '/x: the file system is read-only; name another place, or mount it for writing',
    ],
    [
      { code: 'ECONNREFUSED', syscall: 'connect', address: '::1', port: 5000 },
      '[::1]:5000: nothing listens there; start it, or name another address',
    ],
    [{ code: 'ECONNRESET', syscall: 'read' }, 'the other side ended the connection; its log may say why'],
    [{ code: 'UND_ERR_SOCKET' }, 'the other side ended the connection; its log may say why'],
    [{ code: 'CERT_HAS_EXPIRED' }, 'its certificate has expired; renew it'],
    [
      { code: 'ENODEV', syscall: 'open', message: "ENODEV: no such device, open '/x'", path: '/x' },
      '/x: no such device',
    ],
    [{ code: 'EODD' }, 'the system says EODD'],
  ] as const)
    t.equal(explainSystemError(Object.assign(new Error(), facts)), expected, JSON.stringify(facts))
  t.equal(
    explainSystemError(Object.assign(new Error(), { code: 'ENOSPC', syscall: 'write' }), 'image.tar'),
    'image.tar: no space left on the disk; make room there',
  )
  t.end()
})

void t.test('other errors are none of the system’s', (t) => {
  for (const error of [
    undefined,
    'ENOENT',
    new Error('ENOENT'),
    Object.assign(new Error('x'), { code: 'ERR_INVALID_URL' }),
    { code: 7 },
  ]) {
    t.equal(systemCode(error), undefined)
    t.equal(explainSystemError(error), undefined)
  }
  t.end()
})
