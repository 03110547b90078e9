import { asByteString } from '../../../src/core/byte-string.ts'
import t from 'tap'
import { FileTree } from '../../../src/source/files/file-tree.ts'

const CONTENT = Buffer.from('content')
const names = async (tree: FileTree) => [...(await tree.entries())].map(({ kind, name }) => `${kind} ${name}`)

void t.test('a tree comes out depth first, sorted by bytes, whatever order it was made in', async (t) => {
  const tree = new FileTree()
  tree.symlink(asByteString('z'), asByteString('/target'))
  tree.file(asByteString('etc-x'), 0o444, CONTENT)
  tree.file(asByteString('etc/b/deep'), 0o555, CONTENT)
  tree.directory(asByteString('etc/a'))
  tree.file(asByteString('etc/B'), 0o444, CONTENT)
  tree.file(asByteString('etc/\u00e4'), 0o444, new Uint8Array())
  tree.directory(asByteString('Z'), 0o1777)
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

void t.test('an entry that is put twice is replaced', async (t) => {
  const tree = new FileTree()
  tree.symlink(asByteString('a'), asByteString('/one'))
  tree.file(asByteString('a'), 0o444, CONTENT)
  t.strictSame(await names(tree), ['file a'])
  tree.file(asByteString('a/below'), 0o444, CONTENT)
  t.strictSame(
    await names(tree),
    ['directory a', 'file a/below'],
    'what stands in the way of a directory too',
  )
  tree.symlink(asByteString('a'), asByteString('/two'))
  t.strictSame(await names(tree), ['symlink a'], 'a directory with all that is in it')
})

void t.test(
  'a directory put over another keeps what is in it, and its mode unless another is said',
  async (t) => {
    const tree = new FileTree()
    tree.directory(asByteString('tmp'), 0o1777)
    tree.file(asByteString('tmp/x'), 0o444, CONTENT)
    tree.directory(asByteString('tmp'))
    t.strictSame([...(await tree.entries())][0], { kind: 'directory', name: 'tmp', mode: 0o1777 })
    tree.directory(asByteString('tmp'), 0o700)
    t.strictSame([...(await tree.entries())][0], { kind: 'directory', name: 'tmp', mode: 0o700 })
    t.strictSame(await names(tree), ['directory tmp', 'file tmp/x'])
  },
)

void t.test('an empty tree has no entries', async (t) => {
  t.strictSame([...(await new FileTree().entries())], [])
})
