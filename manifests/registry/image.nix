/**
  Returns the registry's own image. It is a pushless image, but its program is below /opt. In its Pod, /nix/store is
  the node's, and hides everything that the image has there.
*/
let
  inherit (builtins) listToAttrs map;
  image = import ../../nix/image.nix;

  # The path that ./program.sh builds for.
  home = "/opt/pushless";

  commands = import ./commands.nix;
in
{
  # the tree that ./program.sh makes; with nixpkgs: pkgs.callPackage ./manifests/registry/program.nix { }
  program,
  # name of the image and of its file in the store
  name ? "pushless",
  # Nix system. The default is that of `program`
  system ? program.system,
}:
image {
  inherit name system;
  extraDirectories = [
    {
      source = program;
      to = home;
    }
  ];
  links = listToAttrs (
    map (command: {
      name = "/bin/${command}";
      value = "${home}/bin/busybox";
    }) commands
  );
  entrypoint = [ "${home}/bin/pushless" ];
  cmd = [ "serve" ];
  user = "65532:65532";
}
