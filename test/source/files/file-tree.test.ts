import t from 'tap'
import { FileTree } from '../../../src/source/files/file-tree.ts'

const CONTENT = Buffer.from('content')
const names = async (tree: FileTree) => [...(await tree.entries())].map(({ kind, name }) => `${kind} ${name}`)

void t.test('a tree comes out depth first, sorted by bytes, whatever order it was made in', async (t) => {
  const tree = new FileTree()
  tree.symlink('z', '/target')
  tree.file('etc-x', 0o444, CONTENT)
  tree.file('etc/b/deep', 0o555, CONTENT)
  tree.directory('etc/a')
  tree.file('etc/B', 0o444, CONTENT)
  tree.file('etc/\u00e4', 0o444, new Uint8Array())
  tree.directory('Z', 0o1777)
  t.strictSame(
    [...(await tree.entries())],
    [
      { kind: 'directory', name: 'Z', mode: 0o1777 },
      { kind: 'directory', name: 'etc', mode: 0o755 },
      { kind: 'file', name: 'etc/B', mode: 0o444, size: 7, content: CONTENT },
      { kind: 'directory', name: 'etc/a', mode: 0o755 },
      { kind: 'directory', name: 'etc/b', mode: 0o755 },
      { kind: 'file', name: 'etc/b/deep', mode: 0o555, size: 7, content: CONTENT },
      { kind: 'file', name: 'etc/\u00e4', mode: 0o444, size: 0, content: new Uint8Array() },
      { kind: 'file', name: 'etc-x', mode: 0o444, size: 7, content: CONTENT },
      { kind: 'symlink', name: 'z', target: '/target' },
    ],
  )
})

void t.test('what is put twice is replaced', async (t) => {
  const tree = new FileTree()
  tree.symlink('a', '/one')
  tree.file('a', 0o444, CONTENT)
  t.strictSame(await names(tree), ['file a'])
  tree.file('a/below', 0o444, CONTENT)
  t.strictSame(
    await names(tree),
    ['directory a', 'file a/below'],
    'what stands in the way of a directory too',
  )
  tree.symlink('a', '/two')
  t.strictSame(await names(tree), ['symlink a'], 'a directory with all that is in it')
})

void t.test(
  'a directory put over another keeps what is in it, and its mode unless another is said',
  async (t) => {
    const tree = new FileTree()
    tree.directory('tmp', 0o1777)
    tree.file('tmp/x', 0o444, CONTENT)
    tree.directory('tmp')
    t.strictSame([...(await tree.entries())][0], { kind: 'directory', name: 'tmp', mode: 0o1777 })
    tree.directory('tmp', 0o700)
    t.strictSame([...(await tree.entries())][0], { kind: 'directory', name: 'tmp', mode: 0o700 })
    t.strictSame(await names(tree), ['directory tmp', 'file tmp/x'])
  },
)

void t.test('an empty tree has no entries', async (t) => {
  t.strictSame([...(await new FileTree().entries())], [])
})
