/**
  Returns the derivation of one JSON file with all objects, a `List`. `kubectl apply -f` reads it, and so does `podman
  kube play` of a podman that knows lists (4.3 doesn't). The references of the file are the images: building it builds
  them, and copying it copies them.
*/
let
  inherit (builtins) map;
  checkName = import ./check-name.nix;
  jsonFile = import ../../nix/json-file.nix;
  withOrigins = import ./origins.nix;

  builder = "list";
in
# settings -> name -> objects -> derivation
{
  # Nix system that writes the file
  system,
  # builder: objects -> objects: see ../check
  checkObjects,
}:
name: objects:
jsonFile {
  name = "${checkName builder name}.json";
  system =
    if system != null then
      system
    else
      throw (
        "${builder}: system is unknown in pure evaluation, "
        + "expected `import ./manifests { system = \"x86_64-linux\"; }`"
      );
  value = {
    apiVersion = "v1";
    kind = "List";
    items = map withOrigins (checkObjects builder objects);
  };
}
