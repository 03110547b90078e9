# Annotations with the store paths and derivations of an object's images, for people and for tools that read
# manifests: `nix.internal/<container>.store-path` and `nix.internal/<container>.derivation`.
#
# They are derived from the references and their string context when the objects are written, so they are right after
# any change. They are text without context: the context of a derivation would make `nix copy` copy everything that
# built it. They are on the object and never on a Pod template. A derivation may change while its output stays, and a
# changed template is a rollout.
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

  # The limit for the part after the slash in an annotation's name (apimachinery, qualifiedNameMaxLength).
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
/**
  Returns an object with these annotations beside its own.
*/
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
