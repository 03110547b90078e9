import t from 'tap'
import { build, evaluate, evaluateAll, query, refusal, withoutNix } from './nix-command.ts'

void t.test('references', { skip: withoutNix }, async (t) => {
  const hash = '[0-9a-df-np-sv-z]{32}'
  const references: Record<string, readonly [expression: string, reference: RegExp]> = {
    'an image': ['imageRef { image = some { }; }', new RegExp(`^nix\\.internal/nix/store/${hash}-some:nix$`)],
    'a package': ['imageRef { image = hello; }', new RegExp(`^nix\\.internal/nix/store/${hash}-hello:nix$`)],
    'a store path': [
      'imageRef { image = "${hello}"; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}-hello:nix$`),
    ],
    'a derivation file': [
      'imageRef { image = hello.drvPath; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}-hello\\.drv:nix$`),
    ],
    'a name that no reference can hold': [
      'imageRef { image = make "gtk+3"; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}:nix$`),
    ],
    'a name with capitals': [
      'imageRef { image = make "NGINX"; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}:nix$`),
    ],
    'a name too long for a reference': [
      'imageRef { image = make (builtins.concatStringsSep "" (builtins.genList (_: "a") 200)); }',
      new RegExp(`^nix\\.internal/nix/store/${hash}:nix$`),
    ],
    'the longest name': [
      'imageRef { image = make (builtins.concatStringsSep "" (builtins.genList (_: "a") 199)); }',
      new RegExp(`^nix\\.internal/nix/store/${hash}-a{199}:nix$`),
    ],
    'a longer registry leaves less room': [
      'imageRef { registry = "registry.example"; image = make (builtins.concatStringsSep "" (builtins.genList (_: "a") 199)); }',
      new RegExp(`^registry\\.example/nix/store/${hash}:nix$`),
    ],
    'a registry with a port': [
      'imageRef { image = hello; registry = "localhost:5000"; }',
      new RegExp(`^localhost:5000/nix/store/${hash}-hello:nix$`),
    ],
    'a derivation by mode': [
      'imageRef { image = hello; mode = "drv"; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}-hello\\.drv:nix$`),
    ],
    'an output of a derivation by mode': [
      'imageRef { image = (derivation { name = "two"; system = "x86_64-linux"; builder = "/bin/sh"; outputs = [ "out" "oci" ]; }).oci; mode = "drv"; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}-two\\.drv:oci$`),
    ],
    'layers in EROFS': [
      'imageRef { image = hello; layers = "erofs"; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}-hello:erofs$`),
    ],
    'layers in EROFS by mode': [
      'imageRef { image = hello; mode = "drv"; layers = "erofs"; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}-hello\\.drv:erofs$`),
    ],
    'an image by mode': [
      'imageRef { image = some { }; mode = "drv"; }',
      new RegExp(`^nix\\.internal/nix/store/${hash}-some\\.drv:nix$`),
    ],
    'a registry behind a path': [
      'imageRef { image = hello; registry = "mirror.example/nix.internal"; }',
      new RegExp(`^mirror\\.example/nix\\.internal/nix/store/${hash}-hello:nix$`),
    ],
  }
  const found = await evaluateAll(Object.values(references).map(([expression]) => expression))
  for (const [at, [name, [, expected]]] of Object.entries(references).entries())
    t.match(found[at], expected, name)
})

void t.test('a reference keeps what it depends on', { skip: withoutNix }, async (t) => {
  const contexts = await evaluate(`
    let
      context = value: builtins.attrValues (builtins.getContext value);
      lost = builtins.unsafeDiscardStringContext hello.outPath;
    in {
      image = context (some { }).imageRef;
      name = context (some { }).imageName;
      package = context (imageRef { image = hello; });
      hashOnly = context (imageRef { image = make "gtk+3"; });
      derivation = context (imageRef { image = hello.drvPath; });
      byMode = context (imageRef { image = hello; mode = "drv"; });
      same = (some { }).imageRef == imageRef { image = some { }; };
    }`)
  const out = [{ outputs: ['out'] }]
  // Only the derivation file, not the outputs of all that it needs: the registry builds it.
  t.same(contexts, {
    image: out,
    name: out,
    package: out,
    hashOnly: out,
    derivation: [{ path: true }],
    byMode: [{ path: true }],
    same: true,
  })
})

