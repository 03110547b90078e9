/** A real nginx on a free port of the loopback, in one process of its own. Needs nginx. */
import { mkdir, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startDaemon, type Daemon } from './daemon.ts'
import { searchPath } from './requirement.ts'
import { freePort } from './free-port.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

export type Nginx = { readonly url: string; readonly port: number; readonly daemon: Daemon<true> }

export type NginxOptions = {
  /** Parameters of `listen`, such as `ssl`. */
  readonly listen?: string
  /** Any free port by default. */
  readonly port?: number
}

/** @param server directives of its one server. */
export async function startNginx(
  scope: Scope,
  server: string,
  { listen = '', port: given }: NginxOptions = {},
): Promise<Nginx> {
  const directory = await temporaryDirectory(scope, 'nginx')
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) await mkdir(join(directory, name))
  const port = given ?? (await freePort())
  const file = join(directory, 'nginx.conf')
  const paths = ['body:client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((pair) => {
    const [name = '', directive = name] = pair.split(':')
    return `${directive}_temp_path ${join(directory, name)};`
  })
  // Started by root, it would read files as nobody. Elsewhere the directive is ignored.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  await writeFile(
    file,
    `${user} daemon off; master_process off; pid ${join(directory, 'pid')}; error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
  ${paths.join('\n  ')}
  server {
    listen 127.0.0.1:${port} ${listen};
    ${server}
  }
}
`,
  )
  const daemon = await startDaemon<true>(scope, {
    command: ['nginx', '-c', file, '-p', directory, '-e', 'stderr'],
    env: { PATH: searchPath() },
    ready: (line) => (line.includes('start') || line.includes('using the "epoll"') ? true : undefined),
  })
  await answers(port)
  return { url: `${listen.includes('ssl') ? 'https' : 'http'}://127.0.0.1:${port}`, port, daemon }
}

async function answers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await setTimeout(20)
  }
  throw new Error(`nothing listens on port ${port}`)
}
