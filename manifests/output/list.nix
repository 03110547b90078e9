# Kubernetes objects as one JSON file, a `List`, that `kubectl apply -f` reads, and `podman kube play` of a podman that
# knows lists (4.3 doesn't yet). Its references are the images in it: building it builds them, copying it copies them.
let
  inherit (builtins)
    isString
    map
    match
    stringLength
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  jsonFile = import ../../nix/json-file.nix;
  withOrigins = import ./origins.nix;

  builder = "list";

  checkName =
    name:
    # Nix allows 211 characters for the name of a store path, with ".drv" in it.
    if isString name && stringLength name <= 200 && match "[a-zA-Z0-9_][a-zA-Z0-9_.-]*" name != null then
      name
    else
      refuse builder "name" name "at most 200 letters, digits, _ . and -";
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
  name = "${checkName name}.json";
  system =
    if system != null then
      system
    else
      throw "${builder}: system is unknown in pure evaluation, expected `import ./manifests { system = \"x86_64-linux\"; }`";
  value = {
    apiVersion = "v1";
    kind = "List";
    items = map withOrigins (checkObjects builder objects);
  };
}
