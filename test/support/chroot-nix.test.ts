/** A newer Nix is there, builds, speaks the worker protocol of its version, and has a store that is nobody else's. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { chrootNix, missingTrixieNix } from './chroot-nix.ts'

/** The first word a client sends, WORKER_MAGIC_1, and a daemon's answer, WORKER_MAGIC_2 (worker-protocol.hh). */
const CLIENT_HELLO = 0x6e_69_78_63n
const DAEMON_HELLO = 0x64_78_69_6fn

void t.test('Nix of Debian trixie', { skip: await missingTrixieNix(), timeout: 120_000 }, async (t) => {
  const nix = await chrootNix(t)

  t.match(await nix.run(['nix', '--version']), /^nix \(Nix\) 2\.(2[6-9]|[3-9]\d)\./)

  const file = await nix.addFile(
    'built.nix',
    'derivation { name = "built"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo built > $out" ]; }',
  )
  const path = await nix.run(['nix-build', '--no-out-link', file])
  t.equal(await readFile(join(nix.storeDir, path.replace('/nix/store/', '')), 'utf8'), 'built\n')

  const [command, ...args] = nix.daemonCommand
  const hello = Buffer.alloc(8)
  hello.writeBigUInt64LE(CLIENT_HELLO)
  const { stdout } = await execa(command, args, {
    input: hello,
    encoding: 'buffer',
    reject: false,
    timeout: 10_000,
  })
  const answer = Buffer.from(stdout)
  t.equal(answer.readBigUInt64LE(0), DAEMON_HELLO)
  t.ok(answer.readBigUInt64LE(8) >= 0x126n, 'protocol 1.38 or newer')

  const other = await chrootNix(t)
  await t.rejects(other.run(['nix-store', '--check-validity', path]), /is not valid/)
})