void t.test('refused', { skip: withoutNix }, async (t) => {
  const refusals: Record<string, readonly [expression: string, message: RegExp]> = {
    'a number': ['{ image = 1; }', /^imageRef: image is 1, expected a derivation or a store path/],
    'a relative string': ['{ image = "greeter"; }', /^imageRef: image is "greeter", expected/],
    'a set': ['{ image = { }; }', /^imageRef: image is an attribute set, expected/],
    'a path inside a store path': ['{ image = "${hello}/bin"; }', /^imageRef: image is ".*\/bin", expected/],
    'a placeholder': [
      '{ image = floating; }',
      /^imageRef: image is a derivation, expected .*content-addressed/,
    ],
    'a placeholder in a string': [
      '{ image = floating.outPath; }',
      /^imageRef: image is "\/1rz4g4z.*", expected/,
    ],
    'layers of no format': [
      '{ image = hello; layers = "zip"; }',
      /^imageRef: layers is "zip", expected "tar" or "erofs"/,
    ],
    'another output in EROFS': [
      '{ image = (derivation { name = "two"; system = "x86_64-linux"; builder = "/bin/sh"; outputs = [ "out" "oci" ]; }).oci; mode = "drv"; layers = "erofs"; }',
      /^imageRef: image is a derivation, expected the output "out"/,
    ],
    'a registry with a slash at its end': [
      '{ image = hello; registry = "nix.internal/"; }',
      /^imageRef: registry is "nix\.internal\/", expected a host/,
    ],
    'a registry with a scheme': [
      '{ image = hello; registry = "https://a.b"; }',
      /^imageRef: registry is "https/,
    ],
    'a registry that is read as a path': [
      '{ image = hello; registry = "nix"; }',
      /^imageRef: registry is "nix"/,
    ],
    'an unknown mode': [
      '{ image = hello; mode = "derivation"; }',
      /^imageRef: mode is "derivation", expected "out" .* or "drv"/,
    ],
    'a string by mode': [
      '{ image = "${hello}"; mode = "drv"; }',
      /^imageRef: image is ".*", expected a derivation, since mode is "drv"/,
    ],
    'an unknown argument': [
      '{ image = hello; tag = "x"; }',
      /^imageRef: argument "tag" unknown, there are: image, layers, mode, reg/,
    ],
  }
  const messages = await Promise.all(
    Object.values(refusals).map(async ([expression]) => refusal(`imageRef ${expression}`)),
  )
  for (const [at, [name, [, expected]]] of Object.entries(refusals).entries())
    t.match(messages[at] ?? 'no refusal', expected, name)
})

void t.test('names', { skip: withoutNix }, async (t) => {
  // name -> the nearest legal one; itself where it is legal
  const names: Record<string, string> = {
    greeter: 'greeter',
    a: 'a',
    '0': '0',
    'foo_1.2.tar.gz': 'foo_1.2.tar.gz',
    foo__bar: 'foo__bar',
    'foo---bar': 'foo---bar',
    NGINX: 'nginx',
    'libstdc++': 'libstdc',
    'gtk+3': 'gtk-3',
    'a..b': 'a-b',
    a___b: 'a-b',
    'a-_b': 'a-b',
    'a.-b': 'a-b',
    '-a-': 'a',
    _a: 'a',
    'a?=b': 'a-b',
    'Größe 1': 'gr-e-1',
    '': 'image',
  }
  const found = await evaluateAll(
    Object.keys(names).map(
      (name) => `let name = "${name}"; in { legal = isImageName name; suggested = suggestImageName name; }`,
    ),
  )
  for (const [at, [name, suggested]] of Object.entries(names).entries())
    t.same(found[at], { legal: name === suggested, suggested }, JSON.stringify(name))
  t.equal(await evaluate('isImageName 1'), false)
})

void t.test('a reference in a file makes the file depend on the image', { skip: withoutNix }, async (t) => {
  const file = 'jsonFile { name = "ref"; system = builtins.currentSystem; value = (some { }).imageRef; }'
  t.same(await query('--references', await build(file)), [await build('some { }')])
})
