import { rm, writeFile } from 'node:fs/promises'
import { execa } from 'execa'
import t from 'tap'
import { DaemonStore } from '../../../src/store/daemon/daemon-store.ts'
import { EMBEDDED_COMMAND, processTransport } from '../../../src/store/daemon/transport.ts'
import {
  instantiate,
  makeStorePath,
  nixStoreQuery,
  realise,
  shellDerivation,
  withoutNix,
} from '../../nix/real-store.ts'
import { storePath } from '../../store-path.ts'
import { nixEnv } from '../../support/nix.ts'
import { testStore } from '../store-conformance.ts'

void t.test('the Nix daemon is a store', { skip: withoutNix }, async (t) => {
  const salt = `${process.pid}-${Date.now()}`
  const cache = t.testdir()
  const env = { env: nixEnv }
  const reference = await makeStorePath(`conform-reference-${salt}`, (path) => writeFile(path, 'reference'))
  const [root = reference] = await realise(
    await instantiate(
      shellDerivation(
        `conform-root-${salt}`,
        'echo $reference > $out',
        `reference = builtins.storePath ${reference};`,
      ),
    ),
  )
  const derivation = await instantiate(shellDerivation(`conform-made-${salt}`, `echo ${salt} > $out`))
  const broken = await instantiate(shellDerivation(`conform-broken-${salt}`, 'echo no; exit 3'))
  const [made = ''] = await nixStoreQuery('--outputs', derivation)

  const cached = await makeStorePath(`conform-cached-${salt}`, (path) => writeFile(path, salt))
  await execa(
    'nix',
    ['--extra-experimental-features', 'nix-command', 'copy', '--to', `file://${cache}`, cached],
    env,
  )
  await execa('nix-store', ['--delete', cached], env)

  const options = ['--option', 'substituters', `file://${cache}`, '--option', 'require-sigs', 'false']
  const store = new DaemonStore(processTransport([...EMBEDDED_COMMAND, ...options]))
  t.teardown(async () => {
    store.close()
    await rm(cache, { recursive: true, force: true })
  })
  await testStore(t, store, { root, reference, derivation, made: storePath(made), broken, cached })
})
