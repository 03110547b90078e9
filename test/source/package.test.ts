import { asByteString } from '../../src/core/byte-string.ts'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { filesOf } from '../support/read-image.ts'
import { commandOf } from '../../src/source/package-facts.ts'
import { packageSource } from '../../src/source/package.ts'
import type { Source } from '../../src/source/source.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'

void t.test('the command of a package', async (t) => {
  for (const [name, programs, expected] of [
    ['hello-2.12.1', ['hello'], 'hello'],
    ['coreutils-9.5', ['only'], 'only'],
    ['hello-2.12.1', ['hello', 'other'], 'hello'],
    ['hello', ['hello', 'other'], 'hello'],
    ['git-lfs-3.5.1', ['git-lfs', 'git'], 'git-lfs'],
    ['python3-3.12.4', ['python', 'python3', 'python3.12'], 'python3'],
    ['nginx-1.26-dev', ['a', 'nginx'], 'nginx'],
    ['coreutils-9.5', ['cat', 'ls'], undefined],
    ['hello-2.12.1', [], undefined],
    ['hello-wrapped', ['hello', 'other'], undefined],
  ] as const) {
    t.equal(commandOf(name, programs), expected, `${name}: ${programs.join(' ')}`)
  }
})

/** The first 20 bytes of an ELF file; e_machine is the last two. */
function elf(machine: number): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.write('\u007fELF', 'latin1')
  bytes.writeUInt16LE(machine, 18)
  return bytes
}

const configIn = ({ config }: Source) => (config.kind === 'made' ? config.config : undefined)

function packageWith(name: string, programs: Readonly<Record<string, Buffer | string>>) {
  return makeStorePath(name, async (path) => {
    await mkdir(join(path, 'bin'), { recursive: true })
    for (const [program, content] of Object.entries(programs)) {
      if (typeof content === 'string') await symlink(content, join(path, 'bin', program))
      else await writeFile(join(path, 'bin', program), content, { mode: 0o755 })
    }
  })
}

void t.test('the platform is what its programs are made for', { skip: withoutNix }, async (t) => {
  const script = Buffer.from('#!/bin/sh\n')
  for (const [what, programs, expected] of [
    ['amd64', { a: elf(62) }, { architecture: 'amd64', os: 'linux' }],
    ['arm64', { a: elf(183) }, { architecture: 'arm64', os: 'linux' }],
    ['arm', { a: elf(40) }, { architecture: 'arm', variant: 'v7', os: 'linux' }],
    ['386', { a: elf(3) }, { architecture: '386', os: 'linux' }],
    ['riscv64', { a: elf(243) }, { architecture: 'riscv64', os: 'linux' }],
    ['a script first', { a: script, b: elf(183) }, { architecture: 'arm64', os: 'linux' }],
    ['an unknown machine first', { a: elf(9999), b: elf(183) }, { architecture: 'arm64', os: 'linux' }],
    ['no binary', { a: script }, { architecture: 'amd64', os: 'linux' }],
    ['an empty file', { a: Buffer.alloc(0) }, { architecture: 'amd64', os: 'linux' }],
    ['no program', {}, { architecture: 'amd64', os: 'linux' }],
    [
      'a program of the serving machine',
      { a: '/proc/self/exe', b: elf(183) },
      { architecture: 'arm64', os: 'linux' },
    ],
  ] as const) {
    const path = await packageWith(`package-${what.replaceAll(' ', '-')}`, programs)
    const { config } = await packageSource(path, filesOf(path))
    t.match(config, { kind: 'made', platform: expected }, what)
  }
})

