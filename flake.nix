{
  description = "pushless: an OCI registry that nobody pushes to";

  # There is no flake.lock yet: `nix flake lock` writes one, and then it belongs into the repository. The server needs
  # Node 24 with `node:sqlite`; the Nix library needs no nixpkgs at all.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs.lib) genAttrs;

      # As far as nixpkgs has them: it gives up x86_64-darwin one day.
      systems = builtins.filter (system: nixpkgs.legacyPackages ? ${system}) [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forAllSystems = genAttrs systems;

      # Flakes are evaluated without knowing the machine, so who builds manifests says the system.
      forSystem = system: import ./nix { } // import ./manifests { inherit system; };
    in
    {
      packages = forAllSystems (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          default = pkgs.callPackage ./nix/package.nix { };
        }
        // (
          if builtins.match ".*-linux" system == null then
            { }
          else
            {
              # The registry's own image, for clusters.
              image = (import ./manifests { inherit system; }).registryImage {
                program = pkgs.callPackage ./manifests/registry/program.nix { };
                inherit system;
              };
            }
        )
      );

      apps = forAllSystems (system: {
        default = {
          type = "app";
          program = "${self.packages.${system}.default}/bin/pushless";
        };
      });

      nixosModules = {
        default = import ./nix/module.nix;
        # A node alone; the default has it, too.
        node = import ./nix/node.nix;
      };

      # lib.image, lib.imageRef, lib.pod; and (lib.forSystem "x86_64-linux").list
      lib = forSystem null // {
        inherit forSystem;
      };
    };
}
