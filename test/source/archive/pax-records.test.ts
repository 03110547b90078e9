import t from 'tap'
import { paxRecords } from '../../../src/source/archive/pax-records.ts'

void t.test('a pax header is read', async (t) => {
  for (const [what, text, expected] of [
    ['nothing', '', {}],
    ['a name', '10 path=a\n', { path: 'a' }],
    ['all three', '10 path=a\n14 linkpath=b\n10 size=7\n', { path: 'a', linkpath: 'b', size: 7 }],
    ['others', '11 mtime=1\n20 SCHILY.xattr.a==\n', {}],
    ['the last of two', '10 path=a\n10 path=b\n', { path: 'b' }],
    ['one that is taken back', '10 path=a\n8 path=\n', {}],
    ['a value of several lines', '26 comment=a\n10 path=evil\n', {}],
    ['a name of several lines', '12 path=a\nb\n', { path: 'a\nb' }],
    ['letters beyond ASCII', '15 path=gr\u00fc\u00df\n', { path: 'gr\u00fc\u00df' }],
    ['a length that is too large', '99 path=a\n', undefined],
    ['a length that is too small', '8 path=a\n', undefined],
    ['a length of its head', '7 path=a\n', undefined],
    ['no length', 'path=a\n', undefined],
    ['a length below nothing', '-10 path=a\n', undefined],
    ['no value', '8 path\n', undefined],
    ['zeros behind', '10 path=a\n\0\0', undefined],
    ['a size below nothing', '11 size=-7\n', undefined],
    ['a size of another base', '12 size=0x7\n', undefined],
    ['a size of many digits', '35 size=999999999999999999999999999\n', undefined],
  ] as const)
    t.strictSame(paxRecords(Buffer.from(text)), expected, what)
})