void t.test('a package as an image', { skip: withoutNix }, async (t) => {
  const path = await packageWith('tool-1.0', { tool: elf(62), '.tool-wrapped': elf(62) })
  const { format, config, layers } = await packageSource(path, filesOf(path))
  t.equal(format, 'package')
  t.strictSame(
    config.kind === 'made' ? config.config : undefined,
    { Env: ['PATH=/bin:/sbin'], Entrypoint: [`${path}/bin/tool`] },
    'hidden programs don’t count',
  )
  t.strictSame(layers[0], { kind: 'closure', maxLayers: 60, except: [] })
  const root = layers[1]
  t.ok(
    root?.kind === 'entries' &&
      [...root.entries].some((entry) => entry.kind === 'symlink' && entry.target === `${path}/bin/tool`),
  )
  t.equal(root?.kind === 'entries' ? root.createdBy : '', 'root of tool-1.0')
  const several = await packageWith('tools-1.0', { a: elf(62), b: elf(62) })
  const { config: without } = await packageSource(several, filesOf(several))
  t.strictSame(
    without.kind === 'made' ? without.config : undefined,
    { Env: ['PATH=/bin:/sbin'] },
    'no command where it can’t be told',
  )
})

void t.test('a package may name its program, and only one that it has', { skip: withoutNix }, async (t) => {
  for (const [named, expected] of [
    ['b', 'b'],
    ['b\n', 'b'],
    ['c', 'two'],
    ['', 'two'],
    ['../../etc/passwd', 'two'],
    ['b'.repeat(10_000), 'two'],
  ] as const) {
    const path = await makeStorePath('two-1.0', async (path) => {
      await mkdir(join(path, 'bin'), { recursive: true })
      for (const program of ['b', 'two'])
        await writeFile(join(path, 'bin', program), elf(62), { mode: 0o755 })
      await mkdir(join(path, 'nix-support'))
      await writeFile(join(path, 'nix-support/main-program'), named)
    })
    t.same(
      configIn(await packageSource(path, filesOf(path)))?.['Entrypoint'],
      [`${path}/bin/${expected}`],
      named.slice(0, 20),
    )
  }
})

void t.test('a file that isn’t executable is not a program', { skip: withoutNix }, async (t) => {
  const path = await makeStorePath('mixed-1.0', async (path) => {
    await mkdir(join(path, 'bin/directory'), { recursive: true })
    await writeFile(join(path, 'bin/only'), elf(62), { mode: 0o755 })
    await writeFile(join(path, 'bin/notes'), 'text')
    await symlink('/bin/sh', join(path, 'bin/outside'))
    await symlink('nowhere', join(path, 'bin/dangling'))
  })
  t.same(configIn(await packageSource(path, filesOf(path)))?.['Entrypoint'], [`${path}/bin/only`])
})

void t.test('packages joined: links to directories, and links to files', { skip: withoutNix }, async (t) => {
  const one = await packageWith('one-1.0', { one: elf(183) })
  const two = await makeStorePath('two-2.0', async (path) => {
    await mkdir(join(path, 'bin'), { recursive: true })
    await writeFile(join(path, 'bin/two'), elf(183), { mode: 0o755 })
    await mkdir(join(path, 'share/two'), { recursive: true })
    await writeFile(join(path, 'share/two/data'), '')
  })
  // buildEnv links what only one package has as a whole; symlinkJoin (lndir) links each file.
  const asBuildEnv = await makeStorePath('one', async (path) => {
    await mkdir(path)
    await symlink(`${one}/bin`, join(path, 'bin'))
    await symlink(`${two}/share`, join(path, 'share'))
  })
  const asSymlinkJoin = await makeStorePath('two', async (path) => {
    for (const name of ['bin', 'share/two']) await mkdir(join(path, name), { recursive: true })
    await symlink(`${one}/bin/one`, join(path, 'bin/one'))
    await symlink(`${two}/bin/two`, join(path, 'bin/two'))
    await symlink(`${two}/share/two/data`, join(path, 'share/two/data'))
  })
  for (const [path, command, links] of [
    [asBuildEnv, 'one', ['bin/one', 'share/two']],
    [asSymlinkJoin, 'two', ['bin/one', 'bin/two']],
  ] as const) {
    const source = await packageSource(path, filesOf(path))
    t.same(configIn(source)?.['Entrypoint'], [`${path}/bin/${command}`])
    t.match(
      source.config,
      { platform: { architecture: 'arm64' } },
      'its programs are looked at through the links',
    )
    const root = source.layers[1]
    const names = root?.kind === 'entries' ? [...root.entries].map(({ name }) => name) : []
    for (const link of links) t.ok(names.includes(asByteString(link)), link)
  }
})
