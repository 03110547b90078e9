import t from 'tap'
import { readNar } from '../../../src/core/nix/nar-reader.ts'
import { nar, strings, type Tree } from '../../support/nar.ts'

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const file = (content: string): Tree => ({ file: content })
const nested = (depth: number): Tree => (depth === 0 ? file('') : { directory: [['d', nested(depth - 1)]] })
const inRoot = (...tokens: readonly string[]) => strings('nix-archive-1', '(', ...tokens)
const WELL_FORMED: readonly (readonly [string, Tree, object])[] = [
  ['a file', file('hello'), { kind: 'file', isExecutable: false, offset: 96, size: 5 }],
  ['an empty file', file(''), { kind: 'file', isExecutable: false, offset: 96, size: 0 }],
  [
    'a program',
    { file: 'x', executable: true },
    { kind: 'file', isExecutable: true, offset: 96 + 24 + 8, size: 1 },
  ],
  ['a link', { symlink: '../../anywhere' }, { kind: 'symlink' }],
  ['an empty directory', { directory: [] }, { kind: 'directory' }],
  [
    'names of any bytes, in their order',
    {
      directory: [
        ['.hidden', file('1')],
        ['A', file('2')],
        ['a', { directory: [['..more', file('3')]] }],
        ['ä', { symlink: '/' }],
      ],
    },
    { kind: 'directory' },
  ],
  ['the longest name', { directory: [['n'.repeat(255), file('')]] }, { kind: 'directory' }],
  ['the deepest tree', nested(512), { kind: 'directory' }],
]

void t.test('well-formed archives, in chunks of any size', async (t) => {
  for (const [name, tree, expected] of WELL_FORMED) {
    for (const size of [1, 7, 64, 1 << 20])
      t.strictSame(await readNar(pieces(nar(tree), size)), expected, `${name}, ${size} bytes at a time`)
  }
})

void t.test('the entries and their contents are passed on in order', async (t) => {
  const content = 'x'.repeat(1000)
  const tree: Tree = {
    directory: [
      ['a', { directory: [['b', { file: content, executable: true }]] }],
      ['l', { symlink: '../x' }],
    ],
  }
  for (const size of [1, 64, 1 << 20]) {
    const heard: string[] = []
    const written: Buffer[] = []
    await readNar(pieces(nar(tree), size), {
      directory: (path) => void heard.push(`directory ${path}`),
      symlink: async (path, target) => void heard.push(`link ${path} ${target}`),
      file: async (path, isExecutable, length) => {
        heard.push(`file ${path} ${isExecutable} ${length}`)
        return {
          write: (piece) => void written.push(Buffer.from(piece)),
          end: () => void heard.push('end'),
        }
      },
    })
    t.strictSame(heard, ['directory ', 'directory a', 'file a/b true 1000', 'end', 'link l ../x'])
    t.equal(Buffer.concat(written).toString(), content)
  }
})

const named = (...names: readonly string[]): Tree => ({
  directory: names.map((name) => [name, file('')] as const),
})
const good = nar(named('a', 'b'))
const MALFORMED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['nothing', Buffer.alloc(0), /cut off/],
  [
    'something else',
    Buffer.from('#!/bin/sh\necho hello\nexit 0\n'),
    /a name or word of|a number out of range/,
  ],
  ['another version', strings('nix-archive-2', '(', ')'), /expected "nix-archive-1"/],
  ['something behind it', Buffer.concat([good, Buffer.from([0])]), /follows the end/],
  ['a second archive behind it', Buffer.concat([good, good]), /follows the end/],
  ['..', nar(named('..')), /can't be named/],
  ['.', nar(named('.')), /can't be named/],
  ['no name', nar(named('')), /can't be named/],
  ['a slash', nar(named('a/b')), /can't be named/],
  ['an absolute name', nar(named('/etc/passwd')), /can't be named/],
  ['a zero in a name', nar(named('a\0b')), /can't be named/],
  ['a name too long', nar(named('n'.repeat(256))), /a name or word of 256 bytes/],
  ['a name twice', nar(named('a', 'a')), /not sorted/],
  ['names out of order', nar(named('b', 'a')), /not sorted/],
  ['names in an order of letters, not of bytes', nar(named('a', 'B')), /not sorted/],
  ['an empty link', nar({ symlink: '' }), /to nowhere/],
  ['a link with a zero', nar({ symlink: 'a\0b' }), /to nowhere/],
  ['a link too long', nar({ symlink: 'x'.repeat(4096) }), /a name or word of 4096 bytes/],
  ['too deep', nar(nested(513)), /more than 512 times/],
  ['an unknown type', inRoot('type', 'device', ')'), /unknown type "device"/],
  ['no type', inRoot(')'), /expected "type"/],
  ['a file without contents', inRoot('type', 'regular', ')'), /expected contents/],
  ['executable with a value', inRoot('type', 'regular', 'executable', 'yes'), /expected ""/],
  ['an unknown field', inRoot('type', 'directory', 'owner', 'root', ')'), /expected an entry, not "owner"/],
  [
    'a node before its name',
    inRoot('type', 'directory', 'entry', '(', 'node', '(', 'type', 'symlink'),
    /expected "name"/,
  ],
  [
    'padding that is not zeros',
    Buffer.from(nar(file('hello')).map((byte, i) => (i === 96 + 7 ? 1 : byte))),
    /padding/,
  ],
  [
    'a size that no file has',
    Buffer.concat([inRoot('type', 'regular', 'contents'), Buffer.alloc(8, 255)]),
    /out of range/,
  ],
  [
    'a size past its end',
    Buffer.concat([
      inRoot('type', 'regular', 'contents'),
      Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]),
      Buffer.alloc(100),
    ]),
    /cut off/,
  ],
]

void t.test('everything else is refused, with what is wrong', async (t) => {
  for (const [name, bytes, message] of MALFORMED) {
    for (const size of [5, 1 << 20])
      await t.rejects(readNar(pieces(bytes, size)), { kind: 'malformed', message }, name)
  }
  for (let length = 0; length < good.length; length += 8)
    await t.rejects(
      readNar(pieces(good.subarray(0, length), 64)),
      { kind: 'malformed', message: /cut off/ },
      `cut at ${length}`,
    )
})

void t.test('the source is let go of, whatever happens', async (t) => {
  for (const bytes of [good, good.subarray(0, 100), nar(named('..'))]) {
    let isClosed = false
    async function* source() {
      try {
        yield* pieces(bytes, 16)
        yield* pieces(Buffer.alloc(0), 1)
      } finally {
        isClosed = true
      }
    }
    await readNar(source()).catch(() => undefined)
    t.ok(isClosed)
  }
})
