import { readFile } from 'node:fs/promises'
import t from 'tap'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'
import { APP } from '../../../src/kubernetes/app/app-file-schema.ts'
import { AppFileError, readAppFile } from '../../../src/kubernetes/app/app-file.ts'

const values = (text: string) => readAppFile(text, 'app.yaml').map(({ value }) => value)

function refusal(text: string): readonly string[] {
  try {
    readAppFile(text, 'app.yaml')
    return []
  } catch (error) {
    if (error instanceof AppFileError) return error.message.split('\n')
    throw error
  }
}

void t.test('a file describes applications', async (t) => {
  for (const [text, expected] of [
    ['name: web\nimage: a', [{ name: 'web', image: 'a' }]],
    [
      '{"name": "web", "package": "a", "env": {"A": true}}',
      [{ name: 'web', package: 'a', env: { A: true } }],
    ],
    ['name: a\n---\nname: b\n---\n', [{ name: 'a' }, { name: 'b' }]],
    [
      'flake: f\napps:\n  a: {image: x}\n  b: {image: y}',
      [{ flake: 'f', apps: { a: { image: 'x' }, b: { image: 'y' } } }],
    ],
    ['name: a\nsecrets: {A: s/a}\nhealth: false', [{ name: 'a', secrets: { A: 's/a' }, health: false }]],
    ['name: a\nprobes: {livenessProbe: null}', [{ name: 'a', probes: { livenessProbe: null } }]],
    // YAML 1.2: these are strings.
    ['name: a\nenv: {A: yes, B: on}', [{ name: 'a', env: { A: 'yes', B: 'on' } }]],
    [
      'name: a\nenv: {UMASK: 0022, ZIP: 01067, MODE: 0o644, HEX: 0x1F, V: 1.10, F: 1.5, T: True, B: 0b11, G: 1_000, E: 1e3}',
      [
        {
          name: 'a',
          env: {
            UMASK: '0022',
            ZIP: '01067',
            MODE: '0o644',
            HEX: '0x1F',
            V: '1.10',
            F: '1.5',
            T: 'True',
            B: '0b11',
            G: '1_000',
            E: '1e3',
          },
        },
      ],
    ],
    [
      'apps: {w: {env: {N: 5, L: 12345678901234567890, B: true, D: 2001-01-01, T: 12:30:00}}}',
      [
        {
          apps: { w: { env: { N: 5, L: '12345678901234567890', B: true, D: '2001-01-01', T: '12:30:00' } } },
        },
      ],
    ],
    [
      'name: a\nlabels: {a: no, d: 2001-01-01, g: 1_000}',
      [{ name: 'a', labels: { a: 'no', d: '2001-01-01', g: '1_000' } }],
    ],
    ['name: a\nenv: &e {A: x}\nlabels: *e', [{ name: 'a', env: { A: 'x' }, labels: { A: 'x' } }]],
  ] as const) {
    t.same(values(text), expected, text)
  }
})

