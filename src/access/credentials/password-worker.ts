/** A thread that compares passwords: one comparison takes a tenth of a second of a processor, which is its purpose. */
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

export type PasswordTask = { readonly id: number; readonly password: string; readonly hash: string }
export type PasswordAnswer = { readonly id: number; readonly isRight: boolean }

parentPort?.on('message', ({ id, password, hash }: PasswordTask) => {
  parentPort?.postMessage({ id, isRight: compareSync(password, hash) } satisfies PasswordAnswer)
})
