// Questions about a page, asked in the browser: browser.ts puts this script into every page. It is not TypeScript, since
// the project's types are Node's.
globalThis.inBrowser = {
  /** Each pair of a text's colour and the colour behind it, once. */
  colours() {
    const found = new Map()
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode() !== null) {
      const text = walker.currentNode.textContent.trim()
      const element = walker.currentNode.parentElement
      if (text === '' || element.closest('title, script, noscript') !== null) continue
      const style = getComputedStyle(element)
      const box = element.tagName === 'text' ? element.parentElement.querySelector('path') : null
      const colour = element.tagName === 'text' ? style.fill : style.color
      const ground = box === null ? colourBehind(element) : getComputedStyle(box).fill
      found.set(`${colour} ${ground}`, { text: text.slice(0, 40), colour, ground })
    }
    return [...found.values()]
  },

  /** Pixels that the page is wider than the window. */
  overhang() {
    return document.documentElement.scrollWidth - document.documentElement.clientWidth
  },

  /** Milliseconds from the start of the navigation until the page with its pictures was painted and ready. */
  async firstPicture() {
    if (document.querySelector('svg.treemap') === null) return Infinity
    while (painted() === undefined) await new Promise((resolve) => requestAnimationFrame(resolve))
    const [navigation] = performance.getEntriesByType('navigation')
    return Math.max(painted().startTime, navigation.duration)
  },

  focused() {
    const element = document.activeElement
    return {
      name: element.getAttribute('aria-label') ?? element.textContent.trim(),
      isInTable: element.closest('table.components') !== null,
    }
  },
}

function painted() {
  return performance.getEntriesByName('first-contentful-paint')[0]
}

function colourBehind(element) {
  for (let at = element; at !== null; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at)
    if (!/^rgba\(.*, 0\)$/.test(backgroundColor)) return backgroundColor
  }
  return 'rgb(255, 255, 255)'
}
