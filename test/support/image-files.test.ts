/** Layers are put together as the specification says, and each thing in which two images can differ is told. */
import t from 'tap'
import { pack, type Header } from 'tar-stream'
import { applyLayer, imageDifferences, type ImageContent } from './image-files.ts'

type Entry = Partial<Header> & { readonly name: string; readonly text?: string }

const FILE = { name: 'etc/app', text: 'one', mode: 0o644 } as const

void t.test('differences of two images', async (t) => {
  const base = await content([[FILE, { name: 'bin/sh', type: 'symlink', linkname: 'busybox' }]])
  t.strictSame(
    imageDifferences(base, await content([[FILE, { name: 'bin/sh', type: 'symlink', linkname: 'busybox' }]])),
    [],
  )
  const rows: readonly (readonly [Entry, RegExp])[] = [
    [{ ...FILE, text: 'two' }, /^file \/etc\/app: sha256 /],
    [{ ...FILE, text: 'longer' }, /^file \/etc\/app: size 3, not 6; sha256 /],
    [{ ...FILE, mode: 0o4644 }, /^file \/etc\/app: mode "0644", not "4644"$/],
    [{ ...FILE, uid: 1000 }, /owner "0:0", not "1000:0"$/],
    [{ ...FILE, gid: 5 }, /owner "0:0", not "0:5"$/],
    [{ ...FILE, mtime: new Date(5000) }, /mtime 1, not 5$/],
    [{ ...FILE, type: 'directory', text: '' }, /type "file", not "directory"/],
    [{ ...FILE, name: 'etc/other' }, /^file \/etc\/app: not in the original$/],
    [{ ...FILE, pax: { 'SCHILY.xattr.security.capability': 'x' } }, /attributes /],
    [{ name: 'bin/sh', type: 'symlink', linkname: 'bash' }, /^file \/bin\/sh: target "busybox", not "bash"$/],
  ]
  for (const [entry, says] of rows) {
    const others = [FILE, { name: 'bin/sh', type: 'symlink', linkname: 'busybox' } as const]
    const rest = others.filter(({ name }) => name !== (entry.name === 'etc/other' ? FILE.name : entry.name))
    t.match(imageDifferences(base, await content([[entry, ...rest]]))[0], says)
  }
  t.match(imageDifferences(await content([[]]), base), [
    /^file \/bin\/sh: missing$/,
    /^file \/etc\/app: missing$/,
  ])
  const config = { architecture: 'amd64', config: { Env: ['A=1'], Cmd: ['sh'] } }
  t.strictSame(
    imageDifferences(
      { ...base, config },
      { ...base, config: { architecture: 'arm64', config: { Env: ['A=2'], Cmd: ['sh'], User: '1' } } },
    ),
    [
      'config architecture: "amd64", not "arm64"',
      'config config.Env: ["A=1"], not ["A=2"]',
      'config config.User: missing',
    ],
  )
  const many = await content([Array.from({ length: 40 }, (_, i) => ({ name: `f${i}`, text: '' }))])
  t.equal(imageDifferences(many, await content([[]])).at(-1), 'and 10 more differences')
})

void t.test('how layers lie on each other', async (t) => {
  const below: Entry[] = [
    { name: './a/', type: 'directory' },
    { name: './a/one', text: '1' },
    { name: './a/two', text: '2' },
    { name: '/b/three', text: '3' },
    { name: 'c', type: 'link', linkname: 'a/one' },
  ]
  const rows: readonly (readonly [what: string, above: Entry[], names: string[]])[] = [
    ['names in three forms, hard links', [], ['/a', '/a/one', '/a/two', '/b/three', '/c']],
    ['a whiteout', [{ name: 'a/.wh.one', text: '' }], ['/a', '/a/two', '/b/three', '/c']],
    ['a whiteout of a directory', [{ name: '.wh.a', text: '' }], ['/b/three', '/c']],
    [
      'an opaque directory',
      [
        { name: 'a/new', text: '' },
        { name: 'a/.wh..wh..opq', text: '' },
      ],
      ['/a', '/a/new', '/b/three', '/c'],
    ],
    ['a file where a directory was', [{ name: 'a', text: '' }], ['/a', '/b/three', '/c']],
  ]
  for (const [what, above, names] of rows) {
    t.strictSame([...(await content([below, above])).files.keys()].sort(), names, what)
  }
  const { files } = await content([below])
  t.strictSame(files.get('/c'), files.get('/a/one'), 'a hard link is the file')
  await t.rejects(content([[{ name: 'c', type: 'link', linkname: 'nowhere' }]]), /isn't there/)
})

async function content(layers: readonly (readonly Entry[])[]): Promise<ImageContent> {
  const files: Map<string, ImageContent['files'] extends ReadonlyMap<string, infer F> ? F : never> = new Map()
  for (const entries of layers) {
    const tar = pack()
    for (const { text, ...header } of entries) {
      const whole = { mtime: new Date(1000), type: 'file', ...header } as const
      if (text === undefined || whole.type !== 'file') tar.entry(whole)
      else tar.entry(whole, text)
    }
    tar.finalize()
    const chunks: Buffer[] = []
    for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk)
    await applyLayer(Buffer.concat(chunks), files)
  }
  return { config: {}, files }
}
