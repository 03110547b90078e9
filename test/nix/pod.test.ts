import t from 'tap'
import { evaluate, evaluateAll, refusal, withoutNix } from './nix-command.ts'

void t.test('a Pod', { skip: withoutNix }, async (t) => {
  const [image, pod] = await evaluateAll([
    '(some { }).imageRef',
    `pod {
      name = "web.example";
      namespace = "prod";
      labels.app = "web";
      annotations."example.org/why" = "because";
      restartPolicy = "Never";
      serviceAccountName = "web";
      securityContext.runAsNonRoot = true;
      initContainers = [
        { name = "second"; image = "example.org/a:1"; }
        { name = "first"; image = some { }; }
      ];
      containers = {
        web = {
          image = some { };
          command = [ "/bin/web" ];
          args = [ "-v" ];
          env = { B = 2; A = "x"; C = true; D.valueFrom.fieldRef.fieldPath = "status.podIP"; };
          ports = [ 80 "53/udp" { containerPort = 9090; name = "metrics"; } ];
          resources.limits.memory = "64Mi";
        };
        aside = { image = "\${some { }}"; imagePullPolicy = "Always"; env = [ { name = "Z"; value = ""; } ]; };
      };
    }`,
  ])
  t.same(pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web.example',
      namespace: 'prod',
      labels: { app: 'web' },
      annotations: { 'example.org/why': 'because' },
    },
    spec: {
      restartPolicy: 'Never',
      serviceAccountName: 'web',
      securityContext: { runAsNonRoot: true },
      initContainers: [
        { name: 'second', image: 'example.org/a:1', imagePullPolicy: 'IfNotPresent' },
        { name: 'first', image, imagePullPolicy: 'IfNotPresent' },
      ],
      containers: [
        { name: 'aside', image, imagePullPolicy: 'Always', env: [{ name: 'Z', value: '' }] },
        {
          name: 'web',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/web'],
          args: ['-v'],
          env: [
            { name: 'A', value: 'x' },
            { name: 'B', value: '2' },
            { name: 'C', value: 'true' },
            { name: 'D', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
          ports: [
            { containerPort: 80 },
            { containerPort: 53, protocol: 'UDP' },
            { containerPort: 9090, name: 'metrics' },
          ],
          resources: { limits: { memory: '64Mi' } },
        },
      ],
    },
  })
})

void t.test('the least Pod leaves out what was not said', { skip: withoutNix }, async (t) => {
  t.same(await evaluate('pod { name = "a"; containers.b.image = "c"; }'), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'b', image: 'c', imagePullPolicy: 'IfNotPresent' }] },
  })
})

void t.test('a Pod depends on its images', { skip: withoutNix }, async (t) => {
  const drv = String(await evaluate('(some { }).drvPath'))
  const context = await evaluate(
    'builtins.getContext (builtins.toJSON (pod { name = "a"; containers.b.image = some { }; }))',
  )
  t.same(context, { [drv]: { outputs: ['out'] } })
})

