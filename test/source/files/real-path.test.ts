import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { encodeText } from '../../../src/core/byte-string.ts'
import { storeDirectory } from '../../../src/core/nix/store-directory.ts'
import { realPath } from '../../../src/source/files/real-path.ts'

const A = '/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-a'
const B = '/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-b'

/** Paths, and where they lead; nothing for nowhere. */
const PATHS: readonly (readonly [path: string, leads: string | undefined])[] = [
  [A, A],
  [`${A}/file`, `${A}/file`],
  [`${A}/./sub//../file`, `${A}/file`],
  [`${A}/absent`, undefined],
  [`${A}/file/`, undefined],
  [`${A}/file/..`, undefined],
  [`${A}/file/x`, undefined],
  [`${A}/sub/`, `${A}/sub`],
  [`${A}/to-b`, `${B}/file`],
  [`${A}/relative`, `${B}/file`],
  [`${A}/b-directory/file`, `${B}/file`],
  [`${A}/b-directory/../file`, '/nix/store/file'],
  [`${A}/dangling`, undefined],
  [`${A}/circle`, undefined],
  [`${A}/out`, undefined],
  [`${A}/up`, undefined],
  [`${A}/very-far-up`, `${B}/file`],
  [`${A}/../../../nix/store/${B.slice(11)}/file`, `${B}/file`],
  ['/nix/store', '/nix/store'],
  ['/nix/var', undefined],
  ['/etc/passwd', undefined],
  ['/', '/'],
  [`${A}/n\u00e4me`, `${A}/n\u00e4me`],
]

void t.test('links are followed below the directory of the store alone', async (t) => {
  const directory = t.testdir()
  const at = (path: string) => join(directory, path.slice('/nix/store/'.length))
  for (const path of [`${A}/sub`, B]) await mkdir(at(path), { recursive: true })
  for (const path of [`${A}/file`, `${B}/file`, `${A}/n\u00e4me`]) await writeFile(at(path), '')
  await writeFile(join(directory, 'file'), '')
  const links = {
    'to-b': `${B}/file`,
    relative: `../${B.slice(11)}/file`,
    'b-directory': B,
    dangling: `${B}/absent`,
    circle: 'circle',
    out: '/etc/passwd',
    up: '../../../etc/passwd',
    'very-far-up': `../../../../../../..${B}/file`,
  }
  for (const [name, target] of Object.entries(links)) await symlink(target, at(`${A}/${name}`))
  const store = storeDirectory(directory)
  for (const [path, leads] of PATHS)
    t.equal(await realPath(store, encodeText(path)), leads === undefined ? leads : encodeText(leads), path)
})
