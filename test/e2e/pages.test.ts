/**
 * The pages in Chromium: what the policy, the console and the network say, the keyboard, the contrast of what is shown.
 * Screenshots are in .tap/pages/.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { HASH, begin, print, BUILD, EVIL } from '../http/build-app.ts'
import { hashOf } from '../http/pages/synthetic-image.ts'
import { build, root } from '../nix/nix-command.ts'
import { startBrowser, watchedPage } from '../support/browser.ts'
import { lowContrasts } from '../support/contrast.ts'
import { busybox } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { PAGE, SMALL, startPages } from './pages-server.ts'
import { until } from './until.ts'

const SHOTS = join(root, '.tap/pages')
const SIZES = [
  ['wide', { width: 1280, height: 900 }],
  ['narrow', { width: 390, height: 800 }],
] as const
const PAGES = [
  ['images', '/'],
  ['image', `/images/${hashOf(2)}`],
  ['image-of-600', PAGE],
  ['component', `/images/${hashOf(2)}?component=${hashOf(105)}`],
  ['difference', `${PAGE}?compare=${hashOf(2)}`],
  ['builds', '/builds'],
  ['failure', '/images/unknown'],
] as const

await mkdir(SHOTS, { recursive: true })

void t.test('pages in a browser', { skip: missing('chromium') }, async (t) => {
  const browser = await startBrowser(t)
  const { url, journal } = await startPages(t)

  await t.test('look right in every scheme and width, and ask nobody else', async (t) => {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const [width, viewport] of SIZES) {
        const { page, context, complaints } = await watchedPage(browser, url, { colorScheme, viewport })
        for (const [name, path] of PAGES) {
          const what = `${name}, ${colorScheme}, ${width}`
          await page.goto(url + path)
          t.strictSame(await lowContrasts(page), [], `${what}: contrasts of at least 4.5`)
          const wider = await page.evaluate<number>('inBrowser.overhang()')
          t.equal(wider, 0, `${what}: the page itself does not scroll sideways`)
          await page.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`) })
        }
        t.strictSame(withoutRefusals(complaints), [], `${colorScheme}, ${width}: nothing to complain about`)
        await context.close()
      }
  })

  await t.test('everything can be reached by the keyboard', async (t) => testKeyboard(t, browser, url))
  await t.test('the picture moves by the mouse', async (t) => testMouse(t, browser, url))

  await t.test('pages work without scripts', async (t) => {
    const { page, context, complaints } = await watchedPage(browser, url, { javaScriptEnabled: false })
    await page.goto(url + PAGE)
    t.equal(await page.locator('svg.graph a[data-n]').count(), 501)
    t.notOk(await page.locator('.graph-tools').isVisible(), 'no buttons without what they do')
    t.equal(await page.locator('svg.graph a[data-n="1"]').getAttribute('href'), '#c0')
    t.ok(await page.locator('#c0').count())
    await page.locator('input[name=q]').fill('openssl')
    await page.getByRole('button', { name: 'Search' }).click()
    t.match(await page.locator('main').innerText(), /60 of 600 store paths match “openssl”/)
    await page.goto(`${url}/`)
    await page.locator('input[name=name]').fill(`nix.internal${SMALL}:nix`)
    await page.getByRole('button', { name: 'Show' }).click()
    t.equal(await page.locator('h1').innerText(), 'small')
    t.strictSame(complaints, [])
    await context.close()
  })

  await t.test('the log of a build grows, and is text', async (t) => {
    begin(journal, 'first line', EVIL)
    const { page, context, complaints } = await watchedPage(browser, url)
    await page.goto(`${url}/builds/${HASH}`)
    await page.getByText('first line').waitFor()
    print(journal, 'second line')
    await page.getByText('second line').waitFor()
    t.match(await page.locator('#log').innerText(), EVIL)
    journal.hear(BUILD, { kind: 'done' })
    await page.locator('.state.done').waitFor()
    t.match(await page.locator('#log').innerText(), EVIL)
    t.strictSame(complaints, [])
    await context.close()
  })
})

void t.test('the pages of a real image', { skip: missing('chromium', 'nix') }, async (t) => {
  const image = await build(`image { name = "web"; contents = [ (builtins.storePath ${await busybox()}) ]; }`)
  const server = await startPushless(t)
  const browser = await startBrowser(t)
  const { page, complaints } = await watchedPage(browser, server.url)
  await page.goto(`${server.url}/images/${image.slice('/nix/store/'.length)}`)
  t.match(await page.locator('main').innerText(), /busybox/)
  t.ok(await page.locator('svg.graph.graph a[data-n]').count())
  await page.screenshot({ path: join(SHOTS, 'real.png'), fullPage: true })
  const sbom = await fetch(`${server.url}/images/${image.slice('/nix/store/'.length)}/sbom.cdx.json`)
  t.match(await sbom.json(), { bomFormat: 'CycloneDX' })
  await page.getByRole('link', { name: 'Images' }).click()
  t.ok(await page.getByRole('link', { name: image.slice(44), exact: true }).count(), 'it is listed now')
  t.strictSame(complaints, [])
  await server.stop()

  const plain = await startPushless(t, { args: ['--pages=false'] })
  t.equal((await fetch(`${plain.url}/`)).status, 404)
  t.equal((await fetch(`${plain.url}/images/${image.slice('/nix/store/'.length)}`)).status, 404)
  await plain.stop()
})

async function testKeyboard(t: Test, browser: Browser, url: string): Promise<void> {
  const { page, context, complaints } = await watchedPage(browser, url)
  await page.goto(url + PAGE)
  await page.keyboard.press('Tab')
  t.equal(await focused(page), 'Skip to the content', 'the first stop skips the navigation')
  const stops = await tabStops(page)
  t.ok(stops.includes('Images') && stops.includes('Search'), stops.join(', '))
  t.ok(stops.length < 60, `${stops.length} stops before the table, not one for each node`)

  await page.locator('svg.graph').focus()
  const whole = await viewOf(page)
  await page.keyboard.press('+')
  const near = await viewOf(page)
  t.ok(width(near) < width(whole), 'enlarged')
  await page.keyboard.press('ArrowRight')
  t.not(await viewOf(page), near, 'moved')
  await page.keyboard.press('0')
  t.match(await viewOf(page), /^0 0 /, 'all of it')
  await page.keyboard.press('Enter')
  t.match(await focused(page), /web-shop/, 'the node of the image')
  await page.keyboard.press('Enter')
  t.match(await page.getByRole('status').innerText(), /^web-shop: needs .*; needed by nothing/)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  t.match(await page.getByRole('status').innerText(), /needed by web-shop/)
  t.equal(await page.locator('svg.graph .marked').count(), 1)
  await page.keyboard.press('Escape')
  t.equal(await page.locator('svg.graph .marked').count(), 0)
  t.strictSame(complaints, [])
  await context.close()
}

async function testMouse(t: Test, browser: Browser, url: string): Promise<void> {
  const { page, context, complaints } = await watchedPage(browser, url)
  await page.goto(`${url}/images/${hashOf(2)}`)
  const node = page.locator('svg.graph a[data-n="1"]')
  await page.getByRole('button', { name: 'Show all' }).click()
  await node.click()
  t.equal(await page.locator('svg.graph .marked').count(), 1)
  await page.getByRole('link', { name: 'Show it in the table.' }).click()
  t.ok(page.url().endsWith('#c0'))
  await node.scrollIntoViewIfNeeded()
  const before = await viewOf(page)
  const box = await page.locator('svg.graph').boundingBox()
  const [x, y] = [(box?.x ?? 0) + 300, (box?.y ?? 0) + 15]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 80, y + 10, { steps: 4 })
  await page.mouse.up()
  const moved = await viewOf(page)
  t.not(moved, before, 'dragged')
  await page.keyboard.down('Control')
  await page.mouse.wheel(0, -200)
  await page.keyboard.up('Control')
  await until(async () => (width(await viewOf(page)) < width(moved) ? true : undefined))
  t.ok(width(await viewOf(page)) < width(moved), 'zoomed by the wheel')
  t.strictSame(complaints, [])
  await context.close()
}

async function viewOf(page: Page): Promise<string> {
  return (await page.locator('svg.graph').getAttribute('viewBox')) ?? ''
}

function width(view: string): number {
  return Number(view.split(' ')[2])
}

async function focused(page: Page): Promise<string> {
  return (await focus(page)).name
}

async function focus(page: Page): Promise<{ readonly name: string; readonly isInTable: boolean }> {
  return page.evaluate('inBrowser.focused()')
}

/** The names of what Tab reaches, from the start of the page to the table. */
async function tabStops(page: Page): Promise<readonly string[]> {
  const stops: string[] = []
  for (let count = 0; count < 60; count += 1) {
    await page.keyboard.press('Tab')
    const { isInTable, name } = await focus(page)
    if (isInTable) break
    stops.push(name)
  }
  return stops
}

/** Chromium writes into its console that a page came with a status of 400 or more. */
function withoutRefusals(complaints: readonly string[]): readonly string[] {
  return complaints.filter((text) => !text.includes('the server responded with a status of 400'))
}
