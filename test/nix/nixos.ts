/**
 * NixOS modules, evaluated by nixpkgs' real lib: the repository nix-community/nixpkgs.lib at one commit. Where it is:
 * `NIXPKGS_LIB` (a directory with lib/ in it), else it is fetched, else tests are skipped.
 */
import { execa } from 'execa'
import { nixEnv } from '../support/nix.ts'
import { evaluate, refusal, root, withoutNix } from './nix-command.ts'

const COMMIT = 'de42d44212d207476489bce163375d8306a26d59'
const NAR_HASH = 'sha256-0iaTCZDEORJeWamOjfDZaoZZx686f7QO5oL3ynmj+ew='
const FETCH = `builtins.fetchTarball {
  url = "https://github.com/nix-community/nixpkgs.lib/archive/${COMMIT}.tar.gz";
  sha256 = "${NAR_HASH}";
}`
const FETCH_LIMIT_MS = 30_000

/** Directory that lib/ is in; undefined where it can't be had. */
const directory = await (async () => {
  const given = process.env['NIXPKGS_LIB']
  if (given !== undefined || withoutNix !== false) return given
  const args = [
    '--eval',
    '--json',
    '--option',
    'tarball-ttl',
    '4294967295',
    '--option',
    'download-attempts',
    '1',
    '-E',
    FETCH,
  ]
  const env = { ...nixEnv, NIX_PATH: '' }
  const { stdout, failed } = await execa('nix-instantiate', args, {
    env,
    reject: false,
    timeout: FETCH_LIMIT_MS,
  })
  return failed ? undefined : String(JSON.parse(stdout))
})()

/** Why tests are skipped here, or false. */
export const withoutNixpkgsLib: string | false =
  directory === undefined
    ? `nixpkgs.lib can’t be fetched here: NIXPKGS_LIB may be a directory of commit ${COMMIT.slice(0, 12)}`
    : withoutNix

const MODULE = `${root}nix/module.nix`

/** A system: modules as Nix writes them, beside the module of pushless and NixOS' options. */
export type System = { readonly given: string; readonly imports?: readonly string[] }

/** The value of an expression in which `config` is the system's configuration, with its failed assertions as `failed`. */
export async function inSystem(system: System, expression: string): Promise<unknown> {
  return evaluate(`${evaluated(system)} ${expression}`)
}

/** Why a system is refused: the first message of Nix, or undefined. */
export async function systemRefusal(system: System): Promise<string | undefined> {
  return refusal(
    `${evaluated(system)} builtins.deepSeq [ config.services config.systemd config.environment ] failed`,
  )
}

function evaluated({ given, imports = [MODULE] }: System): string {
  return `
    let
      lib = import ${directory}/lib;
      inherit (import ${root}test/nix/stub-nixpkgs) legacyPackages;
      given = { _file = "configuration.nix"; config = { ${given} }; };
      system = lib.evalModules {
        modules = [ ${root}test/nix/nixos-options.nix given ${imports.map((each) => `(${each})`).join(' ')} ];
        specialArgs = {
          pkgs = legacyPackages.x86_64-linux // { lib = lib; };
          utils.escapeSystemdExecArgs = words: builtins.concatStringsSep " " (map builtins.toJSON words);
        };
      };
      inherit (system) config;
      failed = map (each: each.message) (builtins.filter (each: !each.assertion) config.assertions);
    in
  `
}
