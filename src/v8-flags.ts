/**
 * Settings of V8 for commands that serve, made before anything else of them is loaded. A server of streams has little use
 * for a large heap. 64 pulls at once take 230 MB without this, 175 MB with it, for a tenth less of one large layer's bytes a
 * second, which are still those of docker-registry. Other commands go without, since they start more quickly: Node has its
 * own modules compiled for its own settings alone.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--optimize-for-size')
