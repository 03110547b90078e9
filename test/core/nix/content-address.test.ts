import t from 'tap'
import {
  contentAddressedPath,
  formatContentAddress,
  methodText,
  parseContentAddress,
} from '../../../src/core/nix/content-address.ts'
import { parseStorePath, storeNameOf, type StorePath } from '../../../src/core/nix/store-path.ts'

const SOURCE = '/nix/store/0k4sxm4237jxqpy8rj14cxfxs0s7pz2k-src'

/** Of Nix 2.8: `nix-store --add-fixed sha256 [--recursive]`, `builtins.toFile`, a derivation; by `nix path-info --json`. */
const VECTORS = [
  {
    path: '/nix/store/kpbjaryhvz5xckkvry7fnj4zmpnslp61-f',
    ca: 'fixed:sha256:1ir5rz261phggayppq7565k0jxg47zq3rkkvbq332gc04b2qyhl7',
    references: [],
  },
  {
    path: SOURCE,
    ca: 'fixed:r:sha256:0k07bdqmhliixr1pf73l0nf95bxvgf9fc0af72yzls1mmxyg95q0',
    references: [],
  },
  {
    path: '/nix/store/yb554rm2xvp2vbjgyc3zanbxmdaqnnqh-note',
    ca: 'text:sha256:094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic',
    references: [],
  },
  {
    path: '/nix/store/visrz2240v2zg75icxnh89q5jffwj3s1-ref',
    ca: 'text:sha256:0q5r8qbwwj9j92s1z5kb4x6m49fsbah300kh2cy1pa8v8ima08j5',
    references: [SOURCE],
  },
  {
    path: '/nix/store/d9kgf4yz67wi657a70a301r5y2488r71-x.drv',
    ca: 'text:sha256:1nm01f9arr3ck82jdaj5zab3g50r54kpa8w6wmc4m1pc8h2sf0rn',
    references: [SOURCE],
  },
] as const

void t.test('the path is the one that Nix computes', async (t) => {
  for (const { path, ca, references } of VECTORS) {
    const address = parseContentAddress(ca)
    if (address === undefined) throw new Error(ca)
    t.equal(contentAddressedPath(storeNameOf(parsed(path)), address, references.map(parsed)), path)
    t.equal(formatContentAddress(address), ca)
    t.ok(ca.startsWith(`${methodText(address.method)}:`))
  }
})

void t.test(
  'the order of references and how often they are said makes no difference, what they are does',
  async (t) => {
    const [, , , { ca, path }] = VECTORS
    const address = parseContentAddress(ca)
    if (address === undefined) throw new Error(ca)
    const [a, b] = [parsed(SOURCE), parsed(path)]
    const of = (...references: StorePath[]) => contentAddressedPath('ref', address, references)
    t.equal(of(a, b), of(b, a, a))
    t.equal(of(a, a), path)
    t.not(of(), path)
    t.not(of(a, b), path)
  },
)

void t.test('contents that can’t have a path', async (t) => {
  const address = parseContentAddress(VECTORS[0].ca)
  if (address === undefined) throw new Error('no address')
  t.equal(contentAddressedPath('f', address, [parsed(SOURCE)]), undefined, 'a flat file with references')
  for (const name of ['', '..', 'a/b', 'a b', 'n'.repeat(212)])
    t.equal(contentAddressedPath(name, { ...address, method: 'archive' }, []), undefined, name)
})

void t.test('other content addresses aren’t read', async (t) => {
  const [{ ca }] = VECTORS
  for (const text of [
    '',
    'text:',
    ca.slice(0, -1),
    ca.replace('fixed', 'fixd'),
    ca.replace('fixed:', 'fixed:git:'),
    'fixed:sha1:0k4sxm4237jxqpy8rj14cxfxs0s7pz2k',
    ca.replace('sha256', 'sha512'),
  ])
    t.equal(parseContentAddress(text), undefined, text)
})

function parsed(text: string): StorePath {
  const path = parseStorePath(text)
  if (path === undefined) throw new Error(text)
  return path
}
