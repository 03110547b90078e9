import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { asServiceAccount } from '../../../src/kubernetes/client/cluster-access.ts'
import { parseKubeconfig, readKubeconfig } from '../../../src/kubernetes/client/kubeconfig.ts'
import { KubernetesError } from '../../../src/kubernetes/client/kubernetes-error.ts'
import { podAccess } from '../../../src/kubernetes/client/credentials/pod-access.ts'
import { temporaryDirectory } from '../../support/scope.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n'
const PEM_DATA = Buffer.from(PEM).toString('base64')

/** A kubeconfig of one context. @param user and cluster as fields of YAML in one line. */
function kubeconfig(user: string, cluster = 'server: "https://a.example:6443"'): string {
  return [
    `clusters: [{name: c, cluster: {${cluster}}}]`,
    `users: [{name: u, user: {${user}}}]`,
    'contexts: [{name: here, context: {cluster: c, user: u}}]',
    'current-context: here',
  ].join('\n')
}

function exec(fields: string): string {
  return `exec: {apiVersion: client.authentication.k8s.io/v1, ${fields}}`
}

function failure(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof KubernetesError ? `${error.kind}: ${error.message}` : String(error)
  }
  return 'nothing'
}

const USERS: readonly (readonly [user: string, bearer: unknown])[] = [
  ['token: abc', { kind: 'token', token: 'abc' }],
  ['token: ""', undefined],
  ['username: a, password: b', { kind: 'basic', user: 'a', password: 'b' }],
  ['', undefined],
]

void t.test('reads credentials', async (t) => {
  for (const [user, bearer] of USERS)
    t.same(parseKubeconfig(kubeconfig(user)).credentials.bearer, bearer, user)
  const certificate = `client-certificate-data: ${PEM_DATA}, client-key-data: ${PEM_DATA}`
  t.same(parseKubeconfig(kubeconfig(certificate)).credentials.certificate, { cert: PEM, key: PEM })
})

void t.test(
  'asks the proxy that the cluster names, else that of the process, and none for this machine',
  async (t) => {
    const directory = await temporaryDirectory(t, 'kubeconfig')
    const variables = { https_proxy: 'http://p:1', NO_PROXY: 'b.example' }
    const proxyOf = async (cluster: string) => {
      const file = join(directory, 'config')
      await writeFile(file, kubeconfig('token: a', cluster))
      return readKubeconfig({ environment: variables, file }).proxy
    }
    const named = 'http://q:2'
    t.same(await proxyOf(`server: "https://a", proxy-url: "${named}"`), {
      HTTP_PROXY: named,
      HTTPS_PROXY: named,
    })
    const ofProcess = { HTTP_PROXY: undefined, HTTPS_PROXY: 'http://p:1', NO_PROXY: 'b.example' }
    t.same(await proxyOf('server: "https://a.example"'), ofProcess)
    for (const host of ['localhost', '127.0.0.1:6443', '[::1]:6443'])
      t.equal(await proxyOf(`server: "https://${host}"`), undefined, host)
  },
)

void t.test('reads the user that is impersonated', async (t) => {
  const user = 'token: a, as: jane, as-uid: "7", as-groups: [x, y], as-user-extra: {scopes: [s]}'
  t.same(parseKubeconfig(kubeconfig(user)).impersonation, {
    user: 'jane',
    uid: '7',
    groups: ['x', 'y'],
    extra: { scopes: ['s'] },
  })
  const access = parseKubeconfig(kubeconfig('token: a'))
  t.same(asServiceAccount(access, 'shop', 'deployer').impersonation, {
    user: 'system:serviceaccount:shop:deployer',
    groups: [],
  })
})

void t.test('takes the namespace of the call before that of the context', async (t) => {
  const text = kubeconfig('token: a').replace('user: u}}', 'user: u, namespace: shop}}')
  t.equal(parseKubeconfig(text).namespace, 'shop')
  t.equal(parseKubeconfig(text, { namespace: 'other' }).namespace, 'other')
  t.equal(parseKubeconfig(kubeconfig('token: a')).namespace, 'default')
})

