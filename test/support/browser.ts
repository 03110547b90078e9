/** Chromium, driven by playwright-core. It can connect to this machine alone. */
import { fileURLToPath } from 'node:url'
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core'
import type { Scope } from './scope.ts'

const QUESTIONS = fileURLToPath(new URL('in-browser.js', import.meta.url))

/** Ends with the scope. Needs chromium. */
export async function startBrowser(scope: Scope): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    // Root has no sandbox in Chromium, and a container may have little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run'],
  })
  scope.teardown(async () => browser.close())
  return browser
}

export type WatchedPage = {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors of the console, of scripts and of the policy, and requests to other servers. */
  readonly complaints: readonly string[]
}

/** Opens a page, and writes down everything that it shouldn't do. @param url of the server that it may ask. */
export async function watchedPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  await context.addInitScript({ path: QUESTIONS })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) complaints.push(`request to ${request.url()}`)
  })
  return { page, context, complaints }
}
