import t from 'tap'
import { machinePlatform, parsePlatform } from '../../src/archive/platform.ts'

void t.test('platforms as clients write them', async (t) => {
  t.strictSame(parsePlatform('linux/amd64'), { os: 'linux', architecture: 'amd64' })
  t.strictSame(parsePlatform('linux/arm/v7'), { os: 'linux', architecture: 'arm', variant: 'v7' })
  for (const text of ['', 'amd64', 'linux/', '/amd64', 'linux/arm/v7/x', 'Linux/amd64', 'linux/amd64 '])
    t.equal(parsePlatform(text), undefined, JSON.stringify(text))
})

void t.test('the platform of this machine', async (t) => {
  t.strictSame(machinePlatform('x64'), { os: 'linux', architecture: 'amd64' })
  t.strictSame(machinePlatform('arm64'), { os: 'linux', architecture: 'arm64' })
  t.strictSame(machinePlatform('riscv64'), { os: 'linux', architecture: 'riscv64' })
})
