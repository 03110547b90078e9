/**
  Returns a derivation of a directory of text files. It uses coreutils, since the shell of Nix's builds has no
  `mkdir`. Each text comes in a file, because an environment variable ends at 128 KiB (MAX_ARG_STRLEN).
*/
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elemAt
    genList
    length
    listToAttrs
    map
    ;
in
{
  # name of the directory in the store
  name,
  # Nix system of the machine that writes it
  system,
  # coreutils of that system
  coreutils,
  # [ { name = "web/a.json"; text = "..."; } ]
  files,
}:
let
  indices = genList (index: index) (length files);
  texts = listToAttrs (
    map (index: {
      name = "text${toString index}";
      value = (elemAt files index).text;
    }) indices
  );
in
derivation (
  texts
  // {
    inherit name system coreutils;
    names = concatStringsSep "\n" (map (file: file.name) files) + "\n";
    passAsFile = [ "names" ] ++ attrNames texts;
    builder = "/bin/sh";
    args = [
      "-euc"
      ''
        "$coreutils/bin/mkdir" "$out"
        number=0
        while IFS= read -r name; do
          case $name in */*) [ -d "$out/''${name%/*}" ] || "$coreutils/bin/mkdir" -p "$out/''${name%/*}" ;; esac
          eval "text=\$text''${number}Path"
          "$coreutils/bin/cp" "$text" "$out/$name"
          number=$((number + 1))
        done < "$namesPath"
      ''
    ];
    # Writing it costs less than sending it to another machine.
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
)
