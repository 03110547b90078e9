/** The npm package has the Nix libraries, without the cases that test them. */
import t from 'tap'
import { execa } from 'execa'
import { root } from './nix-command.ts'

interface Packed {
  readonly files: readonly { readonly path: string }[]
}

void t.test('tables of cases are not packed', async (t) => {
  const { stdout } = await execa('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: root,
    timeout: 60_000,
  })
  const [packed] = JSON.parse(stdout) as Packed[]
  const paths = (packed?.files ?? []).map(({ path }) => path)
  t.ok(paths.includes('manifests/builders/service.nix'))
  t.strictSame(
    paths.filter((path) => path.endsWith('.tests.nix')),
    [],
  )
})