void t.test('mistakes and their places', async (t) => {
  for (const [text, ...expected] of [
    ['', 'app.yaml: is empty, expected an application'],
    ['---\n---\n', 'app.yaml: is empty, expected an application'],
    ['- a', 'app.yaml:1:1: it is a list, expected an application'],
    [
      'image: a',
      'app.yaml:1:1: name is missing, expected at most 63 of a-z 0-9 -, beginning with a letter, ending with a letter or digit',
    ],
    ['name: a\nprot: 80', 'app.yaml:2:1: prot is unknown, did you mean port?'],
    ['name: a\nReplicas: 2', 'app.yaml:2:1: Replicas is unknown, did you mean replicas?'],
    [
      'name: a\nautoscale:\n  maximum: 3\n  max: 3',
      'app.yaml:3:3: autoscale.maximum is unknown, expected one of min, max, cpu, memory',
    ],
    ['name: a\nport: "80"', 'app.yaml:2:1: port is "80", expected a port from 1 to 65535'],
    ['name: a\nport:', 'app.yaml:2:1: port is null, expected a port from 1 to 65535'],
    [
      'apps:\n  web:\n    ports:\n      http: 0',
      'app.yaml:4:7: apps.web.ports.http is 0, expected a port from 1 to 65535, with a protocol if not tcp: 8080, "53/udp"',
    ],
    ['apps:\n  web:\n    name: web', 'app.yaml:3:5: apps.web.name is unknown, expected one of '],
    ['apps: {}', 'app.yaml:1:1: apps is a mapping, expected applications by name'],
    ['name: a\nenv:\n  A: null', 'app.yaml:3:3: env.A is null, expected a string, a number, true or false'],
    ['name: a\nlabels: {v: 1.10}', 'app.yaml:2:13: 1.10 is the number 1.1 here, expected text: write "1.10"'],
    ['name: a\nargs: [0022]', 'app.yaml:2:8: 0022 is the number 22 here, expected text: write "0022"'],
    [
      'name: a\nport: 0100\nprot: 1',
      'app.yaml:2:7: 0100 is the number 64 to Kubernetes and the number 100 in YAML 1.2: write 64 or 100, or "0100" for text',
      'app.yaml:3:1: prot is unknown',
    ],
    [
      'name: a\nextra:\n- {defaultMode: 0550}',
      'app.yaml:3:17: 0550 is the number 360 to Kubernetes and the number 550 in YAML 1.2: write 360 or 550, or "0550" for text',
    ],
    [
      'name: a\ntls: yes',
      'app.yaml:2:6: yes is the boolean true to Kubernetes and text in YAML 1.2: write true, or "yes" for text',
    ],
    [
      'name: a\nextra: [{a: 9007199254740993}]',
      'app.yaml:2:13: 9007199254740993 has more digits than a number can keep here: write "9007199254740993" for text',
    ],
    [
      'name: a\nfiles:\n  /etc/a: 5',
      'app.yaml:3:3: files."/etc/a" is 5, expected text, or what becomes JSON',
    ],
    ['name: a\nargs:\n  - a\n  - 1', 'app.yaml:4:5: args.1 is 1, expected a string'],
    ['name: a\nsecrets: {A: b}', 'app.yaml:2:1: secrets is a mapping, expected a list of names of Secrets'],
    ['name: a\nname: b', 'app.yaml:2:1: Map keys must be unique'],
    ['name: [a', 'app.yaml:1:9: Flow sequence in block collection'],
    ['name: !secret a', 'app.yaml:1:7: Unresolved tag: !secret'],
    // All at once, in the order of the file.
    ['port: x\nname: a\nprot: 1', 'app.yaml:1:1: port is "x", ', 'app.yaml:3:1: prot is unknown'],
  ] as const) {
    const found = refusal(text)
    for (const [at, line] of expected.entries()) t.equal(found[at]?.slice(0, line.length), line, text)
    t.equal(found.length, expected.length, `${text}: no more`)
  }
})

void t.test('aliases that multiply are refused', async (t) => {
  const levels = Array.from(
    { length: 9 },
    (_, i) => `  - &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(',')}]`,
  )
  const [line] = refusal(`name: a\nextra:\n  - &a0 [x]\n${levels.join('\n')}`)
  t.match(line, /^app\.yaml:1:1: Excessive alias count/)
})

void t.test('where a field stands', async (t) => {
  const [single, several] = readAppFile('name: a\nport: 1\n---\napps:\n  b:\n    port: 1\n', 'app.yaml')
  t.equal(single?.placeOf('a', 'port'), 'app.yaml:2:1')
  t.equal(single?.placeOf('a', 'image'), 'app.yaml:1:1')
  t.equal(single?.placeOf('b', 'port'), undefined)
  t.equal(several?.placeOf('b', 'port'), 'app.yaml:6:5')
  t.equal(several?.placeOf('b', 'image'), 'app.yaml:5:3')
})

void t.test('files may say what `app` takes, and nothing else', { skip: withoutNix }, async (t) => {
  const known = await evaluate(`builtins.attrNames (import ${root}manifests/app/arguments.nix)`)
  t.same(
    Object.keys(APP.properties)
      .filter((name) => !['flake', 'unpinned'].includes(name))
      .sort(),
    known,
  )
})

void t.test('the example is one', async (t) => {
  t.match(values(await readFile(`${root}examples/app-yaml/app.yaml`, 'utf8')), [
    { package: 'darkhttpd', port: 8080 },
  ])
})
