# The registry's own image: a pushless image like any other, but that its program is below /opt. In its Pod, /nix/store
# is the node's, which hides whatever the image has there.
let
  inherit (builtins) listToAttrs map;
  image = import ../../nix/image.nix;

  # As ./program.sh builds it, and knows it.
  home = "/opt/pushless";

  # What the init container and the set-up of nodes call.
  commands = [
    "cat"
    "chmod"
    "chown"
    "cmp"
    "cp"
    "grep"
    "kill"
    "mkdir"
    "mv"
    "printf"
    "rm"
    "rmdir"
    "sh"
    "sleep"
  ];
in
{
  # the tree that ./program.sh makes; with nixpkgs: pkgs.callPackage ./manifests/registry/program.nix { }
  program,
  # of the image and of its file in the store
  name ? "pushless",
  # Nix system; that of `program` where nothing is said
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
