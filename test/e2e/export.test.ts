/** `pushless export`: what it writes, under which names and for which platform, and what it refuses. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { execa } from 'execa'
import { imageName } from './client.ts'
import { exampleImage } from './example.ts'
import { LayoutBuilder, of } from '../support/layout-builder.ts'
import { busybox, nixEnv, nixStore, only } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { exporter } from './exporter.ts'

void t.test('a pipe', { skip: missing('nix') }, async (t) => {
  const { command } = await exporter(t)
  const path = await exampleImage()
  const { stdout } = await execa('sh', ['-c', '"$@" | tar -tf -', 'sh', ...command, path], {
    env: nixEnv,
    lines: true,
  })
  t.strictSame(stdout.slice(0, 5), ['blobs/', 'blobs/sha256/', 'oci-layout', 'index.json', 'manifest.json'])
  const left = await execa(
    'bash',
    ['-c', '"$@" | head -c 100 >/dev/null; exit ${PIPESTATUS[0]}', 'bash', ...command, path],
    { env: nixEnv, reject: false },
  )
  t.match(left, { exitCode: 141, stderr: '' }, 'a reader that leaves is no news')
})

void t.test('the same bytes each time, from any state', { skip: missing('nix') }, async (t) => {
  const hashes = new Set<string>()
  for (let i = 0; i < 2; i++) {
    const { run, directory } = await exporter(t)
    const file = join(directory, 'image.tar')
    t.match(await run('--output', file, await exampleImage()), { exitCode: 0 })
    const hash = createHash('sha256')
    await pipeline(createReadStream(file), hash)
    hashes.add(hash.digest('hex'))
  }
  t.equal(hashes.size, 1)
})

void t.test(
  'several images share what they have in common, each under its name',
  { skip: missing('nix') },
  async (t) => {
    const { run, directory } = await exporter(t)
    const [greeter, shell] = [await exampleImage(), await busybox()]
    const layout = join(directory, 'layout')
    t.match(await run('--format', 'oci', '--output', layout, greeter, shell), {
      exitCode: 1,
      stderr: /--serve-packages/,
    })
    t.strictSame(await readdir(directory), [], 'a failure leaves nothing')
    const args = ['--format', 'oci', '--serve-packages', '--output', layout]
    t.match(await run(...args, greeter, shell, greeter), { exitCode: 0 })
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
      manifests: { annotations: Record<string, string> }[]
    }
    t.strictSame(
      index.manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name']),
      [imageName(greeter), imageName(shell)],
    )
  },
)

void t.test('names', { skip: missing('nix') }, async (t) => {
  const { run } = await exporter(t)
  const path = await exampleImage()
  const [deriver = ''] = await nixStore('--query', '--deriver', path)
  const nameOf = async (...args: readonly string[]) => {
    const { exitCode, stderr } = await run('--output', '/dev/null', '--json', ...args)
    t.equal(exitCode, 0, stderr)
    const line = stderr.split('\n').find((text) => text.includes('"begun"')) ?? '{}'
    return (JSON.parse(line) as { images: [{ name: string }] }).images[0].name
  }
  const hash = path.slice('/nix/store/'.length, '/nix/store/'.length + 32)
  t.equal(await nameOf(hash), imageName(path))
  t.equal(
    await nameOf(`registry.example:5000/nix/store/${hash}:latest`),
    `registry.example:5000${path}:latest`,
  )
  t.equal(await nameOf(deriver), imageName(deriver), 'a derivation under its own')
  t.equal(await nameOf(deriver.slice('/nix/store/'.length).slice(0, 32)), imageName(deriver))
  t.equal(await nameOf('--name', 'ghcr.io/me/greeter:1', path), 'ghcr.io/me/greeter:1')
})

void t.test(
  'of an image for several platforms the one that is asked for',
  { skip: missing('nix') },
  async (t) => {
    const { run, directory } = await exporter(t)
    const builder = new LayoutBuilder(join(directory, 'several'))
    const images = new Map<string, string>()
    const list = []
    for (const architecture of ['s390x', 'amd64', 'arm64']) {
      const image = await builder.image(architecture, [await builder.layer('file', architecture)])
      images.set(architecture, image.digest)
      list.push(of(architecture, image))
    }
    await builder.finish([await builder.index(list)])
    const path = only(await nixStore('--add', builder.directory))
    const own = process.arch === 'arm64' ? 'arm64' : 'amd64'
    for (const format of ['oci', 'oci-archive', 'docker-archive']) {
      for (const architecture of [undefined, 'arm64', 's390x']) {
        const output = join(directory, `${format}-${architecture}`)
        const args = architecture === undefined ? [] : ['--platform', `linux/${architecture}`]
        const { exitCode, stderr } = await run(
          '--json',
          '--format',
          format,
          '--output',
          output,
          ...args,
          path,
        )
        t.equal(exitCode, 0, stderr)
        t.match(stderr, images.get(architecture ?? own), `${format}, ${architecture}`)
        if (format !== 'oci') continue
        const { manifests } = JSON.parse(await readFile(join(output, 'index.json'), 'utf8')) as {
          manifests: object[]
        }
        t.match(manifests, [
          { digest: images.get(architecture ?? own), platform: { architecture: architecture ?? own } },
        ])
        t.equal(
          (await readdir(join(output, 'blobs/sha256'))).length,
          3,
          'manifest, config and layer of that one',
        )
      }
    }
    for (const image of [path, await exampleImage()])
      t.match(await run('--output', join(directory, 'none'), '--platform', 'linux/riscv64', image), {
        exitCode: 1,
        stderr: /no image for linux\/riscv64/,
      })
  },
)

void t.test('arguments that are refused before any work', { skip: missing('nix', 'script') }, async (t) => {
  const { run, directory, command } = await exporter(t)
  const path = await exampleImage()
  const file = join(directory, 'image.tar')
  await writeFile(file, 'mine')
  for (const [args, message] of [
    [['--output', file, path], /image\.tar: is there already \(--force replaces it\)/],
    [['--format', 'oci', path], /name it with --output/],
    [['--format', 'oci', '--gzip', '--output', 'x', path], /--format oci writes a directory/],
    [['--gzip', '--zstd', path], /cannot be used with/],
    [['--format', 'tar', path], /docker-archive, oci-archive, oci/],
    [['--platform', 'arm64', path], /not os\/arch or os\/arch\/variant: arm64/],
    [['--name', 'A B', path], /not an image name: A B/],
    [['--name', 'x', path, path], /2 images can't all have one name/],
  ] as const) {
    t.match(await run(...args), { exitCode: 2, stdout: '', stderr: message }, args.join(' '))
  }
  t.equal(await readFile(file, 'utf8'), 'mine')
  t.match(await run('--force', '--output', file, path), { exitCode: 0 })
  t.not(await readFile(file, 'utf8'), 'mine')
  const line = [...command, path].join(' ')
  const shown = await execa('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    env: nixEnv,
    reject: false,
  })
  t.match(shown, { exitCode: 2, stdout: /nothing for a terminal: pipe it \(\| docker load/ })
})

void t.test('a full disk', { skip: missing('nix', 'root') }, async (t) => {
  const { run, directory } = await exporter(t)
  const disk = join(directory, 'disk')
  await mkdir(disk)
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'pushless-test', disk])
  t.teardown(() => execa('umount', ['--lazy', disk]).then(() => undefined))
  for (const format of ['docker-archive', 'oci']) {
    const output = join(disk, 'image')
    t.match(await run('--format', format, '--output', output, await exampleImage()), {
      exitCode: 1,
      stderr: `pushless: ${output}: cannot be written: no space left on the disk`,
    })
    t.strictSame(await readdir(disk), [], 'no half of it is left')
  }
})
