import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CertificateWatch } from '../../src/tls/certificate-watch.ts'
import { daysAfter } from '../../src/tls/self-signed.ts'
import { testAuthority, writePair } from '../support/certificates.ts'

const NOW = new Date('2026-05-01T12:00:00Z')
const authority = testAuthority(NOW)
const [first, second] = [authority.server(), authority.server()]

async function open(t: Test) {
  const directory = t.testdir()
  const files = { ...(await writePair(directory, first)), clientCaFile: undefined }
  const heard: string[] = []
  const clock = { now: NOW }
  const watch = watchOf(files, heard, clock)
  const used = () => {
    watch.refresh()
    return watch.current.cert
  }
  return { directory, files, heard, clock, watch, used }
}

function watchOf(
  files: ConstructorParameters<typeof CertificateWatch>[0],
  heard: string[],
  clock: { readonly now: Date } = { now: NOW },
) {
  const listener = {
    onChange: () => heard.push('change'),
    onTrouble: ({ message }: Error) => heard.push(message),
    onAdvice: (advice: string) => heard.push(advice),
  }
  return new CertificateWatch(files, listener, () => clock.now)
}

void t.test('another pair counts at once', async (t) => {
  const { directory, heard, used, watch } = await open(t)
  t.equal(used(), first.certificate)
  const before = watch.current
  t.equal(used() && watch.current, before, 'unchanged files are not read')
  await writePair(directory, second)
  t.equal(used(), second.certificate)
  t.strictSame(heard, ['change'])
  await writePair(directory, second)
  t.equal(used(), second.certificate)
  t.strictSame(heard, ['change'], 'the same once more is no change')
})

void t.test('by a link to another directory, as Kubernetes changes Secrets', async (t) => {
  const directory = t.testdir()
  for (const [name, pair] of [
    ['..1', first],
    ['..2', second],
  ] as const) {
    await mkdir(join(directory, name))
    await writePair(join(directory, name), pair)
  }
  await symlink('..1', join(directory, '..data'))
  for (const name of ['tls.crt', 'tls.key']) await symlink(`..data/${name}`, join(directory, name))
  const files = { certFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') }
  const heard: string[] = []
  const watch = watchOf({ ...files, clientCaFile: undefined }, heard)
  await symlink('..2', join(directory, '..data_tmp'))
  await rename(join(directory, '..data_tmp'), join(directory, '..data'))
  watch.refresh()
  t.equal(watch.current.cert, second.certificate)
  t.strictSame(heard, ['change'])
})

void t.test('while the files are wrong the last good pair stays, and it is said once', async (t) => {
  const { directory, files, heard, used } = await open(t)
  for (const [name, change, message] of [
    [
      'half written',
      async () => writeFile(files.certFile, second.certificate.slice(0, 200)),
      /no certificate/,
    ],
    [
      'the new certificate and the old key',
      async () => writeFile(files.certFile, second.certificate),
      /does not fit/,
    ],
    ['no key', async () => rm(files.keyFile), /no such file/],
    ['an empty key', async () => writeFile(files.keyFile, '', { mode: 0o600 }), /no private key/],
    ['a key that others may write', async () => chmod(files.keyFile, 0o666), /./],
  ] as const) {
    await change()
    for (const _ of [1, 2, 3]) t.equal(used(), first.certificate, name)
    t.ok(heard.length <= 1, name)
    if (name !== 'a key that others may write') t.match(heard.pop(), message, name)
  }
  await writePair(directory, second)
  t.equal(used(), second.certificate, 'and a good pair counts again')
  t.equal(heard.pop(), 'change')
})

void t.test('an end that comes near is said once, and once more when it is there', async (t) => {
  const { directory, clock, heard, watch } = await open(t)
  for (const [days, count] of [
    [1, 0],
    [75, 0],
    [77, 1],
    [78, 0],
    [91, 1],
    [92, 0],
  ] as const) {
    clock.now = daysAfter(NOW, days)
    watch.remind()
    t.equal(heard.splice(0).length, count, `day ${days}`)
  }
  await writePair(directory, authority.server(NOW, daysAfter(NOW, 200)))
  watch.remind()
  t.strictSame(heard, ['change'], 'a renewed one has no advice')
})