const WRONG: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['no YAML', 'a: [', /^configuration: kubeconfig: is no YAML$/],
  ['a list', '[]', /is no kubeconfig: expected clusters, users and contexts/],
  ['no current context', 'contexts: [{name: x, context: {}}]', /no current context.* there is: x/],
  ['an unknown context', 'current-context: y\ncontexts: [{name: x}]', /has no context y, there is: x/],
  [
    'a context without a cluster',
    'current-context: x\ncontexts: [{name: x, context: {}}]',
    /context x names no cluster/,
  ],
  [
    'a context with an unknown cluster',
    'current-context: x\ncontexts: [{name: x, context: {cluster: z}}]',
    /has no cluster z, there is: none/,
  ],
  ['no server', kubeconfig('token: a', 'insecure-skip-tls-verify: true'), /cluster c has no server/],
  ['a server that is no URL', kubeconfig('token: a', 'server: a b'), /cluster c: server a b is no URL/],
  [
    'a proxy that is none of HTTP',
    kubeconfig('token: a', 'server: "https://a", proxy-url: "socks5://p:1"'),
    /cluster c: proxy-url socks5:\/\/p:1 is no URL of a proxy of http or https/,
  ],
  [
    'a certificate without a key',
    kubeconfig(`client-certificate-data: ${PEM_DATA}`),
    /without its client-key/,
  ],
  [
    'a certificate that is none',
    kubeconfig('client-certificate-data: AAAA'),
    /client-certificate-data of the kubeconfig: expected PEM/,
  ],
  ['a removed provider', kubeconfig('auth-provider: {name: gcp}'), /auth-provider gcp was removed/],
  ['groups without a user', kubeconfig('token: a, as-groups: [x]'), /as-groups or as-uid without as/],
  ['a file in a Secret', kubeconfig('client-certificate: a.pem'), /of a Secret may not name a file/],
  ['a token file in a Secret', kubeconfig('tokenFile: /etc/passwd'), /of a Secret may not name a file/],
  [
    'an authority in a file, in a Secret',
    kubeconfig('token: a', 'server: "https://a", certificate-authority: ca.pem'),
    /of a Secret may not name a file: certificate-authority: ca.pem/,
  ],
  ['a program in a Secret', kubeconfig(exec('command: sh')), /of a Secret may not run a program/],
]

for (const [what, text, message] of WRONG)
  void t.test(`refuses ${what}`, async (t) =>
    t.match(
      failure(() => parseKubeconfig(text)),
      message,
    ),
  )

void t.test('reads files', async (t) => {
  const directory = await temporaryDirectory(t, 'kubeconfig')
  await mkdir(join(directory, '.kube'))
  const own = join(directory, '.kube/config')
  const environment = { HOME: directory }
  const write = async (user: string) => writeFile(own, kubeconfig(user))

  await t.test('in the home directory, with paths beside the file', async (t) => {
    await writeFile(join(directory, '.kube/c.pem'), PEM)
    await write('tokenFile: token, client-certificate: c.pem, client-key: c.pem')
    const { credentials } = readKubeconfig({ environment })
    t.same(credentials.bearer, { kind: 'file', file: join(directory, '.kube/token') })
    t.same(credentials.certificate, { cert: PEM, key: PEM })
  })

  await t.test('with a plugin, whose command lies beside the file or in PATH', async (t) => {
    await write(exec('command: ./login, args: [a], env: [{name: K, value: v}], provideClusterInfo: true'))
    t.match(readKubeconfig({ environment }).credentials.bearer, {
      kind: 'exec',
      plugin: {
        command: join(directory, '.kube/login'),
        args: ['a'],
        environment: { K: 'v' },
        cluster: { server: 'https://a.example:6443' },
      },
    })
    await write(exec('command: login'))
    t.match(readKubeconfig({ environment }).credentials.bearer, { plugin: { command: 'login' } })
    await write(exec('command: login, interactiveMode: Always'))
    t.match(
      failure(() => readKubeconfig({ environment })),
      /login always asks a person/,
    )
    await write('exec: {apiVersion: v7, command: login}')
    t.match(
      failure(() => readKubeconfig({ environment })),
      /v7 is unknown/,
    )
    await write('exec: {command: login}')
    t.match(
      failure(() => readKubeconfig({ environment })),
      /expected command and apiVersion/,
    )
  })

  await t.test('of KUBECONFIG together: the first that has an entry wins', async (t) => {
    const [first, second] = [join(directory, 'first'), join(directory, 'second')]
    await writeFile(first, 'users: [{name: u, user: {token: first}}]\ncurrent-context: ""')
    await writeFile(second, kubeconfig('token: second'))
    const KUBECONFIG = [join(directory, 'absent'), first, second].join(':')
    const access = readKubeconfig({ environment: { ...environment, KUBECONFIG } })
    t.same(access.credentials.bearer, { kind: 'token', token: 'first' })
    t.equal(access.server.href, 'https://a.example:6443/')
  })

  await t.test('and says which is missing', async (t) => {
    const file = join(directory, 'absent')
    t.equal(
      failure(() => readKubeconfig({ environment, file })),
      `configuration: ${file}: cannot be read`,
    )
    t.match(
      failure(() => readKubeconfig({ environment: { HOME: '/nowhere' } })),
      /no kubeconfig: \/nowhere\/\.kube\/config is not there, and this is no Pod/,
    )
    await write('client-certificate: gone.pem, client-key: gone.pem')
    t.match(
      failure(() => readKubeconfig({ environment })),
      /client-certificate of the kubeconfig: .*gone\.pem cannot be read/,
    )
  })

  await t.test('of a Pod', async (t) => {
    const variables = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
    t.match(
      failure(() => podAccess(variables, undefined, directory)),
      /the Pod has no ServiceAccount to use/,
    )
    await writeFile(join(directory, 'ca.crt'), PEM)
    await writeFile(join(directory, 'namespace'), 'shop\n')
    t.match(podAccess(variables, undefined, directory), {
      server: new URL('https://[fd00::1]:6443'),
      namespace: 'shop',
      credentials: { bearer: { kind: 'file', file: join(directory, 'token') } },
    })
    t.equal(podAccess({}), undefined)
  })
})
