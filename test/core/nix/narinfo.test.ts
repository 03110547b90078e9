import t from 'tap'
import { formatNarinfo, parseNarinfo } from '../../../src/core/nix/narinfo.ts'

/** As cache.nixos.org has it. */
const TEXT = `StorePath: /nix/store/p4pclmv1gyja5kzc26npqpia1qqxrf0l-ruby-2.7.3
URL: nar/1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3.nar.xz
Compression: xz
FileHash: sha256:1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3
FileSize: 4029176
NarHash: sha256:1impfw8zdgisxkghq9a3q7cn7jb9zyzgxdydiamp8z2nlyyl0h5h
NarSize: 18735072
References: 0d71ygfwbmy1xjlbj1v027dfmy9cqavy-libffi-3.3 p4pclmv1gyja5kzc26npqpia1qqxrf0l-ruby-2.7.3
Deriver: bidkcs01mww363s4s7akdhbl6ws66b0z-ruby-2.7.3.drv
Sig: cache.nixos.org-1:GrGV/Ls10TzoOaCnrcAqmPbKXFLLSBDeGNh5EQGKyuGA4K1wv1LcRVb6/sU+NAPK8lDiam8XcdJzUngmdhfTBQ==
`

void t.test('is written as it was read', async (t) => {
  const narinfo = parseNarinfo(TEXT)
  t.match(narinfo, {
    storePath: '/nix/store/p4pclmv1gyja5kzc26npqpia1qqxrf0l-ruby-2.7.3',
    compression: 'xz',
    fileSize: 4029176,
    narSize: 18735072,
    references: [
      '/nix/store/0d71ygfwbmy1xjlbj1v027dfmy9cqavy-libffi-3.3',
      '/nix/store/p4pclmv1gyja5kzc26npqpia1qqxrf0l-ruby-2.7.3',
    ],
    deriver: '/nix/store/bidkcs01mww363s4s7akdhbl6ws66b0z-ruby-2.7.3.drv',
    signatures: [/^cache.nixos.org-1:/],
  })
  t.equal(narinfo.contentAddress, undefined)
  t.equal(formatNarinfo(narinfo), TEXT)
})

void t.test('optional and unknown fields', async (t) => {
  const least = TEXT.split('\n')
    .filter((line) => !/^(?:Compression|File|References|Deriver|Sig)/.test(line))
    .join('\n')
  t.match(parseNarinfo(least), { compression: 'bzip2', references: [], signatures: [] })
  t.equal(parseNarinfo(least).deriver, undefined)
  t.equal(parseNarinfo(`${least}Deriver: unknown-deriver\n`).deriver, undefined)
  t.match(
    parseNarinfo(`${TEXT.replace(/References:.*/, 'References: ')}Sig: a:b\nCA: text:x\nNew: thing\n`),
    {
      references: [],
      signatures: [/^cache/, 'a:b'],
      contentAddress: 'text:x',
    },
  )
  t.match(parseNarinfo(TEXT.replace(/References:.*/, 'References:')), { references: [] })
})

const without = (name: string) => TEXT.replace(new RegExp(`^${name}: .*\n`, 'm'), '')
const altered = (name: string, value: string) =>
  TEXT.replace(new RegExp(`^${name}: .*$`, 'm'), () => `${name}: ${value}`)

void t.test('what is wrong is said', async (t) => {
  for (const [text, message] of [
    ['', /cut off/],
    ['\n', /Name: value/],
    [TEXT.slice(0, -1), /cut off/],
    [`${TEXT}garbage\n`, /Name: value/],
    [TEXT.replaceAll('\n', '\r\n'), /./],
    [`${TEXT}NarSize: 1\n`, /NarSize: said twice/],
    [without('StorePath'), /StorePath: missing/],
    [without('URL'), /URL: missing/],
    [without('NarHash'), /NarHash: missing/],
    [without('NarSize'), /NarSize: missing/],
    [
      altered('StorePath', '/gnu/store/p4pclmv1gyja5kzc26npqpia1qqxrf0l-ruby'),
      /StorePath: not a path of \/nix\/store/,
    ],
    [altered('StorePath', '/nix/store/../../etc'), /StorePath: not a path/],
    [altered('StorePath', '/nix/store/p4pclmv1gyja5kzc26npqpia1qqxrf0l-ruby/bin'), /StorePath: not a path/],
    [altered('References', '../../etc'), /References: not the name/],
    [altered('Deriver', '/nix/store/x.drv'), /Deriver: not the name/],
    [altered('NarHash', 'md5:abc'), /NarHash: not a SHA-256/],
    [altered('FileHash', 'sha256:abc'), /FileHash: not a SHA-256/],
    [altered('NarSize', '-1'), /NarSize: not a size/],
    [altered('NarSize', '1e9'), /NarSize: not a size/],
    [altered('NarSize', '9999999999999999'), /NarSize: not a size/],
    [altered('FileSize', '0x10'), /FileSize: not a size/],
  ] as const)
    t.throws(() => parseNarinfo(text), { kind: 'malformed', message }, String(message))
})
