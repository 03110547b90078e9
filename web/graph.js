// Makes the picture of the dependencies movable, and shows what a component needs and what needs it. The picture itself
// comes with the page: only its view box and classes change here.
const svg = document.querySelector('svg.graph')
/** Pixels. */
const MIN_HEIGHT = 220
/** The least size at which labels can be read. */
const MIN_SCALE = 0.8
if (svg !== null) start(svg)

function start(svg) {
  const frame = svg.parentElement
  const said = document.querySelector('.graph-said')
  const tools = document.querySelector('.graph-tools')
  const whole = { x: 0, y: 0, width: svg.width.baseVal.value, height: svg.height.baseVal.value }
  const nodes = [...svg.querySelectorAll('a[data-n]')]
  const edges = [...svg.querySelectorAll('path[data-e]')].map((path) => {
    const [from, to] = path.dataset.e.split(' ').map(Number)
    return { path, from, to }
  })
  const needs = neighbours(edges, 'from', 'to')
  const users = neighbours(edges, 'to', 'from')
  frame.classList.add('live')
  frame.removeAttribute('tabindex')
  svg.setAttribute('tabindex', '0')
  tools.hidden = false

  // As high as the picture is, while it fits on the screen.
  svg.setAttribute('height', Math.max(MIN_HEIGHT, Math.min(whole.height + 20, innerHeight * 0.65)))
  let view = firstView()
  show()
  let marked
  /** The one node that Tab reaches. */
  let current = nodes[0]
  current?.setAttribute('tabindex', '0')

  // The view, in units of the picture.

  /** The whole picture where that can be read, and else its beginning. */
  function firstView() {
    const { clientWidth, clientHeight } = svg
    const scale = Math.min(
      1,
      Math.max(MIN_SCALE, Math.min(clientWidth / whole.width, clientHeight / whole.height)),
    )
    const [width, height] = [clientWidth / scale, clientHeight / scale]
    return {
      x: width > whole.width ? (whole.width - width) / 2 : 0,
      y: (whole.height - height) / 2,
      width,
      height,
    }
  }

  function show() {
    svg.setAttribute('viewBox', `${view.x} ${view.y} ${view.width} ${view.height}`)
  }

  function zoom(factor, x = view.x + view.width / 2, y = view.y + view.height / 2) {
    const width = Math.min(whole.width * 4, Math.max(200, view.width * factor))
    const by = width / view.width
    view = {
      x: x - (x - view.x) * by,
      y: y - (y - view.y) * by,
      width,
      height: view.height * by,
    }
    show()
  }

  /** Moves the view. Some of the picture always stays in it. */
  function move(x, y) {
    view.x = Math.min(whole.width - 60, Math.max(60 - view.width, view.x + x))
    view.y = Math.min(whole.height - 60, Math.max(60 - view.height, view.y + y))
    show()
  }

  function showAll() {
    view = { ...whole }
    show()
  }

  /** Moves the view so that it has a node, and what the browser scrolled is put back. */
  function reveal(node) {
    const box = node.getBBox()
    const right = box.x + box.width
    const bottom = box.y + box.height
    const x = box.x < view.x ? box.x - view.x - 20 : Math.max(0, right - view.x - view.width + 20)
    const y = box.y < view.y ? box.y - view.y - 20 : Math.max(0, bottom - view.y - view.height + 20)
    move(x, y)
  }

  // The marked node.

  function mark(node) {
    clear()
    marked = node
    const number = Number(node.dataset.n)
    const [below, above] = [needs.get(number) ?? [], users.get(number) ?? []]
    svg.classList.add('marking')
    node.classList.add('marked')
    for (const other of below) nodes[other].classList.add('needed')
    for (const other of above) nodes[other].classList.add('user')
    for (const { path, from, to } of edges) {
      if (from === number) path.classList.add('needed')
      if (to === number) path.classList.add('user')
    }
    const size = node.dataset.s === '' || number === 0 ? '' : `, ${node.dataset.s}`
    const link = document.createElement('a')
    link.href = node.getAttribute('href')
    link.textContent = 'Show it in the table.'
    said.replaceChildren(
      `${titleOf(node)}${size}: needs ${namesOf(below)}; needed by ${namesOf(above)}. `,
      ...(number === 0 ? [] : [link]),
    )
  }

  function clear() {
    marked = undefined
    svg.classList.remove('marking')
    for (const element of svg.querySelectorAll('.marked, .needed, .user'))
      element.classList.remove('marked', 'needed', 'user')
    said.replaceChildren()
  }

  function namesOf(numbers) {
    if (numbers.length === 0) return 'nothing'
    const names = numbers.slice(0, 8).map((number) => titleOf(nodes[number]))
    return numbers.length > 8 ? `${names.join(', ')} and ${numbers.length - 8} more` : names.join(', ')
  }

  /** Moves the focus to another node. */
  function goTo(node) {
    if (node === undefined) return
    current.setAttribute('tabindex', '-1')
    current = node
    node.setAttribute('tabindex', '0')
    node.focus({ preventScroll: true })
    reveal(node)
  }

  /** The next node up or down in the same column. */
  function beside(node, direction) {
    const { x, y } = node.getBBox()
    return nodes
      .map((other) => ({ other, box: other.getBBox() }))
      .filter(({ box }) => Math.abs(box.x - x) < 2 && (box.y - y) * direction > 0)
      .sort((a, b) => (a.box.y - b.box.y) * direction)[0]?.other
  }

  // Keyboard.

  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

  svg.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (!press(event.key, event.target.closest?.('a[data-n]') ?? undefined)) return
    event.preventDefault()
  })

  /** @returns whether the key means something. */
  function press(key, node) {
    if (key === '+' || key === '=') zoom(0.8)
    else if (key === '-') zoom(1.25)
    else if (key === '0') showAll()
    else if (key === 'Escape') clear()
    else if (key === 'Enter' && node === undefined) goTo(current)
    else if (key === 'Enter' || key === ' ') mark(node ?? current)
    else if (key in MOVES) step(key, node)
    else return false
    return true
  }

  function step(key, node) {
    const [x, y] = MOVES[key]
    if (node === undefined) return move((x * view.width) / 8, (y * view.height) / 8)
    const number = Number(node.dataset.n)
    if (x > 0) goTo(nodes[(needs.get(number) ?? [])[0]])
    else if (x < 0) goTo(nodes[(users.get(number) ?? [])[0]])
    else goTo(beside(node, y))
  }

  // Mouse and touch.

  let drag
  svg.addEventListener('pointerdown', (event) => {
    if (event.button === 0) drag = { x: event.clientX, y: event.clientY, moved: 0 }
  })
  svg.addEventListener('pointermove', (event) => {
    if (drag === undefined || (event.buttons & 1) === 0) return
    const scale = view.width / svg.clientWidth
    move((drag.x - event.clientX) * scale, (drag.y - event.clientY) * scale)
    const moved = drag.moved + Math.abs(drag.x - event.clientX) + Math.abs(drag.y - event.clientY)
    drag = { x: event.clientX, y: event.clientY, moved }
    // Only now, since a captured pointer's click goes to the picture and not to the node.
    if (moved > 4 && !svg.hasPointerCapture(event.pointerId)) svg.setPointerCapture(event.pointerId)
  })
  svg.addEventListener('dragstart', (event) => event.preventDefault())
  svg.addEventListener('click', (event) => {
    const node = event.target.closest('a[data-n]')
    const wasDrag = drag !== undefined && drag.moved > 4
    drag = undefined
    if (node === null) return
    // With a key for a new tab, the link stays a link.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    if (wasDrag) return
    goTo(node)
    if (marked === node) clear()
    else mark(node)
  })
  svg.addEventListener(
    'wheel',
    (event) => {
      // Without the key the page scrolls.
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const { left, top, width, height } = svg.getBoundingClientRect()
      const x = view.x + ((event.clientX - left) / width) * view.width
      const y = view.y + ((event.clientY - top) / height) * view.height
      zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, x, y)
    },
    { passive: false },
  )
  tools.addEventListener('click', ({ target }) => {
    const actions = { in: () => zoom(0.7), out: () => zoom(1 / 0.7), all: showAll, clear }
    actions[target.dataset.do]?.()
  })
}

function neighbours(edges, from, to) {
  const found = new Map()
  for (const edge of edges) found.set(edge[from], [...(found.get(edge[from]) ?? []), edge[to]])
  return found
}

function titleOf(node) {
  return (node.querySelector('title') ?? node.querySelector('text')).textContent
}
