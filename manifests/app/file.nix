/**
  Returns the objects of applications from a file without Nix in it: app.json, or app.yaml through `pushless
  manifests`. An application in the file has the arguments of `app`, and names packages as text.
*/
{ app, system }:
let
  inherit (builtins)
    attrNames
    concatMap
    fromJSON
    isAttrs
    isList
    isPath
    isString
    map
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  readText = import ../../nix/read-text.nix;
  inherit (import ../objects/metadata.nix) optional;
  findPackage = import ./package.nix { inherit system; };

  builder = "appFile";

  # Fields that a file may have once for all its applications.
  shared = [
    "flake"
    "namespace"
    "unpinned"
  ];

  # { name = "web"; ... }, or { apps.web = { ... }; flake = ...; } -> list of applications
  toApps =
    document:
    if !isAttrs document then
      refuse builder "an application" document "an attribute set with `name`, or with `apps`"
    else if !(document ? apps) then
      [ document ]
    else if !isAttrs document.apps || document.apps == { } then
      refuse builder "apps" document.apps "an attribute set that isn't empty, name to application"
    else
      map (
        name:
        removeAttrs (onlyKnown builder "a name beside apps" (shared ++ [ "apps" ]) document) [ "apps" ]
        // (
          if isAttrs document.apps.${name} then
            document.apps.${name}
          else
            refuse builder "apps.${name}" document.apps.${name} "an attribute set, as `app` takes it"
        )
        // {
          inherit name;
        }
      ) (attrNames document.apps);

  toObjects =
    packages: given:
    let
      # The name of one application among several.
      who = if isString (given.name or null) then "app ${given.name}" else "app";
    in
    app who (
      removeAttrs given [
        "flake"
        "unpinned"
      ]
      // optional "package" (
        if given ? package then
          findPackage {
            builder = who;
            inherit (given) package;
            flake = given.flake or null;
            unpinned = given.unpinned or false;
            inherit packages;
          }
        else
          null
      )
    );

  appFile =
    {
      # path of a JSON file, or its value: an application, `apps` by name, or a list of these
      file,
      # attribute set, such as nixpkgs, that has the packages without a flake
      packages ? null,
    }:
    let
      document = if isPath file || isString file then fromJSON (readText file) else file;
    in
    concatMap (toObjects packages) (
      concatMap toApps (if isList document then document else [ document ])
    );
in
given: appFile (if isAttrs given && given ? file then given else { file = given; })
