/**
 * A model of a roll-out: nodes pull an image from replicas at once. It is a simulation of events, the same for the same
 * input, without a clock and without chance. A replica has cores and a link; a node has a link. Layers are sent in
 * pieces, so that pulls at the same time share what there is.
 */

/** Costs of one replica, in seconds of one core. */
export type Costs = {
  readonly manifestSeconds: number
  /** To send a gigabyte. */
  readonly sendSecondsPerGigabyte: number
  /** To fetch a gigabyte from a cache, unpack and hash it, once for each replica. */
  readonly fetchSecondsPerGigabyte: number
}

export type Fleet = {
  readonly nodes: number
  readonly replicas: number
  readonly coresOfReplica: number
  /** Bytes a second. */
  readonly linkOfReplica: number
  readonly linkOfNode: number
  /** Bytes of the image's layers that nodes don't have yet. */
  readonly layers: readonly number[]
  /** Whether the replicas have the image already. */
  readonly isWarm: boolean
  /** Copies that a peer-to-peer mirror takes from the registry; the other nodes get it from each other. */
  readonly mirrorCopies: number | undefined
}

export type Outcome = {
  /** Seconds until half, 99 % and all of the nodes that pull from the registry have the image. */
  readonly p50: number
  readonly p99: number
  readonly all: number
  /** Bytes that left the replicas, and the share of their cores and links that was used until the end. */
  readonly bytesSent: number
  readonly coreUse: number
  readonly linkUse: number
  readonly firstLimit: 'cores' | 'links of replicas' | 'links of nodes'
}

/** containerd fetches three layers of an image at once. */
export const LAYERS_AT_ONCE = 3
const PIECE = 8_000_000
const GIGABYTE = 1e9

/** Something that serves one piece of work after the other, on several places. */
class Station {
  /** The time at which each place is free. */
  readonly #free: number[]
  busy = 0

  constructor(places: number) {
    this.#free = Array.from({ length: places }, () => 0)
  }

  /** @returns the time at which work that arrives at `now` is done. */
  serve(now: number, seconds: number): number {
    let place = 0
    for (let i = 1; i < this.#free.length; i++) if ((this.#free[i] ?? 0) < (this.#free[place] ?? 0)) place = i
    const end = Math.max(now, this.#free[place] ?? 0) + seconds
    this.#free[place] = end
    this.busy += seconds
    return end
  }
}

type Stream = { readonly node: number; left: number; at: number; readonly replica: number }

/** Turns of the golden ratio are spread evenly, also those of every sixth request. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * Returns the replica of a request, as a Service chooses one: evenly, and not by the order of the layers. With one
 * after the other, nodes of six requests would send all of their largest layers to the same one of three replicas.
 */
export function replicaOf(request: number, replicas: number): number {
  return Math.floor(((request * GOLDEN) % 1) * replicas)
}

export function simulate(costs: Costs, fleet: Fleet): Outcome {
  const { replicas, coresOfReplica, linkOfReplica, linkOfNode, layers, isWarm, mirrorCopies } = fleet
  const nodes = Math.min(fleet.nodes, mirrorCopies ?? fleet.nodes)
  const total = layers.reduce((sum, size) => sum + size, 0)
  const cores = Array.from({ length: replicas }, () => new Station(coresOfReplica))
  const links = Array.from({ length: replicas }, () => new Station(1))
  const nodeLinks = Array.from({ length: nodes }, () => new Station(1))
  const ends = Array.from({ length: nodes }, () => 0)
  const waiting = Array.from({ length: nodes }, () => [...layers])
  const heap = new Queue()
  let turn = 0
  const next = () => replicaOf(turn++, replicas)

  const ready = cores.map((station) =>
    isWarm ? 0 : station.serve(0, (total / GIGABYTE) * costs.fetchSecondsPerGigabyte),
  )
  const begin = (node: number, now: number): void => {
    const size = waiting[node]?.shift()
    if (size !== undefined) heap.add({ node, left: size, at: now, replica: next() })
  }
  for (let node = 0; node < nodes; node++) {
    const replica = next()
    const asked = ready[replica] ?? 0
    const answered = cores[replica]?.serve(asked, costs.manifestSeconds) ?? asked
    for (let i = 0; i < LAYERS_AT_ONCE; i++) begin(node, answered)
  }
  for (let stream = heap.take(); stream !== undefined; stream = heap.take()) {
    const { node, replica } = stream
    const piece = Math.min(PIECE, stream.left)
    const computed = cores[replica]?.serve(stream.at, (piece / GIGABYTE) * costs.sendSecondsPerGigabyte) ?? 0
    const sent = links[replica]?.serve(computed, piece / linkOfReplica) ?? computed
    const arrived = nodeLinks[node]?.serve(sent, piece / linkOfNode) ?? sent
    stream.left -= piece
    stream.at = arrived
    if (stream.left > 0) heap.add(stream)
    else {
      ends[node] = Math.max(ends[node] ?? 0, arrived)
      begin(node, arrived)
    }
  }
  const sorted = ends.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(nodes - 1, Math.floor(share * nodes))] ?? 0
  const all = at(1)
  const use = (stations: readonly Station[], places: number) =>
    stations.reduce((sum, { busy }) => sum + busy, 0) / (stations.length * places * all)
  const [coreUse, linkUse, nodeUse] = [use(cores, coresOfReplica), use(links, 1), use(nodeLinks, 1)]
  const most = Math.max(coreUse, linkUse, nodeUse)
  return {
    p50: at(0.5),
    p99: at(0.99),
    all,
    bytesSent: nodes * total,
    coreUse,
    linkUse,
    firstLimit: most === coreUse ? 'cores' : most === linkUse ? 'links of replicas' : 'links of nodes',
  }
}

/** Streams by the time of their next piece: a binary heap. */
class Queue {
  readonly #items: Stream[] = []

  add(item: Stream): void {
    const items = this.#items
    items.push(item)
    for (let i = items.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!this.#isBefore(i, parent)) break
      this.#swap(i, parent)
      i = parent
    }
  }

  take(): Stream | undefined {
    const items = this.#items
    const [first] = items
    const last = items.pop()
    if (first === undefined || last === undefined || items.length === 0) return first
    items[0] = last
    for (let i = 0; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let least = i
      if (left < items.length && this.#isBefore(left, least)) least = left
      if (right < items.length && this.#isBefore(right, least)) least = right
      if (least === i) return first
      this.#swap(i, least)
      i = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#items[a], this.#items[b]]
    return (
      one !== undefined &&
      other !== undefined &&
      (one.at < other.at || (one.at === other.at && one.node < other.node))
    )
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#items[a], this.#items[b]]
    if (one === undefined || other === undefined) return
    this.#items[a] = other
    this.#items[b] = one
  }
}
