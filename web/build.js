// Follows the log of a build that goes on. The page that is loaded at the end has the reason of a failure.
const LINES_KEPT = 1000
const log = document.querySelector('#log')
const state = document.querySelector('#state')
const source = new EventSource(`${location.pathname}?follow`)

source.addEventListener('log', ({ data }) => {
  const isAtEnd = innerHeight + scrollY >= document.body.offsetHeight - 40
  log.append(`${data}\n`)
  // Old lines go, or a long log would make the browser slow.
  while (log.childNodes.length > LINES_KEPT) log.firstChild.remove()
  if (isAtEnd) scrollTo(0, document.body.offsetHeight)
})
source.addEventListener('state', ({ data }) => {
  const { state: name } = JSON.parse(data)
  state.textContent = name
  state.className = `state ${name}`
})
source.addEventListener('end', () => {
  source.close()
  location.reload()
})
