import t from 'tap'
import { readAccessFile } from '../../../src/access/file/read-access-file.ts'
import { readHtpasswd } from '../../../src/access/credentials/htpasswd.ts'

const HASH = '$2b$04$abcdefghijklmnopqrstuuM0ZtuTDWxBzJz2c5Zo8nMWTxxQm9P3W'

void t.test('mistakes are told with their places', async (t) => {
  for (const [text, message] of [
    ['', /^auth\.yaml: is empty, expected users/],
    ['users: [', /^auth\.yaml:1:\d+: /],
    ['user: []', /^auth\.yaml:1:1: user is unknown, did you mean users\?/],
    [
      'users:\n  - {name: a, rights: [pull]}',
      /^auth\.yaml:2:\d+: users\.0\.password is missing, expected a bcrypt hash/,
    ],
    [
      'users:\n  - {name: a, password: secret, rights: [pull]}',
      /users\.0\.password is "secret", expected a bcrypt hash/,
    ],
    [
      `users:\n  - {name: a, password: ${HASH}, rights: [push]}`,
      /users\.0\.rights\.0 is "push", expected one of pull, warm/,
    ],
    [
      `users:\n  - {name: a, password: ${HASH}, rights: []}\n  - {name: a, password: ${HASH}, rights: []}`,
      /^auth\.yaml:3:6: the user a is there twice/,
    ],
    [
      `users:\n  - {name: a, password: ${HASH}, rights: [], expires: 2026-13-45}`,
      /expires is 2026-13-45, which is no day/,
    ],
    ['tokens:\n  - {name: a, sha256: abc, rights: []}', /tokens\.0\.sha256 is "abc", expected the SHA-256/],
    [
      'rules:\n  - {allow: [push]}',
      /^auth\.yaml:2:\d+: 0\.allow\.0 is "push", expected one of pull, fetch, build/,
    ],
    ['rules:\n  - {hashes: [x], allow: []}', /^auth\.yaml:2:\d+: x is no hash/],
    ['rules:\n  - {keys: [x], allow: []}', /x is no key, expected name:base64/],
  ] as const)
    t.throws(() => readAccessFile(text, 'auth.yaml'), { kind: 'unavailable', message }, text)
})

void t.test('JSON is YAML', async (t) => {
  const { anonymous, users, rules } = readAccessFile('{"anonymous": ["pull"]}', 'auth.json')
  t.same([anonymous, users, rules], [new Set(['pull']), [], undefined])
})

void t.test('htpasswd files have bcrypt hashes', async (t) => {
  t.same(readHtpasswd(`# people\nci:${HASH}\n\n`, 'h'), new Map([['ci', HASH]]))
  t.throws(() => readHtpasswd(`ci:${HASH}\nold:$apr1$x$y\n:${HASH}`, 'h'), {
    message:
      'h:2: expected a user and a bcrypt hash, as htpasswd -B writes them\nh:3: expected a user and a bcrypt hash, as htpasswd -B writes them',
  })
})
