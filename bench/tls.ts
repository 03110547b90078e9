/**
 * HTTPS against HTTP in one run: manifests a second, the bytes a second of one warm layer, and the server's share of it.
 * A single client of HTTPS is as fast as it can decrypt, so the time of the server's processor is a figure of its own.
 */
import { join } from 'node:path'
import { repositoryUrl, pullManifest } from '../test/e2e/client.ts'
import { testAuthority, writePair } from '../test/support/certificates.ts'
import { startPushless } from '../test/support/registry-process.ts'
import { temporaryDirectory, type Scope } from '../test/support/scope.ts'
import { cpuMs } from './cpu-time.ts'
import { DOWNLOADS, downloadSpeed } from './download-speed.ts'
import { median, type Figure } from './figure.ts'
import { benchImage } from './image.ts'
import { requestRate } from './request-rate.ts'
import type { Closure } from './start.ts'

const ROUNDS = 5
const TARGET = 0.6

export async function measureTls(scope: Scope, closure: Pick<Closure, 'root'>): Promise<readonly Figure[]> {
  const image = await benchImage('one-layer', [closure.root], 1)
  const directory = await temporaryDirectory(scope, 'tls')
  const { certFile, keyFile } = await writePair(directory, testAuthority().server())
  const state = join(directory, 'state')
  const plain = await startPushless(scope)
  const secure = await startPushless(scope, { state, args: ['--tls-cert', certFile, '--tls-key', keyFile] })
  const { manifest } = await pullManifest(plain.url, image)
  const layer = manifest.layers.toSorted((a, b) => b.size - a.size)[0]
  if (layer === undefined) throw new Error('no layer')

  const rounds: { readonly rates: Pair; readonly speeds: Pair; readonly cpu: Pair }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const both = async (measure: (url: string) => Promise<number>): Promise<Pair> => ({
      secure: await measure(repositoryUrl(secure.url, image)),
      plain: await measure(repositoryUrl(plain.url, image)),
    })
    const rates = await both((url) => requestRate(`${url}/manifests/nix`))
    const before: Pair = { secure: await cpuMs(secure.pid), plain: await cpuMs(plain.pid) }
    const speeds = await both((url) => downloadSpeed(`${url}/blobs/${layer.digest}`))
    const cpu: Pair = {
      secure: (await cpuMs(secure.pid)) - before.secure,
      plain: (await cpuMs(plain.pid)) - before.plain,
    }
    rounds.push({ rates, speeds, cpu })
  }
  const perSecond = (ms: number) => (layer.size * DOWNLOADS * 1000) / ms
  return [
    figureOf(
      'warm manifest requests a second, HTTPS against HTTP',
      rounds.map(({ rates }) => rates),
      (rate) => `${rate.toFixed(0)} a second`,
    ),
    figureOf(
      `one warm layer of ${(layer.size / 1e6).toFixed(0)} MB, bytes a second, HTTPS against HTTP`,
      rounds.map(({ speeds }) => speeds),
      (bytes) => `${(bytes / 1e9).toFixed(2)} GB/s`,
    ),
    figureOf(
      'bytes of that layer for a second of the server’s processor, HTTPS against HTTP',
      rounds.map(({ cpu }) => ({ secure: perSecond(cpu.secure), plain: perSecond(cpu.plain) })),
      (bytes) => `${(bytes / 1e9).toFixed(2)} GB`,
    ),
  ]
}

type Pair = { readonly secure: number; readonly plain: number }

function figureOf(name: string, pairs: readonly Pair[], text: (value: number) => string): Figure {
  const number = median(pairs.map(({ secure, plain }) => secure / plain))
  const [secure, plain] = [median(pairs.map((pair) => pair.secure)), median(pairs.map((pair) => pair.plain))]
  return {
    name,
    value: `${number.toFixed(2)} x`,
    number,
    target: `>= ${TARGET} x`,
    isMet: number >= TARGET,
    note: `${text(secure)} against ${text(plain)}`,
  }
}
