/**
 * Settings of V8, made before anything else is loaded (so it is the first import of main.ts): a server of streams has
 * little use for a large heap. 64 pulls at once take 230 MB without this, 175 MB with it, for a tenth
 * less of one large layer's bytes a second, which are still those of docker-registry.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--optimize-for-size')
