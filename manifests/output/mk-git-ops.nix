# mkGitOps :: { name ? "gitops"; apps; pkgs; format ? "yaml"; kubernetesVersion ? kubernetes; } -> derivation
#
# A directory of directories, one an app, to be copied to a repository that Argo CD or Flux watches:
#
#   web/50-deployment-shop-web.yaml  web/Kustomization  web/objects.jsonl  db/...  Kustomization
#
# Each app's directory is one for `kubectl apply -k` or `-f`, and so is the whole for `-k`; Argo CD and Flux take a
# directory that has a `Kustomization` for Kustomize's. One object can't belong to two apps.
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
  # builder: objects -> objects: see ../check
  checkObjects,
  # minor version of Kubernetes that they are checked for
  kubernetes,
}:
{
  # name of the directory in the store
  name ? "gitops",
  # { web = [ object ... ]; db = [ ... ]; }
  apps,
  # nixpkgs: coreutils are all that is used of it
  pkgs,
  # "yaml", which is what people review, or "json"
  format ? "yaml",
  # version of Kubernetes that the objects are for, such as "1.34": noted in objects.jsonl
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
# All at once: of two apps' objects none may be the same, either.
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
