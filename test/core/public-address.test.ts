import t from 'tap'
import { publicAddress } from '../../src/core/public-address.ts'

void t.test('addresses lose what may be secret', async (t) => {
  for (const [address, expected] of [
    ['https://cache.example.org', 'https://cache.example.org'],
    ['https://ann:secret@cache.example.org/nix?token=secret#x', 'https://cache.example.org/nix'],
    ['ssh-ng://builder@host?ssh-key=/root/key', 'ssh-ng://host'],
    ['s3://bucket?profile=secret', 's3://bucket'],
    ['file:///var/cache', 'file:///var/cache'],
    ['builder@host x86_64-linux', 'host'],
    ['daemon', 'daemon'],
  ] as const)
    t.equal(publicAddress(address), expected)
})
