/** Two examples of each command, at the end of its help. The tests run them as they stand here. */
import type { Command } from 'commander'

export const EXAMPLES: Readonly<Record<string, readonly [string, string]>> = {
  serve: [
    'pushless serve --state ./state',
    'pushless serve --listen 0.0.0.0:5000 --state ./state --auth ./auth.yaml',
  ],
  inspect: ['pushless inspect ./result', 'pushless inspect --json ./result > image.json'],
  sbom: ['pushless sbom ./result > sbom.json', 'pushless sbom --format spdx ./result > sbom.spdx.json'],
  provenance: [
    'pushless provenance ./result > provenance.json',
    'pushless key ./signing-key && pushless provenance --signing-key ./signing-key ./result',
  ],
  sign: [
    'pushless key ./signing-key && pushless sign --signing-key ./signing-key ./result',
    'pushless key ./signing-key && pushless sign --signing-key ./signing-key -o ./bundles ./result',
  ],
  key: ['pushless key ./signing-key > signing-key.pub', 'pushless key --form nix ./signing-key'],
  graph: ['pushless graph ./result', 'pushless graph --build --format svg ./result > graph.svg'],
  why: ['pushless why ./result hello', 'pushless why --limit 1 --json ./result hello'],
  top: ['pushless top ./result', 'pushless top --sort users --limit 20 ./result'],
  diff: ['pushless diff ./result ./result', 'pushless diff --json ./result ./result > difference.json'],
  apply: ['pushless apply ./deploy --name web --dry-run', 'pushless apply ./deploy --name web'],
  status: ['pushless status', 'pushless status web --json > status.json'],
  history: ['pushless history web', 'pushless history web --json > history.json'],
  rollback: ['pushless rollback web 1 --dry-run', 'pushless rollback web 1'],
  drift: ['pushless drift web', 'pushless drift web --correct'],
  delete: ['pushless delete web --dry-run', 'pushless delete web'],
  licences: ['pushless licences ./result', "pushless licences ./result --deny 'GPL-3.0*' 'AGPL*'"],
  scan: [
    'pushless scan --advisories ./advisories ./result',
    'pushless scan --advisories ./advisories --format sarif --fail-on kev ./result > scan.sarif',
  ],
  update: [
    'pushless advisories update --from ./feeds --advisories ./advisories',
    'pushless advisories update --from ./feeds/nvd.json --fresh',
  ],
  export: [
    'pushless export --name registry.example/app:1 -o image.tar ./result',
    'pushless export --erofs image.erofs ./result',
  ],
  registry: [
    'pushless install --print --image registry.example/pushless:1 --caches https://cache.example.org --trusted-keys cache.example.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=',
    'pushless install --print --kind daemon-set --image registry.example/pushless:1 | pushless manifests check --no-registry -',
  ],
  'install operator': [
    'pushless install operator --print --image registry.example/pushless:1 --caches https://cache.example.org --trusted-keys cache.example.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=',
    'pushless install operator --print --image registry.example/pushless:1 --registry http://registry.example:5000 > operator.yaml',
  ],
  'install operator-access': [
    'pushless install operator-access --print --namespace team-a --account default',
    'pushless install operator-access --print --namespace team-a --secret production > access.yaml',
  ],
  warm: ['pushless warm ./deploy', 'pushless warm --registry http://127.0.0.1:5000 --timeout 600 ./result'],
  'self-signed': [
    'pushless tls self-signed',
    'pushless tls self-signed -o ./certificates --client node-1 --days 30 registry.example.org 10.0.0.7',
  ],
  password: ['printf %s "$PASSWORD" | pushless auth password', 'pushless auth password < ./token'],
  token: ['pushless auth token', 'pushless auth token --hash < ./token'],
  'policy check': [
    'pushless policy check ./auth.yaml --as user:ci ./result',
    'pushless policy check ./auth.yaml --as service-account:team-a/default --json ./result',
  ],
  completion: ['pushless completion bash > pushless.bash', 'pushless completion fish > pushless.fish'],
  man: ['pushless man > pushless.1', 'pushless man | wc -l'],
  'catalogue list': [
    'pushless catalogue list ./catalogue',
    'pushless catalogue list --json ./catalogue > catalogue.json',
  ],
  'catalogue show': [
    'pushless catalogue show ./catalogue web',
    'pushless catalogue show ./catalogue web 1.0.0',
  ],
  'catalogue build': [
    'pushless catalogue build ./catalogue',
    'pushless catalogue build ./catalogue --output ./index --quiet',
  ],
  'catalogue render': [
    'pushless catalogue render ./catalogue web 1.1.0 --values values.yaml --output web',
    'pushless catalogue render ./catalogue web 1.1.0 --print > web.yaml',
  ],
  apps: ['pushless manifests app.yaml', 'pushless manifests --print app.yaml > objects.yaml'],
  check: [
    'pushless manifests check ./deploy',
    'pushless manifests check --no-registry --kubernetes 1.36 chart.yaml',
  ],
  rewrite: [
    'pushless manifests rewrite chart.yaml --images images.json -o ./rewritten',
    "pushless manifests rewrite --images images.json --allow 'docker.io/library/*' - < chart.yaml",
  ],
}

/** To be called last, so that the examples stand at the end. */
export function addExamples(program: Command): void {
  for (const command of program.commands) {
    // Two commands may have one name, below others.
    const examples = EXAMPLES[`${program.name()} ${command.name()}`] ?? EXAMPLES[command.name()]
    if (examples !== undefined)
      command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}\n`).join('')}`)
    addExamples(command)
  }
}