const refusals: Record<string, readonly [args: string, message: RegExp]> = {
  'no name': ['containers.a.image = "b";', /^pod: name is missing$/],
  'name with capitals': [
    'name = "A"; containers.a.image = "b";',
    /^pod: name is "A", expected an RFC 1123 subdomain/,
  ],
  'name with a dot at its end': ['name = "a."; containers.a.image = "b";', /^pod: name is "a\.", expected/],
  'name of 254 characters': [
    'name = builtins.concatStringsSep "" (builtins.genList (_: "a") 254); containers.a.image = "b";',
    /^pod: name is ".*expected an RFC 1123 subdomain: at most 253/,
  ],
  'namespace with a dot': [
    'name = "a"; namespace = "b.c"; containers.a.image = "b";',
    /^pod: namespace is "b\.c"/,
  ],
  'label a number': [
    'name = "a"; labels.a = 1; containers.a.image = "b";',
    /^pod: labels\."a" is 1, expected a string/,
  ],
  'labels a list': [
    'name = "a"; labels = [ ]; containers.a.image = "b";',
    /^pod: labels is a list, expected/,
  ],
  'no containers': ['name = "a";', /^pod: containers is empty, expected at least one container$/],
  'empty list of containers': ['name = "a"; containers = [ ];', /^pod: containers is empty/],
  'container name with a dot': [
    'name = "a"; containers."a.b".image = "c";',
    /^pod: a name in containers is "a\.b", expected an RFC 1123 label/,
  ],
  'container name of 64 characters': [
    'name = "a"; containers.${builtins.concatStringsSep "" (builtins.genList (_: "a") 64)}.image = "c";',
    /^pod: a name in containers is "a{64}", expected an RFC 1123 label: at most 63/,
  ],
  'container a derivation': [
    'name = "a"; containers.b = hello;',
    /^pod: containers\.b is a derivation, expected/,
  ],
  'containers a derivation': [
    'name = "a"; containers = hello;',
    /^pod: containers is a derivation, expected/,
  ],
  'container in a list without name': [
    'name = "a"; containers = [ { image = "b"; } ];',
    /^pod: an item of containers is an attribute set, expected an attribute set with `name` in it$/,
  ],
  'container twice': [
    'name = "a"; containers = [ { name = "b"; image = "c"; } { name = "b"; image = "d"; } ];',
    /^pod: containers has "b" twice$/,
  ],
  'no image': ['name = "a"; containers.b = { };', /^pod: containers\.b\.image is missing$/],
  'image a number': [
    'name = "a"; containers.b.image = 1;',
    /^pod: containers\.b\.image is 1, expected an image/,
  ],
  'image a set': [
    'name = "a"; containers.b.image = { };',
    /^pod: containers\.b\.image is an attribute set, expected/,
  ],
  'image empty': [
    'name = "a"; containers.b.image = "";',
    /^pod: containers\.b\.image is "", expected a reference/,
  ],
  'image with a space': [
    'name = "a"; containers.b.image = "c d";',
    /^pod: containers\.b\.image is "c d", expected/,
  ],
  'image interpolated after a slash': [
    'name = "a"; containers.b.image = "nix.internal/${hello}";',
    /^pod: containers\.b\.image is "nix\.internal\/\/nix\/store.*kubelet refuses `\/\/`: write `image = <the derivation>`/,
  ],
  'image that is content-addressed': [
    'name = "a"; containers.b.image = floating;',
    /^imageRef: image is a derivation, expected .*content-addressed/,
  ],
  'init container without image': [
    'name = "a"; containers.a.image = "b"; initContainers.b = { };',
    /^pod: initContainers\.b\.image is missing$/,
  ],
  'command a string': [
    'name = "a"; containers.b = { image = "c"; command = "sh"; };',
    /^pod: containers\.b\.command is/,
  ],
  'env name with =': [
    'name = "a"; containers.b = { image = "c"; env."A=" = 1; };',
    /^pod: a name in containers\.b\.env/,
  ],
  'env value null': [
    'name = "a"; containers.b = { image = "c"; env.A = null; };',
    /containers\.b\.env\."A" is null/,
  ],
  'port out of range': [
    'name = "a"; containers.b = { image = "c"; ports = [ 0 ]; };',
    /^pod: a port in containers\.b/,
  ],
  'port object out of range': [
    'name = "a"; containers.b = { image = "c"; ports = [ { containerPort = 65536; } ]; };',
    /^pod: containerPort in containers\.b\.ports is 65536, expected/,
  ],
  'restart policy': [
    'name = "a"; containers.b.image = "c"; restartPolicy = "Sometimes";',
    /^pod: restartPolicy is "Sometimes", expected "Always", "OnFailure" or "Never"$/,
  ],
  'a whole object': [
    'name = "a"; containers.b.image = "c"; metadata = { };',
    /^pod: metadata isn't an argument, expected name, namespace/,
  ],
}

void t.test('refused', { skip: withoutNix }, async (t) => {
  const messages = await Promise.all(
    Object.values(refusals).map(async ([args]) => refusal(`pod { ${args} }`)),
  )
  for (const [at, [name, [, expected]]] of Object.entries(refusals).entries())
    t.match(messages[at] ?? 'no refusal', expected, name)
})
