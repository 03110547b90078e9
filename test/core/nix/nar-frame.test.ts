import { asByteString } from '../../../src/core/byte-string.ts'
import t from 'tap'
import { frameOfPages } from '../../../src/core/tar/frame.ts'
import { narPages } from '../../../src/core/nix/nar-frame.ts'
import { segmentsOf, type LayerEntry } from '../../../src/core/tar/segment.ts'
import { nar, type Tree } from '../../support/nar.ts'

const ROOT = 'nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x'

/** What a walk of such a path gives, and the contents of its files. */
function walked(tree: Tree, name: string, contents: Map<string, Buffer>): LayerEntry[] {
  if ('symlink' in tree)
    return [{ kind: 'symlink', name: asByteString(name), target: asByteString(tree.symlink) }]
  if ('file' in tree) {
    const content = Buffer.from(tree.file)
    contents.set(`/${name}`, content)
    return [
      {
        kind: 'file',
        name: asByteString(name),
        mode: tree.executable === true ? 0o555 : 0o444,
        size: content.length,
      },
    ]
  }
  return [
    { kind: 'directory', name: asByteString(name), mode: 0o555 },
    ...tree.directory.flatMap(([child, node]) => walked(node, `${name}/${child}`, contents)),
  ]
}

const file = (content: string): Tree => ({ file: content })
const TREES: readonly (readonly [string, Tree])[] = [
  ['a file', file('hello')],
  ['an empty file', file('')],
  ['a program of 8 bytes', { file: '12345678', executable: true }],
  ['a link', { symlink: 'elsewhere' }],
  ['an empty directory', { directory: [] }],
  [
    'a tree that goes down and up',
    {
      directory: [
        ['a', { directory: [['b', { directory: [['c', { directory: [] }]] }]] }],
        ['a-file', file('x')],
        [
          'z',
          {
            directory: [
              ['deep', { directory: [['er', file('deeper')]] }],
              ['l', { symlink: '../a' }],
            ],
          },
        ],
      ],
    },
  ],
]

void t.test('the archive of a walk is the archive of the tree', async (t) => {
  for (const [name, tree] of TREES) {
    const contents = new Map<string, Buffer>()
    const frame = frameOfPages(narPages(walked(tree, ROOT, contents)))
    const expected = nar(tree)
    t.equal(frame.size, expected.length, name)
    const bytes = [...segmentsOf({ kind: 'layer', frame }, { start: 0, end: frame.size })].map((segment) =>
      segment.kind === 'bytes' ? segment.bytes : (contents.get(segment.path) ?? Buffer.alloc(0)),
    )
    t.ok(Buffer.concat(bytes).equals(expected), name)
  }
})
