/**
  Returns the derivation of a directory with one directory for each app. Copy it to a repository that Argo CD or Flux
  watches:

      web/50-deployment-shop-web.yaml  web/Kustomization  web/objects.jsonl  db/...  Kustomization

  Each app's directory works with `kubectl apply -k` and `-f`, and the whole directory works with `-k`. Argo CD and
  Flux treat a directory with a `Kustomization` as one of Kustomize. Two apps can't have the same object.

  # Type

      mkGitOps :: { name ? "gitops"; apps; pkgs; format ? "yaml"; kubernetesVersion ? kubernetes; } -> derivation
*/
let
  inherit (builtins)
    attrNames
    concatMap
    deepSeq
    isList
    map
    match
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  checkName = import ./check-name.nix;
  directory = import ./directory.nix;
  flatFiles = import ./flat-files.nix;
  kustomization = import ./kustomization.nix;
  packages = import ./packages.nix;

  builder = "mkGitOps";

  checkApp =
    app:
    if match "[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?" app != null then
      app
    else
      refuse builder "a name in apps" app
        "at most 63 lower-case letters, digits, - and ., to be a directory";
in
{
  # Nix system of the library
  system,
  # function that checks objects, builder: objects -> objects: see ../check
  checkObjects,
  # minor version of Kubernetes that the objects are checked for
  kubernetes,
}:
{
  # name of the directory in the store
  name ? "gitops",
  # { web = [ object ... ]; db = [ ... ]; }
  apps,
  # nixpkgs, or a set that has coreutils
  pkgs,
  # "yaml", which people read in a review, or "json"
  format ? "yaml",
  # version of Kubernetes that the objects are for, such as "1.34". objects.jsonl states it
  kubernetesVersion ? kubernetes,
}:
let
  names = map checkApp (
    if isPlainSet apps then
      attrNames apps
    else
      refuse builder "apps" apps "an attribute set of lists of objects"
  );
  objectsOf =
    app:
    if isList apps.${app} then
      apps.${app}
    else
      refuse builder "apps.${app}" apps.${app} "a list of objects";
  appFiles =
    app:
    map (file: file // { name = "${app}/${file.name}"; }) (flatFiles {
      inherit builder format kubernetesVersion;
      kustomize = true;
      objects = objectsOf app;
    });
in
# All objects are checked together, since two apps can't have the same object.
deepSeq (map (object: object.kind) (checkObjects builder (concatMap objectsOf names))) (
  directory (
    packages builder system pkgs
    // {
      name = checkName builder name;
      files = concatMap appFiles names ++ [
        {
          inherit (kustomization) name;
          text = kustomization.text names;
        }
      ];
    }
  )
)
