# Annotations that say where the images of an object come from, for people and for tools that read manifests:
# `nix.internal/<container>.store-path` and `nix.internal/<container>.derivation`.
#
# They are read off the references and their string context when objects are written, so that they are right whatever
# was changed before. They are text and no more: a derivation's context would make `nix copy` take all that built it.
# They belong to the object and never to a Pod template: a derivation may change where its output doesn't, and a
# template that changes is a rollout.
let
  inherit (builtins)
    attrNames
    filter
    foldl'
    listToAttrs
    map
    stringLength
    unsafeDiscardStringContext
    ;
  originsOf = import ./image-origin.nix;

  # Of the part of an annotation's name behind the slash (apimachinery, qualifiedNameMaxLength).
  maxLength = 63;

  annotationsOf =
    object:
    foldl' (
      all:
      { container, origin, ... }:
      let
        fits = fact: stringLength "${container}.${fact}" <= maxLength;
      in
      all
      // listToAttrs (
        map (fact: {
          name = "nix.internal/${container}.${fact}";
          value = unsafeDiscardStringContext origin.${fact};
        }) (filter fits (attrNames origin))
      )
    ) { } (originsOf object);
in
# object -> the same, with these annotations beside its own
object:
let
  annotations = annotationsOf object;
in
if annotations == { } then
  object
else
  object
  // {
    metadata = object.metadata // {
      annotations = annotations // object.metadata.annotations or { };
    };
  }
