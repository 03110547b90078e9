/** What goes over the wire for real store paths: headers, ranges, refusals. */
import { connect } from 'node:net'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { pullAll, pullBlob, pullManifest, refusal, repositoryUrl, sha256 } from './client.ts'
import { busybox, shape } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

void t.test('a plain package over HTTP', { skip: missing('nix') }, async (t) => {
  const path = await busybox()
  const server = await startPushless(t, { args: ['--serve-packages'] })
  const { url } = server
  const base = repositoryUrl(url, path)
  const { digest, manifest, text } = await pullManifest(url, path)
  const [layer] = manifest.layers
  if (layer === undefined) throw new Error('no layers')

  await t.test('manifest: same headers for GET and HEAD, by tag and by digest', async (t) => {
    t.equal(digest, sha256(text))
    for (const reference of ['nix', 'latest', digest]) {
      for (const method of ['GET', 'HEAD']) {
        const response = await fetch(`${base}/manifests/${reference}`, { method })
        t.equal(response.status, 200)
        t.equal(response.headers.get('content-type'), 'application/vnd.oci.image.manifest.v1+json')
        t.equal(response.headers.get('content-length'), String(Buffer.byteLength(text)))
        t.equal(response.headers.get('docker-content-digest'), digest)
        t.equal(await response.text(), method === 'HEAD' ? '' : text)
      }
    }
  })

  await t.test('blob: headers for GET and HEAD', async (t) => {
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(`${base}/blobs/${layer.digest}`, { method })
      t.equal(response.status, 200)
      t.equal(response.headers.get('content-type'), 'application/octet-stream')
      t.equal(response.headers.get('content-length'), String(layer.size))
      t.equal(response.headers.get('docker-content-digest'), layer.digest)
      t.equal(response.headers.get('accept-ranges'), 'bytes')
      const bytes = Buffer.from(await response.arrayBuffer())
      if (method === 'HEAD') t.equal(bytes.length, 0)
      else t.equal(sha256(bytes), layer.digest)
    }
  })

  await t.test('every blob has the size and digest that the manifest says', async (t) => {
    t.equal((await pullAll(url, path)).size, manifest.layers.length + 1)
  })

  await t.test('ranges', async (t) => {
    const whole = Buffer.from(await (await pullBlob(url, path, layer.digest)).arrayBuffer())
    const { size } = layer
    const rows: [range: string, status: number, bytes: Buffer | undefined][] = [
      ['bytes=0-0', 206, whole.subarray(0, 1)],
      ['bytes=100-2000', 206, whole.subarray(100, 2001)],
      [`bytes=${size - 1}-`, 206, whole.subarray(size - 1)],
      ['bytes=-10', 206, whole.subarray(size - 10)],
      [`bytes=5-${size * 10}`, 206, whole.subarray(5)],
      [`bytes=-${size * 10}`, 206, whole],
      [`bytes=0-${'9'.repeat(400)}`, 206, whole],
      ['bytes=0-0,5-9', 200, whole],
      ['bytes=9-5', 200, whole],
      ['lines=1-2', 200, whole],
      [`bytes=${size}-`, 416, undefined],
      [`bytes=${'9'.repeat(400)}-`, 416, undefined],
      ['bytes=-0', 416, undefined],
    ]
    for (const [range, status, bytes] of rows) {
      const response = await pullBlob(url, path, layer.digest, { range })
      t.equal(response.status, status, range)
      const got = Buffer.from(await response.arrayBuffer())
      if (bytes === undefined) {
        t.equal(response.headers.get('content-range'), `bytes */${size}`, range)
      } else {
        t.ok(got.equals(bytes), `${range}: the bytes asked for`)
        if (status === 206) {
          const start = whole.indexOf(bytes) === 0 ? 0 : size - bytes.length
          const expected =
            range === 'bytes=100-2000'
              ? `bytes 100-2000/${size}`
              : `bytes ${start}-${start + bytes.length - 1}/${size}`
          t.equal(
            response.headers.get('content-range'),
            range === 'bytes=0-0' ? `bytes 0-0/${size}` : expected,
          )
        }
      }
    }
  })

  await t.test('compression is the transport\u2019s only, and only where it is set', async (t) => {
    const compressed = await startPushless(t, { args: ['--serve-packages', '--compression', 'gzip'] })
    for (const encoding of ['zstd', 'gzip'] as const) {
      const response = await pullBlob(compressed.url, path, layer.digest, { 'accept-encoding': encoding })
      t.equal(response.headers.get('content-encoding'), encoding)
      t.equal(response.headers.get('docker-content-digest'), layer.digest)
      t.equal(
        sha256(Buffer.from(await response.arrayBuffer())),
        layer.digest,
        `${encoding} decodes to the layer`,
      )
      const part = await pullBlob(compressed.url, path, layer.digest, {
        'accept-encoding': encoding,
        range: 'bytes=0-99',
      })
      t.equal(part.headers.get('content-encoding'), null, 'never with a range')
      t.equal((await part.arrayBuffer()).byteLength, 100)
    }
    const plain = await pullBlob(url, path, layer.digest, { 'accept-encoding': 'zstd, gzip' })
    t.equal(plain.headers.get('content-encoding'), null, 'not for a client on this machine by default')
    await plain.arrayBuffer()
  })

  await t.test('tags, referrers, the base and health', async (t) => {
    const tags = await fetch(`${base}/tags/list`)
    t.same(await tags.json(), {
      name: new URL(base).pathname.slice('/v2/'.length),
      tags: ['erofs', 'latest', 'nix'],
    })
    const page = await fetch(`${base}/tags/list?n=1`)
    t.match(page.headers.get('link'), /n=1&last=erofs>; rel="next"/)
    t.same(((await page.json()) as { tags: unknown }).tags, ['erofs'])
    t.same(((await (await fetch(`${base}/tags/list?last=latest`)).json()) as { tags: unknown }).tags, ['nix'])
    const referrers = await fetch(`${base}/referrers/${digest}`)
    t.equal(referrers.headers.get('content-type'), 'application/vnd.oci.image.index.v1+json')
    t.match(await referrers.json(), {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ artifactType: 'application/vnd.cyclonedx+json' }, {}, {}],
    })
    for (const path of ['/v2/', '/v2', '/healthz']) t.equal((await fetch(url + path)).status, 200, path)
    t.equal(
      (await fetch(`${base.replace('/v2/', '/v2//')}/manifests/nix?ns=nix.internal`)).status,
      200,
      'as crane and containerd send it',
    )
  })

  await t.test('refusals', async (t) => {
    const known = new URL(base).pathname.slice('/v2/'.length)
    const hash = path.slice('/nix/store/'.length).slice(0, 32)
    const zeros = '0'.repeat(64)
    const rows: [path: string, status: number, code: string][] = [
      ['nix/store/short/manifests/nix', 404, 'NAME_UNKNOWN'],
      ['Nix/Store/UPPER/manifests/nix', 400, 'NAME_INVALID'],
      [`nix/store/${hash.toUpperCase()}/manifests/nix`, 400, 'NAME_INVALID'],
      [`nix/store/${hash}-${'x'.repeat(300)}/manifests/nix`, 400, 'NAME_INVALID'],
      [`${'x'.repeat(2000)}/manifests/nix`, 400, 'NAME_INVALID'],
      ['nix/store/..%2f..%2fetc%2fpasswd/manifests/nix', 400, 'NAME_INVALID'],
      ['nix/store/%zz/manifests/nix', 400, 'NAME_INVALID'],
      ['nix/store/%00/manifests/nix', 400, 'NAME_INVALID'],
      [`nix/store/${hash}-busybox%2fbin%2fsh/manifests/nix`, 404, 'NAME_UNKNOWN'],
      ['etc/passwd/manifests/nix', 404, 'NAME_UNKNOWN'],
      ['library/nginx/manifests/latest', 404, 'NAME_UNKNOWN'],
      [`nix/store/${'0'.repeat(32)}-unknown/manifests/nix`, 404, 'NAME_UNKNOWN'],
      [`nix/store/${'0'.repeat(32)}/manifests/nix`, 404, 'NAME_UNKNOWN'],
      [`nix/store/${hash}-othername/manifests/nix`, 404, 'NAME_UNKNOWN'],
      [`${known}/manifests/undefined-tag`, 404, 'MANIFEST_UNKNOWN'],
      [`${known}/manifests/.INVALID_MANIFEST_NAME`, 404, 'MANIFEST_UNKNOWN'],
      [`${known}/manifests/sha256:${zeros}`, 404, 'MANIFEST_UNKNOWN'],
      [`${known}/manifests/sha256:${zeros.slice(1)}`, 400, 'DIGEST_INVALID'],
      [`${known}/manifests/sha256:totallywrong`, 400, 'DIGEST_INVALID'],
      [`${known}/blobs/sha256:${zeros}`, 404, 'BLOB_UNKNOWN'],
      [`${known}/blobs/sha256:${zeros}0`, 400, 'DIGEST_INVALID'],
      [`${known}/blobs/sha512:${zeros}${zeros}`, 404, 'BLOB_UNKNOWN'],
      [`${known}/nothing/here`, 404, 'NAME_UNKNOWN'],
      [known, 404, 'NAME_UNKNOWN'],
    ]
    for (const [path, status, code] of rows) {
      const got = await refusal(await fetch(`${url}/v2/${path}`))
      t.same({ status: got.status, code: got.code }, { status, code }, path)
      const head = await fetch(`${url}/v2/${path}`, { method: 'HEAD' })
      t.equal(head.status, status, `HEAD ${path}`)
    }
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
      const response = await fetch(`${base}/manifests/nix`, {
        method,
        ...(method === 'DELETE' ? {} : { body: 'x' }),
      })
      t.equal(response.headers.get('allow'), 'GET, HEAD')
      const { status, code } = await refusal(response)
      t.same({ status, code }, { status: 405, code: 'UNSUPPORTED' }, method)
    }
  })

  await t.test('a path with dots, sent as it is', async (t) => {
    t.match(await rawGet(server, '/v2/nix/store/../../etc/passwd/manifests/nix'), /^HTTP\/1.1 400 /)
    t.match(await rawGet(server, `/v2/nix/store/x/../y/manifests/nix`), /^HTTP\/1.1 400 /)
    t.match(await rawGet(server, `/v2/nix/store/%2e%2e/%2E%2E/etc/manifests/nix`), /^HTTP\/1.1 400 /)
  })

  await t.test('another image\u2019s blob is unknown here', async (t) => {
    const other = await shape('one')
    const { manifest: theirs } = await pullManifest(url, other)
    const got = await refusal(await pullBlob(url, path, theirs.layers[0]?.digest ?? ''))
    t.same({ status: got.status, code: got.code }, { status: 404, code: 'BLOB_UNKNOWN' })
  })

  await t.test('a client that leaves at any byte harms nobody', async (t) => {
    for (let i = 0; i < 20; i++) {
      const socket = connect(server.port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write(`GET ${new URL(base).pathname}/blobs/${layer.digest} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      if (i > 0) await once(socket, 'data')
      socket.destroy()
    }
    t.equal((await pullAll(url, path)).size, manifest.layers.length + 1)
    t.notOk(
      server.logs.some(({ level }) => Number(level) >= 50),
      'and is no error',
    )
  })

  await t.test('the state directory holds no layer bytes', async (t) => {
    let bytes = 0
    for (const name of await readdir(server.state)) bytes += (await stat(join(server.state, name))).size
    t.ok(bytes < 400_000, `${bytes} bytes of state`)
  })
})

async function rawGet({ port }: Pushless, path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}
