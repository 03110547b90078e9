/**
  Returns the derivation of several directories of manifests as one, to apply them with one command. The directories
  come from mkManifests, fromScript and helmChart. The build refuses an object that two of them have, since the output
  of a script isn't known earlier. Lists of objects are joined with `++`.

  The files are copies. They are small, and Kustomize refuses links that leave its directory.

  # Type

      joinManifests :: { name; manifests; pkgs; } -> derivation
*/
let
  inherit (builtins)
    isList
    map
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../../nix/store-path.nix) toStorePath;
  checkName = import ./check-name.nix;
  kustomization = import ./kustomization.nix;
  packages = import ./packages.nix;
  record = import ./record.nix;

  builder = "joinManifests";
  expected = "a directory that mkManifests, fromScript or helmChart made";
in
# system: Nix system of the library
{ system }:
{
  # name of the directory in the store
  name,
  # list of directories: derivations or store paths
  manifests,
  # nixpkgs, or a set that has coreutils
  pkgs,
}:
let
  sources =
    if isList manifests then
      map (toStorePath builder "one of manifests") manifests
    else
      refuse builder "manifests" manifests
        "a list of directories that mkManifests, fromScript or helmChart made";
  used = packages builder system pkgs;
in
derivation {
  name = checkName builder name;
  inherit (used) system coreutils;
  inherit sources;
  record = record.name;
  kustomization = kustomization.name;
  builder = "/bin/sh";
  args = [
    "-euc"
    ''
      PATH=$coreutils/bin
      refuse() { echo "${builder}: $1" >&2; exit 1; }
      mkdir "$out" seen

      for source in $sources; do
        [ -f "$source/$record" ] || refuse "$source has no $record, expected ${expected}"
        while IFS= read -r line; do
          # {"file":"50-pod-a.json",...,"object":"v1 Pod /a"}
          file=''${line#'{"file":"'}
          file=''${file%%'"'*}
          object=''${line##*'"object":"'}
          object=''${object%'"}'}
          # As the name of a file, for the shell has no maps.
          key=$(printf %s "$object" | sha256sum)
          key=''${key%% *}
          if [ -e "seen/$key" ]; then
            IFS= read -r other < "seen/$key"
            refuse "\"$object\" is in both $other and $source/$file"
          fi
          printf '%s\n' "$source/$file" > "seen/$key"

          # Different objects whose files have one name: see file-names.nix.
          base=''${file%.*}
          extension=''${file##*.}
          name=$file
          number=2
          while [ -e "$out/''${name%.*}.json" ] || [ -e "$out/''${name%.*}.yaml" ]; do
            name=''${base%_[0-9]*}_$number.$extension
            number=$((number + 1))
          done
          cp "$source/$file" "$out/$name"
          printf '{"file":"%s"%s\n' "$name" "''${line#'{"file":"'"$file"'"'}" >> "$out/$record"
        done < "$source/$record"
      done

      cd "$out"
      [ -e "$record" ] || : > "$record"
      printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n' > "$kustomization"
      set -- [0-9]*
      if [ -e "$1" ]; then
        echo resources: >> "$kustomization"
        for name in "$@"; do printf '  - "%s"\n' "$name" >> "$kustomization"; done
      else
        echo 'resources: []' >> "$kustomization"
      fi
    ''
  ];
  preferLocalBuild = true;
  allowSubstitutes = false;
}
