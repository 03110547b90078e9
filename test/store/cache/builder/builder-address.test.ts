import t from 'tap'
import { parseBuilder } from '../../../../src/store/cache/builder/builder-address.ts'

const command = (text: string) => {
  const address = parseBuilder(text)
  return address?.kind === 'command' ? address.command.join(' ') : address
}
const SSH = 'ssh -x -T -o BatchMode=yes'

void t.test('addresses of builders', async (t) => {
  t.strictSame(parseBuilder('unix:/run/nix.sock'), { kind: 'socket', path: '/run/nix.sock' })
  t.strictSame(parseBuilder('unix:///run/nix.sock'), { kind: 'socket', path: '/run/nix.sock' })
  t.equal(command('nix-daemon  --stdio'), 'nix-daemon --stdio')
  t.equal(command('ssh-ng://builder'), `${SSH} builder -- nix-daemon --stdio`)
  t.equal(
    command('ssh-ng://me@builder.example.org:2222?ssh-key=/key&remote-program=/bin/nix-daemon'),
    `${SSH} -p 2222 -i /key -l me builder.example.org -- /bin/nix-daemon --stdio`,
  )
  t.equal(command('ssh-ng://[2001:db8::1]'), `${SSH} 2001:db8::1 -- nix-daemon --stdio`)
  for (const bad of [
    '',
    '  ',
    'unix:relative',
    'https://x',
    'ssh://x',
    'ssh-ng://',
    'ssh-ng://-oProxyCommand=x',
    'ssh-ng://-x@y',
  ])
    t.equal(parseBuilder(bad), undefined, bad)
})
