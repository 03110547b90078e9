import t from 'tap'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'

/** What a container says, and what the image made for it runs. */
const madeImage = (args: string) => `
  let
    made = import ${root}manifests/app/image.nix (
      { builder = "app"; name = "a"; image = null; command = null; } // ${args}
    );
    words = made.image.config.Entrypoint;
  in {
    inherit (made) command;
    program = builtins.unsafeDiscardStringContext (builtins.head words);
    count = builtins.length words;
  }`

void t.test('a package becomes an image that runs its program', { skip: withoutNix }, async (t) => {
  const path = await evaluate('builtins.unsafeDiscardStringContext (toString hello)')
  for (const [args, program, count] of [
    ['{ package = hello; }', `${String(path)}/bin/hello`, 1],
    ['{ package = hello // { meta.mainProgram = "hi"; }; }', `${String(path)}/bin/hi`, 1],
    ['{ package = hello // { pname = "hey"; }; }', `${String(path)}/bin/hey`, 1],
    ['{ package = hello; command = [ "serve" "-p" ]; }', `${String(path)}/bin/serve`, 2],
    ['{ package = hello; command = [ "/bin/sh" ]; }', '/bin/sh', 1],
    [
      '{ package = "${storeDir}/00000000000000000000000000000000-tool-1.2"; }',
      '/nix/store/00000000000000000000000000000000-tool-1.2/bin/tool',
      1,
    ],
  ] as const) {
    t.same(await evaluate(madeImage(args)), { program, count, command: null }, args)
  }
})
