/**
  Returns the outputs of a flake whose inputs are in the store already. So its evaluation needs neither the network nor
  Nix's experimental feature for flakes.
*/
{
  # name of the flake's node
  root,
  # { path; isFlake; inputs; } by names; the inputs are names of nodes
  nodes,
}:
let
  inherit (builtins) mapAttrs storePath;

  called = mapAttrs (_: call) nodes;
  call =
    {
      path,
      isFlake,
      inputs,
    }:
    let
      # With its context, so that what refers to it needs it.
      outPath = storePath path;
      given = mapAttrs (_: name: called.${name}) inputs;
      outputs = (import (outPath + "/flake.nix")).outputs (given // { self = result; });
      result = (if isFlake then outputs // { inherit outputs; } else { }) // {
        inherit outPath;
        inputs = given;
        sourceInfo = { inherit outPath; };
      };
    in
    result;
in
called.${root}
