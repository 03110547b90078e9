import { X509Certificate } from 'node:crypto'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { selfSigned } from '../../../src/cli/tls/self-signed.ts'
import { adviceOn } from '../../../src/tls/certificate-advice.ts'
import { readCertificates } from '../../../src/tls/certificate-files.ts'

t.beforeEach((t) => void t.capture(process.stdout, 'write', () => true))

const OPTIONS = { names: [], days: '365', clients: [] } as const

async function certificate(directory: string, name: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(directory, name)))
}

void t.test('files that serve takes as they are', async (t) => {
  const directory = join(t.testdir(), 'new/tls')
  await selfSigned({ ...OPTIONS, directory, clients: ['node-1'] })
  t.strictSame((await readdir(directory)).sort(), [
    'ca.crt',
    'ca.key',
    'node-1.crt',
    'node-1.key',
    'tls.crt',
    'tls.key',
  ])
  for (const name of ['ca.key', 'tls.key', 'node-1.key'])
    t.equal((await stat(join(directory, name))).mode & 0o777, 0o600, name)
  const [certFile, keyFile] = [join(directory, 'tls.crt'), join(directory, 'tls.key')]
  const read = readCertificates({ certFile, keyFile, clientCaFile: join(directory, 'ca.crt') })
  t.strictSame(adviceOn(read, new Date()), [])
  for (const host of ['localhost', 'nix.internal']) t.ok(read.chain[0].checkHost(host), host)
  t.ok(read.chain[0].checkIP('127.0.0.1'))
})

void t.test('once more renews, by the same authority', async (t) => {
  const directory = t.testdir()
  await selfSigned({ ...OPTIONS, directory })
  const [ca, before] = [await certificate(directory, 'ca.crt'), await certificate(directory, 'tls.crt')]
  await selfSigned({ ...OPTIONS, directory, names: ['registry.example.org', '10.0.0.7'], days: '30' })
  const after = await certificate(directory, 'tls.crt')
  t.equal((await certificate(directory, 'ca.crt')).serialNumber, ca.serialNumber)
  t.not(after.serialNumber, before.serialNumber)
  t.ok(after.verify(ca.publicKey))
  t.ok(after.checkHost('registry.example.org'))
  t.ok(after.checkIP('10.0.0.7'))
  t.notOk(after.checkHost('localhost'))
})

void t.test('what is not its own is left alone, and what can’t be is refused', async (t) => {
  const directory = t.testdir({ 'tls.crt': 'precious' })
  await t.rejects(selfSigned({ ...OPTIONS, directory }), { kind: 'unavailable', message: /is there already/ })
  t.equal(await readFile(join(directory, 'tls.crt'), 'utf8'), 'precious')
  t.strictSame(await readdir(directory), ['tls.crt'])
  for (const name of ['ca.crt', 'ca.key']) await writeFile(join(directory, name), 'nothing')
  await t.rejects(selfSigned({ ...OPTIONS, directory }), { message: /not an authority that pushless made/ })
  const empty = t.testdir()
  for (const [wrong, message] of [
    [{ names: ['https://a'] }, /https:\/\/a: expected a host name/],
    [{ days: '0' }, /--days 0: expected a whole number/],
    [{ days: '10000' }, /--days 10000/],
    [{ clients: ['../x'] }, /--client \.\.\/x/],
    [{ clients: ['ca'] }, /--client ca/],
  ] as const)
    await t.rejects(selfSigned({ ...OPTIONS, directory: empty, ...wrong }), { message })
  t.strictSame(await readdir(empty), [])
})
