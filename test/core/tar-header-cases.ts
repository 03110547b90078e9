/**
 * Entries of every shape, and the header bytes of format 1 for each. They are part of the digest of every layer ever
 * served: a change of any hash in this file means a new format version (`TAR_FORMAT`), so that indexes of older
 * versions aren't believed.
 */
import { asByteString, encodeText } from '../../src/core/byte-string.ts'
import type { TarEntry } from '../../src/core/tar/tar-header.ts'

const long = (length: number) => 'n'.repeat(length)
export const GIB_8 = 8 * 1024 ** 3

export type Case = {
  readonly what: string
  readonly entry: TarEntry
  /** Bytes of the header: 512, or more where a pax record is needed. */
  readonly length: number
  readonly sha256: string
}

export const CASES: readonly Case[] = [
  {
    what: 'a directory',
    entry: { kind: 'directory', name: asByteString('nix/store'), mode: 0o755 },
    length: 512,
    sha256: '9349df6633dd15af31b0568dec6b0ef67e9e13de054c4888e82d0a04330001a1',
  },
  {
    what: 'a directory with the sticky bit',
    entry: { kind: 'directory', name: asByteString('tmp'), mode: 0o1777 },
    length: 512,
    sha256: '7770f655bde4e397138bb5b4804a0e8d023c271408464803722016b9f147d364',
  },
  {
    what: 'a file',
    entry: { kind: 'file', name: asByteString('nix/store/x-1/file'), mode: 0o444, size: 1234 },
    length: 512,
    sha256: '40aef286a2cd5daae5e228ef672bd593393ed345442544dd5a71c220fb086554',
  },
  {
    what: 'an empty executable file',
    entry: { kind: 'file', name: asByteString('nix/store/x-1/bin/run'), mode: 0o555, size: 0 },
    length: 512,
    sha256: '8dfc226d2bae01336cf93b9c72092afc1cb1cd220e1347d69e9e4e5c888bd360',
  },
  {
    what: 'a symbolic link',
    entry: { kind: 'symlink', name: asByteString('bin/sh'), target: asByteString('/nix/store/x-1/bin/sh') },
    length: 512,
    sha256: '3dbf0e5fef43a4269877a633af0a6226f54906d84cbd1caa41a24dcce44244a6',
  },
  {
    what: 'a name of 100 bytes, which fills the field',
    entry: { kind: 'file', name: asByteString(long(100)), mode: 0o444, size: 1 },
    length: 512,
    sha256: 'a9f3007919190dcfbebddcab69acc77b7babd1a41a993e7de43539c2422d17da',
  },
  {
    what: 'a name of 101 bytes without a slash',
    entry: { kind: 'file', name: asByteString(long(101)), mode: 0o444, size: 1 },
    length: 1536,
    sha256: 'e3bce241a03abd9576611d67ab59d5b63d7bf4cf70237edcb955adc8d93256de',
  },
  {
    what: 'a name of 101 bytes with a slash goes into the prefix',
    entry: { kind: 'file', name: asByteString(`a/${long(99)}`), mode: 0o444, size: 1 },
    length: 512,
    sha256: 'c344c7964a50e4f1c4bb56050180cb541635afb31340bd97581ce3287ba5360b',
  },
  {
    what: 'a directory of 100 bytes, whose slash is the 101st',
    entry: { kind: 'directory', name: asByteString(`d/${long(98)}`), mode: 0o555 },
    length: 512,
    sha256: 'c62c2979c2c8129aa2f7eaa89867504acd57a66767519373859403372b7218fc',
  },
  {
    what: 'a directory without another slash than its own',
    entry: { kind: 'directory', name: asByteString(long(100)), mode: 0o555 },
    length: 1536,
    sha256: 'a2a41bc18bd5b2c7abe99be276836a37d98134c8bab9cc71964a6cba9adb33bd',
  },
  {
    what: 'a name of 255 bytes where prefix and name are full but for one byte',
    entry: { kind: 'file', name: asByteString(`${long(154)}/${long(100)}`), mode: 0o444, size: 1 },
    length: 512,
    sha256: '4a6b56abd70d4261d7967c60da707673e9c6baf26b378e1e50e4eb14efd0a7b6',
  },
  {
    what: 'a name of 256 bytes where prefix and name are full',
    entry: { kind: 'file', name: asByteString(`${long(155)}/${long(100)}`), mode: 0o444, size: 1 },
    length: 512,
    sha256: '04f67b6cf2ac28997c20c1cd861eedba4af805df1062fd062495fe3ef5455591',
  },
  {
    what: 'a prefix one byte too long',
    entry: { kind: 'file', name: asByteString(`${long(156)}/${long(100)}`), mode: 0o444, size: 1 },
    length: 1536,
    sha256: '878036d2606075436ea3e790da6dff64975ccc5f9b350f826b47455f600122b6',
  },
  {
    what: 'a last part one byte too long',
    entry: { kind: 'file', name: asByteString(`a/${long(101)}`), mode: 0o444, size: 1 },
    length: 1536,
    sha256: 'cf151d374b898ab24b3a83b371876605915710e14331a02d9d577d40482957b2',
  },
  {
    what: 'a name longer than ustar holds',
    entry: {
      kind: 'file',
      name: asByteString(`${long(200)}/${long(200)}/${long(200)}`),
      mode: 0o444,
      size: 1,
    },
    length: 2048,
    sha256: '86fd94239d072edd3e9468fbf4ae35c71a4de0cadaf407add0317cba755feb74',
  },
  {
    what: 'a name in UTF-8',
    entry: { kind: 'file', name: encodeText('share/größe-日本'), mode: 0o444, size: 1 },
    length: 1536,
    sha256: 'ad62c8e4e7a80a8d0d747c3341fcb7d91c89a32af17177d53e3bb3182917c99f',
  },
  {
    what: 'a name that is not UTF-8',
    entry: { kind: 'file', name: asByteString('share/\u00ff\u00fe'), mode: 0o444, size: 1 },
    length: 1536,
    sha256: 'de9f108594f71fa7eed44452ec408b3bb575a4c719db9c763f7379881a776b9f',
  },
  {
    what: 'a link target of 100 bytes, which fills the field',
    entry: { kind: 'symlink', name: asByteString('link'), target: asByteString(long(100)) },
    length: 512,
    sha256: '87b90d1a9c24e60a4dbff76baabc6fdfed389d79d31f87cd0c2764c55818479d',
  },
  {
    what: 'a link target of 101 bytes',
    entry: { kind: 'symlink', name: asByteString('link'), target: asByteString(long(101)) },
    length: 1536,
    sha256: 'cb4c06297ac0da53a18eb24b886e21fde73c886722b82432f1b35fe7339b23e2',
  },
  {
    what: 'name and target both in need of a pax record',
    entry: { kind: 'symlink', name: encodeText('ä'), target: encodeText('ö') },
    length: 1536,
    sha256: 'cc4f3405d2e424ee5cd494a6238f6a134ab94eaf5fc58a985d5996bd808124c9',
  },
]

export const HUGE: readonly Case[] = [
  {
    what: 'a file of 8 GiB less one byte, the largest that ustar holds',
    entry: { kind: 'file', name: asByteString('huge'), mode: 0o444, size: GIB_8 - 1 },
    length: 512,
    sha256: 'afbf23be3a434f5fccc667f36ab4eedb8ce69ea0dd958e3f28c05610d79e3050',
  },
  {
    what: 'a file of 8 GiB',
    entry: { kind: 'file', name: asByteString('huge'), mode: 0o444, size: GIB_8 },
    length: 1536,
    sha256: '575016c5f085a40ffcbe3eefd3b23c5c837b8c0d3124fd2bee7d17d95939a9be',
  },
  {
    what: 'a file of 8 GiB and one byte',
    entry: { kind: 'file', name: asByteString('huge'), mode: 0o444, size: GIB_8 + 1 },
    length: 1536,
    sha256: '9e491ff2fa1176922031ceb3c795b2e33f979d3a78408af3963708a730bd8f5a',
  },
]
