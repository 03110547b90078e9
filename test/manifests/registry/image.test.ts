/** The registry's own image: what it needs isn't in /nix/store, which in its Pod is the node's. */
import t from 'tap'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'

void t.test("the registry's own image", { skip: withoutNix }, async (t) => {
  const image = await evaluate(`
    with { inherit (import ${root}manifests { }) registryImage; };
    builtins.fromJSON (builtins.unsafeDiscardStringContext (registryImage { program = hello; name = "own"; }).json)
  `)
  const program = await evaluate('hello')
  t.match(image, {
    name: 'own',
    config: { Entrypoint: ['/opt/pushless/bin/pushless'], Cmd: ['serve'], User: '65532:65532' },
    contents: [],
    extraDirectories: [{ source: program, to: '/opt/pushless' }],
    links: { '/bin/sh': '/opt/pushless/bin/busybox' },
  })
})
