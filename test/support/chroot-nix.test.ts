/** A newer Nix is there, builds, speaks the worker protocol of its version, and has a store that is nobody else's. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { NixPool } from '../../src/store/daemon/pool.ts'
import { processTransport } from '../../src/store/daemon/transport.ts'
import { chrootNix, missingTrixieNix } from './chroot-nix.ts'

const VERSION = /2\.(2[6-9]|[3-9]\d)\./

void t.test('Nix of Debian trixie', { skip: await missingTrixieNix(), timeout: 120_000 }, async (t) => {
  const nix = await chrootNix(t)

  t.match(await nix.run(['nix', '--version']), VERSION)

  const file = await nix.addFile(
    'built.nix',
    'derivation { name = "built"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo built > $out" ]; }',
  )
  const path = await nix.run(['nix-build', '--no-out-link', file])
  t.equal(await readFile(join(nix.storeDir, path.replace('/nix/store/', '')), 'utf8'), 'built\n')

  const pool = new NixPool(processTransport(nix.daemonCommand))
  t.teardown(() => pool.close())
  t.match(await pool.connect(), VERSION, 'its daemon says so too')

  const other = await chrootNix(t)
  await t.rejects(other.run(['nix-store', '--check-validity', path]), /is not valid/)
})
