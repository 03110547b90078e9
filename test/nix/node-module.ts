/** nix/node.nix, evaluated with a stub for nixpkgs. */
import { root } from './nix-command.ts'

/** An expression: the configuration that it makes of settings of `services.pushless.node`, beside others of the system. */
export function nodeModule(given: string, others = ''): string {
  return `
    let nixpkgs = import ${root}test/nix/stub-nixpkgs; in
    nixpkgs.lib.evalModule {
      module = import ${root}nix/node.nix;
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
      path = [ "services" "pushless" "node" ];
      others = nixpkgs.lib.merge {
        virtualisation.containerd.enable = false;
        virtualisation.containers.enable = false;
        services.k3s.enable = false;
      } { ${others} };
      given = { ${given} };
    }
  `
}
