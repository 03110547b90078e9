import t from 'tap'
import { publicUrl, sourceArchiveOf } from '../../../src/insight/inventory/source-archive.ts'
import { storePath } from '../../store-path.ts'

void t.test('URLs are shown without secrets', async (t) => {
  for (const [text, expected] of [
    ['https://example.org/a.tar.gz', 'https://example.org/a.tar.gz'],
    ['mirror://gnu/hello/hello-2.12.tar.gz', 'mirror://gnu/hello/hello-2.12.tar.gz'],
    ['https://user:secret@example.org/a', 'https://example.org/a'],
    ['https://example.org/?p=x.git;a=snapshot', 'https://example.org/?p=x.git;a=snapshot'],
    ['https://example.org/a?X-Amz-Signature=abc', undefined],
    ['https://example.org/a?private_token=abc', undefined],
    ['file:///home/me/secret', undefined],
    ['no URL', undefined],
  ] as const)
    t.equal(publicUrl(text), expected, text)
})

const PATH = storePath('hello-2.12.tar.gz')
const HEX = 'ab'.repeat(32)
const SRI = `sha256-${Buffer.from(HEX, 'hex').toString('base64')}`

void t.test('a source has the hash of its file', async (t) => {
  const url = 'https://example.org/hello.tar.gz'
  for (const [what, env, expected] of [
    ['base 16', { url, outputHash: HEX, outputHashAlgo: 'sha256' }, { url, sha256: HEX }],
    ['base 64', { url, outputHash: SRI }, { url, sha256: HEX }],
    ['several URLs', { urls: `file:///x ${url} https://b`, outputHash: SRI }, { url, sha256: HEX }],
    ['an archive of Nix', { url, outputHash: SRI, outputHashMode: 'recursive' }, { url, sha256: undefined }],
    [
      'another hash',
      { url, outputHash: 'ab'.repeat(64), outputHashAlgo: 'sha512' },
      { url, sha256: undefined },
    ],
    ['no fixed output', { url }, undefined],
    ['no URL', { outputHash: SRI }, undefined],
  ] as const) {
    const derivation = {
      outputs: new Map([['out', PATH]]),
      inputDerivations: new Map(),
      inputSources: [],
      system: '',
      builder: '',
      args: [],
      env: new Map<string, string>(Object.entries(env)),
    }
    t.strictSame(sourceArchiveOf(derivation, PATH), expected, what)
    t.equal(sourceArchiveOf(derivation, storePath('other')), undefined, `${what}: another path`)
  }
})
