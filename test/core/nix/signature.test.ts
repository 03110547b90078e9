import t from 'tap'
import { isSignedBy, parseSigningKey, type SigningKey } from '../../../src/core/nix/signature.ts'
import { storePath } from '../../store-path.ts'

// As Nix 2.8 made them: nix key generate-secret, nix-store --add, nix store sign, nix path-info --json.
const KEY = 'test-1:faKrc4Ewu5EnAuiImizNVjZW+aqxrOUhLvI/80BpLng='
const SIGNATURE =
  'test-1:k0Yg7euP7ubvXfD9Q3YTrcne07Iit1/DB+eeSz2b0thN5yaF2+v6TUsAt3XCkZWB0D0nUL3Cl24ZMaCDWZptCw=='
const path = storePath('/nix/store/qs2vcw1sd6lzsvgvq6gggnw1v31qrm28-hi.txt')
const other = storePath('/nix/store/qs2vcw1sd6lzsvgvq6gggnw1v31qrm28-ho.txt')
const SIGNED = {
  path,
  narHash: '10551daed7fa467d0b58826e7eb9a0f2af7d693de319f2ef775fffcda244b9f6',
  narSize: 120,
  references: [],
  signatures: [SIGNATURE],
}

function keys(...texts: readonly string[]): readonly SigningKey[] {
  return texts.flatMap((text) => parseSigningKey(text) ?? [])
}

void t.test('signatures of Nix', async (t) => {
  t.ok(isSignedBy(keys(KEY), SIGNED))
  const unknown = KEY.replace('test-1', 'other-1')
  t.ok(isSignedBy(keys(unknown, KEY), { ...SIGNED, signatures: ['other-1:AAAA', SIGNATURE] }))
  for (const [what, signed, given] of [
    ['no keys', SIGNED, []],
    ['a key of another name', SIGNED, keys(unknown)],
    ['another key of that name', SIGNED, keys(`test-1:${'A'.repeat(43)}=`)],
    ['no signature', { ...SIGNED, signatures: [] }, keys(KEY)],
    ['another path', { ...SIGNED, path: other }, keys(KEY)],
    ['other contents', { ...SIGNED, narHash: SIGNED.narHash.replace('1', '2') }, keys(KEY)],
    ['another size', { ...SIGNED, narSize: 121 }, keys(KEY)],
    ['other references', { ...SIGNED, references: [path] }, keys(KEY)],
    [
      'nonsense',
      { ...SIGNED, signatures: ['', 'test-1', 'test-1:', 'test-1:!!', SIGNATURE.slice(0, -8)] },
      keys(KEY),
    ],
  ] as const)
    t.notOk(isSignedBy(given, signed), what)
})

void t.test('keys as nix.conf has them', async (t) => {
  t.equal(parseSigningKey(KEY)?.name, 'test-1')
  for (const text of [
    '',
    'test-1',
    'test-1:',
    KEY.slice(0, -2),
    ` ${KEY}`,
    KEY.replace('test-1', ''),
    `${KEY}=`,
  ])
    t.equal(parseSigningKey(text), undefined, text)
})
