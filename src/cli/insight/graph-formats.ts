/** Apart from graph.ts, so that the command line can name them without loading it. */
export const GRAPH_FORMATS = ['tree', 'svg', 'dot', 'json'] as const
export type GraphFormat = (typeof GRAPH_FORMATS)[number]
