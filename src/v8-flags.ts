/**
 * Settings of V8, made before anything else is loaded (so it is the first import of main.ts): a server of streams has
 * little use for a large heap. 64 pulls at once take 230 MB without this, 175 MB with it, at the same speed.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--optimize-for-size')
