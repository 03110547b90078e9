# What can be wrong about a value: where it is, what it is, and what it should be.
let
  inherit (builtins) match;
  inherit (import ../../nix/refuse.nix) show;
in
{
  # Fields as kubectl writes them: spec.containers[web].image, metadata.annotations."a.b/c"
  fieldPath =
    path: key:
    let
      step = if match "[a-zA-Z_$][a-zA-Z0-9_-]*" key != null then key else builtins.toJSON key;
    in
    if path == "" then step else "${path}.${step}";

  itemPath = path: item: "${path}[${toString item}]";

  isWrong = path: value: expected: [ "${path} is ${show value}, expected ${expected}" ];
  isMissing = path: expected: [ "${path} is missing, expected ${expected}" ];
}
